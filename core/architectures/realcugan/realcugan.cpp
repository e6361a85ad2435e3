#include "architectures/realcugan/realcugan.h"

#include "architectures/realcugan/unet.h"
#include "architectures/shape_reader.h"

#include <utility>

namespace sisr {
namespace {

using nn::ProgramBuilder;
using nn::Value;

// What a file by the name of "pro" computes with, of values from 0 to 1.
constexpr double kProFactor = 0.7;
constexpr double kProOffset = 0.15;

// "UpCunet2x_fast" sees pictures of three colours, of which four pixels are one.
constexpr int kFastInputs = 12;
constexpr int kFastUnshuffle = 2;

struct Layout {
    UNetInput input;
    int channels = 3;     ///< of the input
    int factor = 2;       ///< of the first U-Net
    bool is_pro = false;  ///< trained on values of a narrower range
    bool is_fast = false;
    bool is_shuffled =
        false;  ///< the U-Nets make features, of which a PixelShuffle makes a picture

    int scale() const { return factor * (is_shuffled ? 2 : 1) / input.unshuffle; }
};

Layout layout_of(const ShapeReader& shapes) {
    Layout layout;
    const int seen = shapes.inputs("unet1.conv1.conv.0");
    layout.is_shuffled = shapes.has("conv_final.weight");
    layout.is_fast = layout.is_shuffled && seen == kFastInputs;
    layout.is_pro = shapes.has("pro") && !layout.is_fast;
    layout.channels = layout.is_fast ? 3 : seen;
    if (layout.is_fast) {
        layout.input = {38, 4, kFastUnshuffle};
    } else if (layout.is_shuffled) {
        layout.input = {19, 2, 1};
    } else if (shapes.kernel("unet1.conv_bottom") == 5) {
        layout.factor = 3;
        layout.input = {14, 4, 1};
    }
    return layout;
}

bool is_realcugan(const ShapeReader& shapes) {
    return shapes.has_all(
        {"unet1.conv1.conv.0.weight", "unet1.conv1_down.weight", "unet1.conv2.seblock.conv1.weight",
         "unet1.conv2_up.weight", "unet1.conv_bottom.weight", "unet2.conv1.conv.0.weight",
         "unet2.conv2.seblock.conv1.weight", "unet2.conv4_up.weight", "unet2.conv_bottom.weight"});
}

std::optional<Spec> read(const Shapes& all, const Metadata& /*metadata*/) {
    const ShapeReader shapes(all);
    if (!is_realcugan(shapes)) return std::nullopt;
    const Layout layout = layout_of(shapes);
    Spec spec;
    spec.scale = layout.scale();
    spec.input_channels = layout.channels;
    spec.output_channels =
        layout.is_shuffled ? shapes.outputs("conv_final") / 4 : shapes.outputs("unet2.conv_bottom");
    spec.exactness = Exactness::approximate;
    spec.is_bf16_safe = false;
    spec.words = std::string("two U-Nets") + (layout.is_pro ? ", pro" : "") +
                 (layout.is_fast ? ", fast" : "");
    return spec;
}

/// Takes the layers of a U-Net into a Custom by their names within it, and counts their work.
class UNetReader {
public:
    UNetReader(ProgramBuilder& builder, std::string prefix)
        : builder_(builder), prefix_(std::move(prefix)) {}

    /// A convolution of maps of one of 4^halvings pixels; how many channels it makes.
    int convolution(const std::string& name, int inputs, int kernel, int halvings) {
        const auto weight = taken(name, inputs, 1, kernel);
        const auto outputs = static_cast<int>(weight.size(0));
        keep(name, weight, builder_.take_each(prefix_ + name + ".bias", outputs), halvings);
        return outputs;
    }

    /// A transposed one, see enlarging_convolution().
    int transposed(const std::string& name, int inputs, int kernel, int stride, int halvings) {
        const auto weight = taken(name, inputs, 0, kernel);
        const auto outputs = static_cast<int>(weight.size(1));
        const auto bias = builder_.take_each(prefix_ + name + ".bias", outputs);
        keep(name, enlarging_convolution(weight, stride), bias.repeat({stride * stride}), halvings);
        return outputs;
    }

