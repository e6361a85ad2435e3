#include <sisr/model.h>

#include "architectures/srresnet/program.h"
#include "base/numbers.h"
#include "formats/model_header.h"
#include "formats/safetensors.h"
#include "formats/torch_errors.h"
#include "model/model_impl.h"
#include "model/published.h"
#include "nn/program_network.h"

#include <sisr/error.h>

#include <algorithm>

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
    } catch (const std::exception& error) {
        // libtorch's conversions throw plain ones.
        throw Error(ErrorKind::bad_model, file, error.what());
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
    info.locks_colour = metadata_value(metadata, "sisr.colour_lock") == "1";
    info.scale = traits.scale;
    info.colour_channels = traits.colour_channels;
    info.radius = traits.radius;
    info.min_size = traits.min_size;
    info.parameters = traits.parameters;
    return info;
}

/// Moves the tensors whose names begin with the prefix out, and takes it off.
Tensors take_prefixed(Tensors& tensors, const std::string& prefix) {
    Tensors taken;
    for (auto item = tensors.begin(); item != tensors.end();) {
        if (item->first.compare(0, prefix.size(), prefix) != 0) {
            ++item;
            continue;
        }
        taken[item->first.substr(prefix.size())] = item->second;
        item = tensors.erase(item);
    }
    return taken;
}

double read_share(const Metadata& metadata, const std::string& key, const std::string& fallback) {
    const std::string text = metadata_value(metadata, key, fallback);
    const auto value = parse_number<double>(text);
    if (!value || !(*value >= 0 && *value <= 1)) {
        throw Error(ErrorKind::bad_model, "model", key + " is not from 0 to 1");
    }
    return *value;
}

Tensors interpolate(const Tensors& fidelity, const Tensors& detail, double strength) {
    Tensors result;
    for (const auto& [name, tensor] : detail) {
        const auto found = fidelity.find(name);
        if (found == fidelity.end() || found->second.sizes() != tensor.sizes() ||
            fidelity.size() != detail.size()) {
            throw Error(ErrorKind::bad_model, "model", "its two stages are of different networks");
        }
        result[name] = torch::lerp(found->second, tensor, strength);
    }
    return result;
}

/// The traits that suit all networks of a file, whichever of them a picture gets.
NetworkTraits joined(NetworkTraits traits, const NetworkTraits& special) {
    if (traits.scale != special.scale || traits.colour_channels != special.colour_channels) {
        throw Error(ErrorKind::bad_model, "model",
                    "its weights for one kind of input are of another scale or number of colours");
    }
    traits.radius = std::max(traits.radius, special.radius);
    traits.min_size = std::max(traits.min_size, special.min_size);
    traits.activation_values_per_pixel =
        std::max(traits.activation_values_per_pixel, special.activation_values_per_pixel);
    traits.is_stripped_on_cpu = traits.is_stripped_on_cpu && special.is_stripped_on_cpu;
    return traits;
}

void check_stages(const Model::Impl& impl) {
    for (const auto& special : impl.specials) {
        if (!special.weights->fidelity.empty() && impl.fidelity.empty()) {
            throw Error(ErrorKind::bad_model, "model",
                        "only its weights for one kind of input are of two stages");
        }
    }
}

Tensors checked_judge(Tensors judge, std::int64_t features) {
    if (judge.empty()) return judge;
    const auto has_shape = [&judge](const char* name, torch::IntArrayRef shape) {
        const auto found = judge.find(name);
        return found != judge.end() && found->second.sizes() == shape;
    };
    if (!has_shape("weight", {kJudgeRows, features}) || !has_shape("bias", {kJudgeRows})) {
        throw Error(ErrorKind::bad_model, "model",
                    "the layer that judges the input does not fit the network");
    }
    for (auto& item : judge) item.second = item.second.to(torch::kFloat32);
    return judge;
}

