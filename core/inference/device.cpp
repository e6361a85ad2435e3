#include "inference/device.h"

#include <sisr/error.h>

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
    const bool indexed = name.rfind("cuda:", 0) == 0 && name.size() > 5 && name.size() < 8 &&
                         name.find_first_not_of("0123456789", 5) == std::string::npos;
    if (!plain && !indexed) {
        throw Error(ErrorKind::usage, "device",
                    "\"" + name + "\" is none of auto, cpu, cuda, cuda:N");
    }
    const int index = plain ? 0 : std::stoi(name.substr(5));
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

bool processor_has_bf16() {
#if defined(__x86_64__)
    return __builtin_cpu_supports("avx512bf16") != 0;
#else
    return false;
#endif
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

ExecutionPlan plan_execution(const UpscaleOptions& options) {
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
    const bool bf16 = wants_bf16 || (options.precision == Precision::automatic &&
                                     plan.device.is_cpu() && processor_has_bf16());
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
           (plan.precision == torch::kBFloat16 ? "bf16" : "fp32");
}

}  // namespace sisr
