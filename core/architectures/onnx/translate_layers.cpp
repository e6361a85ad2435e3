#include "architectures/onnx/translator.h"
#include "architectures/shape_reader.h"

#include <sisr/error.h>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace sisr::onnx {

using nn::Value;

namespace {

constexpr int kLargestFactor = 64;

[[noreturn]] void refuse(const OnnxNode& node, const std::string& reason) {
    refuse_model(node.op + " \"" + node.name + "\" " + reason);
}

int factor_of(const OnnxNode& node, double factor) {
    const bool is_whole = factor >= 1 && factor <= kLargestFactor && factor == std::floor(factor);
    if (!is_whole) refuse(node, "enlarges by no whole factor");
    return static_cast<int>(factor);
}

/// Axes count from the end where they are negative; all values have four.
int axis_of(const OnnxNode& node, double axis) {
    const double place = axis < 0 ? axis + 4 : axis;
    if (!(place >= 0 && place <= 3)) refuse(node, "is along no axis of a picture");
    return static_cast<int>(place);
}

bool is_all(const std::vector<double>& list, double number) {
    return std::all_of(list.begin(), list.end(), [number](double x) { return x == number; });
}

}  // namespace

bool Translator::translate_shape(const OnnxNode& node) {
    if (node.op == "Identity" || node.op == "Cast" || node.op == "Dropout") {
        if (is_weight(node, 0)) {
            const auto other = renamed_.find(node.inputs[0]);
            renamed_[node.outputs[0]] = other == renamed_.end() ? node.inputs[0] : other->second;
        } else {
            define(node, input(node));
        }
    } else if (node.op == "Constant") {
        refuse(node, "is of a kind that is not supported");
    } else if (node.op == "Concat") {
        if (axis_of(node, node.number("axis", 0)) != 1) refuse(node, "joins other than channels");
        std::vector<Value> values;
        for (std::size_t i = 0; i < node.inputs.size(); ++i) values.push_back(input(node, i));
        define(node, builder_.concat(std::move(values)));
    } else if (node.op == "Split") {
        add_split(node);
    } else if (node.op == "Slice") {
        define(node, sliced(node));
    } else if (node.op == "Pad") {
        add_pad(node);
    } else if (node.op == "Resize" || node.op == "Upsample") {
        define(node, resized(node));
    } else if (node.op == "DepthToSpace") {
        define(node, depth_to_space(node));
    } else if (node.op == "SpaceToDepth") {
        define(node, space_to_depth(node));
    } else {
        return false;
    }
    return true;
}

bool Translator::translate_weighted(const OnnxNode& node) {
    if (node.op == "Conv") {
        define(node, convolution(node));
    } else if (node.op == "BatchNormalization") {
        define(node, normalised(node));
    } else if (node.op == "GlobalAveragePool") {
        define(node, builder_.global_mean(input(node)));
    } else if (node.op == "ReduceMean" && node.number("keepdims", 1) == 1) {
        std::vector<double> axes = given(node, "axes", 1);
        for (double& axis : axes) axis = axis_of(node, axis);
        std::sort(axes.begin(), axes.end());
        if (axes != std::vector<double>{2, 3}) refuse(node, "is no mean over the picture");
        define(node, builder_.global_mean(input(node)));
    } else {
        return false;
    }
    return true;
}

