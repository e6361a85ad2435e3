#include "data/pack.h"

#include "formats/input_file.h"
#include "formats/safetensors.h"
#include "formats/safetensors_header.h"

#include <sisr/error.h>

#include <nlohmann/json.hpp>
#include <zlib.h>

#include <algorithm>
#include <cstdio>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

namespace sisr::training {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr const char* kKey = "sisr.pack";
constexpr std::size_t kMostHeader = std::size_t{256} << 20;

[[noreturn]] void fail(const fs::path& file, const std::string& reason) {
    throw Error(ErrorKind::bad_image, file.string(), reason);
}

/// A file's bytes, read-only, as long as this lives.
class Mapping {
public:
    Mapping(const fs::path& file, std::size_t bytes) : bytes_(bytes) {
        const int descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
        if (descriptor >= 0) {
            start_ = ::mmap(nullptr, bytes_, PROT_READ, MAP_SHARED, descriptor, 0);
            ::close(descriptor);
        }
        if (descriptor < 0 || start_ == MAP_FAILED) {
            throw Error(ErrorKind::io, file.string(), "cannot be mapped into memory");
        }
    }
    ~Mapping() { ::munmap(start_, bytes_); }
    Mapping(const Mapping&) = delete;
    Mapping& operator=(const Mapping&) = delete;

    const std::uint8_t* at(std::size_t offset) const {
        return static_cast<const std::uint8_t*>(start_) + offset;
    }

private:
    void* start_ = MAP_FAILED;
    std::size_t bytes_;
};

SafetensorsHeader read_header(const InputFile& file) {
    const std::string prefix = file.read_some(0, kSafetensorsPrefixBytes);
    if (prefix.size() != kSafetensorsPrefixBytes) fail(file.subject(), "is no pack");
    const std::size_t bytes = safetensors_header_bytes(
        reinterpret_cast<const unsigned char*>(prefix.data()), file.size(), file.subject());
    if (bytes > kMostHeader) fail(file.subject(), "is no pack");
    return parse_safetensors_header(file.read_some(kSafetensorsPrefixBytes, bytes), file.size(),
                                    file.subject());
}

std::uint32_t checksum(const std::uint8_t* bytes, std::size_t count) {
    return static_cast<std::uint32_t>(::crc32_z(0, bytes, count));
}

std::size_t byte_count(const AuditedImage& image) {
    return static_cast<std::size_t>(image.width) * static_cast<std::size_t>(image.height) * 3;
}

std::string name_of(std::size_t index) {
    char name[32];
    std::snprintf(name, sizeof name, "%09zu", index);
    return name;
}

json to_json(const PackedPicture& picture) {
    const AuditedImage& audited = picture.audited;
    return {
        {"file", audited.file.string()},      {"crc32", checksum(picture.rgb, byte_count(audited))},
        {"fingerprint", audited.fingerprint}, {"thumbnail", audited.thumbnail},
        {"blockiness", audited.blockiness},   {"detail", audited.detail},
        {"flat_share", audited.flat_share}};
}

AuditedImage audited_of(const json& told, const TensorEntry& entry) {
    AuditedImage audited;
    audited.file = told.at("file").get<std::string>();
    audited.width = static_cast<int>(entry.shape[1]);
    audited.height = static_cast<int>(entry.shape[0]);
    told.at("fingerprint").get_to(audited.fingerprint);
    told.at("thumbnail").get_to(audited.thumbnail);
    told.at("blockiness").get_to(audited.blockiness);
    told.at("detail").get_to(audited.detail);
    told.at("flat_share").get_to(audited.flat_share);
    return audited;
}

bool is_picture(const TensorEntry& entry) {
    constexpr std::int64_t kMost = 1 << 20;
    return entry.type == TensorType::u8 && entry.shape.size() == 3 && entry.shape[2] == 3 &&
           entry.shape[0] > 0 && entry.shape[0] < kMost && entry.shape[1] > 0 &&
           entry.shape[1] < kMost;
}

}  // namespace

bool is_pack(const fs::path& file) {
    std::error_code status;
    if (!fs::is_regular_file(file, status)) return false;
    try {
        return read_header(InputFile(file)).metadata.count(kKey) != 0;
    } catch (const Error&) {
        return false;
    }
}

Pack open_pack(const fs::path& path) {
    const InputFile file(path);
    SafetensorsHeader header = read_header(file);
    std::sort(header.tensors.begin(), header.tensors.end(),
              [](const TensorEntry& a, const TensorEntry& b) { return a.name < b.name; });
    const auto mapping = std::make_shared<const Mapping>(path, file.size());
    Pack pack;
    pack.owner = mapping;
    try {
        const json told = json::parse(header.metadata.at(kKey));
        if (told.size() != header.tensors.size()) fail(path, "is damaged");
        for (std::size_t i = 0; i < header.tensors.size(); ++i) {
            const TensorEntry& entry = header.tensors[i];
            if (!is_picture(entry)) fail(path, "holds something else than pictures");
            const PackedPicture picture{audited_of(told.at(i), entry), mapping->at(entry.offset)};
            const auto wanted = told.at(i).at("crc32").get<std::uint32_t>();
            if (checksum(picture.rgb, byte_count(picture.audited)) != wanted) {
                fail(path, "is damaged: \"" + picture.audited.file.string() + "\" has changed");
            }
            pack.pictures.push_back(picture);
        }
    } catch (const json::exception&) {
        fail(path, "is damaged: what it tells of its pictures cannot be read");
    }
    return pack;
}

void write_pack(const fs::path& file, const std::vector<PackedPicture>& pictures) {
    TensorFile content;
    json told = json::array();
    for (std::size_t i = 0; i < pictures.size(); ++i) {
        const PackedPicture& picture = pictures[i];
        told.push_back(to_json(picture));
        content.tensors[name_of(i)] =
            torch::from_blob(const_cast<std::uint8_t*>(picture.rgb),
                             {picture.audited.height, picture.audited.width, 3}, torch::kUInt8);
    }
    content.metadata[kKey] = told.dump(-1, ' ', false, json::error_handler_t::replace);
    write_safetensors(file, content);
}

}  // namespace sisr::training
