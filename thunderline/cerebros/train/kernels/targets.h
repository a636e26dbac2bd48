// To be included before <hwy/foreach_target.h>: which of Highway's targets the kernels are compiled
// for. AVX2 and AVX-512 are what they are tuned for, SSE4 and NEON are what keeps the rest running;
// vectors of unknown length (SVE, RVV) cannot lie in the arrays of registers that gemm.cc uses.

#pragma once

#define HWY_DISABLED_TARGETS \
  (HWY_SSSE3 | HWY_AVX3_DL | HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128 | HWY_RVV)
