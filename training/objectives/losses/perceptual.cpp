#include "objectives/losses/perceptual.h"

#include "base/numbers.h"
#include "formats/pth.h"
#include "formats/safetensors.h"

#include <sisr/error.h>

#include <algorithm>
#include <sstream>

namespace sisr::training {
namespace {

constexpr const char* kLpips = "lpips";

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
            term.weight = parse_number<double>(word.substr(colon + 1)).value_or(0);
            if (!(term.weight > 0)) {
                throw Error(ErrorKind::usage, "layer \"" + word + "\"",
                            "must be NAME or NAME:WEIGHT with a weight above 0");
            }
        }
        terms.push_back(term);
    }
    return terms;
}

bool is_squeezenet(const FeatureNet& network) { return contains(network.layers(), "fire9"); }

/// What a network gives when no layer of it is named.
std::vector<Term> usual_terms(const FeatureNet& network, const std::filesystem::path& file) {
    std::vector<Term> terms;
    if (is_squeezenet(network)) {
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

}  // namespace

const std::vector<std::string>& lpips_taps() {
    static const std::vector<std::string> kTaps{"relu1", "fire3", "fire5", "fire6",
                                                "fire7", "fire8", "fire9"};
    return kTaps;
}

torch::Tensor feature_distance(const torch::Tensor& a, const torch::Tensor& b,
                               FeatureDistance kind) {
    const auto x = a.to(torch::kFloat32);
    const auto y = b.to(torch::kFloat32);
    if (kind == FeatureDistance::mse) return torch::mse_loss(x, y);
    if (kind == FeatureDistance::mae) return torch::l1_loss(x, y);
    return (unit_length(x) - unit_length(y)).square().sum(1).mean();
}

Lpips::Lpips(const std::filesystem::path& linear, torch::Device device) {
    const TensorFile content =
        linear.extension() == ".safetensors" ? read_safetensors(linear) : read_pth(linear);
    for (std::size_t i = 0; i < lpips_taps().size(); ++i) {
        const std::string name = "lin" + std::to_string(i);
        auto found = content.tensors.find(name);
        if (found == content.tensors.end()) found = content.tensors.find(name + ".model.1.weight");
        if (found == content.tensors.end()) {
            throw Error(ErrorKind::bad_model, linear.string(),
                        "lacks LPIPS' linear layers for SqueezeNet, lin0 to lin6");
        }
        auto weight = found->second.to(device, torch::kFloat32).flatten();
        if (!torch::isfinite(weight).all().item<bool>()) {
            throw Error(ErrorKind::bad_model, linear.string(), "holds NaN or Inf");
        }
        weights_.push_back(weight.view({1, -1, 1, 1}));
    }
}

torch::Tensor Lpips::operator()(const std::vector<torch::Tensor>& result,
                                const std::vector<torch::Tensor>& truth) const {
    torch::Tensor sum = torch::zeros({}, result.front().options().dtype(torch::kFloat32));
    for (std::size_t i = 0; i < weights_.size(); ++i) {
        const auto x = unit_length(result[i].to(torch::kFloat32));
        const auto y = unit_length(truth[i].to(torch::kFloat32));
        sum = sum + (weights_[i] * (x - y).square()).sum(1).mean();
    }
    return sum;
}

PerceptualLoss::PerceptualLoss(const std::vector<std::filesystem::path>& files,
                               const std::filesystem::path& linear, const std::string& layers,
                               FeatureDistance kind, torch::Device device)
    : kind_(kind) {
    if (!linear.empty()) lpips_.emplace(linear, device);
    std::vector<Term> terms = parse_terms(layers);
    for (const auto& file : files) {
        Part part;
        part.network = load_feature_net(file, device);
        const bool has_lpips = lpips_ && is_squeezenet(*part.network);
        const auto& known = part.network->layers();
        const auto is_ours = [&](const Term& term) {
            return contains(known, term.layer) || (has_lpips && term.layer == kLpips);
        };
        std::vector<Term> own;
        std::copy_if(terms.begin(), terms.end(), std::back_inserter(own), is_ours);
        terms.erase(std::remove_if(terms.begin(), terms.end(), is_ours), terms.end());
        // A layer that does not exist should be told of as such, below.
        if (own.empty() && terms.empty()) {
            own = has_lpips ? std::vector<Term>{{kLpips, 1}} : usual_terms(*part.network, file);
        }
        for (const Term& term : own) {
            if (term.layer == kLpips) {
                part.lpips_weight = term.weight;
                continue;
            }
            part.layers.push_back(term.layer);
            part.weights.push_back(term.weight);
        }
        if (!own.empty()) parts_.push_back(std::move(part));
    }
    if (!terms.empty()) {
        throw Error(ErrorKind::usage, "layer \"" + terms.front().layer + "\"",
                    terms.front().layer == kLpips
                        ? "needs SqueezeNet 1.1's weights and LPIPS' linear layers"
                        : "is in none of the perceptual networks");
    }
}

torch::Tensor PerceptualLoss::operator()(const torch::Tensor& result,
                                         const torch::Tensor& truth) const {
    torch::Tensor sum = torch::zeros({}, result.options());
    for (const Part& part : parts_) {
        auto names = part.layers;
        if (part.lpips_weight > 0) {
            names.insert(names.end(), lpips_taps().begin(), lpips_taps().end());
        }
        std::vector<torch::Tensor> wanted;
        {
            const torch::NoGradGuard no_grad;
            wanted = part.network->features(truth, names);
        }
        const auto found = part.network->features(result, names);
        for (std::size_t i = 0; i < part.layers.size(); ++i) {
            sum = sum + part.weights[i] * feature_distance(found[i], wanted[i], kind_);
        }
        if (part.lpips_weight > 0) {
            const auto taps = [&part](const std::vector<torch::Tensor>& maps) {
                return std::vector<torch::Tensor>(
                    maps.begin() + static_cast<std::ptrdiff_t>(part.layers.size()), maps.end());
            };
            sum = sum + part.lpips_weight * (*lpips_)(taps(found), taps(wanted));
        }
    }
    return sum;
}

FeatureMetric::FeatureMetric(const std::filesystem::path& file, const std::filesystem::path& linear)
    : network_(load_feature_net(file)) {
    if (!is_squeezenet(*network_)) {
        throw Error(ErrorKind::bad_model, file.string(),
                    "the feature distance is measured with SqueezeNet 1.1, which this is not");
    }
    if (!linear.empty()) lpips_.emplace(linear);
}

FeatureFigures FeatureMetric::operator()(const Image& truth, const Image& result) const {
    const torch::NoGradGuard no_grad;
    const auto a = network_->features(as_rgb_tensor(truth), lpips_taps());
    const auto b = network_->features(as_rgb_tensor(result), lpips_taps());
    FeatureFigures figures;
    for (std::size_t i = 0; i < a.size(); ++i) {
        figures.distance += feature_distance(a[i], b[i], FeatureDistance::unit).item<double>();
    }
    figures.distance /= static_cast<double>(a.size());
    if (lpips_) figures.lpips = (*lpips_)(b, a).item<double>();
    return figures;
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
