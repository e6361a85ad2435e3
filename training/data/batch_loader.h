/// Batches of patch pairs, made ahead of time by threads.
#pragma once

#include "data/patch_source.h"
#include "degradation/degradation.h"

#include <torch/torch.h>

#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

namespace sisr::training {

/// Pixels of the same places: lr [N,3,p,p], hr [N,3,scale*p,scale*p], float32, display-encoded
/// [0,1], channels-last.
struct Batch {
    torch::Tensor lr;
    torch::Tensor hr;
};

/// For Tensor::to(): of pinned memory the copy is waited for by what computes with it, not here.
constexpr bool kInBackground = true;

struct BatchOptions {
    std::uint64_t seed = 0;
    int batch = 16;
    int patch = 48;  ///< width and height of the low-resolution patch
    int threads = 2;
    int first_index = 0;  ///< number of the first sample of a step: rank * batch
    bool pinned = false;  ///< in memory that a GPU copies from while it computes
};

/// batch(step) is a pure function of the options and the step, whatever the threads do.
class BatchLoader {
public:
    /// Starts to prepare the batches from `first_step` on. The source must outlive the loader and
    /// give patches of scale*patch pixels on a grid of the degradation's scale.
    BatchLoader(const PatchSource& source, const Degradation& degradation,
                const BatchOptions& options, std::int64_t first_step);
    ~BatchLoader();
    BatchLoader(const BatchLoader&) = delete;
    BatchLoader& operator=(const BatchLoader&) = delete;

    /// The batch of the next step, in order. Waits for it if need be. Rethrows what a thread threw.
    Batch next();

    /// Goes on with another step. Not while next() waits.
    void restart(std::int64_t step);

    /// Seconds spent waiting in next().
    double waited_seconds() const { return waited_seconds_; }

private:
    void work();
    Batch make(std::int64_t step) const;

    const PatchSource& source_;
    Degradation degradation_;
    BatchOptions options_;
    std::mutex mutex_;
    std::condition_variable ready_;
    std::condition_variable wanted_;
    std::map<std::int64_t, Batch> done_;
    std::exception_ptr failure_;
    std::int64_t next_to_make_;
    std::int64_t next_to_give_;
    bool stopping_ = false;
    double waited_seconds_ = 0;
    std::vector<std::thread> threads_;
};

}  // namespace sisr::training
