#include "nn/run_reference.h"

#include "nn/conv/convolve.h"
#include "nn/in_place.h"
#include "nn/products.h"
#include "nn/program_facts.h"

#include <algorithm>

namespace sisr::nn {
namespace {

namespace pad = torch::nn::functional;

torch::Tensor by_channel(const torch::Tensor& values) { return values.view({1, -1, 1, 1}); }

torch::Tensor prepared(const torch::Tensor& input) {
    return input.is_cpu() ? input.contiguous(torch::MemoryFormat::ChannelsLast) : input;
}

/// One axis made a multiple by reflection; of a picture too small for that by its last row.
torch::Tensor pad_end(const torch::Tensor& input, std::int64_t axis, std::int64_t multiple) {
    const std::int64_t size = input.size(axis);
    const std::int64_t missing = (multiple - size % multiple) % multiple;
    if (missing == 0) return input;
    const auto amounts = axis == 2 ? std::vector<std::int64_t>{0, 0, 0, missing}
                                   : std::vector<std::int64_t>{0, missing, 0, 0};
    auto options = pad::PadFuncOptions(amounts);
    if (missing < size) return pad::pad(input, options.mode(torch::kReflect));
    return pad::pad(input, options.mode(torch::kReplicate));
}

torch::Tensor pad_with_zeros(const torch::Tensor& input, std::int64_t multiple) {
    const auto missing = [&](std::int64_t size) { return (multiple - size % multiple) % multiple; };
    return torch::constant_pad_nd(input, {0, missing(input.size(3)), 0, missing(input.size(2))});
}

/// libtorch 1.13 has none for bf16 on the CPU.
torch::Tensor mish_in_float(const torch::Tensor& x) {
    if (!x.is_cpu() || x.scalar_type() == torch::kFloat64) return torch::mish(x);
    return torch::mish(x.to(torch::kFloat32)).to(x.scalar_type());
}

/// A layer of each kind on the values that it reads.
struct Compute {
    const std::vector<torch::Tensor>& in;
    bool in_place;  ///< the first value may be overwritten

    const torch::Tensor& first() const { return in.front(); }

    torch::Tensor operator()(const Input& /*layer*/) const { return first(); }

    torch::Tensor operator()(const Convolution& layer) const {
        const auto& weight = layer.weight;
        const auto input = prepared(first().to(weight.scalar_type()));
        const std::int64_t rows = layer.dilation * (weight.size(2) / 2);
        const std::int64_t columns = layer.dilation * (weight.size(3) / 2);
        if (layer.groups == 1 && layer.dilation == 1 && rows == columns) {
            return convolve(input, weight, layer.bias, 1, rows);
        }
        return torch::conv2d(input, weight, layer.bias, 1, {rows, columns}, layer.dilation,
                             layer.groups);
    }

    torch::Tensor operator()(const Activate& layer) const {
        auto x = first();
        switch (layer.kind) {
            case Activation::relu: return in_place ? torch::relu_(x) : torch::relu(x);
            case Activation::leaky_relu: {
                const auto slope = layer.slopes.item<double>();
                return in_place ? torch::leaky_relu_(x, slope) : torch::leaky_relu(x, slope);
            }
            case Activation::prelu: return torch::prelu(x, layer.slopes.to(x.scalar_type()));
            case Activation::silu: return in_place ? torch::silu_(x) : torch::silu(x);
            case Activation::gelu: return nn::gelu(x);
            case Activation::mish: return mish_in_float(x);
            case Activation::sigmoid: return in_place ? torch::sigmoid_(x) : torch::sigmoid(x);
            case Activation::tanh: return in_place ? torch::tanh_(x) : torch::tanh(x);
        }
        return {};
    }

    torch::Tensor operator()(const Affine& layer) const {
        return first() * by_channel(layer.factor) + by_channel(layer.offset);
    }

    torch::Tensor operator()(const Sum& layer) const {
        auto a = first();
        const auto& b = in.at(1);
        if (in_place && torch::promote_types(a.scalar_type(), b.scalar_type()) == a.scalar_type()) {
            if (layer.first != 1) a.mul_(layer.first);
            return a.add_(b, layer.second);
        }
        return torch::add(layer.first == 1 ? a : a * layer.first, b, layer.second);
    }

    torch::Tensor operator()(const Product& /*layer*/) const { return first() * in.at(1); }

    torch::Tensor operator()(const Concat& /*layer*/) const { return torch::cat(in, 1); }

    torch::Tensor operator()(const PixelShuffle& layer) const {
        return torch::pixel_shuffle(first(), layer.factor);
    }

    torch::Tensor operator()(const PixelUnshuffle& layer) const {
        return torch::pixel_unshuffle(first(), layer.factor);
    }

    torch::Tensor operator()(const Enlarge& layer) const {
        const std::vector<std::int64_t> size{first().size(2) * layer.factor,
                                             first().size(3) * layer.factor};
        if (layer.kind == Enlarge::Kind::nearest) return torch::upsample_nearest2d(first(), size);
        return torch::upsample_bilinear2d(first(), size, /*align_corners=*/false);
    }

    torch::Tensor operator()(const GlobalMean& /*layer*/) const {
        return first().mean({2, 3}, /*keepdim=*/true);
    }

    torch::Tensor operator()(const GroupNorm& layer) const {
        const auto type = first().scalar_type();
        return torch::group_norm(first(), layer.groups, layer.weight.to(type), layer.bias.to(type),
                                 layer.epsilon);
    }

