#include "base/atomic_file.h"

#include "base/numbers.h"

#include <sisr/error.h>
#include <sisr/image_file.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <sys/stat.h>
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

constexpr const char* kMark = ".sisr-";
constexpr const char* kEnd = ".tmp";

std::string host_name() {
    char name[256] = "";
    if (::gethostname(name, sizeof name - 1) != 0) return "host";
    std::string text = name;
    // As a part of ours: no separator of ours, and not too long.
    std::replace(text.begin(), text.end(), '-', '_');
    std::replace(text.begin(), text.end(), '.', '_');
    return text.substr(0, 60);
}

/// ".stem.sisr-host-process-number.tmp.ext"
fs::path temporary_name(const fs::path& target) {
    static std::atomic<unsigned> counter{0};
    // Names may be up to 255 bytes long; ours must fit whatever the target's length is.
    const std::string stem = target.stem().string().substr(0, 100);
    return target.parent_path() /
           ("." + stem + kMark + host_name() + "-" + std::to_string(::getpid()) + "-" +
            std::to_string(counter++) + kEnd + target.extension().string());
}

/// The process that made a temporary file on this host; 0 for other files.
pid_t maker_of(const std::string& name) {
    const auto mark = name.rfind(kMark);
    if (name.empty() || name.front() != '.' || mark == std::string::npos) return 0;
    const std::string rest = name.substr(mark + std::char_traits<char>::length(kMark));
    const std::string host = host_name() + "-";
    if (rest.compare(0, host.size(), host) != 0 || rest.find(kEnd) == std::string::npos) return 0;
    std::string_view number(rest);
    number.remove_prefix(host.size());
    return take_number<pid_t>(number).value_or(0);
}

/// To be told now, and not when the work is done.
void check_name(const fs::path& target) {
    struct stat there {};
    if (::lstat(target.c_str(), &there) != 0) {
        if (errno == ENAMETOOLONG) fail(target, "cannot be given its name", errno);
        return;
    }
    const bool is_device = S_ISCHR(there.st_mode) || S_ISBLK(there.st_mode) ||
                           S_ISFIFO(there.st_mode) || S_ISSOCK(there.st_mode);
    if (is_device) throw Error(ErrorKind::io, target.string(), "is no file that can be replaced");
}

}  // namespace

AtomicFile::AtomicFile(fs::path target)
    : target_(std::move(target)), temporary_(temporary_name(target_)) {
    check_name(target_);
    for (;;) {
        const Descriptor file(temporary_, O_WRONLY | O_CREAT | O_EXCL);
        if (file.get() >= 0) return;
        // Another container may have the same host and process; its file is not ours to write.
        if (errno != EEXIST) fail(target_, "cannot be created", errno);
        temporary_ = temporary_name(target_);
    }
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

void remove_abandoned_files(const fs::path& folder, bool ours_too) {
    std::error_code status;
    for (fs::directory_iterator entry(folder, status), end; !status && entry != end;
         entry.increment(status)) {
        const pid_t maker = maker_of(entry->path().filename().string());
        if (maker <= 0) continue;
        const bool is_ours = maker == ::getpid();
        const bool is_alive = is_ours ? !ours_too : ::kill(maker, 0) == 0 || errno != ESRCH;
        std::error_code ignored;
        if (!is_alive) fs::remove(entry->path(), ignored);
    }
}

}  // namespace sisr
