#include "run/run.h"

#include "base/atomic_file.h"
#include "base/numbers.h"
#include "engine/device.h"

#include <sisr/error.h>

#include <fstream>
#include <memory>
#include <set>
#include <sstream>

namespace sisr::training {
namespace {

namespace fs = std::filesystem;

constexpr const char* kCheckpointFolder = "checkpoints";

/// "name = value" lines, without the options that change nothing that is learned.
std::set<std::string> essential_lines(const std::string& recipe) {
    static const std::set<std::string> kFree{"accept-changes", "checkpoint-every", "keep",
                                             "loader-threads", "log-every",        "threads",
                                             "validate-every"};
    std::set<std::string> lines;
    std::istringstream stream(recipe);
    for (std::string line; std::getline(stream, line);) {
        if (kFree.count(line.substr(0, line.find(' '))) == 0) lines.insert(line);
    }
    return lines;
}

/// Lists how a resumed run's options differ from what it began with.
void confirm_changes(const std::string& recipe, const RunOptions& options,
                     const RunListener& listener) {
    const auto before = essential_lines(recipe);
    const auto now = essential_lines(options.recipe);
    std::string changes;
    const auto collect = [&changes](const auto& from, const auto& without, const char* word) {
        for (const std::string& line : from) {
            if (without.count(line) != 0) continue;
            changes += (changes.empty() ? "" : "; ") + std::string(word) + line;
        }
    };
    collect(before, now, "was ");
    collect(now, before, "is ");
    if (changes.empty()) return;
    if (!options.accept_changes) {
        throw Error(ErrorKind::usage, options.output.string(),
                    "other options than the run's need --accept-changes (" + changes + ")");
    }
    listener.on_message("changed: " + changes);
}

std::optional<TensorFile> open_run(const RunOptions& options, const CheckpointStore& store,
                                   const RunListener& listener) {
    const std::string folder = options.output.string();
    std::error_code status;
    const bool has_checkpoints =
        !fs::is_empty(options.output / kCheckpointFolder, status) && !status;
    if (has_checkpoints && !options.resume) {
        throw Error(ErrorKind::usage, folder, "holds a run already; --resume goes on with it");
    }
    if (!options.resume) return std::nullopt;
    auto checkpoint = store.load_newest(listener.on_message);
    if (!checkpoint) throw Error(ErrorKind::usage, folder, "holds no checkpoint to resume from");
    for (const auto& [key, value] : network_metadata(options.network)) {
        const std::string found = metadata_value(checkpoint->metadata, key);
        if (found != value) {
            std::string reason = "holds a run of another network (";
            reason.append(key).append(" is ").append(found).append(", not ").append(value);
            throw Error(ErrorKind::usage, folder, reason + ")");
        }
    }
    confirm_changes(metadata_value(checkpoint->metadata, "recipe"), options, listener);
    return checkpoint;
}

void write_text(const fs::path& path, const std::string& text) {
    AtomicFile file(path);
    std::ofstream stream(file.temporary_path());
    stream << text;
    stream.close();
    if (!stream) throw Error(ErrorKind::io, path.string(), "cannot be written");
    file.commit();
}

std::string describe_data(const PatchSource& source) {
    return std::to_string(source.image_count()) + " images, " +
           format_significant(source.megapixels(), 4) + " megapixels";
}

std::unique_ptr<Validator> make_validator(const RunOptions& options, const Degradation& degradation,
                                          const PatchSource& source, const RunListener& listener) {
    // First, so that a wrong file is told even where there is nothing to validate with.
    Measures measures = load_measures(options.measures);
    const auto truths = options.validation.empty()
                            ? source.kept_apart()
                            : read_validation(options.validation, listener.on_warning);
    if (options.validation.empty()) {
        listener.on_message(truths.empty()
                                ? "no --validation, and no picture is large enough to keep a part "
                                  "of it apart: nothing tells how good the model gets"
                                : "no --validation: parts of " + std::to_string(truths.size()) +
                                      " pictures are kept apart to validate with");
    }
    if (truths.empty()) return nullptr;
    return std::make_unique<Validator>(truths, degradation, std::move(measures));
}

/// What a network must beat, once at the top of the log.
void record_bicubic(const Validator& validator, RunRecord& record, const RunListener& listener) {
    const Quality bicubic = validator.evaluate_bicubic();
    record.values("bicubic", 0, quality_values(bicubic));
    listener.on_message("validation: bicubic enlargement reaches " + describe(bicubic));
}

PatchSource open_data(const RunOptions& options, const Degradation& degradation, int threads,
                      const RunListener& listener) {
    PatchSourceOptions source;
    source.grid = degradation.scale();
    source.patch = options.batches.patch * degradation.scale();
    source.margin = degradation.reach();
    source.threads = threads;
    source.flat_retries = options.flat_retries;
    source.kept_apart = options.validation.empty() ? kPicturesKeptApart : 0;
    return {options.data, source, listener.on_warning};
}

/// Writes the averaged weights as model files.
class Publisher {
public:
    Publisher(const RunOptions& options, const Objective& objective, const std::string& data)
        : options_(options), objective_(objective), card_(options.card) {
        card_.training = options.stage + ", " + data;
    }
    void operator()(bool is_best) const {
        write("model.safetensors");
        if (is_best) write("best.safetensors");
    }

private:
    void write(const char* name) const {
        export_model(options_.output / name, objective_.averaged(), objective_.network(), card_);
    }
    const RunOptions& options_;
    const Objective& objective_;
    ModelCard card_;
};

/// The first of several processes speaks for all.
RunListener only_first(const RunListener& listener, const ProcessGroup& group) {
    if (group.is_first()) return listener;
    RunListener silent = listener;
    silent.on_message = [](const std::string&) {};
    silent.on_warning = silent.on_message;
    return silent;
}

}  // namespace

bool run_training(const RunOptions& options, const ObjectiveMaker& make_objective,
                  const RunListener& given_listener) {
    UpscaleOptions execution;
    execution.threads = options.threads;
    execution.device = local_device(options.device);
    const ExecutionPlan plan = plan_execution(execution);
    torch::set_num_threads(plan.threads);
    // Patches are of one size: the time that cuDNN takes to choose comes back.
    at::globalContext().setBenchmarkCuDNN(plan.device.is_cuda());
    const auto degradation = Degradation::parse(options.degradation, options.network.scale);
    const auto group = join_process_group(plan.device);
    RunListener listener = only_first(given_listener, *group);
    // What was warned of before there is a log.
    std::vector<std::string> warnings;
    listener.on_warning = [&warnings, tell = listener.on_warning](const std::string& line) {
        warnings.push_back(line);
        if (tell) tell(line);
    };

    const CheckpointStore store(options.output / kCheckpointFolder, options.keep_checkpoints);
    const auto checkpoint = open_run(options, store, listener);
    const auto objective = make_objective(*group, plan.device);
    const PatchSource source = open_data(options, degradation, plan.threads, listener);
    const std::string data = describe_data(source);
    const auto validator = make_validator(options, degradation, source, listener);
    // Of what is kept apart the audit would tell that it is in the data.
    const auto audited =
        options.validation.empty() ? std::vector<AuditedImage>() : validator->audited();
    for (const std::string& line : describe(audit(source.audited(), audited))) {
        listener.on_message("training data: " + line);
    }

    const std::int64_t first_step =
        checkpoint ? checkpoint_number<std::int64_t>(*checkpoint, "step") : 0;
    std::optional<RunRecord> record;
    if (group->is_first()) {
        fs::create_directories(options.output);
        write_text(options.output / "recipe.ini", options.recipe);
        record.emplace(options.output, options.record_name);
        record->note(checkpoint ? "resume" : "start", first_step, {{"data", data}});
        for (const std::string& line : warnings) {
            record->note("warning", first_step, {{"text", line}});
        }
        if (validator) record_bicubic(*validator, *record, listener);
    }
    BatchOptions batches = options.batches;
    batches.first_index = group->rank() * batches.batch;
    batches.pinned = plan.device.is_cuda();
    BatchLoader loader(source, degradation, batches, first_step);
    const auto describe = [&options](TensorFile& file) {
        for (const auto& item : network_metadata(options.network)) file.metadata.insert(item);
        file.metadata["recipe"] = options.recipe;
    };
    Trainer trainer({*objective, loader, validator.get(), store, record ? &*record : nullptr,
                     *group, describe, Publisher(options, *objective, data)},
                    options.schedule, options.trainer, static_cast<const Listener&>(listener));
    if (checkpoint) trainer.load(*checkpoint);
    return trainer.run();
}

}  // namespace sisr::training
