// Compiled for AVX-512.
#define SISR_KERNELS kAvx512
#define SISR_LANES 16
#define SISR_VECTORS 1  // 24 sums in 32 registers
#define SISR_ROWS 24
#include "model/layers/winograd/kernels.inl"
