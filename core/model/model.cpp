#include <sisr/model.h>

#include "model/formats/safetensors.h"
#include "model/model_impl.h"
#include "model/torch_errors.h"

#include <sisr/error.h>

namespace sisr {
namespace {

/// The architectures do not know the file; say its name for them.
template <class Work>
auto blame(const std::string& file, Work&& work) {
    try {
        return translate_torch_errors(ErrorKind::bad_model, file, std::forward<Work>(work));
    } catch (const Error& error) {
        if (error.subject() == file) throw;
        const std::string what = error.what();
        throw Error(error.kind(), file, what.substr(error.subject().size() + 2));
    }
}

ModelInfo make_info(const std::filesystem::path& file, const Metadata& metadata,
                    const NetworkTraits& traits, const char* architecture) {
    ModelInfo info;
    info.name = metadata_value(metadata, "sisr.name", file.stem().string());
    info.architecture = architecture;
    info.licence = metadata_value(metadata, "sisr.licence");
    info.trained_for = metadata_value(metadata, "sisr.trained_for");
    info.path = file;
    info.scale = traits.scale;
    info.colour_channels = traits.colour_channels;
    info.radius = traits.radius;
    info.min_size = traits.min_size;
    info.parameters = traits.parameters;
    return info;
}

}  // namespace

Model::Model(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}

const ModelInfo& Model::info() const { return impl_->info; }

Model Model::load(const std::filesystem::path& file) {
    return blame(file.string(), [&file] {
        TensorFile content = read_safetensors(file);
        auto impl = std::make_shared<Impl>();
        impl->architecture = &detect_architecture(content.tensors);
        impl->tensors = impl->architecture->prepare(content.tensors);
        impl->metadata = std::move(content.metadata);
        impl->traits = impl->architecture->traits(impl->tensors, impl->metadata);
        impl->info = make_info(file, impl->metadata, impl->traits, impl->architecture->id);
        Model model(impl);
        make_network(model, torch::kCPU, torch::kFloat32);  // proves that all tensors fit
        return model;
    });
}

std::unique_ptr<Network> make_network(const Model& model, torch::Device device,
                                      torch::ScalarType precision) {
    const Model::Impl& impl = model.impl();
    return blame(impl.info.path.string(), [&] {
        return impl.architecture->build(impl.tensors, impl.metadata, device, precision);
    });
}

}  // namespace sisr
