// Compiled for AVX2 and FMA, which see.
#define SISR_KERNELS kAvx2
#define SISR_LANES 8
#define SISR_VECTORS 2  // 12 sums, 2 weights and a value in 16 registers
#define SISR_ROWS 6
#include "model/layers/winograd/kernels.inl"
