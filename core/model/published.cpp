#include "model/published.h"

#include "architectures/nearest.h"
#include "architectures/registry.h"
#include "architectures/shape_reader.h"
#include "base/numbers.h"
#include "formats/model_file.h"
#include "nn/program_facts.h"
#include "nn/program_network.h"

#include <sisr/error.h>

#include <algorithm>
#include <numeric>

namespace sisr {
namespace {

/// How sets of weights of our own files begin, see model_impl.h.
bool is_of_another_set(const std::string& name) {
    if (name.rfind(kJudgePrefix, 0) == 0 || name.rfind(kFidelityPrefix, 0) == 0) return true;
    for (const SpecialFormat& special : kSpecialFormats) {
        if (name.rfind(special.prefix, 0) == 0) return true;
    }
    return false;
}

Shapes shapes_of_one_set(const ModelHeader& header) {
    Shapes shapes;
    for (const auto& [name, shape] : header.shapes) {
        if (!is_of_another_set(name)) shapes.emplace(name, shape);
    }
    return shapes;
}

FoundArchitecture find(const Shapes& shapes, const Metadata& metadata) {
    const auto found = find_architecture(shapes, metadata);
    if (!found) {
        throw Error(
            ErrorKind::bad_model, "model",
            "its tensors belong to no architecture that is known" + nearest_architecture(shapes));
    }
    const Spec& spec = found->spec;
    if (spec.input_channels != spec.output_channels) {
        throw Error(ErrorKind::unsupported, "model",
                    "takes " + std::to_string(spec.input_channels) + " channels and makes " +
                        std::to_string(spec.output_channels) +
                        "; only models that make as many as they take are supported");
    }
    return *found;
}

/// A file's own words where it has some.
std::string words(const Metadata& metadata, const std::string& ours, const std::string& others) {
    return metadata_value(metadata, ours, metadata_value(metadata, others));
}

ModelInfo make_info(const std::filesystem::path& file, const Metadata& metadata,
                    const FoundArchitecture& found) {
    ModelInfo info;
    info.name = metadata_value(metadata, "sisr.name", file.stem().string());
    info.architecture = found.architecture->id;
    info.licence = words(metadata, "sisr.licence", "license");
    info.trained_for = words(metadata, "sisr.trained_for", "description");
    info.path = file;
    // What others trained drifts in brightness and hue, but for what says that it does not.
    const bool is_ours = metadata.count("sisr.architecture") != 0;
    info.locks_colour = metadata_value(metadata, "sisr.colour_lock", is_ours ? "0" : "1") == "1";
    info.has_strength = !is_ours;  // mixed with the input's own enlargement
    info.scale = found.spec.scale;
    info.colour_channels = found.spec.input_channels;
    info.min_size = found.spec.min_size;
    info.is_exact = found.spec.exactness == Exactness::exact;
    info.sizes = found.spec.words;
    return info;
}

}  // namespace

std::shared_ptr<Model::Impl> load_published(const std::filesystem::path& file) {
    TensorFile content = read_model_file(file);
    Shapes shapes;
    for (const auto& [name, tensor] : content.tensors) shapes[name] = tensor.sizes().vec();
    const FoundArchitecture found = find(shapes, content.metadata);
    auto impl = std::make_shared<Model::Impl>();
    const nn::Program program =
        found.architecture->build(content.tensors, content.metadata).program;
    impl->published = found.architecture;
    impl->traits = nn::traits_of(program);
    impl->traits.min_size = found.spec.min_size;
    impl->traits.is_bf16_safe = found.spec.is_bf16_safe;
    impl->info = make_info(file, content.metadata, found);
    impl->info.radius = impl->traits.radius;
    impl->info.parameters = impl->traits.parameters;
    impl->tensors = std::move(content.tensors);
    impl->metadata = std::move(content.metadata);
    return impl;
}

std::size_t count_multiply_adds(const std::filesystem::path& file) {
    const ModelHeader header = read_model_header(file);
    const Shapes shapes = shapes_of_one_set(header);
    const FoundArchitecture found = find(shapes, header.metadata);
    try {
        const Tensors tensors = without_values(shapes);
        const Built built = found.architecture->build(tensors, header.metadata);
        return nn::multiply_adds_per_pixel(built.program);
    } catch (const c10::Error&) {
        return 0;  // it asks for values
    }
}

ModelInfo describe_model(const std::filesystem::path& file) {
    const ModelHeader header = read_model_header(file);
    const bool has_stages =
        std::any_of(header.shapes.begin(), header.shapes.end(),
                    [](const auto& item) { return item.first.rfind(kFidelityPrefix, 0) == 0; });
    const Shapes shapes = shapes_of_one_set(header);
    ModelInfo info = make_info(file, header.metadata, find(shapes, header.metadata));
    for (const auto& [name, shape] : shapes) {
        info.parameters += static_cast<std::size_t>(
            std::accumulate(shape.begin(), shape.end(), std::int64_t{1}, std::multiplies<>()));
    }
    info.has_strength = info.has_strength || has_stages;
    const auto strength =
        parse_number<double>(metadata_value(header.metadata, "sisr.default_strength", "1"));
    if (!strength || !(*strength >= 0 && *strength <= 1)) {
        throw Error(ErrorKind::bad_model, file.string(),
                    "sisr.default_strength is not from 0 to 1");
    }
    if (has_stages) info.default_strength = *strength;
    return info;
}

}  // namespace sisr
