#include "objectives/gan_objective.h"
#include "objectives/spectral_norm.h"

#include "support/batches.h"
#include "support/images.h"
#include "support/squeezenet_file.h"
#include "support/temp_dir.h"

#include <sisr/error.h>

namespace sisr::test {
namespace {

using namespace sisr::training;

class GanTest : public ::testing::Test {
protected:
    void SetUp() override {
        perceptual_ = std::make_shared<PerceptualLoss>(
            std::vector{write_random_squeezenet(folder_ / "squeezenet.safetensors")},
            std::filesystem::path(), "fire3", FeatureDistance::mse);
        options_.patch = 32;
        options_.noise_steps = 10;
        options_.label_noise = 0.1;
    }
    GanObjective make() {
        return {SrResNetSettings::compact(4, 8, 1), options_, perceptual_, group_};
    }
    static TensorFile snapshot(const GanObjective& objective) {
        TensorFile file;
        objective.save(file);
        for (auto& item : file.tensors) item.second = item.second.clone();
        return file;
    }
    TempDir folder_;
    std::shared_ptr<const PerceptualLoss> perceptual_;
    GanOptions options_;
    ProcessGroup group_;
};

TEST_F(GanTest, EveryLossIsToldAndBothNetworksLearn) {
    for (const auto kind : {DiscriminatorKind::paper, DiscriminatorKind::unet,
                            DiscriminatorKind::unet_half, DiscriminatorKind::patch}) {
        for (const auto adversarial : {AdversarialLoss::bce, AdversarialLoss::relativistic}) {
            options_.discriminator.kind = kind;
            options_.adversarial = adversarial;
            GanObjective objective = make();
            const TensorFile before = snapshot(objective);
            const Losses losses = objective.step(random_batch(1), 1e-3);
            EXPECT_TRUE(is_finite(losses));
            for (const char* name :
                 {"mae", "perceptual", "adversarial", "discriminator", "accuracy", "gradient",
                  "discriminator_gradient", "input_psnr", "colour_drift"}) {
                EXPECT_EQ(losses.count(name), 1U) << name;
            }
            const TensorFile after = snapshot(objective);
            int generator = 0;
            int discriminator = 0;
            for (const auto& [name, tensor] : before.tensors) {
                if (torch::equal(tensor, after.tensors.at(name))) continue;
                generator += name.rfind("generator.", 0) == 0 ? 1 : 0;
                discriminator += name.rfind("discriminator.", 0) == 0 ? 1 : 0;
            }
            EXPECT_GT(generator, 3);
            EXPECT_GT(discriminator, 6);
        }
    }
}

TEST_F(GanTest, TheDiscriminatorLearnsToTellARealFromAMade) {
    options_.generator.clip_gradient = 0;
    options_.input_noise = 0;
    double accuracy = 0;
    // The generator hardly moves: the rate of the discriminator is far above it.
    options_.discriminator_rate = 100;
    GanObjective fast = make();
    for (int i = 0; i < 30; ++i) accuracy = fast.step(random_batch(i), 1e-5).at("accuracy");
    EXPECT_GT(accuracy, 0.9);
}

/// White, whatever it is asked.
class White final : public Network {
public:
    torch::Tensor forward(const torch::Tensor& input) const override {
        return torch::ones({input.size(0), 3, 4 * input.size(2), 4 * input.size(3)});
    }
};

TEST_F(GanTest, ATeacherTeachesDetailAndNoColour) {
    options_.adversarial_weight = 0;
    const auto mae_of = [this](const Batch& batch, double share) {
        options_.teacher = {share > 0 ? std::make_shared<White>() : nullptr, share};
        return make().step(batch, 1e-3).at("mae");
    };
    Batch flat = random_batch(1);
    flat.hr = torch::full_like(flat.hr, 0.25);
    EXPECT_NEAR(mae_of(flat, 1), mae_of(flat, 0), 1e-6);
    // Of noise, its mean stays, which is nearer to what a fresh network makes.
    const Batch noise = random_batch(1);
    EXPECT_LT(mae_of(noise, 1), 0.9 * mae_of(noise, 0));
}

TEST_F(GanTest, WithoutAnAdversarialWeightTheDiscriminatorRests) {
    options_.adversarial_weight = 0;
    GanObjective objective = make();
    const TensorFile before = snapshot(objective);
    const Losses losses = objective.step(random_batch(1), 1e-3);
    EXPECT_TRUE(is_finite(losses));
    for (const char* name :
         {"adversarial", "discriminator", "accuracy", "discriminator_gradient"}) {
        EXPECT_EQ(losses.count(name), 0U) << name;
    }
    const TensorFile after = snapshot(objective);
    int generator = 0;
    for (const auto& [name, tensor] : before.tensors) {
        const bool is_equal = torch::equal(tensor, after.tensors.at(name));
        if (name.rfind("discriminator", 0) == 0) {
            EXPECT_TRUE(is_equal) << name;
        }
        generator += !is_equal && name.rfind("generator.", 0) == 0 ? 1 : 0;
    }
    EXPECT_GT(generator, 3);
    EXPECT_TRUE(objective.complaints(losses).empty());
    // A run whose weight is raised later goes on from such a checkpoint.
    options_.adversarial_weight = 1e-3;
    GanObjective resumed = make();
    resumed.load(after);
    EXPECT_TRUE(is_finite(resumed.step(random_batch(2), 1e-3)));
}

TEST_F(GanTest, TheDiscriminatorWarmsUpBeforeTheGeneratorMoves) {
    options_.discriminator_warmup = 2;
    options_.phase_weight = 1;
    options_.sharpen_truth = 0.5;
    GanObjective objective = make();
    const auto changed = [&objective](const TensorFile& before, const std::string& prefix) {
        int count = 0;
        for (const auto& [name, tensor] : snapshot(objective).tensors) {
            const bool is_equal = torch::equal(tensor, before.tensors.at(name));
            count += !is_equal && name.rfind(prefix, 0) == 0 ? 1 : 0;
        }
        return count;
    };
    for (int i = 0; i < 2; ++i) {
        const TensorFile before = snapshot(objective);
        EXPECT_EQ(objective.step(random_batch(i), 1e-3).count("phase"), 1U);
        EXPECT_EQ(changed(before, "generator."), 0);
        EXPECT_GT(changed(before, "discriminator."), 6);
    }
    const TensorFile before = snapshot(objective);
    objective.step(random_batch(2), 1e-3);
    EXPECT_GT(changed(before, "generator."), 3);
}

TEST_F(GanTest, NotANumberChangesNothing) {
    GanObjective objective = make();
    objective.step(random_batch(1), 1e-3);
    const TensorFile before = snapshot(objective);
    for (const bool in_input : {true, false}) {
        Batch bad = random_batch(2);
        (in_input ? bad.lr : bad.hr)[0][0][0][0] = in_input ? INFINITY : NAN;
        EXPECT_FALSE(is_finite(objective.step(bad, 1e-3)));
        const TensorFile after = snapshot(objective);
        for (const auto& [name, tensor] : before.tensors) {
            EXPECT_TRUE(torch::equal(tensor, after.tensors.at(name))) << name;
        }
    }
    EXPECT_TRUE(is_finite(objective.step(random_batch(3), 1e-3)));
}

TEST_F(GanTest, ResumesExactly) {
    GanObjective straight = make();
    TensorFile checkpoint;
    std::vector<Losses> expected;
    for (int i = 0; i < 12; ++i) {
        if (i == 5) checkpoint = snapshot(straight);
        const Losses losses = straight.step(random_batch(i), 1e-3);
        if (i >= 5) expected.push_back(losses);
    }
    GanObjective resumed = make();
    resumed.load(checkpoint);
    for (int i = 5; i < 12; ++i) {
        EXPECT_EQ(resumed.step(random_batch(i), 1e-3), expected[static_cast<std::size_t>(i - 5)]);
    }
    for (const auto& [name, tensor] : straight.averaged()) {
        EXPECT_TRUE(torch::equal(tensor, resumed.averaged().at(name))) << name;
    }
}

TEST_F(GanTest, ACheckpointOfStageOneIsRefused) {
    GanObjective objective = make();
    TensorFile checkpoint = snapshot(objective);
    checkpoint.metadata.erase("gan_steps");
    EXPECT_THROW(objective.load(checkpoint), Error);
}

TEST_F(GanTest, CollapseAndDriftAreToldOf) {
    GanObjective objective = make();
    Losses means{{"accuracy", 0.8}, {"input_psnr", 35}, {"colour_drift", 0.3}};
    EXPECT_TRUE(objective.complaints(means).empty());
    means["accuracy"] = 1;
    int lines = 0;
    for (int i = 0; i < 8; ++i) lines += static_cast<int>(objective.complaints(means).size());
    EXPECT_EQ(lines, 1) << "said once, not at every report";
    means["accuracy"] = 0.5;
    lines = 0;
    for (int i = 0; i < 8; ++i) lines += static_cast<int>(objective.complaints(means).size());
    EXPECT_EQ(lines, 0) << "a collapse goes on";
    means = {{"accuracy", 0.8}, {"input_psnr", 25}, {"colour_drift", 4}};
    EXPECT_EQ(objective.complaints(means).size(), 2U);
}

TEST(DiscriminatorTest, TakesEveryPatchSize) {
    for (const int patch : {16, 32, 48, 50, 96}) {
        for (const int channels : {3, 16, 64}) {
            const auto network = make_discriminator({DiscriminatorKind::paper, channels}, patch);
            EXPECT_EQ(network->forward(torch::rand({2, 3, patch, patch})).sizes().vec(),
                      (std::vector<std::int64_t>{2, 1}));
        }
    }
    const auto unet = make_discriminator({DiscriminatorKind::unet, 16}, 40);
    EXPECT_EQ(unet->forward(torch::rand({2, 3, 40, 40})).sizes().vec(),
              (std::vector<std::int64_t>{2, 1, 40, 40}));
    const auto half = make_discriminator({DiscriminatorKind::unet_half, 16}, 48);
    EXPECT_EQ(half->forward(torch::rand({2, 3, 48, 48})).sizes().vec(),
              (std::vector<std::int64_t>{2, 1, 24, 24}));
    const auto patch = make_discriminator({DiscriminatorKind::patch, 16}, 44);
    EXPECT_EQ(patch->forward(torch::rand({2, 3, 44, 44})).sizes().vec(),
              (std::vector<std::int64_t>{2, 1, 11, 11}));
    EXPECT_THROW(make_discriminator({DiscriminatorKind::unet_half, 16}, 40), Error);
    EXPECT_THROW(make_discriminator({DiscriminatorKind::patch, 16}, 42), Error);
    EXPECT_THROW(make_discriminator({DiscriminatorKind::paper, 64}, 8), Error);
    EXPECT_THROW(make_discriminator({DiscriminatorKind::unet, 64}, 36), Error);
}

TEST(DiscriminatorTest, ThePapersHasItsConvolutions) {
    const auto network = make_discriminator({DiscriminatorKind::paper, 64}, 96);
    std::vector<std::vector<std::int64_t>> shapes;
    for (const auto& parameter : network->parameters()) {
        if (parameter.dim() == 4) shapes.push_back(parameter.sizes().vec());
    }
    const std::vector<std::vector<std::int64_t>> expected{
        {64, 3, 3, 3},    {64, 64, 3, 3},   {128, 64, 3, 3},  {128, 128, 3, 3},
        {256, 128, 3, 3}, {256, 256, 3, 3}, {512, 256, 3, 3}, {512, 512, 3, 3}};
    EXPECT_EQ(shapes, expected);
    // And the fully connected layers: of the map of 6x6 to 1024, to 1.
    EXPECT_EQ(network->named_parameters()["dense1.weight"].sizes().vec(),
              (std::vector<std::int64_t>{1024, 512 * 36}));
    EXPECT_EQ(network->named_parameters()["dense2.weight"].numel(), 1024);
}

TEST(DiscriminatorTest, ItsLargeLayerIsFullyConnected) {
    // Layer by layer with libtorch's own.
    torch::manual_seed(4);
    const torch::NoGradGuard no_grad;
    const auto network = make_discriminator({DiscriminatorKind::paper, 8}, 48);
    network->eval();
    const auto images = torch::rand({2, 3, 48, 48}).contiguous(torch::MemoryFormat::ChannelsLast);
    auto features = 2 * images - 1;
    for (const auto& module : network->named_children()["features"]->children()) {
        if (auto* layer = module->as<torch::nn::Conv2d>()) features = layer->forward(features);
        if (auto* norm = module->as<torch::nn::BatchNorm2d>()) features = norm->forward(features);
        if (module->as<torch::nn::LeakyReLU>()) features = torch::leaky_relu(features, 0.2);
    }
    const auto parameters = network->named_parameters();
    const auto hidden =
        torch::linear(features.flatten(1), parameters["dense1.weight"], parameters["dense1.bias"]);
    const auto expected = torch::linear(torch::leaky_relu(hidden, 0.2), parameters["dense2.weight"],
                                        parameters["dense2.bias"]);
    EXPECT_TRUE(torch::allclose(network->forward(images), expected, 1e-4, 1e-5));
}

TEST(SpectralNorm, TheLargestSingularValueIsOne) {
    torch::manual_seed(3);
    SpectralConv2d layer(16, 24, 3, 1);
    const torch::NoGradGuard no_grad;
    for (int i = 0; i < 50; ++i) layer(torch::rand({1, 16, 8, 8}));
    const auto values = torch::linalg_svdvals(layer->normalised_weight().flatten(1));
    EXPECT_NEAR(values.max().item<double>(), 1, 1e-3);
}

TEST(Adversarial, ValuesAreThoseOfTheFormulas) {
    const auto real = torch::tensor({2.0F, 0.0F});
    const auto made = torch::tensor({-1.0F, 1.0F});
    const auto softplus = [](double x) { return std::log1p(std::exp(x)); };
    // -log sigmoid(x) = softplus(-x), -log(1 - sigmoid(x)) = softplus(x).
    const double of_real = (softplus(-2) + softplus(0)) / 2;
    const double of_made = (softplus(-1) + softplus(1)) / 2;
    EXPECT_NEAR(discriminator_loss(AdversarialLoss::bce, real, made, 1).item<double>(),
                (of_real + of_made) / 2, 1e-6);
    EXPECT_NEAR(generator_loss(AdversarialLoss::bce, {}, made).item<double>(),
                (softplus(1) + softplus(-1)) / 2, 1e-6);
    // Means: real 1, made 0.
    const double relative =
        ((softplus(-2) + softplus(0)) / 2 + (softplus(-2) + softplus(0)) / 2) / 2;
    EXPECT_NEAR(discriminator_loss(AdversarialLoss::relativistic, real, made, 1).item<double>(),
                relative, 1e-6);
    EXPECT_EQ(discriminator_accuracy(AdversarialLoss::bce, real, made), 0.5);
}

TEST(Perceptual, WrongLayersAndFilesAreRefused) {
    const TempDir folder;
    const auto file = write_random_squeezenet(folder / "squeezenet.safetensors");
    EXPECT_NO_THROW(PerceptualLoss({file}, {}, "", FeatureDistance::unit));
    for (const char* layers : {"conv5_4", "fire3:0", "fire3:x", "fire3:", "fire99"}) {
        EXPECT_THROW(PerceptualLoss({file}, {}, layers, FeatureDistance::mse), Error) << layers;
    }
    write_bytes(folder / "text.safetensors", "no weights");
    EXPECT_THROW(load_feature_net(folder / "text.safetensors"), Error);
    try {
        load_feature_net(folder / "vgg19.pth");
        ADD_FAILURE();
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::not_found);
        EXPECT_NE(std::string(error.what()).find("vgg19-dcbb9e9d.pth"), std::string::npos);
    }
}

TEST(Perceptual, TheDistanceIsZeroOfEqualsAndGrows) {
    const TempDir folder;
    const FeatureMetric metric(write_random_squeezenet(folder / "squeezenet.safetensors"));
    const Image image = scene({80, 64, 3, false, Encoding::display});
    EXPECT_EQ(metric(image, image).distance, 0);
    Image near = image;
    Image far = image;
    const Image noise = random_rgb(80, 64);
    for (std::size_t i = 0; i < image.samples().size(); ++i) {
        near.samples()[i] += 0.03F * (noise.samples()[i] - 0.5F);
        far.samples()[i] += 0.3F * (noise.samples()[i] - 0.5F);
    }
    EXPECT_GT(metric(image, near).distance, 0);
    EXPECT_GT(metric(image, far).distance, metric(image, near).distance);
}

}  // namespace
}  // namespace sisr::test
