#include "support/models.h"
#include "support/temp_dir.h"

#include "engine/device.h"
#include "formats/safetensors.h"
#include "model/model_impl.h"

#include <sisr/error.h>

#include <gtest/gtest.h>

namespace sisr::test {
namespace {

SrResNetSettings small(SrResNetSettings settings, int channels, int blocks) {
    settings.channels = channels;
    settings.blocks = blocks;
    return settings;
}

/// Hyperparameters of every kind, small enough to run in a moment.
std::vector<SrResNetSettings> variants() {
    std::vector<SrResNetSettings> all;
    for (const int scale : {1, 2, 3, 4}) {
        all.push_back(SrResNetSettings::compact(scale, 8, 2));
        all.back().input_skip = scale % 2 == 0 ? InputSkip::nearest : InputSkip::bilinear;
    }
    for (const int scale : {2, 3, 4, 8}) all.push_back(small(SrResNetSettings::paper(scale), 6, 1));
    all.push_back(small(SrResNetSettings::paper(4), 8, 3));
    all.back().batch_norm = false;
    all.back().head_kernel = 5;
    all.push_back(SrResNetSettings::compact(4, 4, 3));
    all.back().activation = Activation::prelu;
    all.back().input_skip = InputSkip::none;
    all.push_back(SrResNetSettings::compact(2, 5, 1));
    all.back().colour_channels = 1;
    return all;
}

std::string describe(const SrResNetSettings& s) {
    return "scale " + std::to_string(s.scale) + " channels " + std::to_string(s.channels) +
           " blocks " + std::to_string(s.blocks) +
           (s.stepwise_upsampling ? " stepwise" : " single") + (s.batch_norm ? " norm" : "") +
           " skip " + std::to_string(static_cast<int>(s.input_skip));
}

TEST(SrResNet, SizesAreReadFromTheTensors) {
    for (const SrResNetSettings& expected : variants()) {
        const auto found =
            read_srresnet_settings(random_weights(expected), srresnet_metadata(expected));
        EXPECT_EQ(describe(found), describe(expected));
        EXPECT_EQ(found.colour_channels, expected.colour_channels);
        EXPECT_EQ(found.head_kernel, expected.head_kernel);
        EXPECT_EQ(found.tail_kernel, expected.tail_kernel);
        EXPECT_EQ(found.activation, expected.activation);
    }
}

TEST(SrResNet, OutputIsScaleTimesTheInput) {
    const torch::NoGradGuard no_grad;
    for (const SrResNetSettings& settings : variants()) {
        SrResNet network(settings);
        network->eval();
        const auto output = network->forward(torch::rand({2, settings.colour_channels, 5, 7}));
        EXPECT_EQ(output.sizes().vec(),
                  (std::vector<std::int64_t>{2, settings.colour_channels, 5 * settings.scale,
                                             7 * settings.scale}))
            << describe(settings);
    }
}

TEST(SrResNet, PaperAndCompactHaveTheirPublishedSizes) {
    // Ledig et al. 2017, counted by hand: head 15,616 + act 64; 16 blocks of 2*(36,928 + 128) + 64;
    // trunk 36,928 + 128; 2 upsampling layers of 147,712 + 64; tail 15,555.
    const auto count = [](const SrResNetSettings& settings) {
        std::int64_t sum = 0;
        for (const auto& parameter : SrResNet(settings)->parameters()) sum += parameter.numel();
        return sum;
    };
    EXPECT_EQ(count(SrResNetSettings::paper(4)),
              15616 + 64 + 16 * (2 * (36928 + 128) + 64) + 36928 + 128 + 2 * (147712 + 64) + 15555);
    const auto traits = traits_of(SrResNetSettings::compact(4, 48, 8));
    EXPECT_NEAR(1e-9 * 320 * 180 * static_cast<double>(traits.multiply_adds_per_pixel), 21.6, 0.1);
}

/// Weights of one sign without biases: on a black image nothing cancels, and nothing is rounded
/// away however little of the one lit pixel arrives.
SrResNet visible_network(const SrResNetSettings& settings) {
    const torch::NoGradGuard no_grad;
    SrResNet network(settings);
    for (auto& item : network->named_parameters()) {
        torch::Tensor& parameter = item.value();
        if (parameter.dim() == 4) {
            parameter.fill_(1.0 / static_cast<double>(parameter.numel() / parameter.size(0)));
        } else {
            parameter.fill_(item.key().find("bias") == std::string::npos ? 1.0 : 0.0);
        }
    }
    network->to(torch::kFloat64);
    network->eval();
    return network;
}

TEST(SrResNet, RadiusIsExact) {
    const torch::NoGradGuard no_grad;
    auto all = variants();
    all.push_back(SrResNetSettings::compact(4, 4, 8));
    all.push_back(small(SrResNetSettings::paper(4), 4, 16));
    for (const SrResNetSettings& settings : all) {
        auto network = visible_network(settings);
        const int radius = traits_of(settings).radius;
        const int size = 2 * radius + 5;
        const int centre = size / 2;
        const auto input = torch::zeros({1, settings.colour_channels, size, size}, torch::kFloat64);
        auto changed = input.clone();
        changed[0][0][centre][centre] = 1;
        const auto difference = (network->forward(changed) - network->forward(input)).abs();
        // The largest change that any output pixel of each input pixel shows.
        const auto per_pixel = torch::max_pool2d(difference.amax(1, true), settings.scale)[0][0];
        for (int distance = 0; distance <= centre; ++distance) {
            const auto row = per_pixel[centre];
            const bool changes = row[centre - distance].item<double>() > 0 ||
                                 row[centre + distance].item<double>() > 0;
            EXPECT_EQ(changes, distance <= radius) << describe(settings) << " at " << distance;
        }
        const int first = centre - radius;
        const auto inside = per_pixel.slice(0, first, first + 2 * radius + 1)
                                .slice(1, first, first + 2 * radius + 1);
        EXPECT_EQ(per_pixel.count_nonzero().item<int>(), inside.count_nonzero().item<int>())
            << describe(settings);
    }
}

TEST(SrResNet, FoldingBatchNormChangesNothing) {
    const torch::NoGradGuard no_grad;
    const auto settings = small(SrResNetSettings::paper(4), 12, 3);
    const Tensors weights = random_weights(settings);
    SrResNet reference(settings);
    load_tensors(*reference, weights);
    reference->eval();

    const LegacyArchitecture& architecture = srresnet_architecture();
    const Tensors folded = architecture.prepare(weights);
    for (const auto& item : folded) EXPECT_EQ(item.first.find("bn"), std::string::npos);
    const auto network =
        architecture.build(folded, srresnet_metadata(settings), torch::kCPU, torch::kFloat32);
    const auto input = torch::rand({1, 3, 16, 16});
    const auto expected = reference->forward(input);
    const auto difference = (network->forward(input) - expected).abs().max().item<double>();
    EXPECT_LT(difference, 1e-5 * (1 + expected.abs().max().item<double>()));
}

TEST(SrResNet, Bf16StaysNearFp32) {
    if (!processor_computes_bf16()) GTEST_SKIP() << "this processor does not compute in bf16";
    for (auto settings :
         {SrResNetSettings::compact(4, 16, 4), small(SrResNetSettings::paper(4), 16, 2)}) {
        const LegacyArchitecture& architecture = srresnet_architecture();
        const Tensors weights = architecture.prepare(random_weights(settings));
        const Metadata metadata = srresnet_metadata(settings);
        const auto fp32 = architecture.build(weights, metadata, torch::kCPU, torch::kFloat32);
        const auto bf16 = architecture.build(weights, metadata, torch::kCPU, torch::kBFloat16);
        const auto input = torch::rand({1, 3, 24, 24});
        const auto difference = (fp32->forward(input) - bf16->forward(input)).abs();
        // Random weights yield a residual of about 0.3: 8 bits of it.
        EXPECT_LT(difference.mean().item<double>(), 0.5 / 255);
        EXPECT_GT(difference.mean().item<double>(), 0) << "bf16 was not used";
    }
}

TEST(ModelFile, LoadsWhatWasExported) {
    const TempDir folder;
    for (const SrResNetSettings& settings : variants()) {
        const auto file = write_random_model(folder / "random-x4.safetensors", settings);
        const Model model = Model::load(file);
        EXPECT_EQ(model.info().name, "random-x4");
        EXPECT_EQ(model.info().architecture, "srresnet");
        EXPECT_EQ(model.info().scale, settings.scale);
        EXPECT_EQ(model.info().radius, traits_of(settings).radius);
        EXPECT_EQ(model.info().trained_for, "tests");
    }
}

TEST(ModelFile, DamagedModelsAreRefusedWithTheirName) {
    const TempDir folder;
    const auto settings = SrResNetSettings::compact(4, 8, 2);
    const Tensors good = random_weights(settings);
    const std::string path = (folder / "bad.safetensors").string();
    const auto expect_refused = [&](const char* what, const Tensors& tensors) {
        write_safetensors(path, {tensors, srresnet_metadata(settings)});
        try {
            Model::load(path);
            ADD_FAILURE() << what << " was accepted";
        } catch (const Error& error) {
            EXPECT_EQ(error.kind(), ErrorKind::bad_model) << what;
            EXPECT_EQ(error.subject(), path) << what;
            EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos) << what;
        }
    };
    expect_refused("no tensor", {});
    expect_refused("another network", {{"conv.weight", torch::rand({3, 3, 3, 3})}});
    for (const char* name : {"head.weight", "tail.bias", "body.1.conv2.weight", "trunk.weight"}) {
        Tensors tensors = good;
        tensors.erase(name);
        expect_refused(name, tensors);
        tensors[name] = torch::rand({5, 7, 3, 3});
        expect_refused(name, tensors);
        tensors[name] = torch::full_like(good.at(name), NAN);
        expect_refused(name, tensors);
        tensors[name] = torch::tensor(1.0F);
        expect_refused(name, tensors);
    }
    Tensors extra = good;
    extra["stowaway"] = torch::rand({2});
    expect_refused("a tensor too many", extra);
}

}  // namespace
}  // namespace sisr::test
