#pragma once

#include <map>
#include <optional>
#include <string>

#include "thunderline/base/result.h"

namespace thunderline::cerebros::train {

/// Which way a monitored value gets better. kAuto: down for losses and errors, up for accuracy.
enum class MonitorMode { kAuto, kMin, kMax };

/// "auto", "min", "max". Errors: kInvalidArgument.
Result<MonitorMode> parse_monitor_mode(const std::string& name);

/// Stops when `monitor` has not improved for `patience` epochs. Keras's arguments and defaults.
/// Source: keras.callbacks.EarlyStopping, 3.15.1.
struct EarlyStopping {
  std::string monitor = "val_loss";
  double min_delta = 0;  ///< A smaller change is no improvement.
  int patience = 0;
  MonitorMode mode = MonitorMode::kAuto;
  std::optional<double> baseline;     ///< Waiting only ends at values better than this one.
  bool restore_best_weights = false;  ///< At the end of any training, stopped early or not.
  int start_from_epoch = 0;           ///< Epochs before it are not looked at.
};

/// Scales the learning rate by `factor` when `monitor` has not improved for `patience` epochs.
/// Source: keras.callbacks.ReduceLROnPlateau, 3.15.1.
struct ReduceLrOnPlateau {
  std::string monitor = "val_loss";
  double factor = 0.1;  ///< Range: (0, 1).
  int patience = 10;
  MonitorMode mode = MonitorMode::kAuto;
  double min_delta = 1e-4;
  int cooldown = 0;  ///< Epochs after a reduction in which none is counted.
  double min_lr = 0;
};

/// The values of an epoch by Keras's names: "loss", "val_loss", "accuracy", …
using EpochValues = std::map<std::string, double>;

/// What both callbacks share: a monitored value, the best one so far, and which way is better.
class Monitor {
 public:
  /// Errors: kInvalidArgument for a direction that cannot be told from the name.
  static Result<Monitor> create(const std::string& name, MonitorMode mode, double min_delta);

  /// Whether `value` beats `reference` by more than the minimum; with none to beat, it does.
  bool improves(double value, std::optional<double> reference) const;

  /// The monitored value. Errors: kInvalidArgument that lists what there is.
  Result<double> value_in(const EpochValues& values) const;

 private:
  std::string name_;
  bool rising_ = false;
  double min_delta_ = 0;
};

/// EarlyStopping at work. Thread-safety: one thread.
class EarlyStopper {
 public:
  struct Decision {
    bool stop = false;
    bool keep_weights = false;  ///< The weights of this epoch are the ones to restore.
  };

  /// Errors: kInvalidArgument that names the field.
  static Result<EarlyStopper> create(const EarlyStopping& options);

  /// Errors: kInvalidArgument when the monitored value is not among `values`.
  Result<Decision> on_epoch_end(int epoch, const EpochValues& values);

  int stopped_epoch() const { return stopped_epoch_; }  ///< 0: it did not stop.
  int best_epoch() const { return best_epoch_; }
  std::optional<double> best() const { return best_; }

 private:
  EarlyStopper(EarlyStopping options, Monitor monitor);

  EarlyStopping options_;
  Monitor monitor_;
  std::optional<double> best_;
  int wait_ = 0;
  int best_epoch_ = 0;
  int stopped_epoch_ = 0;
};

/// ReduceLrOnPlateau at work. Thread-safety: one thread.
class PlateauWatch {
 public:
  /// Errors: kInvalidArgument that names the field.
  static Result<PlateauWatch> create(const ReduceLrOnPlateau& options);

  /// The learning rate from now on.
  /// Errors: kInvalidArgument when the monitored value is not among `values`.
  Result<double> on_epoch_end(double learning_rate, const EpochValues& values);

 private:
  PlateauWatch(ReduceLrOnPlateau options, Monitor monitor);

  ReduceLrOnPlateau options_;
  Monitor monitor_;
  std::optional<double> best_;
  int wait_ = 0;
  int cooling_ = 0;
};

}  // namespace thunderline::cerebros::train
