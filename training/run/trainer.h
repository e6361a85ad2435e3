/// The one training loop.
#pragma once

#include "data/batch_loader.h"
#include "objectives/objective.h"
#include "optimise/process_group.h"
#include "optimise/schedule.h"
#include "record/run_record.h"
#include "run/checkpoint.h"
#include "run/validator.h"

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>

namespace sisr::training {

/// Which figure of the validation makes a model the best.
enum class BestBy {
    psnr,
    ssim,
    distance,
    lpips,
    looks  ///< see looks_figure
};

struct TrainerOptions {
    std::int64_t log_every = 100;
    std::int64_t validate_every = 1000;
    std::int64_t checkpoint_every = 1000;
    BestBy best_by = BestBy::psnr;
};

/// How a run stands, averaged since the last report.
struct Status {
    std::int64_t step = 0;  ///< steps done
    std::int64_t iterations = 0;
    Losses losses;
    double rate = 0;
    double steps_per_second = 0;
    double waiting_share = 0;  ///< of the time, for data
    double eta_seconds = 0;
};

/// What the trainer tells; may be empty functions.
struct Listener {
    std::function<void(const Status&)> on_status;
    std::function<void(std::int64_t step, const Quality&)> on_validation;
    std::function<void(const std::string&)> on_warning;
    std::function<bool()> should_stop;
};

/// The parts of a run; all must outlive the trainer.
struct TrainerParts {
    Objective& objective;
    BatchLoader& loader;
    const Validator* validator;  ///< null: none
    const CheckpointStore& checkpoints;
    RunRecord* record;  ///< null in all processes but the first, which writes all files
    ProcessGroup& group;
    /// Adds to a checkpoint what must come back with it: the run's options.
    std::function<void(TensorFile&)> describe;
    /// Called with the first report and now and then, after each validation and at the end or a
    /// stop, when there are averaged weights to keep.
    std::function<void(bool is_best)> publish;
};

class Trainer {
public:
    Trainer(TrainerParts parts, const Schedule& schedule, const TrainerOptions& options,
            Listener listener);

    /// Goes on from a checkpoint of this trainer.
    void load(const TensorFile& checkpoint);

    /// Steps done so far.
    std::int64_t step() const { return step_; }

    /// Runs to the schedule's end, or until the listener says stop; a checkpoint is saved either
    /// way. Returns false when stopped. A step with a loss or gradient that is NaN or Inf is
    /// skipped; after kMaxBadSteps in a row the run goes back to its last checkpoint at half the
    /// learning rate. Throws Error{internal} when that has not helped kMaxReturns times.
    bool run();

    static constexpr int kMaxBadSteps = 20;
    static constexpr int kMaxReturns = 5;

private:
    void train_step();
    void skip_step(const Losses& losses);
    void go_back();
    void report();
    void validate();
    void save() const;
    void publish(bool is_best);
    TensorFile make_checkpoint() const;
    double rate() const { return rate_factor_ * schedule_.rate(step_); }
    bool is_better(const Quality& quality);
    void warn(const std::string& line) const;

    TrainerParts parts_;
    Schedule schedule_;
    TrainerOptions options_;
    Listener listener_;
    std::int64_t step_ = 0;
    double best_score_ = -1e9;
    double rate_factor_ = 1;
    int bad_steps_ = 0;
    int returns_ = 0;

    Losses sums_;
    std::int64_t summed_steps_ = 0;
    double waited_before_ = 0;
    std::chrono::steady_clock::time_point report_start_;
    std::optional<std::chrono::steady_clock::time_point> published_;
};

}  // namespace sisr::training
