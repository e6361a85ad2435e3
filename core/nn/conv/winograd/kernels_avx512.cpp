// Compiled for AVX-512.
#define SISR_KERNELS kAvx512
#define SISR_LANES 16
#define SISR_SUMS 24  // of 32 registers
#include "nn/conv/winograd/kernels.inl"
