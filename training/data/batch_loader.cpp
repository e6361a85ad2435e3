#include "data/batch_loader.h"

#include "data/sample.h"

#include <chrono>

namespace sisr::training {
namespace {

constexpr std::int64_t kAhead = 6;

}  // namespace

BatchLoader::BatchLoader(const PatchSource& source, const Degradation& degradation,
                         const BatchOptions& options, std::int64_t first_step)
    : source_(source),
      degradation_(degradation),
      options_(options),
      next_to_make_(first_step),
      next_to_give_(first_step) {
    for (int i = 0; i < options.threads; ++i) threads_.emplace_back([this] { work(); });
}

BatchLoader::~BatchLoader() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    wanted_.notify_all();
    for (std::thread& thread : threads_) thread.join();
}

Batch BatchLoader::next() {
    const auto start = std::chrono::steady_clock::now();
    std::unique_lock lock(mutex_);
    ready_.wait(lock, [this] { return failure_ || done_.count(next_to_give_) != 0; });
    if (failure_) std::rethrow_exception(failure_);
    Batch batch = std::move(done_[next_to_give_]);
    done_.erase(next_to_give_++);
    wanted_.notify_all();
    waited_seconds_ +=
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    return batch;
}

void BatchLoader::restart(std::int64_t step) {
    {
        const std::lock_guard lock(mutex_);
        // What threads are making now is dropped when it comes out of turn, and right otherwise.
        done_.clear();
        next_to_make_ = step;
        next_to_give_ = step;
    }
    wanted_.notify_all();
}

void BatchLoader::work() {
    std::unique_lock lock(mutex_);
    while (true) {
        wanted_.wait(lock, [this] { return stopping_ || next_to_make_ < next_to_give_ + kAhead; });
        if (stopping_) return;
        const std::int64_t step = next_to_make_++;
        lock.unlock();
        Batch batch;
        std::exception_ptr failure;
        try {
            batch = make(step);
        } catch (...) {
            failure = std::current_exception();
        }
        lock.lock();
        if (failure) failure_ = failure;
        if (step >= next_to_give_) done_[step] = std::move(batch);
        ready_.notify_all();
    }
}

Batch BatchLoader::make(std::int64_t step) const {
    const int lr_size = options_.patch;
    const int hr_size = options_.patch * degradation_.scale();
    const auto layout = torch::TensorOptions()
                            .memory_format(torch::MemoryFormat::ChannelsLast)
                            .pinned_memory(options_.pinned);
    Batch batch;
    batch.lr = torch::empty({options_.batch, 3, lr_size, lr_size}, layout);
    batch.hr = torch::empty({options_.batch, 3, hr_size, hr_size}, layout);
    for (int i = 0; i < options_.batch; ++i) {
        const Sample made = sample(source_, degradation_, options_.patch, options_.seed, step,
                                   options_.first_index + i);
        batch.lr[i].copy_(made.lr);
        batch.hr[i].copy_(made.hr);
    }
    return batch;
}

}  // namespace sisr::training
