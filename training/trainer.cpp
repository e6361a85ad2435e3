#include "trainer.h"

#include <sisr/error.h>

namespace sisr::training {
namespace {

using Clock = std::chrono::steady_clock;

bool is_due(std::int64_t step, std::int64_t every) { return every > 0 && step % every == 0; }

}  // namespace

Trainer::Trainer(TrainerParts parts, const Schedule& schedule, const TrainerOptions& options,
                 const Listener& listener)
    : parts_(std::move(parts)), schedule_(schedule), options_(options), listener_(listener) {}

void Trainer::load(const TensorFile& checkpoint) {
    parts_.objective.load(checkpoint);
    step_ = std::stoll(checkpoint.metadata.at("step"));
    best_psnr_ = std::stod(checkpoint.metadata.at("best_psnr"));
}

bool Trainer::run() {
    report_start_ = Clock::now();
    waited_before_ = parts_.loader.waited_seconds();
    bool stopped = false;
    while (step_ < schedule_.iterations && !stopped) {
        train_step();
        if (is_due(step_, options_.log_every)) report();
        if (is_due(step_, options_.validate_every)) validate();
        if (is_due(step_, options_.checkpoint_every)) save();
        stopped = listener_.should_stop && listener_.should_stop();
    }
    save();
    if (!stopped && !is_due(step_, options_.validate_every)) validate();
    return !stopped;
}

void Trainer::train_step() {
    const Batch batch = parts_.loader.next();
    const Losses losses = parts_.objective.step(batch, schedule_.rate(step_));
    ++step_;
    if (!is_finite(losses)) {
        parts_.log.write("skipped", step_, {});
        if (listener_.on_warning) {
            listener_.on_warning("step " + std::to_string(step_) + " skipped: NaN or Inf");
        }
        if (++bad_steps_ == kMaxBadSteps) {
            throw Error(ErrorKind::internal, "training",
                        "NaN or Inf in " + std::to_string(kMaxBadSteps) +
                            " steps in a row; lower the learning rate and resume");
        }
        return;
    }
    bad_steps_ = 0;
    for (const auto& [name, value] : losses) sums_[name] += value;
    ++summed_steps_;
}

void Trainer::report() {
    if (summed_steps_ == 0) return;
    const double seconds = std::chrono::duration<double>(Clock::now() - report_start_).count();
    Status status;
    status.step = step_;
    status.iterations = schedule_.iterations;
    status.rate = schedule_.rate(step_ - 1);
    status.steps_per_second = static_cast<double>(summed_steps_) / seconds;
    status.waiting_share = (parts_.loader.waited_seconds() - waited_before_) / seconds;
    status.eta_seconds =
        static_cast<double>(schedule_.iterations - step_) / status.steps_per_second;
    for (const auto& [name, sum] : sums_) {
        status.losses[name] = sum / static_cast<double>(summed_steps_);
    }
    auto values = status.losses;
    values["rate"] = status.rate;
    values["steps_per_second"] = status.steps_per_second;
    values["waiting_share"] = status.waiting_share;
    parts_.log.write("train", step_, values);
    if (listener_.on_status) listener_.on_status(status);

    sums_.clear();
    summed_steps_ = 0;
    waited_before_ = parts_.loader.waited_seconds();
    report_start_ = Clock::now();
}

void Trainer::validate() {
    const auto start = Clock::now();
    bool is_best = true;
    if (parts_.validator != nullptr) {
        const Quality quality =
            parts_.validator->evaluate(parts_.objective.averaged(), parts_.objective.settings());
        is_best = quality.psnr > best_psnr_;
        if (is_best) best_psnr_ = quality.psnr;
        parts_.log.write("validation", step_, {{"psnr_y", quality.psnr}, {"ssim_y", quality.ssim}});
        if (listener_.on_validation) listener_.on_validation(step_, quality);
    }
    parts_.publish(is_best);
    report_start_ += Clock::now() - start;  // the pause is no training time
}

void Trainer::save() const {
    TensorFile checkpoint;
    parts_.objective.save(checkpoint);
    parts_.describe(checkpoint);
    checkpoint.metadata["step"] = std::to_string(step_);
    checkpoint.metadata["best_psnr"] = std::to_string(best_psnr_);
    parts_.checkpoints.save(step_, checkpoint);
}

}  // namespace sisr::training
