// The loops as AVX-512 has them, compiled for any processor.
#define SISR_KERNELS kWide
#define SISR_LANES 16
#define SISR_SUMS 24
#include "nn/conv/winograd/kernels.inl"
