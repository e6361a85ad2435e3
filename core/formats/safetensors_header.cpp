#include "formats/safetensors_header.h"

#include "formats/json_watch.h"

#include <sisr/error.h>

#include <algorithm>
#include <array>
#include <limits>
#include <nlohmann/json.hpp>

namespace sisr {
namespace {

// A thousand tensors take a tenth of a megabyte.
constexpr std::size_t kMaxHeaderBytes = 8'000'000;
// The header, a tensor, its shape; one more is told better later.
constexpr JsonWatch::Limits kLimits{500'000, 4, 512};

struct TypeName {
    const char* name;
    TensorType type;
};

constexpr std::array<TypeName, 22> kTypes{
    {{"F32", TensorType::f32},           {"F16", TensorType::f16},
     {"BF16", TensorType::bf16},         {"F64", TensorType::f64},
     {"F8_E4M3", TensorType::f8_e4m3},   {"F8_E5M2", TensorType::f8_e5m2},
     {"I64", TensorType::i64},           {"I32", TensorType::i32},
     {"I16", TensorType::i16},           {"I8", TensorType::i8},
     {"U64", TensorType::u64},           {"U32", TensorType::u32},
     {"U16", TensorType::u16},           {"U8", TensorType::u8},
     {"BOOL", TensorType::boolean},      {"C64", TensorType::complex64},
     {"F4", TensorType::other},          {"F6_E2M3", TensorType::other},
     {"F6_E3M2", TensorType::other},     {"F8_E8M0", TensorType::other},
     {"F8_E4M3FNUZ", TensorType::other}, {"F8_E5M2FNUZ", TensorType::other}}};

const char* type_name(TensorType type) {
    const auto* found = std::find_if(kTypes.begin(), kTypes.end(), [type](const TypeName& entry) {
        return entry.type == type && type != TensorType::other;
    });
    if (found == kTypes.end()) {
        throw Error(ErrorKind::internal, "safetensors", "a tensor of no type that has a name");
    }
    return found->name;
}

class HeaderReader {
public:
    HeaderReader(std::size_t data_begin, std::size_t file_bytes, const std::string& subject)
        : data_begin_(data_begin), data_bytes_(file_bytes - data_begin), subject_(subject) {}

    SafetensorsHeader read(const std::string& text) const {
        const std::string fault = JsonWatch::fault_of(text, kLimits);
        if (!fault.empty()) fail("the header " + fault);
        const auto json = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
        if (!json.is_object()) fail("the header is no JSON object");
        SafetensorsHeader header;
        for (const auto& [name, value] : json.items()) {
            if (name == "__metadata__") {
                header.metadata = read_metadata(value);
            } else {
                header.tensors.push_back(read_entry(name, value));
            }
        }
        check_layout(header.tensors);
        return header;
    }

private:
    [[noreturn]] void fail(const std::string& reason) const {
        throw Error(ErrorKind::bad_model, subject_, "damaged safetensors file: " + reason);
    }

    std::map<std::string, std::string> read_metadata(const nlohmann::json& value) const {
        if (!value.is_object()) fail("the metadata are no JSON object");
        std::map<std::string, std::string> metadata;
        for (const auto& [key, text] : value.items()) {
            if (!text.is_string()) fail("metadata value of \"" + key + "\" is no string");
            metadata[key] = text.get<std::string>();
        }
        return metadata;
    }

    TensorEntry read_entry(const std::string& name, const nlohmann::json& value) const {
        const auto missing = [&value](const char* key) { return !value.contains(key); };
        if (!value.is_object() || missing("dtype") || missing("shape") || missing("data_offsets")) {
            fail("tensor \"" + name + "\" is incomplete");
        }
        TensorEntry entry;
        entry.name = name;
        entry.type = read_type(name, value["dtype"]);
        entry.shape = read_sizes(name, value["shape"]);
        const auto offsets = read_sizes(name, value["data_offsets"]);
        if (offsets.size() != 2 || offsets[0] > offsets[1] ||
            static_cast<std::uint64_t>(offsets[1]) > data_bytes_) {
            fail("tensor \"" + name + "\" lies outside the file");
        }
        entry.offset = data_begin_ + static_cast<std::size_t>(offsets[0]);
        entry.bytes = static_cast<std::size_t>(offsets[1] - offsets[0]);
        if (entry.type != TensorType::other && expected_bytes(entry) != entry.bytes) {
            fail("tensor \"" + name + "\" has a size that its shape contradicts");
        }
        return entry;
    }

    TensorType read_type(const std::string& name, const nlohmann::json& value) const {
        const std::string text = value.is_string() ? value.get<std::string>() : "";
        const auto* found =
            std::find_if(kTypes.begin(), kTypes.end(),
                         [&text](const TypeName& entry) { return text == entry.name; });
        if (found == kTypes.end()) {
            fail("tensor \"" + name + "\" has the unknown type " + text.substr(0, 20));
        }
        return found->type;
    }

    std::vector<std::int64_t> read_sizes(const std::string& name,
                                         const nlohmann::json& value) const {
        if (!value.is_array()) fail("tensor \"" + name + "\" has no list of sizes");
        std::vector<std::int64_t> sizes;
        for (const auto& item : value) {
            constexpr auto kLimit = std::numeric_limits<std::int64_t>::max();
            if (!item.is_number_unsigned() || item.get<std::uint64_t>() > kLimit) {
                fail("tensor \"" + name + "\" has a size that is no whole number");
            }
            sizes.push_back(item.get<std::int64_t>());
        }
        return sizes;
    }

    /// Any value above the data's size stands for "too large", so the product cannot overflow.
    std::size_t expected_bytes(const TensorEntry& entry) const {
        std::size_t bytes = element_size(entry.type);
        for (const std::int64_t size : entry.shape) {
            if (size == 0) return 0;
            if (static_cast<std::uint64_t>(size) > data_bytes_ / bytes) return data_bytes_ + 1;
            bytes *= static_cast<std::size_t>(size);
        }
        return bytes;
    }

    /// The format allows neither holes nor overlaps: both could hide something.
    void check_layout(std::vector<TensorEntry>& tensors) const {
        std::sort(tensors.begin(), tensors.end(), [](const TensorEntry& a, const TensorEntry& b) {
            return std::tie(a.offset, a.bytes) < std::tie(b.offset, b.bytes);
        });
        std::size_t end = data_begin_;
        for (const TensorEntry& entry : tensors) {
            if (entry.offset != end)
                fail("tensor \"" + entry.name + "\" overlaps or leaves a hole");
            end = entry.offset + entry.bytes;
        }
        if (end != data_begin_ + data_bytes_) fail("data that belong to no tensor follow the last");
    }

    std::size_t data_begin_;
    std::size_t data_bytes_;
    const std::string& subject_;
};

}  // namespace

std::size_t safetensors_header_bytes(const unsigned char* prefix, std::size_t file_bytes,
                                     const std::string& subject) {
    std::uint64_t length = 0;
    for (int i = 7; i >= 0; --i) length = length << 8 | prefix[i];
    if (file_bytes < kSafetensorsPrefixBytes || length > kMaxHeaderBytes ||
        length > file_bytes - kSafetensorsPrefixBytes) {
        throw Error(ErrorKind::bad_model, subject,
                    "is not a model (a safetensors file), or is truncated");
    }
    return static_cast<std::size_t>(length);
}

SafetensorsHeader parse_safetensors_header(const std::string& json, std::size_t file_bytes,
                                           const std::string& subject) {
    const std::size_t data_begin = kSafetensorsPrefixBytes + json.size();
    return HeaderReader(data_begin, file_bytes, subject).read(json);
}

std::string format_safetensors_header(const SafetensorsHeader& header) {
    nlohmann::json json = nlohmann::json::object();
    if (!header.metadata.empty()) json["__metadata__"] = header.metadata;
    std::size_t offset = 0;
    for (const TensorEntry& entry : header.tensors) {
        json[entry.name] = {{"dtype", type_name(entry.type)},
                            {"shape", entry.shape},
                            {"data_offsets", {offset, offset + entry.bytes}}};
        offset += entry.bytes;
    }
    std::string text = json.dump();
    text.resize((text.size() + 7) / 8 * 8, ' ');  // aligned data, as the format asks
    std::string prefix(kSafetensorsPrefixBytes, '\0');
    for (std::size_t i = 0; i < kSafetensorsPrefixBytes; ++i) {
        prefix[i] = static_cast<char>(static_cast<std::uint64_t>(text.size()) >> (8 * i));
    }
    return prefix + text;
}

}  // namespace sisr
