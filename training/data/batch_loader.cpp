#include "data/batch_loader.h"

#include <chrono>

namespace sisr::training {
namespace {

constexpr std::int64_t kAhead = 6;

/// A [3,size,size] view of part of an image.
torch::Tensor view(const Image& image, int left, int top, int size) {
    auto* samples = const_cast<float*>(image.samples().data());
    return torch::from_blob(samples, {image.height(), image.width(), 3})
        .slice(0, top, top + size)
        .slice(1, left, left + size)
        .permute({2, 0, 1});
}

/// One of the 8 flips and quarter turns.
torch::Tensor orient(torch::Tensor image, int orientation) {
    if ((orientation & 1) != 0) image = image.flip({1});
    if ((orientation & 2) != 0) image = image.flip({2});
    if ((orientation & 4) != 0) image = image.transpose(1, 2);
    return image;
}

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
    const auto layout = torch::TensorOptions().memory_format(torch::MemoryFormat::ChannelsLast);
    Batch batch;
    batch.lr = torch::empty({options_.batch, 3, lr_size, lr_size}, layout);
    batch.hr = torch::empty({options_.batch, 3, hr_size, hr_size}, layout);
    for (int i = 0; i < options_.batch; ++i) {
        Rng rng = sample_rng(options_.seed, step, options_.first_index + i);
        const Patch patch = source_.patch(rng);
        const int orientation = std::uniform_int_distribution<int>(0, 7)(rng);
        const auto pair = degradation_.apply(patch.pixels, rng, true);
        const int left = patch.left / degradation_.scale();
        const int top = patch.top / degradation_.scale();
        batch.lr[i].copy_(orient(view(pair.reduced, left, top, lr_size), orientation));
        batch.hr[i].copy_(orient(view(pair.truth, patch.left, patch.top, hr_size), orientation));
    }
    return batch;
}

}  // namespace sisr::training