Value Translator::convolution(const OnnxNode& node) {
    const auto kernel = weight(node, 1);
    if (kernel.dim() != 4) refuse(node, "is not of two dimensions");
    const bool has_bias = node.inputs.size() > 2 && !node.inputs[2].empty();
    const auto bias = has_bias ? weight(node, 2) : torch::Tensor();
    if (!is_all(node.list("strides"), 1)) {
        refuse(node, "leaves out pixels (a stride), which is not supported");
    }
    const std::vector<double>& dilations = node.list("dilations");
    const double down = dilations.empty() ? 1 : dilations.front();
    const double across = dilations.empty() ? 1 : dilations.back();
    if (!(down >= 1 && down <= kLargestFactor && across >= 1 && across <= kLargestFactor)) {
        refuse(node, "has an impossible dilation");
    }
    std::vector<double> pads = node.list("pads");
    if (pads.empty()) pads.assign(4, 0);
    if (pads.size() != 4) refuse(node, "is not of two dimensions");
    const auto padded = node.inputs.empty() ? padded_.end() : padded_.find(node.inputs[0]);
    if (padded != padded_.end()) {
        for (std::size_t i = 0; i < pads.size(); ++i) pads[i] += padded->second.amounts[i];
    }
    const double rows = down * (static_cast<double>(kernel.size(2)) - 1) / 2;
    const double columns = across * (static_cast<double>(kernel.size(3)) - 1) / 2;
    const bool is_same = node.word("auto_pad", "NOTSET").compare(0, 4, "SAME") == 0;
    if (!is_same && pads != std::vector<double>{rows, columns, rows, columns}) {
        refuse(node, "changes the size of the picture, which is not supported");
    }
    if (down != across && kernel.size(2) > 1 && kernel.size(3) > 1) {
        refuse(node, "is dilated differently each way, which is not supported");
    }
    const double groups = node.number("group", 1);
    if (!(groups >= 1 && groups <= (1 << 20))) refuse(node, "has an impossible number of groups");
    const Value value = padded != padded_.end() ? padded->second.value : input(node);
    return builder_.convolution_of(value, kernel, bias, static_cast<int>(groups),
                                   static_cast<int>(kernel.size(3) > 1 ? across : down));
}

Value Translator::normalised(const OnnxNode& node) {
    constexpr double kUsualEpsilon = 1e-5;
    const auto variance = weight(node, 4);
    const auto factor =
        weight(node, 1) / torch::sqrt(variance + node.number("epsilon", kUsualEpsilon));
    if (!factor.is_meta() && !torch::isfinite(factor).all().item<bool>()) {
        refuse(node, "divides by nothing");
    }
    return builder_.affine(input(node), factor, weight(node, 2) - weight(node, 3) * factor);
}

Value Translator::resized(const OnnxNode& node) {
    const bool is_upsample = node.op == "Upsample";
    const std::size_t place = is_upsample || node.inputs.size() == 2 ? 1 : 2;
    const std::vector<double> scales = given(node, "scales", place);
    if (scales.size() != 4 || scales[0] != 1 || scales[1] != 1 || scales[2] != scales[3]) {
        refuse(node, "enlarges to sizes, or not evenly, which is not supported");
    }
    const int factor = factor_of(node, scales[2]);
    const Value value = input(node);
    if (factor == 1) return value;
    const std::string mode = node.word("mode", "nearest");
    const std::string usual = is_upsample ? "asymmetric" : "half_pixel";
    const std::string places = node.word("coordinate_transformation_mode", usual);
    const bool is_half = places == "half_pixel" || places == "pytorch_half_pixel";
    const std::string nearest = node.word("nearest_mode", "round_prefer_floor");
    // By whole factors these ways are one: each pixel becomes factor^2 equal ones.
    const bool is_copied = (is_half && nearest.compare(0, 5, "round") == 0) ||
                           (places == "asymmetric" && (is_upsample || nearest == "floor"));
    if (mode == "nearest" && is_copied) return builder_.enlarge(value, factor);
    if (mode == "linear" && is_half) {
        return builder_.enlarge(value, factor, nn::Enlarge::Kind::bilinear);
    }
    refuse(node, "enlarges by \"" + mode + "\" and \"" + places + "\", which is not supported");
}

Value Translator::permuted(Value value, const std::vector<std::int64_t>& from) {
    const auto order = torch::tensor(from, torch::kInt64);
    const auto weight = torch::eye(builder_.channels(value)).index_select(0, order);
    const auto count = static_cast<std::int64_t>(from.size());
    return builder_.convolution_of(value, weight.view({count, count, 1, 1}).contiguous(), {});
}

