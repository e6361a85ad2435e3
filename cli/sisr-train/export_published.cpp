#include "export_published.h"

#include "architectures/onnx/write_onnx.h"
#include "architectures/registry.h"
#include "formats/model_file.h"
#include "formats/safetensors.h"
#include "model/model_impl.h"
#include "nn/program_facts.h"

#include <sisr/error.h>
#include <sisr/model.h>

#include <optional>
#include <string>

namespace sisr::cli {
namespace {

namespace fs = std::filesystem;

std::optional<FoundArchitecture> architecture_of(const fs::path& file) {
    const ModelHeader header = read_model_header(file);
    return find_architecture(header.shapes, header.metadata);
}

void check(const OptionValues& values, const fs::path& from) {
    for (const char* other : {"fidelity", "strength", "clean", "heavy"}) {
        if (!values.has(other)) continue;
        throw Error(ErrorKind::usage, std::string("--") + other,
                    "is not for another's model as " + from.string());
    }
    const std::string id = architecture_of(from)->architecture->id;
    if (id == "ncnn" || id == "onnx") {
        throw Error(ErrorKind::unsupported, from.string(),
                    "is a list of layers, which a safetensors file cannot hold");
    }
}

torch::Tensor converted(const torch::Tensor& tensor, torch::ScalarType type,
                        const std::string& name) {
    if (!tensor.is_floating_point()) return tensor;  // counters
    const auto result = tensor.to(type);
    if (!result.isfinite().all().item<bool>()) {
        throw Error(ErrorKind::usage, "--as", "cannot hold all values of " + name);
    }
    return result;
}

/// The words of the options that are given.
void describe(Metadata& metadata, const OptionValues& values) {
    constexpr const char* kWords[][2] = {{"name", "sisr.name"},
                                         {"trained-for", "sisr.trained_for"},
                                         {"training", "sisr.training"},
                                         {"licence", "sisr.licence"}};
    for (const auto& [option, key] : kWords) {
        if (values.has(option)) metadata[key] = values.text(option);
    }
    if (!values.has("color-lock")) return;
    metadata["sisr.colour_lock"] =
        values.choice<bool>("color-lock", {{"on", true}, {"off", false}}) ? "1" : "0";
}

}  // namespace

bool is_published_model(const fs::path& file) {
    if (!fs::is_regular_file(file)) return false;
    try {
        const auto found = architecture_of(file);
        return found && std::string(found->architecture->id) != "srresnet";
    } catch (const Error&) {
        return false;  // whoever reads it next tells why
    }
}

void export_published(const OptionValues& values, const fs::path& from, const fs::path& target) {
    check(values, from);
    TensorFile content = read_model_file(from);
    if (values.has("as")) {
        const auto type = values.choice<torch::ScalarType>(
            "as",
            {{"fp32", torch::kFloat32}, {"fp16", torch::kFloat16}, {"bf16", torch::kBFloat16}});
        for (auto& [name, tensor] : content.tensors) tensor = converted(tensor, type, name);
    }
    describe(content.metadata, values);
    write_safetensors(target, content);
}

void export_onnx(const OptionValues& values, const fs::path& target) {
    for (const char* other : {"as", "fidelity", "clean", "heavy", "color-lock"}) {
        if (!values.has(other)) continue;
        throw Error(ErrorKind::usage, std::string("--") + other, "is not for an ONNX file");
    }
    const Model model = find_model(values.text("from"));
    std::optional<double> strength;
    if (values.has("strength")) strength = values.number<double>("strength", 0, 1);
    if (strength && !model.info().has_strength) {
        throw Error(ErrorKind::usage, "--strength", "is for models of two stages");
    }
    const Model chosen = at_strength(model, strength);
    const nn::Program program = program_of(chosen);
    Metadata words{{"sisr.name", model.info().name}};
    if (!model.info().licence.empty()) words["sisr.licence"] = model.info().licence;
    if (!model.info().trained_for.empty()) words["sisr.trained_for"] = model.info().trained_for;
    const int multiple = nn::alignment(program);
    if (multiple > 1) words["sisr.multiple_of"] = std::to_string(multiple);
    describe(words, values);
    write_onnx(target, program, words);
}

}  // namespace sisr::cli
