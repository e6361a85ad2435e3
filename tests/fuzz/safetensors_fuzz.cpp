/// safetensors files: the header, and the places that it tells.
#include "model_target.h"

#include "core/formats/model_files.h"
#include "formats/open_model.h"
#include "formats/safetensors_header.h"

using namespace sisr;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const test::MemoryFile file(test::view_of(data, size));
    test::expect_model_or_error(file.path().string(), [&] {
        test::read_weights(open_safetensors(file.path()));
        // What was read once is written so that it reads again.
        SafetensorsHeader header = parse_safetensors_header(
            std::string(
                test::view_of(data, size)
                    .substr(kSafetensorsPrefixBytes, safetensors_header_bytes(data, size, "x"))),
            size, "x");
        for (const TensorEntry& entry : header.tensors) {
            if (entry.type == TensorType::other) return;
        }
        const std::string text = format_safetensors_header(header);
        std::size_t bytes = text.size();
        for (const TensorEntry& entry : header.tensors) bytes += entry.bytes;
        const auto again =
            parse_safetensors_header(text.substr(kSafetensorsPrefixBytes), bytes, "x");
        if (again.tensors.size() != header.tensors.size()) std::abort();
        // By its content it is the same kind of file, whose names become canonical.
        if (size > kSafetensorsPrefixBytes && data[kSafetensorsPrefixBytes] == '{') {
            open_model(file.path());
        }
    });
    return 0;
}

SISR_FUZZ_MAIN([](const std::filesystem::path& folder) {
    test::write_bytes(folder / "a.safetensors", test::model_files::safetensors());
})
