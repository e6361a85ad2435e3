#include "losses/perceptual.h"

#include <sisr/error.h>

#include <algorithm>
#include <cstdlib>
#include <sstream>

namespace sisr::training {
namespace {

constexpr std::int64_t kFlatWindow = 15;  // pixels
constexpr std::int64_t kGrainWindow = 5;  // more than a grid's period at scale 4

const std::vector<std::string>& lpips_taps() {
    static const std::vector<std::string> kTaps{"relu1", "fire3", "fire5", "fire6",
                                                "fire7", "fire8", "fire9"};
    return kTaps;
}

bool contains(const std::vector<std::string>& list, const std::string& name) {
    return std::find(list.begin(), list.end(), name) != list.end();
}

struct Term {
    std::string layer;
    double weight = 1;
};

std::vector<Term> parse_terms(const std::string& text) {
    std::vector<Term> terms;
    std::istringstream stream(text);
    for (std::string word; std::getline(stream, word, ',');) {
        word.erase(std::remove(word.begin(), word.end(), ' '), word.end());
        if (word.empty()) continue;
        Term term;
        const auto colon = word.find(':');
        term.layer = word.substr(0, colon);
        if (colon != std::string::npos) {
            char* end = nullptr;
            term.weight = std::strtod(word.c_str() + colon + 1, &end);
            if (*end != '\0' || end == word.c_str() + colon + 1 || !(term.weight > 0)) {
                throw Error(ErrorKind::usage, "layer \"" + word + "\"",
                            "must be NAME or NAME:WEIGHT with a weight above 0");
            }
        }
        terms.push_back(term);
    }
    return terms;
}

/// What a network gives when no layer of it is named.
std::vector<Term> usual_terms(const FeatureNet& network, const std::filesystem::path& file) {
    std::vector<Term> terms;
    if (contains(network.layers(), "fire9")) {
        for (const std::string& tap : lpips_taps()) terms.push_back({tap, 1.0 / 7});
    } else if (contains(network.layers(), "conv5_4")) {
        terms.push_back({"conv5_4", 1});
    } else {
        throw Error(ErrorKind::usage, file.string(),
                    "holds VGG19 up to " + network.layers().back() +
                        " only: name its layers, for example --layers conv2_2, or fetch "
                        "torchvision's vgg19-dcbb9e9d.pth");
    }
    return terms;
}

torch::Tensor unit_length(const torch::Tensor& map) {
    return map / (map.square().sum(1, true).sqrt() + 1e-10);
}

torch::Tensor window_mean(const torch::Tensor& x, std::int64_t size) {
    return torch::avg_pool2d(x, size, 1, size / 2, false, false);
}

/// [N,1,h,w]: 0 where the pixels around deviate by less than half of `deviation`, 1 from all of it
/// on.
torch::Tensor texture_share(const torch::Tensor& truth, double deviation) {
    const torch::NoGradGuard no_grad;
    const auto grey = truth.mean(1, true);
    const auto mean = window_mean(grey, kFlatWindow);
    const auto variance = window_mean(grey.square(), kFlatWindow) - mean.square();
    const auto found = 255 * variance.clamp_min(0).sqrt();
    return (2 * found / deviation - 1).clamp(0, 1);
}

}  // namespace

torch::Tensor feature_distance(const torch::Tensor& a, const torch::Tensor& b,
                               FeatureDistance kind) {
    const auto x = a.to(torch::kFloat32);
    const auto y = b.to(torch::kFloat32);
    if (kind == FeatureDistance::mse) return torch::mse_loss(x, y);
    return (unit_length(x) - unit_length(y)).square().sum(1).mean();
}

PerceptualLoss::PerceptualLoss(const std::vector<std::filesystem::path>& files,
                               const std::string& layers, FeatureDistance kind,
                               torch::Device device)
    : kind_(kind) {
    std::vector<Term> terms = parse_terms(layers);
    for (const auto& file : files) {
        Part part;
        part.network = load_feature_net(file, device);
        const auto& known = part.network->layers();
        const auto is_ours = [&known](const Term& term) { return contains(known, term.layer); };
        std::vector<Term> own;
        std::copy_if(terms.begin(), terms.end(), std::back_inserter(own), is_ours);
        terms.erase(std::remove_if(terms.begin(), terms.end(), is_ours), terms.end());
        // A layer that does not exist should be told of as such, below.
        if (own.empty() && terms.empty()) own = usual_terms(*part.network, file);
        for (const Term& term : own) {
            part.layers.push_back(term.layer);
            part.weights.push_back(term.weight);
        }
        if (!own.empty()) parts_.push_back(std::move(part));
    }
    if (!terms.empty()) {
        throw Error(ErrorKind::usage, "layer \"" + terms.front().layer + "\"",
                    "is in none of the perceptual networks");
    }
}

torch::Tensor PerceptualLoss::operator()(const torch::Tensor& result,
                                         const torch::Tensor& truth) const {
    torch::Tensor sum = torch::zeros({}, result.options());
    for (const Part& part : parts_) {
        std::vector<torch::Tensor> wanted;
        {
            const torch::NoGradGuard no_grad;
            wanted = part.network->features(truth, part.layers);
        }
        const auto found = part.network->features(result, part.layers);
        for (std::size_t i = 0; i < found.size(); ++i) {
            sum = sum + part.weights[i] * feature_distance(found[i], wanted[i], kind_);
        }
    }
    return sum;
}

torch::Tensor spare_flat_places(const torch::Tensor& result, const torch::Tensor& truth,
                                double deviation) {
    if (deviation <= 0) return result;
    return truth + texture_share(truth, deviation) * (result - truth);
}

torch::Tensor grain(const torch::Tensor& result, const torch::Tensor& truth, double deviation) {
    const auto error = result - truth;
    const auto beyond_mean = error - window_mean(error, kGrainWindow);
    return ((1 - texture_share(truth, deviation)) * beyond_mean.abs()).mean();
}

FeatureMetric::FeatureMetric(const std::filesystem::path& file) : network_(load_feature_net(file)) {
    if (!contains(network_->layers(), "fire9")) {
        throw Error(ErrorKind::bad_model, file.string(),
                    "the feature distance is measured with SqueezeNet 1.1, which this is not");
    }
}

double FeatureMetric::operator()(const Image& truth, const Image& result) const {
    const torch::NoGradGuard no_grad;
    const auto a = network_->features(as_rgb_tensor(truth), lpips_taps());
    const auto b = network_->features(as_rgb_tensor(result), lpips_taps());
    double sum = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
        sum += feature_distance(a[i], b[i], FeatureDistance::unit).item<double>();
    }
    return sum / static_cast<double>(a.size());
}

torch::Tensor as_rgb_tensor(const Image& image) {
    auto* samples = const_cast<float*>(image.samples().data());
    const auto pixels =
        torch::from_blob(samples, {1, image.height(), image.width(), image.channels()});
    const auto colours = pixels.slice(3, 0, image.shape().colour_channels);
    const auto rounded = (255 * colours.clamp(0, 1)).round() / 255;
    return rounded.permute({0, 3, 1, 2}).expand({1, 3, image.height(), image.width()}).contiguous();
}

}  // namespace sisr::training
