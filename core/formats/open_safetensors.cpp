#include "formats/input_file.h"
#include "formats/open_model.h"
#include "formats/safetensors_header.h"

#include <memory>

namespace sisr {

StoredModel open_safetensors(const std::filesystem::path& path) {
    const auto file = std::make_shared<const InputFile>(path);
    std::string prefix = file->read_some(0, kSafetensorsPrefixBytes);
    const std::size_t file_bytes =
        prefix.size() == kSafetensorsPrefixBytes ? file->size() : prefix.size();
    prefix.resize(kSafetensorsPrefixBytes);
    const auto* begin = reinterpret_cast<const unsigned char*>(prefix.data());
    const std::size_t length = safetensors_header_bytes(begin, file_bytes, file->subject());
    const std::string json = file->read_some(kSafetensorsPrefixBytes, length);
    const SafetensorsHeader header = parse_safetensors_header(json, file_bytes, file->subject());
    StoredModel model;
    model.subject = file->subject();
    model.metadata = header.metadata;
    for (const TensorEntry& entry : header.tensors) {
        model.tensors[entry.name] = {entry.type, entry.shape, contiguous_strides(entry.shape), 0,
                                     model.storages.size()};
        model.storages.push_back({entry.bytes, [file, entry](char* target) {
                                      file->read(entry.offset, target, entry.bytes);
                                  }});
    }
    check_views(model);
    return model;
}

}  // namespace sisr
