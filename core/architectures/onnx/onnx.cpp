#include "architectures/onnx/onnx.h"

#include "architectures/onnx/translator.h"
#include "architectures/shape_reader.h"
#include "formats/onnx/onnx_graph.h"
#include "nn/program_facts.h"

#include <algorithm>

namespace sisr {
namespace {

nn::Program translate(nn::ProgramBuilder& builder, const OnnxGraph& graph) {
    const nn::Value output = onnx::Translator(builder, graph).run();
    return builder.finish(output);
}

std::optional<Spec> read(const Shapes& shapes, const Metadata& metadata) {
    const auto text = metadata.find(kOnnxGraphKey);
    if (text == metadata.end()) return std::nullopt;
    const OnnxGraph graph = onnx_graph_of(text->second);
    const Tensors tensors = without_values(shapes);
    Spec spec;
    spec.input_channels = onnx::input_channels(graph, shapes);
    nn::ProgramBuilder builder(tensors, spec.input_channels);
    const nn::Program program = translate(builder, graph);
    spec.scale = nn::scale(program);
    spec.output_channels = program.at(program.output).channels;
    if (!nn::is_local(program)) spec.exactness = Exactness::approximate;
    const auto convolutions = std::count_if(graph.nodes.begin(), graph.nodes.end(),
                                            [](const OnnxNode& node) { return node.op == "Conv"; });
    spec.words = std::to_string(convolutions) + " convolutions, as ONNX's list of nodes";
    return spec;
}

Built build(const Tensors& tensors, const Metadata& metadata) {
    const OnnxGraph graph = onnx_graph_of(metadata_value(metadata, kOnnxGraphKey));
    nn::ProgramBuilder builder(tensors, onnx::input_channels(graph, shapes_of(tensors)));
    Built built;
    built.program = translate(builder, graph);
    built.unused = builder.unused();
    return built;
}

}  // namespace

const Architecture& onnx_architecture() {
    static const Architecture kArchitecture{"onnx", "a list of ONNX's nodes", &read, &build};
    return kArchitecture;
}

}  // namespace sisr
