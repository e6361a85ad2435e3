#include "files/remembering_file.h"

#include <algorithm>

namespace sisr {

RememberingFile::RememberingFile(const std::string& path)
    : IOProxy(path, Write), file_(std::fopen(path.c_str(), "r+b")), has_failed_(!file_) {}

bool RememberingFile::seek(int64_t offset) {
    position_ = offset;
    return true;
}

void RememberingFile::put(int64_t position, const char* data, size_t bytes) {
    if (has_failed_ || bytes == 0) return;
    const bool is_there =
        std::ftell(file_.get()) == position || std::fseek(file_.get(), position, SEEK_SET) == 0;
    has_failed_ = !is_there || std::fwrite(data, 1, bytes, file_.get()) != bytes;
}

size_t RememberingFile::write(const void* data, size_t bytes) {
    put(position_, static_cast<const char*>(data), bytes);
    position_ += static_cast<int64_t>(bytes);
    size_ = std::max(size_, position_);
    return bytes;
}

bool RememberingFile::has_failed() {
    if (!has_failed_ && std::fflush(file_.get()) != 0) has_failed_ = true;
    return has_failed_;
}

}  // namespace sisr
