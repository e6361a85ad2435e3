/// A codec's output, whose head is rewritten on its way to the disk.
#pragma once

#include <OpenImageIO/filesystem.h>

#include <cstdint>
#include <cstdio>
#include <functional>
#include <memory>
#include <string>

namespace sisr {

/// A file that remembers its first failed write and reports success all the same: some codecs do
/// not look at what writing returns, and libjpeg ends the process. Whoever owns it must ask.
/// Until the head is complete it is kept, and then written as `rewrite` returns it.
class RememberingFile final : public OIIO::Filesystem::IOProxy {
public:
    /// Bytes of the head at the begin of what was written so far; 0: more is needed.
    using FindHead = std::function<std::size_t(const std::string&)>;
    using Rewrite = std::function<std::string(const std::string&)>;

    /// Opens an existing file. Without functions it is written as it comes.
    explicit RememberingFile(const std::string& path, FindHead find_head = {},
                             Rewrite rewrite = {});

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
    void take_head(const char* data, size_t bytes);

    std::unique_ptr<std::FILE, Closer> file_;
    FindHead find_head_;
    Rewrite rewrite_;
    std::string head_;  ///< what has come before the head was complete
    bool keeps_head_;
    int64_t shift_ = 0;  ///< by which the rest is moved
    int64_t position_ = 0;
    int64_t size_ = 0;
    bool has_failed_;
};

}  // namespace sisr
