#include "architectures/esrgan/esrgan.h"

#include "architectures/shape_reader.h"

namespace sisr {
namespace {

using nn::ProgramBuilder;
using nn::Value;

constexpr double kSlope = 0.2;
constexpr double kResidual = 0.2;

/// The three ways in which the same layers were named: a Sequential's numbers, the names of the
/// first release, and BasicSR's.
enum class Naming { numbers, trunk, body };

/// Where each layer is.
struct Layout {
    Naming naming = Naming::body;
    int blocks = 0;
    int enlargements = 0;
    bool is_shuffled = false;  ///< enlarged by PixelShuffle, which only the numbered form knows
    bool has_paths = false;    ///< ESRGAN+

    std::string first() const { return naming == Naming::numbers ? "model.0" : "conv_first"; }
    std::string block(int index) const {
        const std::string number = std::to_string(index);
        if (naming == Naming::numbers) return "model.1.sub." + number + ".RDB";
        return naming == Naming::trunk ? "RRDB_trunk." + number + ".RDB"
                                       : "body." + number + ".rdb";
    }
    /// A convolution of a dense block, after block(i) and the dense block's number.
    std::string dense(int convolution) const {
        const std::string name = ".conv" + std::to_string(convolution);
        return naming == Naming::numbers ? name + ".0" : name;
    }
    std::string trunk() const {
        if (naming == Naming::numbers) return "model.1.sub." + std::to_string(blocks);
        return naming == Naming::trunk ? "trunk_conv" : "conv_body";
    }
    /// index: from 0.
    std::string enlargement(int index) const {
        // An Upsample comes before its convolution, a PixelShuffle behind it.
        if (naming == Naming::numbers) {
            return "model." + std::to_string(3 * index + (is_shuffled ? 2 : 3));
        }
        const std::string number = std::to_string(index + 1);
        return (naming == Naming::trunk ? "upconv" : "conv_up") + number;
    }
    std::string high() const {
        if (naming == Naming::numbers) return "model." + std::to_string(2 + 3 * enlargements);
        return naming == Naming::trunk ? "HRconv" : "conv_hr";
    }
    std::string last() const {
        return naming == Naming::numbers ? "model." + std::to_string(4 + 3 * enlargements)
                                         : "conv_last";
    }
};

std::optional<Naming> naming_of(const ShapeReader& shapes) {
    if (shapes.has_all({"model.0.weight", "model.1.sub.0.RDB1.conv1.0.weight"})) {
        return Naming::numbers;
    }
    if (shapes.has_all({"conv_first.weight", "RRDB_trunk.0.RDB1.conv1.weight"})) {
        return Naming::trunk;
    }
    if (shapes.has_all({"conv_first.weight", "body.0.rdb1.conv1.weight"})) return Naming::body;
    return std::nullopt;
}

Layout layout_of(const ShapeReader& shapes, Naming naming) {
    Layout layout;
    layout.naming = naming;
    for (const char* part : {"1", "2", "3"}) {
        if (shapes.has(layout.block(0) + part + ".conv1x1.weight")) layout.has_paths = true;
    }
    if (naming == Naming::numbers) {
        layout.blocks = shapes.count("model.1.sub.") - 1;  // and the trunk's convolution
        const int layers = shapes.count("model.");
        if (layers < 5 || (layers - 5) % 3 != 0) {
            refuse_model("has " + std::to_string(layers) + " numbered layers, not 5, 8, 11, ...");
        }
        layout.enlargements = (layers - 5) / 3;
        layout.is_shuffled = layout.enlargements > 0 && shapes.has_any("model.2.");
        return layout;
    }
    layout.blocks = shapes.count(naming == Naming::trunk ? "RRDB_trunk." : "body.");
    while (shapes.has_any(layout.enlargement(layout.enlargements) + ".")) ++layout.enlargements;
    return layout;
}

/// Of one step of enlargement. The shapes of an upsampling by 2 and by 3 are the same: that there
/// are several means 2, and of one the file's metadata may say 3.
int step_of(const ShapeReader& shapes, const Layout& layout, const Metadata& metadata, int index) {
    if (layout.is_shuffled) {
        const int features = shapes.outputs(layout.first());
        return shuffle_factor(shapes, layout.enlargement(index), features);
    }
    const bool is_three = layout.enlargements == 1 && told_number(metadata, "scale") == 3.0;
    return is_three ? 3 : 2;
}

/// Real-ESRGAN's models of 2 and 1 times see the picture unshuffled and enlarge 4 times.
int unshuffle_of(int inputs, int outputs) {
    if (inputs == 4 * outputs) return 2;
    return inputs == 16 * outputs ? 4 : 1;
}

std::optional<Spec> read(const Shapes& all, const Metadata& metadata) {
    const ShapeReader shapes(all);
    const auto naming = naming_of(shapes);
    if (!naming) return std::nullopt;
    const Layout layout = layout_of(shapes, *naming);
    const int inputs = shapes.inputs(layout.first());
    Spec spec;
    spec.output_channels = shapes.outputs(layout.last());
    const int unshuffle = unshuffle_of(inputs, spec.output_channels);
    spec.input_channels = inputs / (unshuffle * unshuffle);
    int enlarged = 1;
    for (int i = 0; i < layout.enlargements; ++i) {
        enlarged *= step_of(shapes, layout, metadata, i);
        if (enlarged > 64) refuse_model("enlarges more than 64 times");
    }
    if (enlarged % unshuffle != 0) {
        refuse_model("its result is no whole multiple of its input's size");
    }
    spec.scale = enlarged / unshuffle;
    spec.words = blocks_of_channels(layout.blocks, shapes.outputs(layout.first()));
    if (layout.has_paths) spec.words += ", 1x1 paths";
    return spec;
}

/// Five convolutions, each of which sees what all before it made.
Value dense_block(ProgramBuilder& b, const Layout& layout, const std::string& block, Value input) {
    const auto convolve = [&](int number, std::vector<Value> values) {
        return convolve_with_bias(b, b.concat(std::move(values)), block + layout.dense(number));
    };
    const auto grow = [&](int number, std::vector<Value> values) {
        return b.leaky_relu(convolve(number, std::move(values)), kSlope);
    };
    // ESRGAN+ adds the input, by a 1x1 convolution, to the second, and the second to the fourth.
    const Value first = grow(1, {input});
    Value second = grow(2, {input, first});
    if (layout.has_paths) second = b.sum(second, b.convolution(input, block + ".conv1x1"));
    const Value third = grow(3, {input, first, second});
    Value fourth = grow(4, {input, first, second, third});
    if (layout.has_paths) fourth = b.sum(fourth, second);
    return b.sum(convolve(5, {input, first, second, third, fourth}), input, kResidual, 1);
}

Built build(const Tensors& tensors, const Metadata& metadata) {
    const Shapes all = shapes_of(tensors);
    const ShapeReader shapes(all);
    const Layout layout = layout_of(shapes, naming_of(shapes).value());
    const Spec spec = read(all, metadata).value();

    ProgramBuilder b(tensors, spec.input_channels);
    const int unshuffle = unshuffle_of(shapes.inputs(layout.first()), spec.output_channels);
    const Value head =
        convolve_with_bias(b, b.pixel_unshuffle(ProgramBuilder::kInput, unshuffle), layout.first());
    Value features = head;
    for (int i = 0; i < layout.blocks; ++i) {
        Value inner = features;
        for (const char* number : {"1", "2", "3"}) {
            inner = dense_block(b, layout, layout.block(i) + number, inner);
        }
        features = b.sum(inner, features, kResidual, 1);
    }
    features = b.sum(convolve_with_bias(b, features, layout.trunk()), head);
    for (int i = 0; i < layout.enlargements; ++i) {
        const int step = step_of(shapes, layout, metadata, i);
        if (!layout.is_shuffled) features = b.enlarge(features, step);
        features = convolve_with_bias(b, features, layout.enlargement(i));
        if (layout.is_shuffled) features = b.pixel_shuffle(features, step);
        features = b.leaky_relu(features, kSlope);
    }
    features = b.leaky_relu(convolve_with_bias(b, features, layout.high()), kSlope);
    return finished(b, convolve_with_bias(b, features, layout.last()));
}

}  // namespace

const Architecture& esrgan_architecture() {
    static const Architecture kArchitecture{"esrgan", "ESRGAN (RRDBNet)", read, build};
    return kArchitecture;
}

}  // namespace sisr
