#include "thunderline/cerebros/train/kernels/flush_to_zero.h"

#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

namespace thunderline::cerebros::train {
namespace {

#if defined(__x86_64__)
constexpr uint64_t kFlush = 0x8040;  // FTZ and DAZ
uint64_t control() { return _mm_getcsr(); }
void set_control(uint64_t value) { _mm_setcsr(static_cast<unsigned>(value)); }
#elif defined(__aarch64__)
constexpr uint64_t kFlush = uint64_t{1} << 24;  // FZ
uint64_t control() {
  uint64_t value;
  asm volatile("mrs %0, fpcr" : "=r"(value));
  return value;
}
void set_control(uint64_t value) { asm volatile("msr fpcr, %0" : : "r"(value)); }
#else
constexpr uint64_t kFlush = 0;
uint64_t control() { return 0; }
void set_control(uint64_t) {}
#endif

}  // namespace

FlushToZero::FlushToZero() : previous_(control()) { set_control(previous_ | kFlush); }

FlushToZero::~FlushToZero() { set_control(previous_); }

}  // namespace thunderline::cerebros::train
