#include "commands.h"
#include "gan_objective.h"
#include "model/formats/safetensors.h"
#include "option_parser.h"
#include "training_options.h"

#include <sisr/error.h>
#include <sisr/model.h>

namespace sisr::cli {
namespace {

namespace po = boost::program_options;

constexpr double kLargest = 1e12;
constexpr int kMostDiscriminatorChannels = 512;

po::options_description describe_options() {
    // Features of unit length see grain in flat places: without such places it would be learnt.
    auto options = describe_training_options({"10000", "1e-4", "0"});
    const auto files = po::value<std::vector<std::string>>()->composing()->value_name("FILE");
    // clang-format off
    options.add_options()
        ("init", text_option("FILE")->required(), "the model of stage 1 to start from")
        ("scale", text_option("N"), "must be the model's; default: that")
        ("perceptual", files->required(),
         "weights of VGG19 or SqueezeNet 1.1, .safetensors or .pth; may be repeated")
        ("layers", preset_option("", "LIST"),
         "of the perceptual networks, as conv2_2:1,fire5:0.5; default: conv5_4, or all taps")
        ("feature-difference", preset_option("mse", "KIND"),
         "mse, as in the paper; unit: of features scaled to unit length")
        ("perceptual-weight", preset_option("1"), "of the perceptual loss")
        ("adversarial-weight", preset_option("5e-3"), "of the adversarial loss; 0: no discriminator")
        ("mae-weight", preset_option("1e-2"), "of the mean absolute error")
        ("flat-deviation", preset_option("0"),
         "the perceptual loss leaves out where the truth's standard deviation, of 8-bit values, is"
         " below this")
        ("grain-weight", preset_option("0"), "of the grain and grid in such flat places")
        ("adversarial", preset_option("bce", "KIND"), "bce or relativistic")
        ("discriminator", preset_option("paper", "KIND"), "paper or unet")
        ("discriminator-channels", preset_option("64"),
         "of its first layer; fewer take less time")
        ("discriminator-rate", preset_option("1"), "its learning rate, of the generator's")
        ("input-noise", preset_option("0.05"),
         "standard deviation of noise on the discriminator's inputs, of values from 0 to 1")
        ("label-noise", preset_option("0"), "real labels are drawn from 1 - N to 1")
        ("noise-until", preset_option("0.5"), "share of the run over which the noise falls to 0");
    // clang-format on
    return options;
}

training::GanOptions make_gan_options(const OptionValues& values, const training::RunOptions& run) {
    training::GanOptions gan;
    gan.generator = make_generator_options(values);
    gan.patch = run.batches.patch * run.network.scale;
    gan.discriminator.kind = values.choice<training::DiscriminatorKind>(
        "discriminator", {{"paper", training::DiscriminatorKind::paper},
                          {"unet", training::DiscriminatorKind::unet}});
    gan.discriminator.channels =
        values.number("discriminator-channels", 1, kMostDiscriminatorChannels);
    gan.adversarial = values.choice<training::AdversarialLoss>(
        "adversarial", {{"bce", training::AdversarialLoss::bce},
                        {"relativistic", training::AdversarialLoss::relativistic}});
    gan.perceptual_weight = values.number<double>("perceptual-weight", 0, kLargest);
    gan.adversarial_weight = values.number<double>("adversarial-weight", 0, kLargest);
    gan.mae_weight = values.number<double>("mae-weight", 0, kLargest);
    gan.flat_deviation = values.number<double>("flat-deviation", 0, 255);
    gan.grain_weight = values.number<double>("grain-weight", 0, kLargest);
    if (gan.grain_weight > 0 && gan.flat_deviation == 0) {
        throw Error(ErrorKind::usage, "--grain-weight", "needs --flat-deviation");
    }
    gan.discriminator_rate = values.number<double>("discriminator-rate", 0, 1000);
    gan.input_noise = values.number<double>("input-noise", 0, 1);
    gan.label_noise = values.number<double>("label-noise", 0, 1);
    gan.noise_steps = static_cast<std::int64_t>(values.number<double>("noise-until", 0, 1) *
                                                static_cast<double>(run.schedule.iterations));
    return gan;
}

std::shared_ptr<const training::PerceptualLoss> load_perceptual(const po::variables_map& map,
                                                                torch::Device device) {
    const OptionValues values(map);
    std::vector<std::filesystem::path> files;
    for (const auto& file : map["perceptual"].as<std::vector<std::string>>()) {
        files.emplace_back(file);
    }
    const auto kind = values.choice<training::FeatureDistance>(
        "feature-difference",
        {{"mse", training::FeatureDistance::mse}, {"unit", training::FeatureDistance::unit}});
    return std::make_shared<training::PerceptualLoss>(files, values.text("layers"), kind, device);
}

}  // namespace

ExitCode run_gan(const Arguments& arguments) {
    const auto map = parse_arguments(
        "gan", "--init FILE --data DIR... --perceptual WEIGHTS --output RUN [options]",
        describe_options(), arguments);
    if (!map) return ExitCode::done;
    const OptionValues values(*map);
    training::RunOptions options = make_run_options(*map);
    const TensorFile init = read_safetensors(find_model(values.text("init")).info().path);
    options.network = read_srresnet_settings(init.tensors, init.metadata);
    if (values.has("scale") && values.number("scale", 1, 8) != options.network.scale) {
        throw Error(ErrorKind::usage, values.text("init"),
                    "enlarges " + std::to_string(options.network.scale) + " times, not " +
                        values.text("scale") + " as --scale asks");
    }
    options.stage = "stage 2 (SRGAN)";
    options.record_name = "SRGAN_training";
    training::GanOptions gan = make_gan_options(values, options);
    gan.generator.initial = init.tensors;
    return run_and_report(options, [&](training::ProcessGroup& group, torch::Device device) {
        gan.generator.device = device;
        const auto perceptual = load_perceptual(*map, device);
        return std::make_unique<training::GanObjective>(options.network, gan, perceptual, group);
    });
}

}  // namespace sisr::cli
