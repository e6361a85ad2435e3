/// A regular file, read by place. A file that shrinks meanwhile is an error, not a signal, as it
/// would be were it mapped.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>

namespace sisr {

class InputFile {
public:
    /// Throws Error{not_found, io}, and Error{bad_model} for what is no regular file.
    explicit InputFile(const std::filesystem::path& path);
    ~InputFile();
    InputFile(const InputFile&) = delete;
    InputFile& operator=(const InputFile&) = delete;

    /// Bytes that it had when it was opened.
    std::size_t size() const { return size_; }
    /// The path, as errors name it.
    const std::string& subject() const { return subject_; }

    /// Exactly `bytes` of them from `offset` on. Throws Error{io} about the file where they are not
    /// there. Safe to call from several threads.
    void read(std::size_t offset, char* target, std::size_t bytes) const;
    /// At most `bytes` of them: fewer where the file ends before.
    std::string read_some(std::size_t offset, std::size_t bytes) const;

private:
    std::string subject_;
    int descriptor_ = -1;
    std::size_t size_ = 0;
};

}  // namespace sisr
