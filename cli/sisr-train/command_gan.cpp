#include "commands.h"
#include "formats/safetensors.h"
#include "objectives/gan_objective.h"
#include "option_parser.h"
#include "published_start.h"
#include "teacher_option.h"
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
        ("perceptual-linear", preset_option("", "FILE"),
         "LPIPS' linear layers for SqueezeNet, .safetensors or .pth: adds a layer lpips")
        ("layers", preset_option("", "LIST"),
         "of the perceptual networks, as lpips:0.3,conv2_2:1; default: conv5_4, or lpips, or all"
         " taps")
        ("feature-difference", preset_option("mse", "KIND"),
         "of other layers than lpips: mse, as in the paper; mae; unit: of features scaled to unit"
         " length")
        ("perceptual-weight", preset_option("1"), "of the perceptual loss")
        ("adversarial-weight", preset_option("5e-3"), "of the adversarial loss; 0: no discriminator")
        ("mae-weight", preset_option("1e-2"), "of the mean absolute error")
        ("phase-weight", preset_option("0"),
         "of the loss against patterns locked to the enlargement's grid")
        ("sharpen-truth", preset_option("0"),
         "strength of the unsharp mask on the truth, but for the discriminator")
        ("sharpen-radius", preset_option("8"),
         "of its Gaussian, in pixels: 8 for contrast, 2 for crispness")
        ("adversarial", preset_option("bce", "KIND"), "bce or relativistic")
        ("discriminator", preset_option("paper", "KIND"),
         "paper, unet, unet-half or patch: for pictures, pixels, pixels at half size, small fields")
        ("discriminator-channels", preset_option("64"),
         "of its first layer; fewer take less time")
        ("discriminator-rate", preset_option("1"), "its learning rate, of the generator's")
        ("discriminator-warmup", preset_option("0"),
         "steps in which it learns alone, before the generator does")
        ("input-noise", preset_option("0.05"),
         "standard deviation of noise on the discriminator's inputs, of values from 0 to 1")
        ("label-noise", preset_option("0"), "real labels are drawn from 1 - N to 1")
        ("noise-until", preset_option("0.5"), "share of the run over which the noise falls to 0");
    // clang-format on
    add_teacher_options(options);
    return options;
}

training::GanOptions make_gan_options(const OptionValues& values, const training::RunOptions& run) {
    training::GanOptions gan;
    gan.generator = make_generator_options(values);
    gan.patch = run.batches.patch * run.network.scale;
    gan.discriminator.kind = values.choice<training::DiscriminatorKind>(
        "discriminator", {{"paper", training::DiscriminatorKind::paper},
                          {"unet", training::DiscriminatorKind::unet},
                          {"unet-half", training::DiscriminatorKind::unet_half},
                          {"patch", training::DiscriminatorKind::patch}});
    gan.discriminator.channels =
        values.number("discriminator-channels", 1, kMostDiscriminatorChannels);
    gan.adversarial = values.choice<training::AdversarialLoss>(
        "adversarial", {{"bce", training::AdversarialLoss::bce},
                        {"relativistic", training::AdversarialLoss::relativistic}});
    gan.perceptual_weight = values.number<double>("perceptual-weight", 0, kLargest);
    gan.adversarial_weight = values.number<double>("adversarial-weight", 0, kLargest);
    gan.mae_weight = values.number<double>("mae-weight", 0, kLargest);
    gan.phase_weight = values.number<double>("phase-weight", 0, kLargest);
    gan.sharpen_truth = values.number<double>("sharpen-truth", 0, 10);
    gan.sharpen_radius = values.number<double>("sharpen-radius", 1, 64);
    gan.discriminator_warmup =
        values.number<std::int64_t>("discriminator-warmup", 0, run.schedule.iterations);
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
        "feature-difference", {{"mse", training::FeatureDistance::mse},
                               {"mae", training::FeatureDistance::mae},
                               {"unit", training::FeatureDistance::unit}});
    return std::make_shared<training::PerceptualLoss>(files, values.text("perceptual-linear"),
                                                      values.text("layers"), kind, device);
}

}  // namespace

ExitCode run_gan(const Arguments& arguments) {
    const auto map = parse_arguments(
        "gan", "--init FILE --data DIR... --perceptual WEIGHTS --output RUN [options]",
        describe_options(), arguments);
    if (!map) return ExitCode::done;
    const OptionValues values(*map);
    training::RunOptions options = make_run_options(*map);
    Tensors initial;
    if (auto published = read_published_start(values)) {
        options.network = published->network;
        initial = std::move(published->weights);
    } else {
        const TensorFile init = read_own_model(find_model(values.text("init")).info().path);
        options.network = read_srresnet_settings(init.tensors, init.metadata);
        initial = init.tensors;
    }
    if (values.has("scale") && values.number("scale", 1, 8) != options.network.scale) {
        throw Error(ErrorKind::usage, values.text("init"),
                    "enlarges " + std::to_string(options.network.scale) + " times, not " +
                        values.text("scale") + " as --scale asks");
    }
    options.stage = "stage 2 (SRGAN)";
    options.record_name = "SRGAN_training";
    training::GanOptions gan = make_gan_options(values, options);
    gan.generator.initial = std::move(initial);
    const TeacherOption teacher(values, options.network);
    return run_and_report(options, [&](training::ProcessGroup& group, torch::Device device) {
        gan.generator.device = device;
        gan.teacher = teacher.load(device, gan.generator.bf16);
        const auto perceptual = load_perceptual(*map, device);
        return std::make_unique<training::GanObjective>(options.network, gan, perceptual, group);
    });
}

}  // namespace sisr::cli
