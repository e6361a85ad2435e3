#include "ship/export.h"

#include "base/numbers.h"
#include "run/checkpoint.h"

#include "formats/safetensors.h"

#include <sisr/error.h>

#include <algorithm>

namespace sisr::training {

namespace {

void put_half(TensorFile& content, const std::string& prefix, const Tensors& weights) {
    for (const auto& [name, tensor] : weights) {
        if (!tensor.is_floating_point()) continue;  // batch norm's counter of batches
        content.tensors[prefix + name] =
            tensor.to(tensor.dim() == 4 ? torch::kFloat16 : torch::kFloat32);
    }
}

Metadata describe(Metadata metadata, const ModelCard& card) {
    metadata["sisr.name"] = card.name;
    metadata["sisr.trained_for"] = card.trained_for;
    metadata["sisr.licence"] = card.licence;
    metadata["sisr.training"] = card.training;
    if (card.locks_colour) metadata["sisr.colour_lock"] = "1";
    return metadata;
}

bool begins_with(const std::string& text, const char* prefix) { return text.rfind(prefix, 0) == 0; }

/// Whether a tensor is not of the network that all models have.
bool is_of_kinds(const std::string& tensor) {
    return begins_with(tensor, kJudgePrefix) ||
           std::any_of(kSpecialFormats.begin(), kSpecialFormats.end(),
                       [&tensor](const SpecialFormat& format) {
                           return begins_with(tensor, format.prefix);
                       });
}

bool has_prefix(const TensorFile& file, const char* prefix) {
    const auto found = file.tensors.lower_bound(prefix);
    return found != file.tensors.end() && begins_with(found->first, prefix);
}

}  // namespace

void put_weights(TensorFile& model, const Tensors& weights) { put_half(model, "", weights); }

bool has_two_stages(const TensorFile& file) { return has_prefix(file, kFidelityPrefix); }

Tensors weights_to_export(const TensorFile& file) {
    Tensors averaged = take_tensors(file, "ema.");
    if (!averaged.empty()) return averaged;
    const bool is_model = file.tensors.count("head.weight") != 0;
    if (!is_model || has_two_stages(file)) return {};
    Tensors weights;
    for (const auto& [name, tensor] : file.tensors) {
        if (!is_of_kinds(name)) weights[name] = tensor;
    }
    return weights;
}

void export_model(const std::filesystem::path& file, const Tensors& weights,
                  const NetworkSpec& spec, const ModelCard& card) {
    TensorFile content;
    put_half(content, "", weights);
    content.metadata =
        describe(spec.program != nullptr ? spec.metadata : srresnet_metadata(spec.srresnet), card);
    write_safetensors(file, content);
}

void export_model(const std::filesystem::path& file, const TwoStages& weights,
                  const SrResNetSettings& settings, const ModelCard& card) {
    TensorFile content;
    put_half(content, "", weights.detail);
    put_half(content, kFidelityPrefix, weights.fidelity);
    content.metadata = describe(srresnet_metadata(settings), card);
    content.metadata["sisr.default_strength"] = format_number(weights.default_strength);
    write_safetensors(file, content);
}

void add_special(TensorFile& model, const TensorFile& special, const SpecialFormat& format) {
    const std::string kind = format.name;
    if (has_prefix(model, format.prefix)) {
        throw Error(ErrorKind::usage, "export",
                    "the model holds weights for " + kind + " input already");
    }
    for (const auto& [name, tensor] : special.tensors) {
        if (is_of_kinds(name)) {
            throw Error(ErrorKind::usage, "export",
                        "the model for " + kind + " input holds weights for several kinds");
        }
        model.tensors[format.prefix + name] = tensor;
    }
    put_judge(model, {});
}

void put_judge(TensorFile& model, const Tensors& judge) {
    for (auto item = model.tensors.begin(); item != model.tensors.end();) {
        item = begins_with(item->first, kJudgePrefix) ? model.tensors.erase(item) : ++item;
    }
    for (const auto& [name, tensor] : judge) model.tensors[kJudgePrefix + name] = tensor;
}

}  // namespace sisr::training
