#include "engine/device.h"

#include "base/numbers.h"

#include <sisr/error.h>

#include <oneapi/dnnl/dnnl.hpp>

#include <algorithm>
#include <fstream>
#include <omp.h>
#include <sched.h>
#include <set>
#include <thread>

namespace sisr {
namespace {

constexpr int kMaxThreads = 1024;

torch::Device parse_device(const std::string& name) {
    const bool has_cuda = torch::cuda::is_available();
    if (name == "auto") return has_cuda ? torch::kCUDA : torch::kCPU;
    if (name == "cpu") return torch::kCPU;
    const bool plain = name == "cuda";
    const auto number =
        name.rfind("cuda:", 0) == 0 ? parse_number<unsigned char>(name.substr(5)) : std::nullopt;
    if (!plain && !number) {
        throw Error(ErrorKind::usage, "device",
                    "\"" + name + "\" is none of auto, cpu, cuda, cuda:N");
    }
    const int index = number.value_or(0);
    if (!has_cuda || index >= static_cast<int>(torch::cuda::device_count())) {
        throw Error(ErrorKind::unsupported, "device", "there is no " + name + " here");
    }
    return {torch::kCUDA, static_cast<c10::DeviceIndex>(index)};
}

std::string sibling_list(int cpu) {
    std::ifstream file("/sys/devices/system/cpu/cpu" + std::to_string(cpu) +
                       "/topology/thread_siblings_list");
    std::string siblings;
    std::getline(file, siblings);
    return siblings.empty() ? std::to_string(cpu) : siblings;
}

}  // namespace

Bf16 processor_bf16() {
#if defined(__x86_64__)
    // oneDNN's own answer: the system may forbid the tiles, and a user may forbid them to oneDNN.
    constexpr auto kTiles = static_cast<unsigned>(dnnl::cpu_isa::avx512_core_amx);
    if ((static_cast<unsigned>(dnnl::get_effective_cpu_isa()) & kTiles) == kTiles) {
        return Bf16::tiles;
    }
    return __builtin_cpu_supports("avx512bf16") != 0 ? Bf16::vectors : Bf16::none;
#else
    return Bf16::none;
#endif
}

// Milliseconds for 256x256 pixels of 48 channels, fp32 and bf16:
//   Xeon, AMX           8 blocks, Winograd, 1 thread    124   66
//   EPYC, AVX512_BF16   8 blocks, Winograd, 1 thread     89  110
//   EPYC, AVX512_BF16   8 blocks, direct, 2 threads     262  126
bool bf16_is_faster(Bf16 hardware, bool is_winograd) {
    return hardware == Bf16::tiles || (hardware == Bf16::vectors && !is_winograd);
}

bool processor_computes_bf16() {
#if defined(__x86_64__)
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq");
#else
    return false;
#endif
}

int physical_cores() {
    cpu_set_t allowed;
    if (sched_getaffinity(0, sizeof allowed, &allowed) != 0) {
        return static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
    }
    std::set<std::string> cores;  // hyper-threads of a core share one list
    for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
        if (CPU_ISSET(cpu, &allowed)) cores.insert(sibling_list(cpu));
    }
    return std::max<int>(1, static_cast<int>(cores.size()));
}

ExecutionPlan plan_execution(const UpscaleOptions& options, const NetworkTraits& traits) {
    if (options.threads < 0 || options.threads > kMaxThreads) {
        throw Error(ErrorKind::usage, "threads",
                    "must be from 0 to " + std::to_string(kMaxThreads));
    }
    ExecutionPlan plan;
    plan.device = parse_device(options.device);
    plan.threads = options.threads > 0 ? options.threads : physical_cores();
    const bool wants_bf16 = options.precision == Precision::bf16;
    if (wants_bf16 && plan.device.is_cpu() && !processor_computes_bf16()) {
        throw Error(ErrorKind::unsupported, "precision",
                    "this processor does not compute in bf16; auto takes what it is fastest with");
    }
    bool bf16 = wants_bf16;
    if (options.precision == Precision::automatic && plan.device.is_cpu()) {
        const Bf16 hardware = processor_bf16();
        bf16 = traits.is_bf16_safe && bf16_is_faster(hardware, traits.is_winograd_on_cpu);
        plan.reason = !traits.is_bf16_safe      ? "bf16 does not suit this network"
                      : hardware == Bf16::none  ? "no bf16 in hardware"
                      : hardware == Bf16::tiles ? "AMX"
                      : bf16                    ? "AVX512_BF16"
                                                : "Winograd, faster than AVX512_BF16";
    }
    plan.precision = bf16 ? torch::kBFloat16 : torch::kFloat32;
    return plan;
}

void set_threads(int threads) {
    // Asking makes libtorch give a new thread its default, once; what is set then stays. Its own
    // way to set changes that default for all threads of the host, and makes a pool of threads
    // anew.
    if (torch::get_num_threads() != threads) omp_set_num_threads(threads);
}

std::string describe(const ExecutionPlan& plan) {
    return plan.device.str() + ", " + std::to_string(plan.threads) +
           (plan.threads == 1 ? " thread, " : " threads, ") +
           (plan.precision == torch::kBFloat16 ? "bf16" : "fp32") +
           (plan.reason.empty() ? "" : " (" + plan.reason + ")");
}

}  // namespace sisr
