#include "published_start.h"

#include "export_published.h"
#include "formats/model_file.h"

#include <sisr/error.h>
#include <sisr/model.h>

namespace sisr::cli {

std::optional<PublishedStart> read_published_start(const OptionValues& values) {
    const std::string name = values.text("init");
    const std::filesystem::path file = find_model(name).info().path;
    if (!is_published_model(file)) return std::nullopt;
    TensorFile content = read_model_file(file);
    try {
        auto network = training::NetworkSpec::of_program(content.tensors, content.metadata);
        return PublishedStart{std::move(network), std::move(content.tensors)};
    } catch (const Error& error) {
        const std::string reason = std::string(error.what()).substr(error.subject().size() + 2);
        throw Error(error.kind(), name, reason);
    }
}

}  // namespace sisr::cli
