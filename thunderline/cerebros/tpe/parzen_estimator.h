#pragma once

#include <cstdint>
#include <span>
#include <variant>
#include <vector>

#include "thunderline/cerebros/tpe/distribution.h"
#include "thunderline/cerebros/tpe/mersenne_twister.h"

namespace thunderline::cerebros::tpe {

/// What the trials of one group used, as internal numbers. Shape: one column a parameter, each with
/// one entry a trial, oldest first.
using Observations = std::vector<std::vector<double>>;

/// One column, ready for the kernels.
struct SortedColumn {
  std::vector<double> values;   ///< In the domain's space (`kernel_centre`), oldest trial first.
  std::vector<uint32_t> order;  ///< Their places by value, ties by place; empty for categories.
};

/// The centre of an observation's kernel: its logarithm in a log domain, else itself.
double kernel_centre(const Distribution& distribution, double internal);

/// A density over a search space: a mixture with one product kernel an observation and, last, one
/// broad prior kernel. Truncated normals for numbers (on a grid: their mass in the cell), smoothed
/// one-hot for categories.
///
/// Source: Bergstra et al. 2011 (TPE); weights, bandwidths and prior as in Optuna 5 (neighbour
/// rule, magic clip, no end points, prior weight 1). Of tied observations the first gets the left
/// gap and the last the right one. Log parameters are densities in log space, without the Jacobian.
/// Immutable. Thread-safety: any thread.
class ParzenEstimator {
 public:
  struct NumericKernels {
    Domain domain;
    std::vector<double> mu, sigma;  ///< By kernel, in the domain's space.
    std::vector<uint32_t> order;    ///< The observations' kernels by mu, ties by kernel.
    /// By kernel: what of its log density does not depend on the point. Empty on a grid.
    std::vector<double> offset;
  };
  struct CategoricalKernels {
    size_t choices = 0;
    std::vector<double> probabilities;  ///< Shape: [kernels][choices].
  };
  using Dimension = std::variant<NumericKernels, CategoricalKernels>;

  /// Preconditions: one column of `observations` a distribution, all of one length; distributions
  /// are checked and have more than one value; observations fit their distribution's type.
  ParzenEstimator(std::span<const Distribution* const> distributions,
                  const Observations& observations);

  /// As above, from columns that are prepared and sorted already. `previous`: an estimator of the same
  /// distributions, of which kernels that are there again are taken over; or null.
  ParzenEstimator(std::span<const Distribution* const> distributions,
                  std::vector<SortedColumn> columns, const ParzenEstimator* previous);

  /// `count` points. Shape: [count][parameters], internal numbers. Numbers are consumed in Optuna's
  /// order: kernels, then categories by parameter, then numeric quantiles by parameter.
  std::vector<double> sample(MersenneTwister& random, size_t count) const;

  /// The logarithm of the density. Shapes: points [count][parameters], result [count].
  std::vector<double> log_density(std::span<const double> points) const;

  const std::vector<double>& weights() const { return weights_; }
  const std::vector<Dimension>& dimensions() const { return dimensions_; }

 private:
  std::vector<double> weights_;  // by kernel, sum 1
  std::vector<Dimension> dimensions_;
};

/// Optuna's weights of N observations and the prior, normalised: the newest 25 count in full, the
/// older ones rise linearly from 1/N.
std::vector<double> parzen_weights(size_t observations);

}  // namespace thunderline::cerebros::tpe
