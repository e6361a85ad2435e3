/// Model files of every kind, made by hand.
#pragma once

#include "formats/safetensors_header.h"

#include "pickles.h"
#include "support/temp_dir.h"

#include <cstring>
#include <zip.h>

namespace sisr::test::model_files {

inline std::string bytes_of(const std::vector<float>& values) {
    std::string bytes(values.size() * sizeof(float), '\0');
    std::memcpy(bytes.data(), values.data(), bytes.size());
    return bytes;
}

/// [2,3] in float32 and [2] in bfloat16.
inline std::string safetensors() {
    SafetensorsHeader header;
    header.metadata["note"] = "made by hand";
    header.tensors = {{"module.a.weight", TensorType::f32, {2, 3}, 0, 24},
                      {"module.b.weight", TensorType::bf16, {2}, 0, 4}};
    return format_safetensors_header(header) + bytes_of({1, 2, 3, 4, 5, 6}) + std::string(4, '?');
}

inline const std::string& state_dict() {
    static const std::string pickle = pickles::whole(pickles::dict(
        {{"params", pickles::dict({{"a.weight", pickles::tensor("0")}})},
         {"args", pickles::object("argparse", "Namespace", {{"x", pickles::number(1)}})}}));
    return pickle;
}

struct ZipEntry {
    std::string name;
    std::string bytes;
    bool is_packed = false;
};

inline void write_zip(const std::filesystem::path& file, const std::vector<ZipEntry>& entries) {
    zip_t* zip = zip_open(file.c_str(), ZIP_CREATE | ZIP_TRUNCATE, nullptr);
    for (const ZipEntry& entry : entries) {
        zip_source_t* source =
            zip_source_buffer(zip, entry.bytes.data(), entry.bytes.size(), /*freep=*/0);
        const zip_int64_t index = zip_file_add(zip, entry.name.c_str(), source, 0);
        zip_set_file_compression(zip, static_cast<zip_uint64_t>(index),
                                 entry.is_packed ? ZIP_CM_DEFLATE : ZIP_CM_STORE, 0);
    }
    zip_close(zip);
}

inline std::string zip_bytes(const std::vector<ZipEntry>& entries) {
    const TempDir folder;
    write_zip(folder / "x.zip", entries);
    return read_bytes(folder / "x.zip");
}

inline std::string new_pth() {
    return zip_bytes({{"model/data.pkl", state_dict()},
                      {"model/data/0", bytes_of({1, 2, 3, 4, 5, 6})},
                      {"model/version", "3\n"}});
}

inline std::string old_pth() {
    const std::string magic("\x80\x02\x8a\x0al\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.", 15);
    return magic + pickles::whole(pickles::number(1001)) +
           pickles::whole(pickles::dict({{"little_endian", "\x88"}})) + state_dict() +
           pickles::whole("](" + pickles::text("0") + "e") + pickles::little_endian(6, 8) +
           bytes_of({1, 2, 3, 4, 5, 6});
}

/// A convolution in float32, one in float16 of an odd count, a PReLU, a constant.
inline std::string ncnn_param() {
    return "7767517\n5 5\n"
           "Input in 0 1 data 0=0 1=0 2=1\n"
           "Convolution c0 1 1 data x 0=2 1=3 4=1 5=1 6=18\n"
           "PReLU p1 1 1 x y 0=2\n"
           "Convolution c2 1 1 y z 0=1 1=1 6=2 9=2 -23310=1,2.000000e-01\n"
           "MemoryData m3 0 1 k 0=1\n";
}

inline std::string ncnn_bin() {
    const auto values = [](std::size_t count) { return bytes_of(std::vector<float>(count, 0.5F)); };
    return std::string(4, '\0') + values(18) + values(2) + values(2) +
           pickles::little_endian(0x01306B47, 4) + std::string(4, '\0') + values(1);
}

}  // namespace sisr::test::model_files
