/// Device, precision and threads: the one place that decides.
#pragma once

#include "nn/network.h"

#include <sisr/upscaler.h>

#include <torch/torch.h>

#include <string>

namespace sisr {

struct ExecutionPlan {
    torch::Device device = torch::kCPU;
    torch::ScalarType precision = torch::kFloat32;
    int threads = 1;
    std::string reason;  ///< for the precision; empty where it was asked for
};

/// How a processor multiplies bf16: not in hardware, in vectors (AVX512_BF16), in tiles (AMX).
enum class Bf16 { none, vectors, tiles };

/// What this processor can, as far as oneDNN makes use of it.
Bf16 processor_bf16();

inline bool processor_has_bf16() { return processor_bf16() != Bf16::none; }

/// Whether a network runs faster in bf16 than in fp32, from measurements (see there).
bool bf16_is_faster(Bf16 hardware, bool is_winograd);

/// True when oneDNN can compute in bf16 at all: it needs AVX-512 (BW, VL, DQ).
bool processor_computes_bf16();

/// Physical cores that this process may use, at least 1.
int physical_cores();

/// traits: of the network, on which the faster precision depends.
/// Throws Error{usage} for a malformed device or thread count, Error{unsupported} for a device
/// that is not there or bf16 on a processor that cannot.
ExecutionPlan plan_execution(const UpscaleOptions& options, const NetworkTraits& traits = {});

/// Sets the number of threads that libtorch and oneDNN use for work of the calling thread, of no
/// other. (Debian 12's libtorch starts with one.)
void set_threads(int threads);

/// "cpu, 2 threads, bf16 (AMX)".
std::string describe(const ExecutionPlan& plan);

}  // namespace sisr
