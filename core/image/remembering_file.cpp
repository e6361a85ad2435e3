#include "image/remembering_file.h"

#include <algorithm>
#include <utility>

namespace sisr {

RememberingFile::RememberingFile(const std::string& path, FindHead find_head, Rewrite rewrite)
    : IOProxy(path, Write),
      file_(std::fopen(path.c_str(), "r+b")),
      find_head_(std::move(find_head)),
      rewrite_(std::move(rewrite)),
      keeps_head_(static_cast<bool>(find_head_)),
      has_failed_(!file_) {}

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

void RememberingFile::take_head(const char* data, size_t bytes) {
    head_.append(data, bytes);
    const std::size_t length = find_head_(head_);
    if (length == 0) return;
    const std::string rewritten = rewrite_(head_.substr(0, length));
    put(0, rewritten.data(), rewritten.size());
    put(static_cast<int64_t>(rewritten.size()), head_.data() + length, head_.size() - length);
    shift_ = static_cast<int64_t>(rewritten.size()) - static_cast<int64_t>(length);
    keeps_head_ = false;
    head_ = std::string();
}

size_t RememberingFile::write(const void* data, size_t bytes) {
    if (keeps_head_) {
        take_head(static_cast<const char*>(data), bytes);
    } else {
        put(position_ + shift_, static_cast<const char*>(data), bytes);
    }
    position_ += static_cast<int64_t>(bytes);
    size_ = std::max(size_, position_);
    return bytes;
}

bool RememberingFile::has_failed() {
    if (!has_failed_ && std::fflush(file_.get()) != 0) has_failed_ = true;
    return has_failed_;
}

}  // namespace sisr
