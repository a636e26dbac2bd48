#include "thunderline/thunderbolt/ml/observables/fft.h"

#include <algorithm>
#include <bit>
#include <numbers>

#include "thunderline/base/result.h"

namespace thunderline::thunderbolt {

using std::numbers::pi;

Fft::Fft(size_t length) : length_(length) {
  TL_CHECK(length >= 1);
  padded_ = std::has_single_bit(length) ? length : std::bit_ceil(2 * length - 1);
  const int bits = std::countr_zero(padded_);
  reversed_.resize(padded_);
  for (size_t i = 0; i < padded_; ++i) {
    reversed_[i] = bits == 0 ? 0 : (reversed_[i >> 1] >> 1) | ((i & 1) << (bits - 1));
  }
  roots_.resize(padded_ / 2);
  for (size_t k = 0; k < roots_.size(); ++k) {
    roots_[k] = std::polar(1.0, -2.0 * pi * static_cast<double>(k) / static_cast<double>(padded_));
  }
  if (padded_ == length) return;

  chirp_.resize(length);
  chirp_spectrum_.assign(padded_, Complex(0.0));
  for (size_t n = 0; n < length; ++n) {
    const size_t square = n * n % (2 * length);  // The angle repeats; a small one keeps its digits.
    chirp_[n] =
        std::polar(1.0, -pi * static_cast<double>(square) / static_cast<double>(length));
    chirp_spectrum_[n] = std::conj(chirp_[n]);
    if (n > 0) chirp_spectrum_[padded_ - n] = std::conj(chirp_[n]);
  }
  radix2(chirp_spectrum_);
}

void Fft::forward(std::span<Complex> data) const {
  TL_CHECK(data.size() == length_);
  if (chirp_.empty()) {
    radix2(data);
  } else {
    bluestein(data);
  }
}

void Fft::inverse(std::span<Complex> data) const {
  for (Complex& value : data) value = std::conj(value);
  forward(data);
  const double scale = 1.0 / static_cast<double>(length_);
  for (Complex& value : data) value = std::conj(value) * scale;
}

void Fft::radix2(std::span<Complex> data) const {
  for (size_t i = 0; i < padded_; ++i) {
    if (i < reversed_[i]) std::swap(data[i], data[reversed_[i]]);
  }
  if (padded_ >= 2) {  // The first stage multiplies by 1 only.
    for (size_t i = 0; i < padded_; i += 2) {
      const Complex even = data[i];
      data[i] = even + data[i + 1];
      data[i + 1] = even - data[i + 1];
    }
  }
  for (size_t half = 2; half < padded_; half *= 2) {
    const size_t stride = padded_ / (2 * half);
    for (size_t start = 0; start < padded_; start += 2 * half) {
      for (size_t k = 0; k < half; ++k) {
        const Complex even = data[start + k];
        const Complex odd = product(data[start + k + half], roots_[k * stride]);
        data[start + k] = even + odd;
        data[start + k + half] = even - odd;
      }
    }
  }
}

void Fft::bluestein(std::span<Complex> data) const {
  std::vector<Complex> work(padded_, Complex(0.0));
  for (size_t n = 0; n < length_; ++n) work[n] = product(data[n], chirp_[n]);
  radix2(work);
  for (size_t k = 0; k < padded_; ++k) work[k] = std::conj(product(work[k], chirp_spectrum_[k]));
  radix2(work);  // Of the conjugate: the inverse, but for the conjugate and the scale.
  const double scale = 1.0 / static_cast<double>(padded_);
  for (size_t k = 0; k < length_; ++k) data[k] = product(std::conj(work[k]), chirp_[k]) * scale;
}

}  // namespace thunderline::thunderbolt
