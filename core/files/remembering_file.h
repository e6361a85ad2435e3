/// A codec's output that remembers what did not arrive.
#pragma once

#include <OpenImageIO/filesystem.h>

#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>

namespace sisr {

/// A file that remembers its first failed write and reports success all the same: some codecs do
/// not look at what writing returns, and libjpeg ends the process. Whoever owns it must ask.
class RememberingFile final : public OIIO::Filesystem::IOProxy {
public:
    /// Opens an existing file.
    explicit RememberingFile(const std::string& path);

    // Not "file": OpenImageIO would hand the codec the stream itself.
    const char* proxytype() const override { return "remembering file"; }
    bool opened() const override { return file_ != nullptr; }
    void close() override {}  // the owner's, who must ask first
    int64_t tell() override { return position_; }
    bool seek(int64_t offset) override;
    size_t write(const void* data, size_t bytes) override;
    size_t size() const override { return static_cast<size_t>(size_); }

    /// Whether anything has not arrived so far.
    bool has_failed();

private:
    struct Closer {
        void operator()(std::FILE* file) const { std::fclose(file); }
    };

    void put(int64_t position, const char* data, size_t bytes);

    std::unique_ptr<std::FILE, Closer> file_;
    int64_t position_ = 0;
    int64_t size_ = 0;
    bool has_failed_;
};

}  // namespace sisr
