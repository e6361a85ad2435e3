#include "optimise/process_group.h"

#include "base/numbers.h"
#include "formats/torch_errors.h"

#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#ifdef USE_C10D_NCCL
#include <torch/csrc/distributed/c10d/ProcessGroupNCCL.hpp>
#endif
#include <torch/csrc/distributed/c10d/TCPStore.hpp>

#include <chrono>
#include <cstdlib>
#include <functional>
#include <string>

namespace sisr::training {
namespace {

// Long enough for the first process to validate; a process that dies is noticed at once, because
// its connections close.
constexpr std::chrono::minutes kTimeout{10};
constexpr std::chrono::seconds kJoinTimeout{120};

/// A whole number from the first of the variables that is set; `fallback` when none is.
int read_variable(const char* name, const char* alternative, int fallback) {
    const char* text = std::getenv(name);
    if (text == nullptr && alternative != nullptr) text = std::getenv(name = alternative);
    if (text == nullptr) return fallback;
    const auto value = parse_number<int>(text);
    if (!value || *value < 0 || *value > 65535) {
        throw Error(ErrorKind::usage, name,
                    "must be a whole number, not \"" + std::string(text) + "\"");
    }
    return *value;
}

std::string require_variable(const char* name) {
    const char* text = std::getenv(name);
    if (text == nullptr || *text == '\0') {
        throw Error(ErrorKind::usage, name, "must be set when there are several processes");
    }
    return text;
}

/// c10d tells of trouble by exceptions of several kinds, in several lines.
template <class Work>
auto tell_of_lost_peers(int rank, int size, Work&& work) {
    try {
        return work();
    } catch (const Error&) {
        throw;
    } catch (const std::exception& error) {
        const std::string what = error.what();
        throw Error(ErrorKind::io,
                    "process " + std::to_string(rank) + " of " + std::to_string(size),
                    "another process of the run is gone or unreachable; --resume goes on from the "
                    "last checkpoint (" +
                        what.substr(0, what.find('\n')) + ")");
    }
}

/// Newer versions of libtorch meet by libuv unless told not to, and Debian builds them without it.
template <class Options>
auto meet_without_libuv(Options& options, int) -> decltype(void(options.useLibUV)) {
    options.useLibUV = false;
}
template <class Options>
void meet_without_libuv(Options&, long) {}

class C10dGroup final : public ProcessGroup {
public:
    C10dGroup(int rank, int size, const torch::Device& device)
        : rank_(rank), size_(size), device_(device) {
        c10d::TCPStoreOptions options;
        options.port = static_cast<std::uint16_t>(read_variable("MASTER_PORT", nullptr, 29500));
        options.isServer = rank == 0;
        options.timeout = kJoinTimeout;
        meet_without_libuv(options, 0);
        const std::string address = require_variable("MASTER_ADDR");
        tell_of_lost_peers(rank, size, [&] {
            const auto store = c10::make_intrusive<c10d::TCPStore>(address, options);
            device.is_cuda() ? connect_nccl(store) : connect_gloo(store, address);
            return 0;
        });
    }

    int rank() const override { return rank_; }
    int size() const override { return size_; }

    void average(std::vector<torch::Tensor>& tensors) override {
        const torch::NoGradGuard no_grad;
        std::vector<torch::Tensor> flat;
        flat.reserve(tensors.size());
        for (const torch::Tensor& tensor : tensors) flat.push_back(tensor.flatten().to(device_));
        // One message is much faster than one for each tensor.
        std::vector<torch::Tensor> message{torch::cat(flat)};
        tell_of_lost_peers(rank_, size_, [&] {
            all_reduce_(message);
            return 0;
        });
        message.front() /= size_;
        std::int64_t begin = 0;
        for (torch::Tensor& tensor : tensors) {
            tensor.copy_(message.front().narrow(0, begin, tensor.numel()).view(tensor.sizes()));
            begin += tensor.numel();
        }
    }

private:
    using Store = c10::intrusive_ptr<c10d::TCPStore>;

    void connect_gloo(const Store& store, const std::string& address) {
        using Gloo = c10d::ProcessGroupGloo;
        const bool is_local = address == "localhost" || address == "127.0.0.1";
        const auto options = Gloo::Options::create(kTimeout);
        options->devices.push_back(is_local ? Gloo::createDeviceForHostname("localhost")
                                            : Gloo::createDefaultDevice());
        const auto group = c10::make_intrusive<Gloo>(store, rank_, size_, options);
        all_reduce_ = [group](auto& message) { group->allreduce(message)->wait(); };
    }

    void connect_nccl(const Store& store) {
#ifdef USE_C10D_NCCL
        const auto group = c10::make_intrusive<c10d::ProcessGroupNCCL>(store, rank_, size_);
        all_reduce_ = [group](auto& message) { group->allreduce(message)->wait(); };
#else
        (void)store;
        throw Error(ErrorKind::unsupported, "--device cuda",
                    "this libtorch has no NCCL: several processes need --device cpu");
#endif
    }

    int rank_;
    int size_;
    torch::Device device_;
    std::function<void(std::vector<torch::Tensor>&)> all_reduce_;
};

}  // namespace

bool ProcessGroup::any(bool value) {
    if (size() == 1) return value;
    std::vector<torch::Tensor> flag{torch::tensor({value ? 1.0F : 0.0F})};
    average(flag);
    return flag.front().item<float>() > 0;
}

std::string local_device(const std::string& device) {
    const int number = read_variable("LOCAL_RANK", "SLURM_LOCALID", 0);
    const bool is_counted = device == "cuda" || (device == "auto" && torch::cuda::is_available());
    return is_counted ? "cuda:" + std::to_string(number) : device;
}

std::unique_ptr<ProcessGroup> join_process_group(const torch::Device& device) {
    const int size = read_variable("WORLD_SIZE", "SLURM_NTASKS", 1);
    if (size <= 1) return std::make_unique<ProcessGroup>();
    const int rank = read_variable("RANK", "SLURM_PROCID", -1);
    if (rank < 0 || rank >= size) {
        throw Error(ErrorKind::usage, "RANK",
                    "must be from 0 to " + std::to_string(size - 1) + " in each process");
    }
    return std::make_unique<C10dGroup>(rank, size, device);
}

}  // namespace sisr::training
