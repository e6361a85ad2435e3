#include "training_options.h"

#include "base/numbers.h"
#include "common/signals.h"
#include "engine/device.h"
#include "option_parser.h"

#include <sisr/error.h>

#include <cinttypes>
#include <cstdio>

namespace sisr::cli {
namespace {

namespace po = boost::program_options;

constexpr double kLargest = 1e12;

void print_status(const training::Status& status) {
    const auto minutes = static_cast<long>(status.eta_seconds / 60);
    std::printf("step %" PRId64 "/%" PRId64, status.step, status.iterations);
    for (const auto& [name, value] : status.losses) {
        std::printf("  %s %s", name.c_str(), format_number(value, 5).c_str());
    }
    std::printf("  rate %s  %s it/s  waiting for data %s %%  ETA %ld:%02ld h\n",
                format_significant(status.rate, 3).c_str(),
                format_number(status.steps_per_second, 2).c_str(),
                format_number(100 * status.waiting_share, 1).c_str(), minutes / 60, minutes % 60);
    std::fflush(stdout);
}

void print_quality(std::int64_t step, const training::Quality& quality) {
    std::printf("step %" PRId64 "  validation %s\n", step, training::describe(quality).c_str());
    std::fflush(stdout);
}

}  // namespace

po::typed_value<std::string>* text_option(const char* value_name) {
    return po::value<std::string>()->value_name(value_name);
}

po::typed_value<std::string>* preset_option(const char* value, const char* value_name) {
    return text_option(value_name)->default_value(value);
}

po::options_description describe_training_options(const StageDefaults& defaults) {
    const auto list = po::value<std::vector<std::string>>()->composing()->value_name("DIR");
    po::options_description options("Options", 100);
    // clang-format off
    options.add_options()
        ("data", list->required(), "folder of photographs; may be repeated")
        ("output", text_option("RUN")->required(), "run folder: log, checkpoints, model.safetensors")
        ("resume", po::bool_switch(), "go on with the run in --output")
        ("accept-changes", po::bool_switch(), "resume with other options than the run's")
        ("validation", text_option("DIR"), "folder of images to validate with; none of the data's. Default: parts of 8 pictures")
        ("feature-weights", text_option("FILE"),
         "SqueezeNet 1.1's weights, to validate by feature distance too")
        ("feature-linear", text_option("FILE"),
         "LPIPS' linear layers for them, to validate by LPIPS too")
        ("niqe-model", text_option("FILE"), "NIQE's model, see convert-niqe, to validate by NIQE too")
        ("best", preset_option("psnr", "FIGURE"),
         "of the validation that tells the best model: psnr, ssim, distance, lpips or looks")
        ("degrade", preset_option("", "SPEC"),
         "how inputs are made: empty (clean bicubic), photo, real-esrgan or steps; see docs")
        ("iterations", preset_option(defaults.iterations), "steps in all")
        ("batch", preset_option("16"), "patches in a step")
        ("patch", preset_option("48"), "width and height of a low-resolution patch")
        ("flat-retries", preset_option(defaults.flat_retries),
         "how often a nearly flat patch is drawn again")
        ("rate", preset_option(defaults.rate), "highest learning rate")
        ("final-rate", preset_option("1e-6"), "learning rate at the end")
        ("warmup", preset_option("500"), "steps of linear warm-up")
        ("optimizer", preset_option("muon", "NAME"), "of the generator: muon or adam")
        ("clip", preset_option("1"), "greatest norm of the gradient; 0: no limit")
        ("ema", preset_option("0.999"), "decay of the averaged weights")
        ("seed", preset_option("1"), "of weights and patches")
        ("precision", preset_option("auto", "P"), "auto, fp32 or bf16")
        ("device", preset_option("auto", "D"), "auto, cpu, cuda or cuda:N")
        ("threads", preset_option("0"), "for arithmetic; 0: one per core")
        ("loader-threads", preset_option("2"), "for preparing patches")
        ("log-every", preset_option("100"), "steps")
        ("validate-every", preset_option("1000"), "steps")
        ("checkpoint-every", preset_option("1000"), "steps")
        ("keep", preset_option("3"), "checkpoints that are kept")
        ("name", text_option("NAME"), "of the model; default: the run's")
        ("trained-for", preset_option("clean photographs", "TEXT"),
         "what the model is for, in a few words");
    // clang-format on
    return options;
}

std::int64_t step_count(const OptionValues& values, const char* name, std::int64_t least) {
    return values.number<std::int64_t>(name, least, 1'000'000'000);
}

training::GeneratorOptions make_generator_options(const OptionValues& values) {
    training::GeneratorOptions options;
    options.seed = static_cast<std::uint64_t>(step_count(values, "seed", 0));
    options.ema_decay = values.number<double>("ema", 0, 0.999999);
    options.optimizer = values.choice<training::Optimizer>(
        "optimizer", {{"muon", training::Optimizer::muon}, {"adam", training::Optimizer::adam}});
    options.clip_gradient = values.number<double>("clip", 0, kLargest);
    options.bf16 = values.choice<bool>(
        "precision", {{"auto", processor_has_bf16()}, {"fp32", false}, {"bf16", true}});
    return options;
}

namespace {

training::BestBy choose_best_by(const OptionValues& values, const training::MeasureFiles& files) {
    using training::BestBy;
    const auto best = values.choice<BestBy>("best", {{"psnr", BestBy::psnr},
                                                     {"ssim", BestBy::ssim},
                                                     {"distance", BestBy::distance},
                                                     {"lpips", BestBy::lpips},
                                                     {"looks", BestBy::looks}});
    const std::string option = "--best " + values.text("best");
    const bool needs_linear = best == BestBy::lpips || best == BestBy::looks;
    if ((needs_linear || best == BestBy::distance) && files.features.empty()) {
        throw Error(ErrorKind::usage, option, "needs --feature-weights");
    }
    if (needs_linear && files.linear.empty()) {
        throw Error(ErrorKind::usage, option, "needs --feature-linear");
    }
    if (best == BestBy::looks && files.niqe.empty()) {
        throw Error(ErrorKind::usage, option, "needs --niqe-model");
    }
    return best;
}

}  // namespace

training::RunOptions make_run_options(const po::variables_map& map) {
    const OptionValues values(map);
    training::RunOptions options;
    for (const auto& folder : map["data"].as<std::vector<std::string>>()) {
        options.data.emplace_back(folder);
    }
    options.output = values.text("output");
    if (values.has("validation")) options.validation = values.text("validation");
    const auto file = [&values](const char* name) {
        return values.has(name) ? values.text(name) : std::string();
    };
    options.measures = {file("feature-weights"), file("feature-linear"), file("niqe-model")};
    options.trainer.best_by = choose_best_by(values, options.measures);
    options.degradation = values.text("degrade");
    options.resume = values.flag("resume");
    options.accept_changes = values.flag("accept-changes");
    options.recipe = format_recipe(map);

    options.batches.seed = static_cast<std::uint64_t>(step_count(values, "seed", 0));
    options.batches.batch = values.number("batch", 1, 4096);
    options.batches.patch = values.number("patch", 8, 1024);
    options.flat_retries = values.number("flat-retries", 0, 1000);
    options.batches.threads = values.number("loader-threads", 1, 256);
    options.schedule.iterations = step_count(values, "iterations");
    options.schedule.peak = values.number<double>("rate", 0, 1);
    options.schedule.final = values.number<double>("final-rate", 0, 1);
    options.schedule.warmup = step_count(values, "warmup", 0);
    options.trainer.log_every = step_count(values, "log-every");
    options.trainer.validate_every = step_count(values, "validate-every");
    options.trainer.checkpoint_every = step_count(values, "checkpoint-every");
    options.keep_checkpoints = values.number("keep", 1, 1'000'000);
    options.device = values.text("device");
    options.threads = values.number("threads", 0, 1024);
    options.card.name =
        values.has("name") ? values.text("name") : options.output.filename().string();
    options.card.trained_for = values.text("trained-for");
    return options;
}

ExitCode run_and_report(const training::RunOptions& options,
                        const training::ObjectiveMaker& make_objective) {
    const StopSignals signals;
    training::RunListener listener;
    listener.on_status = print_status;
    listener.on_validation = print_quality;
    listener.on_message = [](const std::string& line) {
        std::fprintf(stderr, "sisr-train: %s\n", line.c_str());
    };
    listener.on_warning = listener.on_message;
    listener.should_stop = [&signals] { return signals.requested(); };
    if (training::run_training(options, make_objective, listener)) return ExitCode::done;
    std::fprintf(stderr, "sisr-train: stopped; the same command with --resume goes on\n");
    return ExitCode::interrupted;
}

}  // namespace sisr::cli
