/// What the targets for model files have in common: libFuzzer's entry point, and a main() where
/// libFuzzer is not there.
#pragma once

#include "plain_run.h"
#include "support/temp_dir.h"

#include "formats/stored_model.h"

#include <sisr/error.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <sys/mman.h>
#include <unistd.h>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace sisr::test {

/// A file that is in memory only.
class MemoryFile {
public:
    explicit MemoryFile(std::string_view bytes) : descriptor_(::memfd_create("model", 0)) {
        while (!bytes.empty()) {
            const ssize_t count = ::write(descriptor_, bytes.data(), bytes.size());
            if (count <= 0) std::abort();
            bytes.remove_prefix(static_cast<std::size_t>(count));
        }
    }
    ~MemoryFile() { ::close(descriptor_); }
    MemoryFile(const MemoryFile&) = delete;
    MemoryFile& operator=(const MemoryFile&) = delete;

    std::filesystem::path path() const { return "/proc/self/fd/" + std::to_string(descriptor_); }

private:
    int descriptor_;
};

/// Runs it; an Error about the file, in whatever words, is what a damaged one deserves.
template <class Work>
void expect_model_or_error(const std::string& subject, const Work& work) {
    try {
        work();
    } catch (const Error& error) {
        const ErrorKind kind = error.kind();
        const bool is_right = kind == ErrorKind::bad_model || kind == ErrorKind::io;
        if (!is_right || error.subject() != subject) std::abort();
    }
}

/// Reads every weight into memory of its size, and looks at whether the tensors are inside.
inline void read_weights(const StoredModel& model) {
    constexpr std::size_t kMost = 16 << 20;
    for (const auto& item : model.tensors) {
        const StoredTensor& tensor = item.second;
        const StoredBytes& storage = model.storages.at(tensor.storage);
        std::uint64_t last = static_cast<std::uint64_t>(tensor.offset);
        bool is_empty = false;
        for (std::size_t i = 0; i < tensor.shape.size(); ++i) {
            is_empty = is_empty || tensor.shape[i] == 0;
            last += static_cast<std::uint64_t>(tensor.shape[i] - 1) *
                    static_cast<std::uint64_t>(tensor.strides.at(i));
        }
        const std::size_t width = element_size(tensor.type);
        if (width > 0 && !is_empty && (last + 1) * width > storage.size) std::abort();
    }
    for (const StoredBytes& storage : model.storages) {
        if (storage.size > kMost) continue;
        std::string bytes(storage.size, '\0');
        storage.read(bytes.data());
    }
}

/// main() without libFuzzer. Of a file that is larger than any a fuzzer makes the begin is read.
inline int run_bytes_plainly(int argc, char** argv,
                             std::function<void(const std::filesystem::path&)> write_seeds) {
    const auto read = [](const std::filesystem::path& file) {
        constexpr std::size_t kMost = 64 << 20;
        std::string bytes(std::min<std::size_t>(std::filesystem::file_size(file), kMost), '\0');
        std::ifstream(file, std::ios::binary)
            .read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
        LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
    };
    return run_plainly(argc, argv, {std::move(write_seeds), read});
}

inline std::string_view view_of(const std::uint8_t* data, std::size_t size) {
    return {reinterpret_cast<const char*>(data), size};
}

}  // namespace sisr::test

/// Without libFuzzer: a main() that starts from what `write_seeds` puts into a folder.
#ifdef SISR_LIBFUZZER
#define SISR_FUZZ_MAIN(write_seeds)
#else
#define SISR_FUZZ_MAIN(write_seeds)                                      \
    int main(int argc, char** argv) {                                    \
        return sisr::test::run_bytes_plainly(argc, argv, (write_seeds)); \
    }
#endif