    torch::Tensor operator()(const ChannelNorm& layer) const {
        // With channels last both ways are views.
        const auto type = first().scalar_type();
        const auto pixels = first().permute({0, 2, 3, 1});
        return torch::layer_norm(pixels, {layer.weight.size(0)}, layer.weight.to(type),
                                 layer.bias.to(type), layer.epsilon)
            .permute({0, 3, 1, 2});
    }

    torch::Tensor operator()(const Custom& layer) const {
        std::vector<torch::Tensor> given;
        for (const auto& value : in) given.push_back(value.to(torch::kFloat32));
        return layer.run(given, layer.weights);
    }
};

/// A slice knows only where it begins; the layer, how many channels it has.
torch::Tensor compute(const Layer& layer, const std::vector<torch::Tensor>& in, bool in_place) {
    if (const auto* slice = std::get_if<Slice>(&layer.operation)) {
        return in.front().narrow(1, slice->first, layer.channels);
    }
    const Compute of{in, in_place};
    return std::visit(
        [&of](const auto& operation) -> torch::Tensor {
            if constexpr (std::is_same_v<std::decay_t<decltype(operation)>, Slice>) {
                return {};
            } else {
                return of(operation);
            }
        },
        layer.operation);
}

double work_of(const Layer& layer) {
    if (layer.is_one_pixel) return 0;
    const double side = static_cast<double>(layer.resolution.times) / layer.resolution.over;
    if (const auto* convolution = std::get_if<Convolution>(&layer.operation)) {
        return static_cast<double>(convolution->weight.numel()) * side * side;
    }
    const auto* custom = std::get_if<Custom>(&layer.operation);
    return custom == nullptr ? 0 : static_cast<double>(custom->multiply_adds) * side * side;
}

/// The convolution whose result is the picture itself and nothing is added to; 0 where there is
/// none.
Value maker_of_picture(const Program& program) {
    Value value = program.output;
    while (value != 0) {
        const Layer& layer = program.at(value);
        if (std::holds_alternative<Convolution>(layer.operation)) return value;
        const bool is_carried = std::holds_alternative<PixelShuffle>(layer.operation) ||
                                std::holds_alternative<Affine>(layer.operation) ||
                                std::holds_alternative<Slice>(layer.operation);
        if (!is_carried) return 0;
        value = layer.inputs.front();
    }
    return 0;
}

}  // namespace

torch::Tensor pad_to_multiple(const torch::Tensor& input, std::int64_t multiple) {
    return pad_end(pad_end(input, 2, multiple), 3, multiple);
}

torch::Tensor run_reference(const Program& program, const torch::Tensor& input,
                            const std::function<void(double share)>& on_share) {
    const int multiple = padded_multiple(program);
    const std::vector<Value> last = last_uses(program);
    const std::vector<int> readers = count_readers(program);
    double work = 0;
    for (const Layer& layer : program.layers) work += work_of(layer);

    std::vector<torch::Tensor> values(program.layers.size());
    values.front() = prepared(program.windows.padding == Windows::Padding::zeros
                                  ? pad_with_zeros(input, multiple)
                                  : pad_to_multiple(input, multiple));
    double done = 0;
    for (std::size_t i = 1; i < program.layers.size(); ++i) {
        const Layer& layer = program.layers[i];
        std::vector<torch::Tensor> in;
        for (const Value value : layer.inputs)
            in.push_back(values[static_cast<std::size_t>(value)]);
        const bool is_recorded = torch::GradMode::is_enabled() && in.front().requires_grad();
        values[i] = compute(layer, in, !is_recorded && may_be_in_place(program, layer, readers));
        in.clear();
        for (const Value value : layer.inputs) {
            auto& read = values[static_cast<std::size_t>(value)];
            if (last[static_cast<std::size_t>(value)] == static_cast<Value>(i)) read.reset();
        }
        done += work_of(layer);
        if (work_of(layer) > 0) on_share(done / work);
    }
    const auto& result = values[static_cast<std::size_t>(program.output)];
    const std::int64_t enlarged = scale(program);
    return result.slice(2, 0, enlarged * input.size(2)).slice(3, 0, enlarged * input.size(3));
}

Program moved(const Program& program, torch::Device device, torch::ScalarType type) {
    Program result = program;
    const auto move = [&](torch::Tensor& tensor, torch::ScalarType to) {
        if (tensor.defined()) tensor = tensor.to(device, to);
    };
    const Value last = maker_of_picture(program);
    for (Value value = 0; value < static_cast<Value>(result.layers.size()); ++value) {
        Layer& layer = result.layers[static_cast<std::size_t>(value)];
        if (auto* convolution = std::get_if<Convolution>(&layer.operation)) {
            const auto to = value == last ? torch::kFloat32 : type;
            move(convolution->weight, to);
            move(convolution->bias, to);
        } else if (auto* activate = std::get_if<Activate>(&layer.operation)) {
            move(activate->slopes, type);
        } else if (auto* affine = std::get_if<Affine>(&layer.operation)) {
            move(affine->factor, torch::kFloat32);
            move(affine->offset, torch::kFloat32);
        } else if (auto* norm = std::get_if<GroupNorm>(&layer.operation)) {
            move(norm->weight, type);
            move(norm->bias, type);
        } else if (auto* by_pixel = std::get_if<ChannelNorm>(&layer.operation)) {
            move(by_pixel->weight, type);
            move(by_pixel->bias, type);
        } else if (auto* custom = std::get_if<Custom>(&layer.operation)) {
            for (auto& item : custom->weights) move(item.second, torch::kFloat32);
        }
    }
    return result;
}

}  // namespace sisr::nn
