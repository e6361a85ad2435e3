#include "image/atomic_file.h"

#include <sisr/error.h>

#include <atomic>
#include <cerrno>
#include <fcntl.h>
#include <system_error>
#include <unistd.h>

namespace sisr {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail(const fs::path& file, const char* what, int error) {
    throw Error(ErrorKind::io, file.string(),
                std::string(what) + " (" + std::generic_category().message(error) + ")");
}

class Descriptor {
public:
    Descriptor(const fs::path& file, int flags)
        : value_(::open(file.c_str(), flags | O_CLOEXEC, 0666)) {}
    ~Descriptor() {
        if (value_ >= 0) ::close(value_);
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    int get() const { return value_; }

private:
    int value_;
};

fs::path temporary_name(const fs::path& target) {
    static std::atomic<unsigned> counter{0};
    // Names may be up to 255 bytes long; ours must fit whatever the target's length is.
    const std::string stem = target.stem().string().substr(0, 100);
    return target.parent_path() /
           ("." + stem + ".sisr-" + std::to_string(::getpid()) + "-" + std::to_string(counter++) +
            ".tmp" + target.extension().string());
}

}  // namespace

AtomicFile::AtomicFile(fs::path target)
    : target_(std::move(target)), temporary_(temporary_name(target_)) {
    const Descriptor file(temporary_, O_WRONLY | O_CREAT | O_EXCL);
    if (file.get() < 0) fail(target_, "cannot be created", errno);
}

AtomicFile::~AtomicFile() {
    std::error_code ignored;
    if (!committed_) fs::remove(temporary_, ignored);
}

void AtomicFile::commit() {
    {
        const Descriptor file(temporary_, O_RDONLY);
        if (file.get() < 0 || ::fsync(file.get()) != 0) fail(target_, "cannot be written", errno);
    }
    if (::rename(temporary_.c_str(), target_.c_str()) != 0) {
        fail(target_, "cannot be given its name", errno);
    }
    committed_ = true;
    // The file is whole by now; a folder that cannot be synced only delays its name on the disk.
    const fs::path folder = target_.has_parent_path() ? target_.parent_path() : fs::path(".");
    const Descriptor handle(folder, O_RDONLY | O_DIRECTORY);
    if (handle.get() >= 0) ::fsync(handle.get());
}

}  // namespace sisr
