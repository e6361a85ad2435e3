/// Our networks against those of the field, with the same weights.
#include "objectives/feature_net/feature_net.h"
#include "objectives/losses/perceptual.h"

#include "support/run_command.h"
#include "support/shared_data.h"
#include "support/temp_dir.h"

#include "formats/safetensors.h"

#include <sisr/error.h>
#include <sisr/image_file.h>

#include <nlohmann/json.hpp>

namespace sisr::test {
namespace {

using namespace sisr::training;

/// Random weights as torchvision names them, an input, and every layer's map, in one safetensors
/// file; the weights also as .pth in both of its forms.
constexpr const char* kScript = R"(
import json, struct, sys, torch, torchvision
torch.manual_seed(1)
kind, folder = sys.argv[1], sys.argv[2]
net = getattr(torchvision.models, kind)(weights=None).eval()
torch.save(net.state_dict(), folder + '/new.pth')
torch.save(net.state_dict(), folder + '/old.pth', _use_new_zipfile_serialization=False)
rgb = torch.rand(1, 3, 64, 80)
mean = torch.tensor([.485, .456, .406]).view(1, 3, 1, 1)
deviation = torch.tensor([.229, .224, .225]).view(1, 3, 1, 1)
tensors, x = {'rgb': rgb}, (rgb - mean) / deviation
with torch.no_grad():
    for i, layer in enumerate(net.features):
        # Out of place, or the activation would overwrite what is kept.
        if isinstance(layer, torch.nn.ReLU): layer = torch.nn.ReLU()
        x = layer(x)
        tensors[str(i)] = x.contiguous()
head, at = {}, 0
for name, t in tensors.items():
    head[name] = {'dtype': 'F32', 'shape': list(t.shape), 'data_offsets': [at, at + 4 * t.numel()]}
    at += 4 * t.numel()
head = json.dumps(head).encode()
with open(folder + '/maps.safetensors', 'wb') as f:
    f.write(struct.pack('<Q', len(head)) + head)
    for t in tensors.values(): f.write(t.numpy().tobytes())
)";

class FeatureNetTest : public ::testing::Test {
protected:
    /// False when torchvision is not installed.
    bool make(const std::string& kind) {
        const std::string python = "/usr/bin/python3";
        if (run_command({python, "-c", "import torchvision"}).exit_code != 0) return false;
        CommandOptions options;
        options.timeout = std::chrono::seconds(300);
        const auto result =
            run_command({python, "-c", kScript, kind, folder_.path().string()}, options);
        EXPECT_EQ(result.exit_code, 0) << result.err;
        maps_ = read_safetensors(folder_ / "maps.safetensors").tensors;
        return true;
    }
    /// `layers`: our name of each of torchvision's numbered layers.
    void compare(const std::map<std::string, std::string>& layers) {
        for (const char* file : {"new.pth", "old.pth"}) {
            const auto network = load_feature_net(folder_ / file);
            std::vector<std::string> names;
            for (const auto& item : layers) names.push_back(item.second);
            const torch::NoGradGuard no_grad;
            const auto found = network->features(maps_.at("rgb"), names);
            std::size_t i = 0;
            for (const auto& [number, name] : layers) {
                const auto& expected = maps_.at(number);
                ASSERT_EQ(found[i].sizes(), expected.sizes()) << name;
                const double scale = expected.abs().max().item<double>();
                const double worst = (found[i] - expected).abs().max().item<double>();
                EXPECT_LT(worst, 1e-5 * scale + 1e-9) << file << " " << name;
                ++i;
            }
        }
    }
    TempDir folder_;
    Tensors maps_;
};

TEST_F(FeatureNetTest, Vgg19IsTorchvisionsLayerByLayer) {
    if (!make("vgg19")) GTEST_SKIP() << "python3-torchvision is not installed";
    std::map<std::string, std::string> layers;
    int number = 0;
    for (int stage = 1; stage <= 5; ++stage) {
        for (int i = 1; i <= (stage < 3 ? 2 : 4); ++i) {
            const std::string name = std::to_string(stage) + "_" + std::to_string(i);
            layers[std::to_string(number)] = "conv" + name;
            layers[std::to_string(number + 1)] = "relu" + name;
            number += 2;
        }
        ++number;
    }
    ASSERT_EQ(layers.size(), 32U);
    ASSERT_EQ(layers.at("34"), "conv5_4");
    compare(layers);
    EXPECT_NO_THROW(PerceptualLoss({folder_ / "old.pth"}, {}, "", FeatureDistance::mse));
}

TEST_F(FeatureNetTest, SqueezeNetIsTorchvisions) {
    if (!make("squeezenet1_1")) GTEST_SKIP() << "python3-torchvision is not installed";
    compare({{"1", "relu1"},
             {"3", "fire2"},
             {"4", "fire3"},
             {"6", "fire4"},
             {"7", "fire5"},
             {"9", "fire6"},
             {"10", "fire7"},
             {"11", "fire8"},
             {"12", "fire9"}});
}

TEST(SharedDataFeatureNet, AVggThatEndsEarlySaysSo) {
    const auto file = shared_data() / "perceptual/vgg19_to_conv3_1.safetensors";
    SISR_SKIP_WITHOUT(file);
    EXPECT_NO_THROW(PerceptualLoss({file}, {}, "conv2_2", FeatureDistance::mse));
    try {
        PerceptualLoss({file}, {}, "", FeatureDistance::mse);
        ADD_FAILURE();
    } catch (const Error& error) {
        EXPECT_NE(std::string(error.what()).find("relu3_1"), std::string::npos) << error.what();
    }
}

TEST(SharedDataFeatureNet, TheDistanceIsThatOfTheScript) {
    const auto data = shared_data();
    const auto weights = data / "perceptual/squeezenet1_1_features.safetensors";
    const auto script = data.parent_path() / "tools/eval_sr.py";
    SISR_SKIP_WITHOUT(weights);
    SISR_SKIP_WITHOUT(script);
    const FeatureMetric metric(weights);
    const auto set = data / "testsets/Set5/x4";
    const TempDir folder;
    double sum = 0;
    int count = 0;
    for (const auto& entry : std::filesystem::directory_iterator(set / "HR")) {
        const Image truth = read_image(entry.path());
        Image poor = truth;  // something that is not the truth, in whole 8-bit values
        for (float& sample : poor.samples()) sample = std::round(255 * sample / 16) * 16 / 255;
        const auto copy = folder / entry.path().filename().string();
        write_image(copy, poor);
        sum += metric(truth, read_image(copy)).distance;
        ++count;
    }
    CommandOptions options;
    options.timeout = std::chrono::seconds(300);
    const auto result =
        run_command({"/usr/bin/python3", script.string(), (set / "HR").string(),
                     folder.path().string(), "--json", "--perceptual", weights.string()},
                    options);
    if (result.exit_code != 0) GTEST_SKIP() << "the script needs python3-torch: " << result.err;
    EXPECT_NEAR(sum / count, nlohmann::json::parse(result.out)["perceptual"].get<double>(), 1e-3);
}

}  // namespace
}  // namespace sisr::test
