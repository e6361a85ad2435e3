#include "nn/program_builder.h"

#include <sisr/error.h>

#include <algorithm>
#include <numeric>
#include <utility>

namespace sisr::nn {
namespace {

// Five times what any network has; a layer may make as many of nothing.
constexpr int kMostChannels = 1 << 16;
constexpr int kMostEnlarged = 64;

[[noreturn]] void fail(const std::string& reason) {
    throw Error(ErrorKind::bad_model, "model", reason);
}

[[noreturn]] void fail_of(const std::string& tensor, const std::string& reason) {
    fail("tensor \"" + tensor + "\" " + reason);
}

std::string shape_of(at::IntArrayRef sizes) {
    std::string text = "[";
    for (std::size_t i = 0; i < sizes.size(); ++i) {
        text += (i > 0 ? "," : "") + std::to_string(sizes[i]);
    }
    return text + "]";
}

std::string shape_of(const torch::Tensor& tensor) { return shape_of(tensor.sizes()); }

Resolution scaled(Resolution resolution, int times, int over) {
    const int up = resolution.times * times;
    const int down = resolution.over * over;
    const int common = std::gcd(up, down);
    if (up / common > kMostEnlarged || down / common > kMostEnlarged) {
        fail("enlarges or reduces more than " + std::to_string(kMostEnlarged) + " times");
    }
    return {up / common, down / common};
}

void check_factor(int factor) {
    if (factor < 1 || factor > kMostEnlarged) {
        fail("a factor of " + std::to_string(factor) + " is no size");
    }
}

void check_each_channel(const torch::Tensor& values, int channels, const char* what) {
    if (values.dim() != 1 || values.size(0) != channels) {
        fail(std::string(what) + " has the shape " + shape_of(values) + ", not [" +
             std::to_string(channels) + "]");
    }
}

/// Why a weight cannot be applied to so many channels; empty when it can.
std::string fault_of_weight(const torch::Tensor& weight, int channels, int groups) {
    if (weight.dim() != 4 || weight.numel() == 0) {
        return "has the shape " + shape_of(weight) + ", which is no convolution";
    }
    if (weight.size(2) % 2 == 0 || weight.size(3) % 2 == 0) {
        return "has a kernel of even size: " + shape_of(weight);
    }
    if (groups < 1 || weight.size(0) % groups != 0 || weight.size(1) * groups != channels) {
        return "has the shape " + shape_of(weight) + ", which does not fit " +
               std::to_string(channels) + " channels";
    }
    return {};
}

/// What a picture's sides must be a multiple of. Whoever asks for a program's facts goes through as
/// many phases, so the sizes of branches that have no common measure are refused.
void check_alignment(const Program& program) {
    int common = 1;
    for (const Layer& layer : program.layers) {
        common = std::lcm(common, layer.resolution.over);
        if (common > kMostEnlarged) {
            fail("its layers need pictures whose sides are multiples of " + std::to_string(common));
        }
    }
}

/// The layers that the output needs, renumbered.
Program without_idle_layers(const Program& program) {
    std::vector<bool> is_needed(program.layers.size(), false);
    is_needed.front() = true;
    is_needed[static_cast<std::size_t>(program.output)] = true;
    for (std::size_t i = program.layers.size(); i-- > 0;) {
        if (!is_needed[i]) continue;
        for (const Value input : program.layers[i].inputs) {
            is_needed[static_cast<std::size_t>(input)] = true;
        }
    }
    Program kept;
    std::vector<Value> place(program.layers.size(), 0);
    for (std::size_t i = 0; i < program.layers.size(); ++i) {
        if (!is_needed[i]) continue;
        place[i] = static_cast<Value>(kept.layers.size());
        kept.layers.push_back(program.layers[i]);
        for (Value& input : kept.layers.back().inputs) {
            input = place[static_cast<std::size_t>(input)];
        }
    }
    kept.output = place[static_cast<std::size_t>(program.output)];
    kept.windows = program.windows;
    return kept;
}

}  // namespace

ProgramBuilder::ProgramBuilder(const Tensors& tensors, int input_channels) : tensors_(tensors) {
    append(Input{}, {}, input_channels, {});
}

Value ProgramBuilder::append(Operation operation, std::vector<Value> inputs, int channels,
                             Resolution resolution) {
    if (channels < 1 || channels > kMostChannels) {
        fail("a layer would have " + std::to_string(channels) + " channels");
    }
    // A mean and what is made of it alone is one pixel.
    bool is_one_pixel = std::holds_alternative<GlobalMean>(operation);
    if (!is_one_pixel && !inputs.empty() && !std::holds_alternative<Custom>(operation)) {
        is_one_pixel = std::all_of(inputs.begin(), inputs.end(),
                                   [this](Value input) { return program_.at(input).is_one_pixel; });
    }
    program_.layers.push_back(
        {std::move(operation), std::move(inputs), channels, resolution, is_one_pixel});
    return static_cast<Value>(program_.layers.size()) - 1;
}

torch::Tensor ProgramBuilder::take(const std::string& name) {
    const auto found = tensors_.find(name);
    if (found == tensors_.end()) fail_of(name, "is missing");
    const torch::Tensor& tensor = found->second;
    if (!tensor.is_floating_point()) fail_of(name, "holds no floating-point numbers");
    const auto values = tensor.to(torch::kFloat32).contiguous();
    if (!values.is_meta() && !torch::isfinite(values).all().item<bool>()) {
        fail_of(name, "holds NaN or Inf");
    }
    used_.insert(name);
    return values;
}

torch::Tensor ProgramBuilder::take_each(const std::string& name, int channels) {
    return take_of(name, {channels});
}

torch::Tensor ProgramBuilder::take_of(const std::string& name,
                                      const std::vector<std::int64_t>& shape) {
    auto values = take(name);
    if (values.sizes() != shape) {
        fail_of(name, "has the shape " + shape_of(values.sizes()) + ", not " + shape_of(shape));
    }
    return values;
}

Value ProgramBuilder::convolution(Value input, const std::string& name, int groups, int dilation) {
    const auto weight = take(name + ".weight");
    const std::string fault = fault_of_weight(weight, channels(input), groups);
    if (!fault.empty()) fail_of(name + ".weight", fault);
    const auto outputs = static_cast<int>(weight.size(0));
    const auto bias = has(name + ".bias") ? take_each(name + ".bias", outputs) : torch::Tensor();
    return convolution_of(input, weight, bias, groups, dilation);
}

Value ProgramBuilder::convolution_of(Value input, torch::Tensor weight, torch::Tensor bias,
                                     int groups, int dilation) {
    const std::string fault = fault_of_weight(weight, channels(input), groups);
    if (!fault.empty()) fail("a convolution's weight " + fault);
    const auto outputs = static_cast<int>(weight.size(0));
    if (!bias.defined()) bias = torch::zeros({outputs});
    check_each_channel(bias, outputs, "a convolution's bias");
    check_factor(dilation);
    Convolution operation{std::move(weight), std::move(bias), groups, dilation};
    return append(std::move(operation), {input}, outputs, program_.at(input).resolution);
}

Value ProgramBuilder::activate(Value input, Activation kind) {
    if (kind == Activation::leaky_relu || kind == Activation::prelu) {
        fail("an activation lacks its slopes");
    }
    return append(Activate{kind, {}}, {input}, channels(input), program_.at(input).resolution);
}

Value ProgramBuilder::leaky_relu(Value input, double slope) {
    Activate operation{Activation::leaky_relu, torch::full({1}, slope, torch::kFloat32)};
    return append(std::move(operation), {input}, channels(input), program_.at(input).resolution);
}

Value ProgramBuilder::prelu(Value input, const std::string& name) {
    auto slopes = take(name + ".weight");
    const bool is_for_all = slopes.dim() <= 1 && slopes.numel() == 1;
    if (!is_for_all && (slopes.dim() != 1 || slopes.size(0) != channels(input))) {
        fail_of(name + ".weight", "has the shape " + shape_of(slopes) + ", not [" +
                                      std::to_string(channels(input)) + "]");
    }
    return prelu_of(input, std::move(slopes));
}

Value ProgramBuilder::prelu_of(Value input, torch::Tensor slopes) {
    if (slopes.dim() <= 1 && slopes.numel() == 1) {
        slopes = slopes.reshape({1}).expand({channels(input)}).contiguous();
    }
    check_each_channel(slopes, channels(input), "a slope by channel");
    return append(Activate{Activation::prelu, slopes}, {input}, channels(input),
                  program_.at(input).resolution);
}

Value ProgramBuilder::affine(Value input, torch::Tensor factor, torch::Tensor offset) {
    check_each_channel(factor, channels(input), "a factor by channel");
    check_each_channel(offset, channels(input), "an offset by channel");
    return append(Affine{std::move(factor), std::move(offset)}, {input}, channels(input),
                  program_.at(input).resolution);
}

Value ProgramBuilder::sum(Value a, Value b, double a_factor, double b_factor) {
    if (program_.at(a).is_one_pixel && !program_.at(b).is_one_pixel) {
        return sum(b, a, b_factor, a_factor);
    }
    if (channels(a) != channels(b)) {
        fail("adds " + std::to_string(channels(b)) + " channels to " + std::to_string(channels(a)));
    }
    if (!program_.at(b).is_one_pixel && !(program_.at(a).resolution == program_.at(b).resolution)) {
        fail("adds values of different sizes");
    }
    return append(Sum{static_cast<float>(a_factor), static_cast<float>(b_factor)}, {a, b},
                  channels(a), program_.at(a).resolution);
}

Value ProgramBuilder::product(Value a, Value b) {
    const bool is_turned = program_.at(a).is_one_pixel != program_.at(b).is_one_pixel
                               ? program_.at(a).is_one_pixel
                               : channels(a) == 1 && channels(b) != 1;
    if (is_turned) std::swap(a, b);
    if (channels(b) != channels(a) && channels(b) != 1) {
        fail("multiplies " + std::to_string(channels(a)) + " channels by " +
             std::to_string(channels(b)));
    }
    if (!program_.at(b).is_one_pixel && !(program_.at(a).resolution == program_.at(b).resolution)) {
        fail("multiplies values of different sizes");
    }
    return append(Product{}, {a, b}, channels(a), program_.at(a).resolution);
}

Value ProgramBuilder::concat(std::vector<Value> inputs) {
    if (inputs.empty()) fail("puts no values behind one another");
    if (inputs.size() == 1) return inputs.front();
    const Layer& first = program_.at(inputs.front());
    const Resolution resolution = first.resolution;
    int sum = 0;
    for (const Value input : inputs) {
        const Layer& layer = program_.at(input);
        const bool fits =
            layer.resolution == resolution && layer.is_one_pixel == first.is_one_pixel;
        if (!fits) fail("puts values of different sizes behind one another");
        sum += layer.channels;
        if (sum > kMostChannels) break;  // which append refuses
    }
    return append(Concat{}, std::move(inputs), sum, resolution);
}

Value ProgramBuilder::slice(Value input, int first, int count) {
    if (first < 0 || count < 1 || first > channels(input) - count) {
        fail("takes channels " + std::to_string(first) + " to " + std::to_string(first + count) +
             " of " + std::to_string(channels(input)));
    }
    if (count == channels(input)) return input;
    return append(Slice{first}, {input}, count, program_.at(input).resolution);
}

Value ProgramBuilder::pixel_shuffle(Value input, int factor) {
    check_factor(factor);
    if (channels(input) % (factor * factor) != 0 || program_.at(input).is_one_pixel) {
        fail(std::to_string(channels(input)) + " channels make no " + std::to_string(factor) +
             " times larger picture");
    }
    if (factor == 1) return input;
    return append(PixelShuffle{factor}, {input}, channels(input) / (factor * factor),
                  scaled(program_.at(input).resolution, factor, 1));
}

Value ProgramBuilder::pixel_unshuffle(Value input, int factor) {
    check_factor(factor);
    if (program_.at(input).is_one_pixel) fail("unshuffles a mean");
    if (factor == 1) return input;
    return append(PixelUnshuffle{factor}, {input}, channels(input) * factor * factor,
                  scaled(program_.at(input).resolution, 1, factor));
}

Value ProgramBuilder::enlarge(Value input, int factor, Enlarge::Kind kind) {
    check_factor(factor);
    if (program_.at(input).is_one_pixel) fail("enlarges a mean");
    if (factor == 1) return input;
    return append(Enlarge{factor, kind}, {input}, channels(input),
                  scaled(program_.at(input).resolution, factor, 1));
}

Value ProgramBuilder::global_mean(Value input) {
    return append(GlobalMean{}, {input}, channels(input), program_.at(input).resolution);
}

Value ProgramBuilder::group_norm(Value input, const std::string& name, int groups, double epsilon) {
    const int count = channels(input);
    if (groups < 1 || count % groups != 0) {
        fail(std::to_string(count) + " channels make no " + std::to_string(groups) + " groups");
    }
    GroupNorm operation{groups, take_each(name + ".weight", count),
                        take_each(name + ".bias", count), epsilon};
    return append(std::move(operation), {input}, count, program_.at(input).resolution);
}

Value ProgramBuilder::channel_norm(Value input, const std::string& name, double epsilon) {
    const int count = channels(input);
    ChannelNorm operation{take_each(name + ".weight", count), take_each(name + ".bias", count),
                          epsilon};
    return append(std::move(operation), {input}, count, program_.at(input).resolution);
}

Value ProgramBuilder::custom(std::vector<Value> inputs, Custom operation, int channels,
                             Resolution resolution) {
    return append(std::move(operation), std::move(inputs), channels, scaled(resolution, 1, 1));
}

Value ProgramBuilder::custom(std::vector<Value> inputs, Custom operation) {
    const Layer& like = program_.at(inputs.front());
    const int channels = like.channels;
    return append(std::move(operation), std::move(inputs), channels, like.resolution);
}

Program ProgramBuilder::finish(Value output) {
    const Layer& last = program_.at(output);
    if (last.resolution.over != 1 || last.is_one_pixel) {
        fail("its result is no whole multiple of its input's size");
    }
    program_.output = output;
    Program program = without_idle_layers(program_);
    check_alignment(program);
    return program;
}

std::vector<std::string> ProgramBuilder::unused() const {
    std::vector<std::string> names;
    for (const auto& item : tensors_) {
        if (used_.count(item.first) == 0) names.push_back(item.first);
    }
    return names;
}

}  // namespace sisr::nn
