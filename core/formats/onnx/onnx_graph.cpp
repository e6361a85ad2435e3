#include "formats/onnx/onnx_graph.h"

#include "formats/json_watch.h"

#include <sisr/error.h>

#include <nlohmann/json.hpp>

namespace sisr {

using nlohmann::json;

namespace {

[[noreturn]] void throw_damaged() {
    throw Error(ErrorKind::bad_model, "model", "its list of ONNX's nodes is damaged");
}

}  // namespace

double OnnxNode::number(const std::string& attribute, double usual) const {
    const auto found = numbers.find(attribute);
    return found == numbers.end() || found->second.empty() ? usual : found->second.front();
}

const std::vector<double>& OnnxNode::list(const std::string& attribute) const {
    static const std::vector<double> kNone;
    const auto found = numbers.find(attribute);
    return found == numbers.end() ? kNone : found->second;
}

std::string OnnxNode::word(const std::string& attribute, const std::string& usual) const {
    const auto found = words.find(attribute);
    return found == words.end() ? usual : found->second;
}

std::string to_text(const OnnxGraph& graph) {
    json nodes = json::array();
    for (const OnnxNode& node : graph.nodes) {
        nodes.push_back({{"op", node.op},
                         {"name", node.name},
                         {"inputs", node.inputs},
                         {"outputs", node.outputs},
                         {"numbers", node.numbers},
                         {"words", node.words}});
    }
    const json all{{"input", graph.input},
                   {"output", graph.output},
                   {"input_channels", graph.input_channels},
                   {"nodes", nodes},
                   {"constants", graph.constants}};
    // Names are bytes; what is no UTF-8 in them is replaced.
    return all.dump(-1, ' ', false, json::error_handler_t::replace);
}

OnnxGraph onnx_graph_of(const std::string& text) {
    // All, its nodes, one of them, its attributes, the numbers of one.
    constexpr JsonWatch::Limits kLimits{8'000'000, 5, 512};
    try {
        if (!JsonWatch::fault_of(text, kLimits).empty()) throw_damaged();
        const json all = json::parse(text);
        OnnxGraph graph;
        all.at("input").get_to(graph.input);
        all.at("output").get_to(graph.output);
        all.at("input_channels").get_to(graph.input_channels);
        all.at("constants").get_to(graph.constants);
        for (const json& item : all.at("nodes")) {
            OnnxNode node;
            item.at("op").get_to(node.op);
            item.at("name").get_to(node.name);
            item.at("inputs").get_to(node.inputs);
            item.at("outputs").get_to(node.outputs);
            item.at("numbers").get_to(node.numbers);
            item.at("words").get_to(node.words);
            graph.nodes.push_back(std::move(node));
        }
        return graph;
    } catch (const json::exception&) {
        throw_damaged();
    }
}

}  // namespace sisr