    int twice(const std::string& name, int inputs, int halvings) {
        const int middle = convolution(name + ".conv.0", inputs, 3, halvings);
        return convolution(name + ".conv.2", middle, 3, halvings);
    }

    /// The same, and what weighs its channels.
    int weighed_twice(const std::string& name, int inputs, int halvings) {
        const int channels = twice(name, inputs, halvings);
        const std::string block = name + ".seblock.";
        const int few = convolution(block + "conv1", channels, 1, kOnePixel);
        same(block + "conv2", convolution(block + "conv2", few, 1, kOnePixel), channels);
        return channels;
    }

    /// What is added to each other must be alike.
    void same(const std::string& name, int channels, int wanted) const {
        if (channels == wanted) return;
        refuse_model("tensor \"" + prefix_ + name + ".weight\" makes " + std::to_string(channels) +
                     " channels, not " + std::to_string(wanted));
    }

    nn::Custom::Weights weights() { return std::move(weights_); }
    /// Multiply-adds for a pixel of the widest maps.
    double work() const { return work_; }

private:
    static constexpr int kOnePixel = 16;

    torch::Tensor taken(const std::string& name, int inputs, int axis, int kernel) const {
        const std::string full = prefix_ + name + ".weight";
        const auto weight = builder_.take(full);
        const bool fits = weight.dim() == 4 && weight.numel() > 0 && weight.size(axis) == inputs &&
                          weight.size(2) == kernel && weight.size(3) == kernel;
        if (!fits) {
            refuse_model("tensor \"" + full + "\" is no convolution of " + std::to_string(kernel) +
                         "x" + std::to_string(kernel) + " and " + std::to_string(inputs) +
                         " channels");
        }
        return weight;
    }

    void keep(const std::string& name, const torch::Tensor& weight, const torch::Tensor& bias,
              int halvings) {
        weights_[name + ".weight"] = weight;
        weights_[name + ".bias"] = bias;
        work_ += static_cast<double>(weight.numel()) / static_cast<double>(1LL << (2 * halvings));
    }