std::shared_ptr<Model::Impl> make_impl(const std::filesystem::path& file, Tensors tensors,
                                       const Metadata& metadata) {
    auto impl = std::make_shared<Model::Impl>();
    Tensors judge = take_prefixed(tensors, kJudgePrefix);
    std::array<Tensors, kSpecialFormats.size()> special;
    for (std::size_t i = 0; i < special.size(); ++i) {
        special[i] = take_prefixed(tensors, kSpecialFormats[i].prefix);
    }
    Tensors fidelity = take_prefixed(tensors, kFidelityPrefix);
    impl->architecture = &detect_architecture(tensors);
    impl->tensors = impl->architecture->prepare(tensors);
    impl->metadata = metadata;
    impl->traits = impl->architecture->traits(impl->tensors, metadata);
    impl->judge = checked_judge(std::move(judge), impl->traits.probe_features);
    for (std::size_t i = 0; i < special.size(); ++i) {
        if (special[i].empty()) continue;
        const auto weights = make_impl(file, std::move(special[i]), metadata);
        impl->specials.push_back({kSpecialFormats[i].kind, weights});
        impl->traits = joined(impl->traits, weights->traits);
    }
    impl->info = make_info(file, metadata, impl->traits, impl->architecture->id);
    if (!fidelity.empty()) {
        impl->fidelity = impl->architecture->prepare(fidelity);
        interpolate(impl->fidelity, impl->tensors, 0);  // proves that both are of one kind
        impl->info.has_strength = true;
        impl->info.default_strength = read_share(metadata, "sisr.default_strength", "1");
    }
    check_stages(*impl);
    make_network(Model(impl), torch::kCPU, torch::kFloat32);  // proves that all tensors fit
    return impl;
}

}  // namespace

Model::Model(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}

const ModelInfo& Model::info() const { return impl_->info; }

Model Model::load(const std::filesystem::path& file) {
    return blame(file.string(), [&file] {
        if (read_model_header(file).metadata.count("sisr.architecture") == 0) {
            return Model(load_published(file));
        }
        TensorFile content = read_own_model(file);
        return Model(make_impl(file, std::move(content.tensors), content.metadata));
    });
}

Model at_strength(const Model& model, std::optional<double> strength) {
    const Model::Impl& impl = model.impl();
    if (strength && !(*strength >= 0 && *strength <= 1)) {
        throw Error(ErrorKind::usage, "strength", "must be from 0 to 1");
    }
    if (impl.published != nullptr) return model;
    if (!impl.info.has_strength) {
        if (!strength) return model;
        throw Error(ErrorKind::usage, impl.info.path.string(),
                    "holds one stage only, so that a strength cannot be chosen");
    }
    auto result = std::make_shared<Model::Impl>(impl);
    result->tensors =
        interpolate(impl.fidelity, impl.tensors, strength.value_or(impl.info.default_strength));
    for (auto& special : result->specials) {
        if (!special.weights->info.has_strength) continue;
        const Model chosen = at_strength(Model(special.weights), strength);
        special.weights = std::make_shared<const Model::Impl>(chosen.impl());
    }
    return Model(std::move(result));
}

double share_of_network(const Model& model, std::optional<double> strength) {
    if (model.impl().published == nullptr) return 1;
    return strength.value_or(model.info().default_strength);
}

std::unique_ptr<Network> make_network(const Model& model, torch::Device device,
                                      torch::ScalarType precision) {
    const Model::Impl& impl = model.impl();
    return blame(impl.info.path.string(), [&] {
        if (impl.published == nullptr) {
            return impl.architecture->build(impl.tensors, impl.metadata, device, precision);
        }
        return nn::make_program_network(program_of(model), device, precision);
    });
}

nn::Program program_of(const Model& model) {
    const Model::Impl& impl = model.impl();
    return blame(impl.info.path.string(), [&impl] {
        const Architecture& architecture =
            impl.published == nullptr ? srresnet_program() : *impl.published;
        return architecture.build(impl.tensors, impl.metadata).program;
    });
}

std::unique_ptr<Network> make_probe(const Model& model, torch::Device device,
                                    torch::ScalarType precision) {
    const Model::Impl& impl = model.impl();
    return blame(impl.info.path.string(), [&] {
        const Tensors& tensors = impl.fidelity.empty() ? impl.tensors : impl.fidelity;
        return impl.architecture->build_probe(tensors, impl.metadata, device, precision);
    });
}

}  // namespace sisr
