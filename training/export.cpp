#include "export.h"

#include "model/formats/safetensors.h"

namespace sisr::training {

void export_model(const std::filesystem::path& file, const Tensors& weights,
                  const SrResNetSettings& settings, const ModelCard& card) {
    TensorFile content;
    for (const auto& [name, tensor] : weights) {
        if (!tensor.is_floating_point()) continue;  // batch norm's counter of batches
        content.tensors[name] = tensor.to(tensor.dim() == 4 ? torch::kFloat16 : torch::kFloat32);
    }
    content.metadata = srresnet_metadata(settings);
    content.metadata["sisr.name"] = card.name;
    content.metadata["sisr.trained_for"] = card.trained_for;
    content.metadata["sisr.licence"] = card.licence;
    content.metadata["sisr.training"] = card.training;
    write_safetensors(file, content);
}

}  // namespace sisr::training
