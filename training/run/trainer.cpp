#include "run/trainer.h"

#include <sisr/error.h>

#include <cmath>

namespace sisr::training {
namespace {

using Clock = std::chrono::steady_clock;

// It takes some tenths of a second.
constexpr std::chrono::seconds kPublishEvery{60};

bool is_due(std::int64_t step, std::int64_t every) { return every > 0 && step % every == 0; }

/// Larger is better.
double score(const Quality& quality, BestBy best_by) {
    switch (best_by) {
        case BestBy::psnr: return quality.psnr;
        case BestBy::ssim: return quality.ssim;
        case BestBy::distance: return -quality.distance.value_or(0);
        case BestBy::lpips: return -quality.lpips.value_or(0);
        case BestBy::looks: return -looks_figure(quality).value_or(0);
    }
    return 0;
}

}  // namespace

Trainer::Trainer(TrainerParts parts, const Schedule& schedule, const TrainerOptions& options,
                 Listener listener)
    : parts_(std::move(parts)),
      schedule_(schedule),
      options_(options),
      listener_(std::move(listener)) {}

void Trainer::load(const TensorFile& checkpoint) {
    const auto number = [&checkpoint](const char* name, double fallback) {
        return checkpoint.metadata.count(name) == 0 ? fallback
                                                    : checkpoint_number<double>(checkpoint, name);
    };
    parts_.objective.load(checkpoint);
    step_ = checkpoint_number<std::int64_t>(checkpoint, "step");
    best_score_ = number("best_score", best_score_);
    rate_factor_ = number("rate_factor", 1);
}

bool Trainer::run() {
    report_start_ = Clock::now();
    waited_before_ = parts_.loader.waited_seconds();
    bool stopped = false;
    while (step_ < schedule_.iterations && !stopped) {
        train_step();
        if (is_due(step_, options_.log_every)) report();
        if (is_due(step_, options_.validate_every)) validate();
        // A checkpoint made among bad steps would be no place to go back to.
        if (is_due(step_, options_.checkpoint_every) && bad_steps_ == 0) save();
        stopped = parts_.group.any(listener_.should_stop && listener_.should_stop());
    }
    save();
    if (stopped) {
        publish(false);
    } else if (!is_due(step_, options_.validate_every)) {
        validate();
    }
    return !stopped;
}

void Trainer::train_step() {
    const Batch batch = parts_.loader.next();
    const Losses losses = parts_.objective.step(batch, rate());
    ++step_;
    if (!is_finite(losses)) return skip_step(losses);
    bad_steps_ = 0;
    for (const auto& [name, value] : losses) sums_[name] += value;
    ++summed_steps_;
}

void Trainer::skip_step(const Losses& losses) {
    std::string names;
    for (const auto& [name, value] : losses) {
        if (!std::isfinite(value)) names += (names.empty() ? "" : ", ") + name;
    }
    if (parts_.record != nullptr) parts_.record->note("skipped", step_, {{"not_finite", names}});
    warn("step " + std::to_string(step_) + " skipped: NaN or Inf in " + names);
    if (++bad_steps_ == kMaxBadSteps) go_back();
}

void Trainer::go_back() {
    const std::string trouble = "NaN or Inf in " + std::to_string(kMaxBadSteps) + " steps in a row";
    const auto checkpoint = parts_.checkpoints.load_newest(listener_.on_warning);
    if (!checkpoint || ++returns_ > kMaxReturns) {
        throw Error(ErrorKind::internal, "training",
                    trouble + (checkpoint ? ", again and again" : " and no checkpoint yet") +
                        "; a lower learning rate may help");
    }
    const double factor = rate_factor_ / 2;
    load(*checkpoint);
    rate_factor_ = factor;  // the checkpoint's may be of before an earlier return
    bad_steps_ = 0;
    sums_.clear();
    summed_steps_ = 0;
    parts_.loader.restart(step_);
    const std::string line =
        trouble + ": back to step " + std::to_string(step_) + " at half the learning rate";
    if (parts_.record != nullptr) parts_.record->note("warning", step_, {{"text", line}});
    warn(line);
}

void Trainer::warn(const std::string& line) const {
    if (listener_.on_warning) listener_.on_warning(line);
}

void Trainer::report() {
    if (summed_steps_ == 0) return;
    const double seconds = std::chrono::duration<double>(Clock::now() - report_start_).count();
    Status status;
    status.step = step_;
    status.iterations = schedule_.iterations;
    status.rate = rate_factor_ * schedule_.rate(step_ - 1);
    status.steps_per_second = static_cast<double>(summed_steps_) / seconds;
    status.waiting_share = (parts_.loader.waited_seconds() - waited_before_) / seconds;
    status.eta_seconds =
        static_cast<double>(schedule_.iterations - step_) / status.steps_per_second;
    for (const auto& [name, sum] : sums_) {
        status.losses[name] = sum / static_cast<double>(summed_steps_);
    }
    const auto complaints = parts_.objective.complaints(status.losses);
    if (parts_.record != nullptr) {
        auto values = status.losses;
        values["rate"] = status.rate;
        values["steps_per_second"] = status.steps_per_second;
        values["waiting_share"] = status.waiting_share;
        parts_.record->values("train", step_, values);
        for (const auto& line : complaints) {
            parts_.record->note("warning", step_, {{"text", line}});
            warn(line);
        }
        if (listener_.on_status) listener_.on_status(status);
        // Whoever looks early, or stops, finds a model and a report.
        if (!published_ || Clock::now() - *published_ > kPublishEvery) publish(false);
    }
    sums_.clear();
    summed_steps_ = 0;
    waited_before_ = parts_.loader.waited_seconds();
    report_start_ = Clock::now();
}

bool Trainer::is_better(const Quality& quality) {
    const double found = score(quality, options_.best_by);
    if (found <= best_score_) return false;
    best_score_ = found;
    return true;
}

void Trainer::validate() {
    if (parts_.record == nullptr) return;
    const auto start = Clock::now();
    bool is_best = true;
    if (parts_.validator != nullptr) {
        const Validation validation =
            parts_.validator->evaluate(parts_.objective.averaged(), parts_.objective.network());
        is_best = is_better(validation.mean);
        parts_.record->values("validation", step_, quality_values(validation.mean));
        parts_.record->samples(step_, validation.samples);
        if (listener_.on_validation) listener_.on_validation(step_, validation.mean);
        if (is_best) parts_.checkpoints.save_best(make_checkpoint());
    }
    publish(is_best);
    report_start_ += Clock::now() - start;  // the pause is no training time
}

void Trainer::publish(bool is_best) {
    if (parts_.record == nullptr) return;
    parts_.publish(is_best);
    parts_.record->refresh_report();
    published_ = Clock::now();
}

TensorFile Trainer::make_checkpoint() const {
    TensorFile checkpoint;
    parts_.objective.save(checkpoint);
    parts_.describe(checkpoint);
    checkpoint.metadata["step"] = std::to_string(step_);
    checkpoint.metadata["best_score"] = format_number(best_score_);
    checkpoint.metadata["rate_factor"] = format_number(rate_factor_);
    return checkpoint;
}

void Trainer::save() const {
    if (parts_.record != nullptr) parts_.checkpoints.save(step_, make_checkpoint());
}

}  // namespace sisr::training
