/// ONNX files: the messages, and the places of the weights.
#include "model_target.h"

#include "formats/onnx/onnx_graph.h"
#include "formats/open_model.h"
#include "onnx.pb.h"

using namespace sisr;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const test::MemoryFile file(test::view_of(data, size));
    std::string graph;
    test::expect_model_or_error(file.path().string(), [&] {
        const StoredModel model = open_onnx(file.path());
        test::read_weights(model);
        graph = model.metadata.at(kOnnxGraphKey);
    });
    // NaN cannot be written as text.
    test::expect_model_or_error("model", [&] { onnx_graph_of(graph); });
    return 0;
}

SISR_FUZZ_MAIN([](const std::filesystem::path& folder) {
    onnx::Model model;
    model.set_ir_version(8);
    onnx::Graph& graph = *model.mutable_graph();
    graph.add_input()->set_name("in");
    graph.add_output()->set_name("out");
    onnx::Tensor& weight = *graph.add_initializer();
    weight.set_name("w");
    weight.set_data_type(1);
    for (const int size : {3, 3, 1, 1}) weight.add_dims(size);
    weight.set_raw_data(std::string(36, '\1'));
    onnx::Node& node = *graph.add_node();
    node.set_op_type("Conv");
    for (const char* name : {"in", "w"}) node.add_input(name);
    node.add_output("out");
    onnx::Attribute& attribute = *node.add_attribute();
    attribute.set_name("pads");
    for (int i = 0; i < 4; ++i) attribute.add_ints(0);
    test::write_bytes(folder / "a.onnx", model.SerializeAsString());
})
