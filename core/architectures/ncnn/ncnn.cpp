#include "architectures/ncnn/ncnn.h"

#include "architectures/ncnn/layer_sizes.h"
#include "architectures/ncnn/translator.h"
#include "formats/ncnn_param.h"
#include "nn/program_builder.h"

#include <sisr/error.h>

#include <algorithm>

namespace sisr {
namespace {

constexpr const char* kParamKey = "ncnn.param";

std::optional<Spec> read(const Shapes& /*shapes*/, const Metadata& metadata) {
    const auto param = metadata.find(kParamKey);
    if (param == metadata.end()) return std::nullopt;
    const auto layers = parse_ncnn_param(param->second, "model");
    const ncnn::BlobSize output = ncnn::output_size(layers);
    if (output.channels == 0 || output.over != 1) {
        throw Error(ErrorKind::bad_model, "model",
                    "its result is no picture of a whole multiple of the input's size");
    }
    Spec spec;
    spec.scale = output.times;
    spec.input_channels = ncnn::input_channels(layers);
    spec.output_channels = output.channels;
    std::size_t convolutions = 0;
    for (const NcnnLayer& layer : layers) {
        convolutions += layer.type.compare(0, 11, "Convolution") == 0 ? 1 : 0;
        if (layer.type == "Pooling" || layer.type == "GroupNorm") {
            spec.exactness = Exactness::approximate;
        }
    }
    spec.words = std::to_string(convolutions) + " convolutions, as ncnn's list of layers";
    return spec;
}

Built build(const Tensors& tensors, const Metadata& metadata) {
    const auto layers = parse_ncnn_param(metadata_value(metadata, kParamKey), "model");
    Tensors named = tensors;
    for (const NcnnLayer& layer : layers) {
        // The builder calls a PReLU's slopes as torch does.
        const auto slope = tensors.find(layer.name + ".slope");
        if (layer.type == "PReLU" && slope != tensors.end()) {
            named.erase(slope->first);
            named[layer.name + ".weight"] = slope->second;
        }
    }
    nn::ProgramBuilder builder(named, ncnn::input_channels(layers));
    const nn::Value output = ncnn::Translator(builder).run(layers);
    return {builder.finish(output), builder.unused()};
}

}  // namespace

const Architecture& ncnn_architecture() {
    static const Architecture architecture{"ncnn", "a list of layers for ncnn", &read, &build};
    return architecture;
}

}  // namespace sisr
