// Compiled for AVX2 and FMA.
#define SISR_KERNELS kAvx2
#define SISR_LANES 8
#define SISR_SUMS 12  // of 16 registers
#include "nn/conv/winograd/kernels.inl"
