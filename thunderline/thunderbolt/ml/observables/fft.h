#pragma once

#include <complex>
#include <cstddef>
#include <span>
#include <vector>

namespace thunderline::thunderbolt {

/// The discrete Fourier transform of one length, planned once: X_k = Σ x_n exp(−2πi·kn/N).
/// Our own, because an observable needs it a few hundred times a second on some hundred points: a
/// library (FFTW is GPL, KissFFT is not packaged for every platform) would cost more than it saves.
/// Powers of two by iterative radix 2 (Cooley and Tukey 1965); any other length by the chirp
/// transform (Bluestein 1970), so that a window need not be padded, which would bend its phases.
/// Range: length ≥ 1. Thread-safety: any thread (the plan does not change).
class Fft {
 public:
  using Complex = std::complex<double>;

  explicit Fft(size_t length);

  size_t length() const { return length_; }

  /// Transforms in place. Shapes: [length].
  void forward(std::span<Complex> data) const;

  /// The inverse, with the factor 1/N. Shapes: [length].
  void inverse(std::span<Complex> data) const;

 private:
  void radix2(std::span<Complex> data) const;
  void bluestein(std::span<Complex> data) const;

  size_t length_;
  size_t padded_;                        // The power of two that radix2 works on.
  std::vector<size_t> reversed_;         // Bit-reversed indices. [padded]
  std::vector<Complex> roots_;           // exp(−2πi·k/padded). [padded/2]
  std::vector<Complex> chirp_;           // exp(−πi·n²/N); empty for powers of two. [length]
  std::vector<Complex> chirp_spectrum_;  // Of the conjugate chirp, wrapped. [padded]
};

/// a·b without the standard's detour for infinities, which costs a call per product.
inline std::complex<double> product(const std::complex<double>& a, const std::complex<double>& b) {
  return {a.real() * b.real() - a.imag() * b.imag(), a.real() * b.imag() + a.imag() * b.real()};
}

}  // namespace thunderline::thunderbolt
