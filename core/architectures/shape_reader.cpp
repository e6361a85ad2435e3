#include "architectures/shape_reader.h"

#include "base/numbers.h"
#include "nn/fold_batch_norm.h"

#include <sisr/error.h>

#include <algorithm>

namespace sisr {
namespace {

constexpr std::int64_t kMost = 1 << 20;

}  // namespace

void refuse_model(const std::string& reason) { throw Error(ErrorKind::bad_model, "model", reason); }

bool ShapeReader::has_all(const std::vector<std::string>& names) const {
    return std::all_of(names.begin(), names.end(),
                       [this](const std::string& name) { return has(name); });
}

bool ShapeReader::has_any(const std::string& prefix) const {
    const auto name = shapes_.lower_bound(prefix);
    return name != shapes_.end() && name->first.compare(0, prefix.size(), prefix) == 0;
}

int ShapeReader::size(const std::string& name, std::size_t axes, std::size_t axis,
                      const char* what) const {
    const auto found = shapes_.find(name);
    if (found == shapes_.end()) refuse_model("tensor \"" + name + "\" is missing");
    const std::vector<std::int64_t>& shape = found->second;
    const bool is_so = shape.size() == axes &&
                       std::all_of(shape.begin(), shape.end(),
                                   [](std::int64_t size) { return size >= 1 && size <= kMost; });
    if (!is_so) refuse_model("tensor \"" + name + "\" is no " + what);
    return static_cast<int>(shape[axis]);
}

int ShapeReader::dimension(const std::string& name, std::size_t axis) const {
    return size(name, 4, axis, "convolution's weight");
}

int ShapeReader::of_matrix(const std::string& name, std::size_t axis) const {
    return size(name, 2, axis, "matrix");
}

bool ShapeReader::is_vector(const std::string& name) const {
    const auto found = shapes_.find(name);
    return found != shapes_.end() && found->second.size() == 1;
}

int ShapeReader::count(const std::string& prefix) const {
    int count = 0;
    for (auto name = shapes_.lower_bound(prefix); name != shapes_.end(); ++name) {
        if (name->first.compare(0, prefix.size(), prefix) != 0) break;
        std::string_view rest = std::string_view(name->first).substr(prefix.size());
        const auto number = take_number<int>(rest);
        if (!number || rest.empty() || rest.front() != '.') continue;
        if (*number >= 0 && *number < kMost) count = std::max(count, *number + 1);
    }
    return count;
}

Shapes shapes_of(const Tensors& tensors) {
    Shapes shapes;
    for (const auto& [name, tensor] : tensors) shapes[name] = tensor.sizes().vec();
    return shapes;
}

Tensors without_values(const Shapes& shapes) {
    Tensors tensors;
    for (const auto& [name, shape] : shapes) {
        tensors[name] = torch::empty(shape, torch::device(torch::kMeta).dtype(torch::kFloat32));
    }
    return tensors;
}

std::optional<int> square_root(int value) {
    for (int root = 1; root <= 16; ++root) {
        if (root * root == value) return root;
    }
    return std::nullopt;
}

int shuffle_factor(const ShapeReader& shapes, const std::string& layer, int channels) {
    const int outputs = shapes.outputs(layer);
    const auto root = outputs % channels == 0 ? square_root(outputs / channels) : std::nullopt;
    if (!root) {
        refuse_model("tensor \"" + layer + ".weight\" has " + std::to_string(outputs) +
                     " outputs, which make no picture of " + std::to_string(channels) +
                     " channels");
    }
    return *root;
}

Shuffled last_shuffle(const ShapeReader& shapes, const std::string& layer, int input_channels) {
    const int outputs = shapes.outputs(layer);
    for (const int channels : {input_channels, 3, 1, 4}) {
        if (outputs % channels != 0) continue;
        const auto root = square_root(outputs / channels);
        if (root) return {*root, channels};
    }
    return {shuffle_factor(shapes, layer, input_channels), input_channels};
}

std::string blocks_of_channels(int blocks, int channels) {
    return std::to_string(blocks) + (blocks == 1 ? " block of " : " blocks of ") +
           std::to_string(channels) + " channels";
}

nn::Value convolve_with_bias(nn::ProgramBuilder& builder, nn::Value input, const std::string& name,
                             int groups) {
    if (builder.has(name + ".weight") && !builder.has(name + ".bias")) {
        refuse_model("tensor \"" + name + ".bias\" is missing");
    }
    return builder.convolution(input, name, groups);
}

NormedConvolution take_normed(nn::ProgramBuilder& builder, const std::string& name,
                              const std::string& norm, Bias bias) {
    const auto weight = builder.take(name + ".weight").to(torch::kFloat64);
    if (weight.dim() != 4) {
        refuse_model("tensor \"" + name + ".weight\" is no convolution's weight");
    }
    const auto outputs = static_cast<int>(weight.size(0));
    const auto take = [&](const std::string& part) {
        return builder.take_each(part, outputs).to(torch::kFloat64);
    };
    auto offset = torch::zeros({outputs}, torch::kFloat64);
    if (bias == Bias::expected || builder.has(name + ".bias")) offset = take(name + ".bias");
    const auto variance = take(norm + ".running_var");
    if (!variance.is_meta() && variance.lt(0).any().item<bool>()) {
        refuse_model("tensor \"" + norm + ".running_var\" holds negative numbers");
    }
    const auto factor = take(norm + ".weight") / (variance + kBatchNormEpsilon).sqrt();
    const auto moved = (offset - take(norm + ".running_mean")) * factor + take(norm + ".bias");
    builder.ignore(norm + ".num_batches_tracked");
    return {(weight * factor.view({-1, 1, 1, 1})).to(torch::kFloat32), moved.to(torch::kFloat32)};
}

nn::Value convolve_normed(nn::ProgramBuilder& builder, nn::Value input, const std::string& name,
                          const std::string& norm, Bias bias, int groups) {
    const auto folded = take_normed(builder, name, norm, bias);
    return builder.convolution_of(input, folded.weight, folded.bias, groups);
}

std::optional<double> told_number(const Metadata& metadata, const std::string& key) {
    return parse_number<double>(metadata_value(metadata, "sisr." + key));
}

Built finished(nn::ProgramBuilder& builder, nn::Value output) {
    Built built;
    built.unused = builder.unused();
    built.program = builder.finish(output);
    return built;
}

}  // namespace sisr