/// ONNX counts the channels of "DCR" by the place in the block first.
Value Translator::depth_to_space(const OnnxNode& node) {
    const int factor = factor_of(node, node.number("blocksize", 0));
    const Value value = input(node);
    const int area = factor * factor;
    const int channels = builder_.channels(value) / area;
    if (channels * area != builder_.channels(value)) refuse(node, "has too few channels");
    if (node.word("mode", "DCR") == "CRD") return builder_.pixel_shuffle(value, factor);
    std::vector<std::int64_t> from;
    for (int c = 0; c < channels; ++c) {
        for (int i = 0; i < area; ++i) from.push_back(std::int64_t{i} * channels + c);
    }
    return builder_.pixel_shuffle(channels == 1 ? value : permuted(value, from), factor);
}

Value Translator::space_to_depth(const OnnxNode& node) {
    const int factor = factor_of(node, node.number("blocksize", 0));
    const Value value = input(node);
    const int channels = builder_.channels(value);
    const int area = factor * factor;
    std::vector<std::int64_t> from;
    for (int i = 0; i < area; ++i) {
        for (int c = 0; c < channels; ++c) from.push_back(std::int64_t{c} * area + i);
    }
    const Value made = builder_.pixel_unshuffle(value, factor);
    return channels == 1 ? made : permuted(made, from);
}

void Translator::add_pad(const OnnxNode& node) {
    const std::vector<double> pads = given(node, "pads", 1);
    const std::vector<double> filling = given(node, "value", 2);
    if (pads.size() != 8 || pads[0] + pads[1] + pads[4] + pads[5] != 0) {
        refuse(node, "pads other than rows and columns");
    }
    if (is_all(pads, 0)) return define(node, input(node));
    if (node.word("mode", "constant") != "constant" || !is_all(filling, 0)) {
        refuse(node, "pads with something else than zeros, which is not supported");
    }
    const Padded padded{input(node), {pads[2], pads[3], pads[6], pads[7]}};
    if (!padded_.emplace(node.outputs[0], padded).second) refuse(node, "is there twice");
}

void Translator::add_split(const OnnxNode& node) {
    const Value value = input(node);
    if (axis_of(node, node.number("axis", 0)) != 1) refuse(node, "parts other than channels");
    std::vector<double> counts = given(node, "split", 1);
    const auto parts = node.outputs.size();
    if (counts.empty()) {
        counts.assign(parts,
                      static_cast<double>(builder_.channels(value)) / static_cast<double>(parts));
    }
    if (counts.size() != parts) refuse(node, "has other sizes than results");
    double first = 0;
    for (std::size_t i = 0; i < parts; ++i) {
        const bool is_count = counts[i] >= 1 && counts[i] == std::floor(counts[i]) &&
                              first + counts[i] <= builder_.channels(value);
        if (!is_count) refuse(node, "parts what is not there");
        define(node, builder_.slice(value, static_cast<int>(first), static_cast<int>(counts[i])),
               i);
        first += counts[i];
    }
}

Value Translator::sliced(const OnnxNode& node) {
    Value value = input(node);
    const std::vector<double> starts = given(node, "starts", 1);
    const std::vector<double> ends = given(node, "ends", 2);
    std::vector<double> axes = given(node, "axes", 3);
    const std::vector<double> steps = given(node, "steps", 4);
    if (axes.empty()) {
        axes.resize(starts.size());
        std::iota(axes.begin(), axes.end(), 0);
    }
    if (starts.size() != ends.size() || axes.size() != starts.size() || !is_all(steps, 1)) {
        refuse(node, "cuts in a way that is not supported");
    }
    for (std::size_t i = 0; i < axes.size(); ++i) {
        constexpr double kBeyond = 1 << 24;  // "to the end"
        const int axis = axis_of(node, axes[i]);
        if (starts[i] == 0 && ends[i] >= kBeyond) continue;
        if (axis != 1) refuse(node, "cuts the picture, which is not supported");
        const double channels = builder_.channels(value);
        const auto place = [channels](double at) {
            return std::clamp(at < 0 ? at + channels : at, 0.0, channels);
        };
        const double first = place(starts[i]);
        const double count = place(ends[i]) - first;
        if (!(count >= 1)) refuse(node, "leaves no channels");
        value = builder_.slice(value, static_cast<int>(first), static_cast<int>(count));
    }
    return value;
}

}  // namespace sisr::onnx
