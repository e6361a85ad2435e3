#include "formats/input_file.h"

#include <sisr/error.h>

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace sisr {

InputFile::InputFile(const std::filesystem::path& path) : subject_(path.string()) {
    // Not to wait for ever for the writer of a pipe.
    descriptor_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (descriptor_ < 0) {
        const bool is_missing = errno == ENOENT || errno == ENOTDIR;
        throw Error(is_missing ? ErrorKind::not_found : ErrorKind::io, subject_,
                    is_missing ? "no such file" : "cannot be opened");
    }
    struct stat status {};
    const bool is_known = ::fstat(descriptor_, &status) == 0;
    if (is_known && S_ISREG(status.st_mode)) {
        size_ = static_cast<std::size_t>(status.st_size);
        return;
    }
    ::close(descriptor_);
    if (!is_known) throw Error(ErrorKind::io, subject_, "cannot be read");
    throw Error(ErrorKind::bad_model, subject_,
                S_ISDIR(status.st_mode) ? "is a folder, not a model file" : "is no regular file");
}

InputFile::~InputFile() { ::close(descriptor_); }

void InputFile::read(std::size_t offset, char* target, std::size_t bytes) const {
    while (bytes > 0) {
        const ssize_t count = ::pread(descriptor_, target, bytes, static_cast<off_t>(offset));
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) throw Error(ErrorKind::io, subject_, "cannot be read to its end");
        const auto done = static_cast<std::size_t>(count);
        offset += done;
        target += done;
        bytes -= done;
    }
}

std::string InputFile::read_some(std::size_t offset, std::size_t bytes) const {
    std::string text(std::min(bytes, size_ - std::min(offset, size_)), '\0');
    read(offset, text.data(), text.size());
    return text;
}

}  // namespace sisr
