#include "architectures/ncnn/translator.h"

#include "architectures/ncnn/layer_sizes.h"

#include <sisr/error.h>

#include <utility>

namespace sisr::ncnn {

using nn::Activation;
using nn::Value;

namespace {

// ncnn's numbers of what BinaryOp does.
enum Binary { kAdd = 0, kSubtract = 1, kMultiply = 2, kDivide = 3, kSubtractFrom = 7 };

/// Where the sizes tell that zeros round the picture keep its size.
bool keeps_size(int before, int after, int kernel, int dilation) {
    return before == after && before == dilation * (kernel - 1) / 2;
}

}  // namespace

Value Translator::run(const std::vector<NcnnLayer>& layers) {
    for (const NcnnLayer& layer : layers) {
        try {
            translate(layer);
        } catch (const Error& error) {
            const std::string name = describe(layer);
            const std::string reason = std::string(error.what()).substr(error.subject().size() + 2);
            if (reason.compare(0, name.size(), name) == 0) throw;
            throw Error(error.kind(), error.subject(), name + ": " + reason);
        }
    }
    const auto found = values_.find(output_blob(layers));
    if (found == values_.end()) {
        throw Error(ErrorKind::bad_model, "model", "its result is made by no layer");
    }
    return found->second;
}

void Translator::translate(const NcnnLayer& layer) {
    if (layer.outputs.empty()) refuse(layer, "makes nothing");
    if (!translate_plain(layer) && !translate_of_several(layer) && !translate_weighted(layer)) {
        refuse(layer, "is of a kind that is not supported");
    }
}

Value Translator::input(const NcnnLayer& layer, std::size_t index) const {
    if (index >= layer.inputs.size()) refuse(layer, "takes nothing");
    const std::string& blob = layer.inputs[index];
    const auto found = values_.find(blob);
    if (found != values_.end()) return found->second;
    if (padded_.count(blob) != 0) refuse(layer, "takes padded values, as only convolutions may");
    if (constants_.count(blob) != 0) refuse(layer, "takes a constant, which is not supported");
    refuse(layer, "takes \"" + blob + "\", which no layer before it makes");
}

void Translator::define(const NcnnLayer& layer, Value value, std::size_t index) {
    const std::string& blob = layer.outputs.at(index);
    const bool is_new = padded_.count(blob) == 0 && constants_.count(blob) == 0 &&
                        values_.emplace(blob, value).second;
    if (!is_new) refuse(layer, "makes \"" + blob + "\" a second time");
}

/// One value to one.
bool Translator::translate_plain(const NcnnLayer& layer) {
    const std::string& type = layer.type;
    const auto activate = [&](Activation kind) {
        define(layer, builder_.activate(input(layer), kind));
        return true;
    };
    if (type == "Sigmoid") return activate(Activation::sigmoid);
    if (type == "Swish") return activate(Activation::silu);
    if (type == "TanH") return activate(Activation::tanh);
    if (type == "Mish") return activate(Activation::mish);
    if (type == "GELU" && layer.whole(0, 0) == 0) return activate(Activation::gelu);
    if (type == "ReLU" || type == "LeakyReLU") {
        const double slope = layer.real(0, 0);
        if (slope == 0) return activate(Activation::relu);
        define(layer, builder_.leaky_relu(input(layer), slope));
        return true;
    }
    if (type == "Noop" || (type == "Dropout" && layer.real(0, 1) == 1)) {
        define(layer, input(layer));
    } else if (type == "PixelShuffle" && layer.whole(1, 0) == 0) {
        define(layer, builder_.pixel_shuffle(input(layer), layer.whole(0, 1)));
    } else if (type == "Reorg" && layer.whole(1, 0) == 0) {
        define(layer, builder_.pixel_unshuffle(input(layer), layer.whole(0, 1)));
    } else if (type == "Interp") {
        const int factor = enlargement(layer);
        const int kind = layer.whole(0, 0);
        const bool is_known = kind == 1 || (kind == 2 && layer.whole(6, 0) == 0);
        if (!is_known && factor != 1) refuse(layer, "enlarges neither by nearest nor bilinearly");
        define(layer, builder_.enlarge(
                          input(layer), factor,
                          kind == 2 ? nn::Enlarge::Kind::bilinear : nn::Enlarge::Kind::nearest));
    } else if (type == "Pooling" && layer.whole(0, 0) == 1 &&
               (layer.whole(4, 0) == 1 || (layer.whole(7, 0) == 1 && layer.whole(8, 0) == 1 &&
                                           layer.whole(18, layer.whole(8, 0)) == 1))) {
        define(layer, builder_.global_mean(input(layer)));
    } else if (type == "UnaryOp") {
        define(layer, unary(layer));
    } else {
        return false;
    }
    return true;
}

bool Translator::translate_of_several(const NcnnLayer& layer) {
    const std::string& type = layer.type;
    if (type == "Input") {
        add_input(layer);
    } else if (type == "Split") {
        add_split(layer);
    } else if (type == "Padding") {
        add_padding(layer);
    } else if (type == "Slice" || type == "Crop") {
        add_cut(layer);
    } else if (type == "BinaryOp") {
        add_binary(layer);
    } else if (type == "Eltwise") {
        add_elementwise(layer);
    } else if (type == "Concat" && (layer.whole(0, 0) == 0 || layer.whole(0, 0) == -3)) {
        std::vector<Value> values;
        for (std::size_t i = 0; i < layer.inputs.size(); ++i) values.push_back(input(layer, i));
        define(layer, builder_.concat(std::move(values)));
    } else {
        return false;
    }
    return true;
}

bool Translator::translate_weighted(const NcnnLayer& layer) {
    const std::string& type = layer.type;
    if (type == "Convolution" || type == "ConvolutionDepthWise") {
        define(layer, fused_activation(layer, convolution(layer)));
    } else if (type == "PReLU") {
        define(layer, builder_.prelu(input(layer), layer.name));
    } else if (type == "MemoryData") {
        constants_[layer.outputs[0]] = builder_.take(layer.name + ".data");
    } else if (type == "Scale") {
        define(layer, scale(layer));
    } else if (type == "BatchNorm") {
        define(layer, batch_norm(layer));
    } else if (type == "GroupNorm" && layer.whole(3, 1) == 1) {
        constexpr double kUsualEpsilon = 0.001;
        define(layer, builder_.group_norm(input(layer), layer.name, layer.whole(0, 1),
                                          layer.real(2, kUsualEpsilon)));
    } else {
        return false;
    }
    return true;
}

void Translator::add_input(const NcnnLayer& layer) {
    for (const auto& item : values_) {
        if (item.second == nn::ProgramBuilder::kInput) refuse(layer, "is a second picture");
    }
    define(layer, nn::ProgramBuilder::kInput);
}

void Translator::add_split(const NcnnLayer& layer) {
    const auto constant =
        layer.inputs.empty() ? constants_.end() : constants_.find(layer.inputs[0]);
    for (std::size_t i = 0; i < layer.outputs.size(); ++i) {
        if (constant != constants_.end()) {
            constants_[layer.outputs[i]] = constant->second;
        } else {
            define(layer, input(layer), i);
        }
    }
}

void Translator::add_padding(const NcnnLayer& layer) {
    const bool is_zeros = layer.whole(4, 0) == 0 && layer.real(5, 0) == 0 &&
                          layer.whole(7, 0) == 0 && layer.whole(8, 0) == 0;
    if (!is_zeros) refuse(layer, "pads with something else than zeros, which is not supported");
    const Padded padded{input(layer), layer.whole(0, 0), layer.whole(1, 0), layer.whole(2, 0),
                        layer.whole(3, 0)};
    if (!padded_.emplace(layer.outputs[0], padded).second) refuse(layer, "is there twice");
}

void Translator::add_cut(const NcnnLayer& layer) {
    const Value value = input(layer);
    const auto ranges = channel_ranges(layer, builder_.channels(value));
    for (std::size_t i = 0; i < ranges.size(); ++i) {
        define(layer, builder_.slice(value, ranges[i].first, ranges[i].count), i);
    }
}

Value Translator::convolution(const NcnnLayer& layer) {
    const int width = layer.whole(1, 0);
    const int height = layer.whole(11, width);
    const int across = layer.whole(2, 1);
    const int down = layer.whole(12, across);
    const int left = layer.whole(4, 0);
    const int top = layer.whole(14, left);
    Padded padded{0, top, layer.whole(16, top), left, layer.whole(15, left)};
    const bool is_same = left == -233 || left == -234;  // "as much as keeps the size"
    const auto found = layer.inputs.empty() ? padded_.end() : padded_.find(layer.inputs[0]);
    if (found == padded_.end()) {
        padded.value = input(layer);
    } else if (left == 0 && top == 0 && padded.bottom == 0 && padded.right == 0) {
        padded = found->second;
    } else {
        refuse(layer, "is padded twice, which is not supported");
    }
    if (layer.whole(3, 1) != 1 || layer.whole(13, layer.whole(3, 1)) != 1) {
        refuse(layer, "leaves out pixels (a stride), which is not supported");
    }
    const bool is_kept = keeps_size(padded.left, padded.right, width, across) &&
                         keeps_size(padded.top, padded.bottom, height, down);
    if ((!is_same && !is_kept) || layer.real(18, 0) != 0) {
        refuse(layer, "changes the size of the picture, which is not supported");
    }
    if (across != down && width > 1 && height > 1) {
        refuse(layer, "is dilated differently each way, which is not supported");
    }
    const int groups = layer.type == "Convolution" ? 1 : layer.whole(7, 1);
    return builder_.convolution(padded.value, layer.name, groups, width > 1 ? across : down);
}

Value Translator::fused_activation(const NcnnLayer& layer, Value value) {
    const std::vector<double> parameters = layer.list(10);
    switch (layer.whole(9, 0)) {
        case 0: return value;
        case 1: return builder_.activate(value, Activation::relu);
        case 2: return builder_.leaky_relu(value, parameters.empty() ? 0 : parameters[0]);
        case 4: return builder_.activate(value, Activation::sigmoid);
        case 5: return builder_.activate(value, Activation::mish);
        default: refuse(layer, "has an activation that is not supported");
    }
}

Value Translator::unary(const NcnnLayer& layer) {
    constexpr int kNegative = 1;
    constexpr int kTanh = 16;
    const Value value = input(layer);
    switch (layer.whole(0, 0)) {
        case kNegative: return builder_.affine(value, by_channel(value, -1), by_channel(value, 0));
        case kTanh: return builder_.activate(value, Activation::tanh);
        default: refuse(layer, "does what is not supported");
    }
}

void Translator::add_binary(const NcnnLayer& layer) {
    if (layer.whole(1, 0) != 0) {
        const auto number = torch::full({1}, layer.real(2, 0), torch::kFloat32);
        return define(layer, with_constant(layer, input(layer), number, false));
    }
    if (layer.inputs.size() != 2) refuse(layer, "has not two inputs");
    for (const bool is_first : {true, false}) {
        const auto constant = constants_.find(layer.inputs[is_first ? 0 : 1]);
        if (constant == constants_.end()) continue;
        const Value other = input(layer, is_first ? 1 : 0);
        return define(layer, with_constant(layer, other, constant->second, is_first));
    }
    const Value a = input(layer, 0);
    const Value b = input(layer, 1);
    switch (layer.whole(0, 0)) {
        case kAdd: return define(layer, builder_.sum(a, b));
        case kSubtract: return define(layer, builder_.sum(a, b, 1, -1));
        case kMultiply: return define(layer, builder_.product(a, b));
        case kSubtractFrom: return define(layer, builder_.sum(b, a, 1, -1));
        default: refuse(layer, "does what is not supported with two values");
    }
}

/// constant: one number, or one for each channel. is_first: it stands on the left.
Value Translator::with_constant(const NcnnLayer& layer, Value value, torch::Tensor constant,
                                bool is_first) {
    const int channels = builder_.channels(value);
    const bool is_by_channel = constant.numel() == channels && constant.size(0) == channels;
    if (constant.numel() != 1 && !is_by_channel) {
        refuse(layer, "takes a constant of another shape than one number for each channel");
    }
    constant = constant.reshape({-1}).expand({channels}).contiguous();
    const auto zero = by_channel(value, 0);
    const auto one = by_channel(value, 1);
    int operation = layer.whole(0, 0);
    if (operation == kSubtract && is_first)
        operation = kSubtractFrom;
    else if (operation == kSubtractFrom && is_first)
        operation = kSubtract;
    else if (operation == kDivide && is_first)
        refuse(layer, "divides a number by what is computed");
    switch (operation) {
        case kAdd: return builder_.affine(value, one, constant);
        case kSubtract: return builder_.affine(value, one, -constant);
        case kMultiply: return builder_.affine(value, constant, zero);
        case kDivide: return builder_.affine(value, 1 / constant, zero);
        case kSubtractFrom: return builder_.affine(value, -one, constant);
        default: refuse(layer, "does what is not supported with a number");
    }
}

void Translator::add_elementwise(const NcnnLayer& layer) {
    constexpr int kProduct = 0;
    constexpr int kSum = 1;
    const int operation = layer.whole(0, 0);
    const std::vector<double> given = layer.list(1);
    const auto factor = [&given](std::size_t i) { return i < given.size() ? given[i] : 1; };
    if (operation != kProduct && operation != kSum) refuse(layer, "takes the larger of values");
    if (layer.inputs.size() < 2) refuse(layer, "has not two inputs");
    if (!given.empty() && given.size() != layer.inputs.size()) refuse(layer, "lacks factors");
    Value result = input(layer, 0);
    for (std::size_t i = 1; i < layer.inputs.size(); ++i) {
        const Value next = input(layer, i);
        result = operation == kProduct
                     ? builder_.product(result, next)
                     : builder_.sum(result, next, i == 1 ? factor(0) : 1, factor(i));
    }
    define(layer, result);
}

Value Translator::scale(const NcnnLayer& layer) {
    const Value value = input(layer);
    const auto offset =
        layer.whole(1, 0) != 0 ? builder_.take(layer.name + ".bias") : by_channel(value, 0);
    return builder_.affine(value, builder_.take(layer.name + ".weight"), offset);
}

Value Translator::batch_norm(const NcnnLayer& layer) {
    const auto slope = builder_.take(layer.name + ".slope");
    const auto variance = builder_.take(layer.name + ".variance");
    const auto factor = slope / torch::sqrt(variance + layer.real(1, 0));
    const auto offset =
        builder_.take(layer.name + ".bias") - builder_.take(layer.name + ".mean") * factor;
    if (!torch::isfinite(factor).all().item<bool>()) refuse(layer, "divides by nothing");
    return builder_.affine(input(layer), factor, offset);
}

torch::Tensor Translator::by_channel(Value value, double number) const {
    return torch::full({builder_.channels(value)}, number, torch::kFloat32);
}

}  // namespace sisr::ncnn
