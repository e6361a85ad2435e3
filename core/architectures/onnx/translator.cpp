#include "architectures/onnx/translator.h"

#include "architectures/shape_reader.h"

#include <sisr/error.h>

#include <algorithm>
#include <cmath>
#include <utility>

namespace sisr::onnx {

using nn::Activation;
using nn::Value;

namespace {

[[noreturn]] void refuse(const OnnxNode& node, const std::string& reason) {
    refuse_model(node.op + " \"" + node.name + "\" " + reason);
}

bool is_near(double a, double b) { return std::abs(a - b) <= 1e-4 * std::abs(b); }

}  // namespace

int input_channels(const OnnxGraph& graph, const Shapes& shapes) {
    if (graph.input_channels > 0) return graph.input_channels;
    for (const OnnxNode& node : graph.nodes) {
        if (node.op != "Conv" || node.inputs.size() < 2) continue;
        const auto weight = shapes.find(node.inputs[1]);
        if (weight == shapes.end() || weight->second.size() != 4) continue;
        const double channels =
            static_cast<double>(weight->second[1]) * std::max(1.0, node.number("group", 1));
        // That of an unshuffled picture tells no channels.
        if (channels == 1 || channels == 3 || channels == 4) return static_cast<int>(channels);
        break;
    }
    constexpr int kColour = 3;
    return kColour;
}

Value Translator::run() {
    values_[graph_.input] = nn::ProgramBuilder::kInput;
    for (const OnnxNode& node : graph_.nodes) {
        try {
            translate(node);
        } catch (const Error& error) {
            const std::string name = node.op + " \"" + node.name + "\"";
            const std::string reason = std::string(error.what()).substr(error.subject().size() + 2);
            if (reason.compare(0, name.size(), name) == 0) throw;
            throw Error(error.kind(), error.subject(), name + ": " + reason);
        }
    }
    const auto found = values_.find(graph_.output);
    if (found == values_.end()) refuse_model("its result is made by no node");
    return found->second;
}

void Translator::translate(const OnnxNode& node) {
    if (node.outputs.empty()) refuse(node, "makes nothing");
    const bool is_known = translate_activation(node) || translate_shape(node) ||
                          translate_arithmetic(node) || translate_weighted(node);
    if (!is_known) refuse(node, "is of a kind that is not supported");
}

Value Translator::input(const OnnxNode& node, std::size_t index) const {
    if (index >= node.inputs.size()) refuse(node, "takes too little");
    const std::string& name = node.inputs[index];
    const auto found = values_.find(name);
    if (found != values_.end()) return found->second;
    if (padded_.count(name) != 0) refuse(node, "takes padded values, as only convolutions may");
    if (partial_.count(name) != 0) refuse(node, "takes a function that is not supported");
    if (is_weight(node, index)) refuse(node, "takes a constant, which is not supported");
    refuse(node, "takes \"" + name + "\", which no node before it makes");
}

void Translator::define(const OnnxNode& node, Value value, std::size_t index) {
    const std::string& name = node.outputs.at(index);
    const bool is_new = padded_.count(name) == 0 && partial_.count(name) == 0 &&
                        values_.emplace(name, value).second;
    if (!is_new) refuse(node, "makes \"" + name + "\" a second time");
}

bool Translator::is_weight(const OnnxNode& node, std::size_t index) const {
    if (index >= node.inputs.size()) return false;
    const auto other = renamed_.find(node.inputs[index]);
    return builder_.has(other == renamed_.end() ? node.inputs[index] : other->second);
}

torch::Tensor Translator::weight(const OnnxNode& node, std::size_t index) {
    if (!is_weight(node, index)) refuse(node, "has no weight that the file holds");
    const auto other = renamed_.find(node.inputs[index]);
    return builder_.take(other == renamed_.end() ? node.inputs[index] : other->second);
}

std::vector<double> Translator::given(const OnnxNode& node, const std::string& attribute,
                                      std::size_t index) {
    const std::vector<double>& list = node.list(attribute);
    if (!list.empty() || index >= node.inputs.size() || node.inputs[index].empty()) return list;
    const auto other = renamed_.find(node.inputs[index]);
    const std::string& name = other == renamed_.end() ? node.inputs[index] : other->second;
    const auto found = graph_.constants.find(name);
    if (found == graph_.constants.end()) {
        refuse(node, "takes its " + attribute + " from what is computed, which is not supported");
    }
    builder_.ignore(name);
    return found->second;
}

torch::Tensor Translator::by_channel(Value value, double number) const {
    return torch::full({builder_.channels(value)}, number, torch::kFloat32);
}

bool Translator::translate_activation(const OnnxNode& node) {
    constexpr std::pair<const char*, Activation> kPlain[] = {
        {"Relu", Activation::relu}, {"Sigmoid", Activation::sigmoid}, {"Mish", Activation::mish}};
    for (const auto& [op, kind] : kPlain) {
        if (node.op != op) continue;
        define(node, builder_.activate(input(node), kind));
        return true;
    }
    if (add_partial(node)) return true;
    if (node.op == "Tanh") {
        define(node, builder_.activate(input(node), Activation::tanh));
    } else if (node.op == "Gelu" && node.word("approximate", "none") == "none") {
        define(node, builder_.activate(input(node), Activation::gelu));
    } else if (node.op == "LeakyRelu") {
        constexpr double kUsual = 0.01;
        define(node, builder_.leaky_relu(input(node), node.number("alpha", kUsual)));
    } else if (node.op == "PRelu") {
        define(node, builder_.prelu_of(input(node), weight(node, 1).reshape({-1})));
    } else if (node.op == "Clip") {
        define(node, clipped(node));
    } else {
        return false;
    }
    return true;
}

/// erf(x / sqrt(2)), and softplus and its tanh: of use in GELU and Mish alone.
bool Translator::add_partial(const OnnxNode& node) {
    using Kind = Partial::Kind;
    if (node.op == "Erf") {
        const auto scaled = scaled_.find(input(node));
        const bool is_known = scaled != scaled_.end() && is_near(scaled->second.second, M_SQRT1_2);
        if (!is_known) refuse(node, "is not a part of GELU, which alone is supported");
        partial_[node.outputs[0]] = {Kind::erf, scaled->second.first, 1};
        return true;
    }
    if (node.op == "Softplus") {
        partial_[node.outputs[0]] = {Kind::softplus, input(node), 1};
        return true;
    }
    const auto found = node.inputs.empty() ? partial_.end() : partial_.find(node.inputs[0]);
    if (node.op != "Tanh" || found == partial_.end() || found->second.kind != Kind::softplus) {
        return false;
    }
    partial_[node.outputs[0]] = {Kind::tanh_softplus, found->second.of, 1};
    return true;
}

/// Sums and products with those parts: the whole function, or another part (then none is returned
/// and the node is done with).
std::optional<Value> Translator::completed(const OnnxNode& node) {
    using Kind = Partial::Kind;
    for (const std::size_t index : {0, 1}) {
        const auto found = partial_.find(node.inputs[index]);
        if (found == partial_.end()) continue;
        const Partial part = found->second;
        const std::size_t other = 1 - index;
        if (is_weight(node, other)) {
            const std::vector<double> number = given(node, "", other);
            if (number.size() != 1) refuse(node, "takes a function that is not supported");
            if (node.op == "Add" && part.kind == Kind::erf && number[0] == 1) {
                partial_[node.outputs[0]] = {Kind::one_plus_erf, part.of, part.factor};
                return std::nullopt;
            }
            if (node.op == "Mul" && part.kind == Kind::one_plus_erf) {
                partial_[node.outputs[0]] = {part.kind, part.of, part.factor * number[0]};
                return std::nullopt;
            }
            refuse(node, "takes a function that is not supported");
        }
        // The other factor may be halved before.
        Value value = input(node, other);
        double factor = 2 * part.factor;
        const auto scaled = scaled_.find(value);
        if (value != part.of && scaled != scaled_.end()) {
            value = scaled->second.first;
            factor *= scaled->second.second;
        }
        if (node.op != "Mul" || value != part.of) refuse(node, "is no function that is known");
        if (part.kind == Kind::tanh_softplus) return builder_.activate(part.of, Activation::mish);
        if (part.kind != Kind::one_plus_erf) refuse(node, "is no function that is known");
        const Value whole = builder_.activate(part.of, Activation::gelu);
        if (is_near(factor, 1)) return whole;
        return builder_.affine(whole, by_channel(whole, factor), by_channel(whole, 0));
    }
    refuse(node, "is no function that is known");
}

bool Translator::translate_arithmetic(const OnnxNode& node) {
    if (node.op == "Neg") {
        const Value value = input(node);
        define(node, builder_.affine(value, by_channel(value, -1), by_channel(value, 0)));
        return true;
    }
    if (node.op != "Add" && node.op != "Sub" && node.op != "Mul" && node.op != "Div") return false;
    if (node.inputs.size() != 2) refuse(node, "has not two inputs");
    if (partial_.count(node.inputs[0]) + partial_.count(node.inputs[1]) > 0) {
        if (const auto whole = completed(node)) define(node, *whole);
    } else {
        define(node, combined(node));
    }
    return true;
}

Value Translator::combined(const OnnxNode& node) {
    for (const std::size_t index : {0, 1}) {
        if (!is_weight(node, index)) continue;
        return with_constant(node, input(node, 1 - index), weight(node, index), index == 0);
    }
    const Value a = input(node, 0);
    const Value b = input(node, 1);
    if (node.op == "Add") return builder_.sum(a, b);
    if (node.op == "Sub") return builder_.sum(a, b, 1, -1);
    if (node.op != "Mul") refuse(node, "divides by what is computed, which is not supported");
    return builder_.product(a, b);
}

/// constant: one number, or one for each channel. is_first: it stands on the left.
Value Translator::with_constant(const OnnxNode& node, Value value, torch::Tensor constant,
                                bool is_first) {
    const int channels = builder_.channels(value);
    // [C,1,1] or [1,C,1,1]; without the ones at its end it would be of columns.
    const bool is_by_channel =
        constant.numel() == channels && constant.dim() >= 3 && constant.size(-3) == channels;
    const bool is_one = constant.numel() == 1;
    if (!is_one && !is_by_channel) {
        refuse(node, "takes a constant of another shape than one number for each channel");
    }
    const bool is_told = is_one && !constant.is_meta();
    double number = is_told ? constant.item<double>() : 0;
    constant = constant.reshape({-1}).expand({channels}).contiguous();
    const auto zero = by_channel(value, 0);
    const auto one = by_channel(value, 1);
    if (node.op == "Add") return builder_.affine(value, one, constant);
    if (node.op == "Sub" && is_first) return builder_.affine(value, -one, constant);
    if (node.op == "Sub") return builder_.affine(value, one, -constant);
    if (node.op == "Div") {
        if (is_first) refuse(node, "divides a number by what is computed");
        constant = 1 / constant;
        number = 1 / number;
        if (!constant.is_meta() && !torch::isfinite(constant).all().item<bool>()) {
            refuse(node, "divides by nothing");
        }
    }
    const Value made = builder_.affine(value, constant, zero);
    if (is_one) {
        // Sizes alone have no numbers but those that the graph tells.
        const auto told = graph_.constants.find(node.inputs[is_first ? 0 : 1]);
        if (told != graph_.constants.end() && told->second.size() == 1) {
            number = node.op == "Div" ? 1 / told->second[0] : told->second[0];
        }
        scaled_[made] = {value, number};
    }
    return made;
}

/// min(max(x, least), most) by what a program has: least + relu(x - least) - relu(x - most).
Value Translator::clipped(const OnnxNode& node) {
    const Value value = input(node);
    const auto bound = [&](const char* attribute, std::size_t index) -> std::optional<double> {
        const std::vector<double> list = given(node, attribute, index);
        return list.empty() ? std::nullopt : std::optional<double>(list[0]);
    };
    const auto least = bound("min", 1);
    const auto most = bound("max", 2);
    const auto above = [&](Value of, double number) {
        const Value moved = builder_.affine(of, by_channel(of, 1), by_channel(of, -number));
        return builder_.activate(moved, Activation::relu);
    };
    const auto moved_by = [&](Value of, double factor, double number) {
        return builder_.affine(of, by_channel(of, factor), by_channel(of, number));
    };
    constexpr double kNone = 1e30;  // exporters write the largest float for "no bound"
    const bool has_least = least && *least > -kNone;
    const bool has_most = most && *most < kNone;
    if (has_least && has_most) {
        return moved_by(builder_.sum(above(value, *least), above(value, *most), 1, -1), 1, *least);
    }
    if (has_least) return moved_by(above(value, *least), 1, *least);
    if (!has_most) return value;
    return builder_.sum(value, above(value, *most), 1, -1);
}

}  // namespace sisr::onnx