    ProgramBuilder& builder_;
    std::string prefix_;
    nn::Custom::Weights weights_;
    double work_ = 0;
};

// Maps of a U-Net that are alive at once: two that are added to each other, and the sum.
constexpr int kMaps = 3;

Value shallow_unet(ProgramBuilder& b, Value input, const Layout& layout) {
    UNetReader reader(b, "unet1.");
    const int factor = layout.factor;
    const int wide = reader.twice(
        "conv1", b.channels(input) * layout.input.unshuffle * layout.input.unshuffle, 0);
    const int inner =
        reader.weighed_twice("conv2", reader.convolution("conv1_down", wide, 2, 1), 1);
    reader.same("conv2_up", reader.transposed("conv2_up", inner, 2, 2, 1), wide);
    const int last = reader.convolution("conv3", wide, 3, 0);
    const int made = reader.transposed("conv_bottom", last, factor + 2, factor, 0);
    nn::Custom operation;
    const int area = factor * factor;  // pixels of the result for one of the maps
    operation.weights = reader.weights();
    operation.multiply_adds = static_cast<std::int64_t>(reader.work() / area);
    operation.values = (kMaps * wide + area - 1) / area + made;
    operation.run = [input = layout.input, factor](const std::vector<torch::Tensor>& inputs,
                                                   const nn::Custom::Weights& weights) {
        return run_shallow_unet(inputs.front(), weights, input, factor);
    };
    return b.custom({input}, std::move(operation), made, {factor, layout.input.unshuffle});
}

Value deep_unet(ProgramBuilder& b, Value features) {
    UNetReader reader(b, "unet2.");
    const int wide = reader.twice("conv1", b.channels(features), 0);
    const int half = reader.weighed_twice("conv2", reader.convolution("conv1_down", wide, 2, 1), 1);
    const int quarter =
        reader.weighed_twice("conv3", reader.convolution("conv2_down", half, 2, 2), 2);
    reader.same("conv3_up", reader.transposed("conv3_up", quarter, 2, 2, 2), half);
    const int inner = reader.weighed_twice("conv4", half, 1);
    reader.same("conv4_up", reader.transposed("conv4_up", inner, 2, 2, 1), wide);
    const int last = reader.convolution("conv5", wide, 3, 0);
    reader.same("conv_bottom", reader.convolution("conv_bottom", last, 3, 0), b.channels(features));
    nn::Custom operation;
    operation.weights = reader.weights();
    operation.multiply_adds = static_cast<std::int64_t>(reader.work());
    operation.values = std::int64_t{kMaps} * wide;
    operation.run = [](const std::vector<torch::Tensor>& inputs,
                       const nn::Custom::Weights& weights) {
        return run_deep_unet(inputs.front(), weights);
    };
    return b.custom({features}, std::move(operation));
}

/// Features shuffled to a picture that is added to the input's nearest pixels. Of their borders one
/// pixel is spoilt by a convolution, and one was left for it.
Value shuffled_onto(ProgramBuilder& b, Value features, Value picture, int scale) {
    nn::Custom operation;
    operation.values = 2LL * b.channels(features) / 4;
    operation.run = [scale](const std::vector<torch::Tensor>& inputs,
                            const nn::Custom::Weights& /*weights*/) {
        const auto& given = inputs.at(0);
        const auto inner = given.narrow(2, 2, given.size(2) - 4).narrow(3, 2, given.size(3) - 4);
        const auto large = torch::pixel_shuffle(inner, 2);
        const std::int64_t height = scale * inputs.at(1).size(2);
        const std::int64_t width = scale * inputs.at(1).size(3);
        return large.narrow(2, 0, height).narrow(3, 0, width) +
               torch::upsample_nearest2d(inputs.at(1), {height, width});
    };
    const int channels = b.channels(features) / 4;
    if (channels * 4 != b.channels(features) ||
        (b.channels(picture) != 1 && b.channels(picture) != channels)) {
        refuse_model("tensor \"conv_final.weight\" makes no picture of " +
                     std::to_string(b.channels(picture)) + " channels");
    }
    return b.custom({features, picture}, std::move(operation), channels, {scale, 1});
}

Value scaled(ProgramBuilder& b, Value input, double factor, double offset) {
    const int channels = b.channels(input);
    return b.affine(input, torch::full({channels}, factor, torch::kFloat32),
                    torch::full({channels}, offset, torch::kFloat32));
}

Built build(const Tensors& tensors, const Metadata& /*metadata*/) {
    const Shapes all = shapes_of(tensors);
    const Layout layout = layout_of(ShapeReader(all));
    ProgramBuilder b(tensors, layout.channels);
    // The fast one takes multiples alone, so that a picture is made one before it is surrounded;
    // the others do both at once.
    b.cut_by({layout.input.multiple,
              layout.is_fast ? nn::Windows::Padding::reflection : nn::Windows::Padding::none,
              layout.input.margin});
    b.ignore("pro");
    Value picture = ProgramBuilder::kInput;
    if (layout.is_pro) picture = scaled(b, picture, kProFactor, kProOffset);
    Value x = deep_unet(b, shallow_unet(b, picture, layout));
    if (layout.is_shuffled) {
        x = shuffled_onto(b, convolve_with_bias(b, x, "conv_final"), picture, layout.scale());
    }
    if (layout.is_pro) x = scaled(b, x, 1 / kProFactor, -kProOffset / kProFactor);
    return finished(b, x);
}

}  // namespace

const Architecture& realcugan_architecture() {
    static const Architecture kArchitecture{"realcugan", "Real-CUGAN", read, build};
    return kArchitecture;
}

}  // namespace sisr
