#include "commands.h"
#include "model/formats/safetensors.h"
#include "option_parser.h"
#include "pixel_objective.h"
#include "training_options.h"

#include <sisr/error.h>
#include <sisr/model.h>

namespace sisr::cli {
namespace {

namespace po = boost::program_options;

po::options_description describe_options() {
    auto options = describe_training_options({"15000", "8e-4", "3"});
    // clang-format off
    options.add_options()
        ("network", preset_option("compact", "FORM"),
         "compact: fast on a CPU; paper: SRResNet as published")
        ("scale", preset_option("4"), "1, 2, 3, 4 or 8")
        ("channels", text_option("N"), "default 48 (compact), 64 (paper)")
        ("blocks", text_option("N"), "residual blocks; default 8 (compact), 16 (paper)")
        ("input-skip", text_option("KIND"), "none, nearest or bilinear; default: the form's")
        ("loss", preset_option("mae", "KIND"),
         "mae; relative: that over each input's own error; psnr: logarithm of squared errors")
        ("init", text_option("FILE"),
         "model whose weights to start from: of the same size, narrower or shallower");
    // clang-format on
    return options;
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

/// The weights of --init, which must share at least one layer with the network.
Tensors initial_weights(const OptionValues& values, const SrResNetSettings& settings) {
    if (!values.has("init")) return {};
    const TensorFile file = read_safetensors(find_model(values.text("init")).info().path);
    const auto found = read_srresnet_settings(file.tensors, file.metadata);
    if (found.channels > settings.channels || found.batch_norm != settings.batch_norm) {
        throw Error(ErrorKind::usage, values.text("init"),
                    "has " + std::to_string(found.channels) +
                        " channels: its layers do not fit the network that is asked for");
    }
    return file.tensors;
}

}  // namespace

ExitCode run_pretrain(const Arguments& arguments) {
    const auto map = parse_arguments("pretrain", "--data DIR... --output RUN [options]",
                                     describe_options(), arguments);
    if (!map) return ExitCode::done;
    const OptionValues values(*map);
    training::RunOptions options = make_run_options(*map);
    options.network = network_settings(values);
    options.stage = "stage 1 (MAE)";
    options.record_name = "Generator_pretrain";
    const auto loss =
        values.choice<training::PixelLoss>("loss", {{"mae", training::PixelLoss::mae},
                                                    {"relative", training::PixelLoss::relative},
                                                    {"psnr", training::PixelLoss::psnr}});
    training::GeneratorOptions generator = make_generator_options(values);
    generator.initial = initial_weights(values, options.network);
    return run_and_report(options, [&](training::ProcessGroup& group, torch::Device device) {
        generator.device = device;
        return std::make_unique<training::PixelObjective>(options.network, generator, group, loss);
    });
}

}  // namespace sisr::cli
