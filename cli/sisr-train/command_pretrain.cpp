#include "commands.h"
#include "formats/safetensors.h"
#include "model/model_impl.h"
#include "objectives/pixel_objective.h"
#include "optimise/new_network.h"
#include "option_parser.h"
#include "published_start.h"
#include "teacher_option.h"
#include "training_options.h"

#include <sisr/error.h>
#include <sisr/model.h>

#include <algorithm>
#include <optional>

namespace sisr::cli {
namespace {

namespace po = boost::program_options;

po::options_description describe_options() {
    auto options = describe_training_options({"15000", "8e-4", "3"});
    // clang-format off
    options.add_options()
        ("network", preset_option("compact", "FORM"),
         "compact: SRResNet that is fast on a CPU; paper: as published; srvgg (Real-ESRGAN's "
         "compact), rrdb (ESRGAN), span, edsr: files that other tools load too")
        ("scale", preset_option("4"), "1, 2, 3, 4 or 8")
        ("channels", text_option("N"), "default 48 (compact, span), 64 (others)")
        ("blocks", text_option("N"),
         "residual blocks, of srvgg layers; default 8 (compact), 16, 23 (rrdb)")
        ("input-skip", text_option("KIND"), "none, nearest or bilinear; default: the form's")
        ("loss", preset_option("mae", "KIND"),
         "mae; relative: that over each input's own error; psnr: logarithm of squared errors")
        ("init", text_option("FILE"),
         "model whose weights to start from: of the same size, narrower or shallower; another's "
         "model in any kind of file, which is then trained on by its own names");
    // clang-format on
    add_teacher_options(options);
    return options;
}

SrResNetSettings srresnet_settings(const OptionValues& values) {
    const int scale = values.number("scale", 1, 8);
    auto settings = values.text("network") == "paper" ? SrResNetSettings::paper(scale)
                                                      : SrResNetSettings::compact(scale, 48, 8);
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

/// The weights of --init, which must share at least one layer with the network.
Tensors initial_weights(const OptionValues& values, const SrResNetSettings& settings) {
    if (!values.has("init")) return {};
    const TensorFile file = read_own_model(find_model(values.text("init")).info().path);
    const auto found = read_srresnet_settings(file.tensors, file.metadata);
    if (found.channels > settings.channels || found.batch_norm != settings.batch_norm) {
        throw Error(ErrorKind::usage, values.text("init"),
                    "has " + std::to_string(found.channels) +
                        " channels: its layers do not fit the network that is asked for");
    }
    return file.tensors;
}

/// Weights of one of new_architectures().
Tensors fresh_weights(const OptionValues& values) {
    if (values.has("input-skip")) {
        throw Error(ErrorKind::usage, "--input-skip", "is for compact and paper");
    }
    training::NewNetwork network;
    network.architecture = values.text("network");
    network.scale = values.number("scale", 1, 4);
    if (values.has("channels")) network.channels = values.number("channels", 4, 1024);
    if (values.has("blocks")) network.blocks = values.number("blocks", 1, 256);
    torch::manual_seed(values.number<std::uint64_t>("seed", 0, 1'000'000'000));
    return training::new_weights(network);
}

struct Start {
    training::NetworkSpec network;
    Tensors weights;
};

/// The network that --init and --network name.
Start choose_start(const OptionValues& values) {
    if (values.has("init")) {
        if (auto published = read_published_start(values)) {
            return {published->network, published->weights};
        }
    }
    const auto& fresh = training::new_architectures();
    const std::string form = values.text("network");
    if (form == "compact" || form == "paper") {
        const SrResNetSettings settings = srresnet_settings(values);
        return {settings, initial_weights(values, settings)};
    }
    if (std::find(fresh.begin(), fresh.end(), form) == fresh.end()) {
        throw Error(ErrorKind::usage, "--network",
                    "must be one of compact, paper, srvgg, rrdb, span, edsr, not \"" + form + "\"");
    }
    if (values.has("init")) {
        throw Error(ErrorKind::usage, values.text("init"),
                    "is of another architecture than --network " + form);
    }
    Tensors weights = fresh_weights(values);
    return {training::NetworkSpec::of_program(weights, {}), weights};
}

}  // namespace

ExitCode run_pretrain(const Arguments& arguments) {
    const auto map = parse_arguments("pretrain", "--data DIR... --output RUN [options]",
                                     describe_options(), arguments);
    if (!map) return ExitCode::done;
    const OptionValues values(*map);
    training::RunOptions options = make_run_options(*map);
    const Start start = choose_start(values);
    options.network = start.network;
    options.stage = "stage 1 (MAE)";
    options.record_name = "Generator_pretrain";
    const auto loss =
        values.choice<training::PixelLoss>("loss", {{"mae", training::PixelLoss::mae},
                                                    {"relative", training::PixelLoss::relative},
                                                    {"psnr", training::PixelLoss::psnr}});
    training::GeneratorOptions generator = make_generator_options(values);
    generator.initial = start.weights;
    const TeacherOption teacher(values, options.network);
    return run_and_report(options, [&](training::ProcessGroup& group, torch::Device device) {
        generator.device = device;
        return std::make_unique<training::PixelObjective>(options.network, generator, group, loss,
                                                          teacher.load(device, generator.bf16));
    });
}

}  // namespace sisr::cli
