#include "run.h"

#include "image/atomic_file.h"
#include "inference/device.h"

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
    for (const auto& [key, value] : srresnet_metadata(options.network)) {
        const std::string found = metadata_value(checkpoint->metadata, key);
        if (found != value) {
            throw Error(
                ErrorKind::usage, folder,
                "holds a run of another network (" + key + " is " + found + ", not " + value + ")");
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
    std::ostringstream text;
    text.precision(4);
    text << source.image_count() << " images, " << source.megapixels() << " megapixels";
    return text.str();
}

std::unique_ptr<Validator> make_validator(const RunOptions& options,
                                          const RunListener& listener, RunLog& log) {
    if (options.validation.empty()) return nullptr;
    auto validator =
        std::make_unique<Validator>(options.validation, options.network.scale, listener.on_message);
    const Quality bicubic = validator->evaluate_bicubic();
    log.write("bicubic", 0, {{"psnr_y", bicubic.psnr}, {"ssim_y", bicubic.ssim}});
    std::ostringstream text;
    text << "validation: bicubic enlargement reaches " << bicubic.psnr << " dB";
    listener.on_message(text.str());
    return validator;
}

}  // namespace

bool run_training(const RunOptions& options,
                  const std::function<std::unique_ptr<Objective>()>& make_objective,
                  const RunListener& listener) {
    UpscaleOptions execution;
    execution.threads = options.threads;
    const ExecutionPlan plan = plan_execution(execution);
    set_threads(plan.threads);

    const CheckpointStore store(options.output / kCheckpointFolder, options.keep_checkpoints);
    const auto checkpoint = open_run(options, store, listener);

    const auto degradation = Degradation::parse(options.degradation, options.network.scale);
    PatchSourceOptions source_options;
    source_options.grid = options.network.scale;
    source_options.patch = options.batches.patch * options.network.scale;
    source_options.margin = degradation.reach();
    source_options.threads = plan.threads;
    const PatchSource source(options.data, source_options, listener.on_message);
    const std::string data = describe_data(source);
    listener.on_message("training data: " + data);

    fs::create_directories(options.output);
    write_text(options.output / "recipe.ini", options.recipe);
    RunLog log(options.output / "log.jsonl");
    log.write(checkpoint ? "resume" : "start", 0, {}, {{"data", data}});
    const auto validator = make_validator(options, listener, log);

    const auto objective = make_objective();
    const std::int64_t first_step = checkpoint ? std::stoll(checkpoint->metadata.at("step")) : 0;
    BatchLoader loader(source, degradation, options.batches, first_step);
    const auto describe = [&options](TensorFile& file) {
        for (const auto& item : srresnet_metadata(options.network)) file.metadata.insert(item);
        file.metadata["recipe"] = options.recipe;
    };
    const auto publish = [&](bool is_best) {
        ModelCard card = options.card;
        card.training = options.stage + ", " + data;
        export_model(options.output / "model.safetensors", objective->averaged(), options.network,
                     card);
        if (is_best) {
            export_model(options.output / "best.safetensors", objective->averaged(), options.network,
                         card);
        }
    };
    Trainer trainer({*objective, loader, validator.get(), store, log, describe, publish},
                    options.schedule, options.trainer, listener);
    if (checkpoint) trainer.load(*checkpoint);
    return trainer.run();
}

}  // namespace sisr::training
