#include "commands.h"
#include "common/option_values.h"
#include "common/signals.h"
#include "inference/device.h"
#include "option_parser.h"
#include "pretrain.h"

#include <sisr/error.h>

#include <cinttypes>
#include <cstdio>

namespace sisr::cli {
namespace {

namespace po = boost::program_options;
using training::PretrainOptions;

constexpr double kLargest = 1e12;

po::options_description describe_options() {
    const auto text = [](const char* value_name) {
        return po::value<std::string>()->value_name(value_name);
    };
    const auto preset = [](const char* value) {
        return po::value<std::string>()->default_value(value)->value_name("N");
    };
    const auto list = po::value<std::vector<std::string>>()->composing()->value_name("DIR");
    po::options_description options("Options", 100);
    // clang-format off
    options.add_options()
        ("data", list->required(), "folder of photographs; may be repeated")
        ("output", text("RUN")->required(), "run folder: log, checkpoints, model.safetensors")
        ("resume", po::bool_switch(), "go on with the run in --output")
        ("validation", text("DIR"), "folder of images to validate with; none of the data's")
        ("network", text("FORM")->default_value("compact"),
         "compact: fast on a CPU; paper: SRResNet as published")
        ("scale", preset("4"), "1, 2, 3, 4 or 8")
        ("channels", text("N"), "default 48 (compact), 64 (paper)")
        ("blocks", text("N"), "residual blocks; default 8 (compact), 16 (paper)")
        ("input-skip", text("KIND"), "none, nearest or bilinear; default: the form's")
        ("iterations", preset("15000"), "steps in all")
        ("batch", preset("16"), "patches in a step")
        ("patch", preset("48"), "width and height of a low-resolution patch")
        ("rate", preset("8e-4"), "highest learning rate")
        ("final-rate", preset("1e-6"), "learning rate at the end")
        ("warmup", preset("500"), "steps of linear warm-up")
        ("clip", preset("1"), "greatest norm of the gradient; 0: no limit")
        ("ema", preset("0.999"), "decay of the averaged weights")
        ("seed", preset("1"), "of weights and patches")
        ("precision", text("P")->default_value("auto"), "auto, fp32 or bf16")
        ("threads", preset("0"), "for arithmetic; 0: one per core")
        ("loader-threads", preset("2"), "for preparing patches")
        ("log-every", preset("100"), "steps")
        ("validate-every", preset("1000"), "steps")
        ("checkpoint-every", preset("1000"), "steps")
        ("keep", preset("3"), "checkpoints that are kept")
        ("name", text("NAME"), "of the model; default: the run's")
        ("trained-for", text("TEXT")->default_value("clean photographs"),
         "what the model is for, in a few words");
    // clang-format on
    return options;
}

std::int64_t steps(const OptionValues& values, const char* name, std::int64_t least = 1) {
    return values.number<std::int64_t>(name, least, 1'000'000'000);
}

SrResNetSettings network_settings(const OptionValues& values) {
    const int scale = values.number("scale", 1, 8);
    const bool is_paper = values.choice<bool>("network", {{"compact", false}, {"paper", true}});
    auto settings =
        is_paper ? SrResNetSettings::paper(scale) : SrResNetSettings::compact(scale, 48, 8);
    if (values.has("channels")) settings.channels = values.number("channels", 4, 1024);
    if (values.has("blocks")) settings.blocks = values.number("blocks", 1, 256);
    if (values.has("input-skip")) {
        settings.input_skip =
            values.choice<InputSkip>("input-skip", {{"none", InputSkip::none},
                                                    {"nearest", InputSkip::nearest},
                                                    {"bilinear", InputSkip::bilinear}});
    }
    upsampling_steps(settings);
    return settings;
}

PretrainOptions make_options(const po::variables_map& map) {
    const OptionValues values(map);
    PretrainOptions options;
    for (const auto& folder : map["data"].as<std::vector<std::string>>()) {
        options.data.emplace_back(folder);
    }
    options.output = values.text("output");
    if (values.has("validation")) options.validation = values.text("validation");
    options.network = network_settings(values);
    options.resume = map["resume"].as<bool>();
    options.recipe = format_recipe(map);

    const auto seed = static_cast<std::uint64_t>(steps(values, "seed", 0));
    options.objective.seed = seed;
    options.objective.ema_decay = values.number<double>("ema", 0, 0.999999);
    options.objective.clip_gradient = values.number<double>("clip", 0, kLargest);
    options.objective.bf16 = values.choice<bool>(
        "precision", {{"auto", processor_has_bf16()}, {"fp32", false}, {"bf16", true}});
    options.batches.seed = seed;
    options.batches.scale = options.network.scale;
    options.batches.batch = values.number("batch", 1, 4096);
    options.batches.patch = values.number("patch", 8, 1024);
    options.batches.threads = values.number("loader-threads", 1, 256);
    options.schedule.iterations = steps(values, "iterations");
    options.schedule.peak = values.number<double>("rate", 0, 1);
    options.schedule.final = values.number<double>("final-rate", 0, 1);
    options.schedule.warmup = steps(values, "warmup", 0);
    options.trainer.log_every = steps(values, "log-every");
    options.trainer.validate_every = steps(values, "validate-every");
    options.trainer.checkpoint_every = steps(values, "checkpoint-every");
    options.keep_checkpoints = values.number("keep", 1, 1'000'000);
    options.threads = values.number("threads", 0, 1024);
    options.card.name =
        values.has("name") ? values.text("name") : options.output.filename().string();
    options.card.trained_for = values.text("trained-for");
    return options;
}

void print_status(const training::Status& status) {
    const auto minutes = static_cast<long>(status.eta_seconds / 60);
    std::printf("step %" PRId64 "/%" PRId64
                "  mae %.5f  gradient %.3f  rate %.2e  %.2f it/s  "
                "waiting for data %.1f %%  ETA %ld:%02ld h\n",
                status.step, status.iterations, status.losses.at("mae"),
                status.losses.at("gradient"), status.rate, status.steps_per_second,
                100 * status.waiting_share, minutes / 60, minutes % 60);
    std::fflush(stdout);
}

}  // namespace

ExitCode run_pretrain(const Arguments& arguments) {
    const auto values = parse_arguments("pretrain", "--data DIR... --output RUN [options]",
                                        describe_options(), arguments);
    if (!values) return ExitCode::done;
    const PretrainOptions options = make_options(*values);

    const StopSignals signals;
    training::PretrainListener listener;
    listener.on_status = print_status;
    listener.on_validation = [](std::int64_t step, const training::Quality& quality) {
        std::printf("step %" PRId64 "  validation %.3f dB, SSIM %.4f\n", step, quality.psnr,
                    quality.ssim);
        std::fflush(stdout);
    };
    listener.on_message = [](const std::string& line) {
        std::fprintf(stderr, "sisr-train: %s\n", line.c_str());
    };
    listener.on_warning = listener.on_message;
    listener.should_stop = [&signals] { return signals.requested(); };
    if (training::pretrain(options, listener)) return ExitCode::done;
    std::fprintf(stderr, "sisr-train: stopped; the same command with --resume goes on\n");
    return ExitCode::interrupted;
}

}  // namespace sisr::cli
