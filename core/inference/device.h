/// Device, precision and threads: the one place that decides.
#pragma once

#include <sisr/upscaler.h>

#include <torch/torch.h>

#include <string>

namespace sisr {

struct ExecutionPlan {
    torch::Device device = torch::kCPU;
    torch::ScalarType precision = torch::kFloat32;
    int threads = 1;
};

/// True when the processor multiplies bf16 in hardware, so that it is faster than fp32.
bool processor_has_bf16();

/// True when oneDNN can compute in bf16 at all: it needs AVX-512 (BW, VL, DQ).
bool processor_computes_bf16();

/// Physical cores that this process may use, at least 1.
int physical_cores();

/// Throws Error{usage} for a malformed device or thread count, Error{unsupported} for a device
/// that is not there or bf16 on a processor that cannot.
ExecutionPlan plan_execution(const UpscaleOptions& options);

/// Sets the number of threads that libtorch and oneDNN use for work of the calling thread, of no
/// other. (Debian 12's libtorch starts with one.)
void set_threads(int threads);

/// "cpu, 2 threads, bf16".
std::string describe(const ExecutionPlan& plan);

}  // namespace sisr
