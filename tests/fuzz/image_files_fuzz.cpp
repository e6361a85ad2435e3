/// Reads damaged copies of good image files, as many as asked for, and files that are named:
///   image_files_fuzz COUNT [FIRST-SEED] | image_files_fuzz FILE...
/// An error is what damaged files deserve; a crash, a hang or a finding of a sanitizer is a fault.
/// Each file is read in a process of its own, so that a fault names its file.
#include "support/images.h"
#include "support/mutations.h"
#include "support/temp_dir.h"

#include <sisr/error.h>
#include <sisr/image_file.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace {

namespace fs = std::filesystem;

constexpr double kLargest = 4e6;  // pixels; as --max-megapixels would refuse
constexpr int kSeconds = 10;

void read_whole(const fs::path& file) {
    sisr::FileSource source(file);
    for (int page = 0; page < 8; ++page) {
        if (page > 0 && !source.next_page()) return;
        const sisr::ImageShape shape = source.shape();
        if (static_cast<double>(shape.width) * shape.height > kLargest) return;
        if (page % 2 == 1) source.make_upright();
        std::vector<float> row(source.shape().row_samples());
        for (int y = 0; y < source.shape().height; ++y) source.read_rows(y, y + 1, row.data());
    }
}

/// And hands its metadata over to each format that has parts.
void read_and_write(const fs::path& file, const fs::path& folder) {
    const sisr::FileSource source(file);
    sisr::Image small = sisr::test::random_rgb(8, 8);
    small.metadata = source.metadata();
    for (const char* name : {"a.png", "a.jpg", "a.tif", "a.webp"}) {
        sisr::write_image(folder / name, small);
    }
}

int child(const fs::path& file, const fs::path& folder) {
    for (const bool writes : {false, true}) {
        try {
            writes ? read_and_write(file, folder) : read_whole(file);
        } catch (const sisr::Error&) {
        } catch (const std::bad_alloc&) {
        }
    }
    sisr::look_at_file(file);
    return 0;
}

/// Empty when all is well.
std::string fault_of(const fs::path& file, const fs::path& folder) {
    const pid_t process = ::fork();
    if (process == 0) {
        // Not exit(): what the codecs registered is the parent's.
        if (std::getenv("SISR_FUZZ_LOUD") == nullptr && std::freopen("/dev/null", "w", stderr)) {
        }
        ::_exit(child(file, folder));
    }
    int status = 0;
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(kSeconds);
    while (::waitpid(process, &status, WNOHANG) == 0) {
        if (std::chrono::steady_clock::now() > deadline) {
            ::kill(process, SIGKILL);
            ::waitpid(process, &status, 0);
            return "takes more than 10 s";
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    if (WIFSIGNALED(status)) return "ends by signal " + std::to_string(WTERMSIG(status));
    return WEXITSTATUS(status) == 0 ? "" : "is a finding of a sanitizer";
}

const char* const kExtensions[] = {"png", "jpg", "tif", "webp", "exr", "bmp", "tga",
                                   "ppm", "gif", "hdr", "jp2",  "dpx", "sgi"};

/// A mutation of one of a few good files with metadata of each kind of part.
fs::path make_damaged(const fs::path& folder, unsigned seed) {
    const std::string extension = kExtensions[seed % std::size(kExtensions)];
    const fs::path good = folder / ("good." + extension);
    if (!fs::exists(good)) {
        // Elsewhere too: OpenEXR's threads would not follow into the processes that read.
        const pid_t process = ::fork();
        if (process == 0) {
            sisr::write_image(good, sisr::test::scene({66, 64, 3, false, sisr::Encoding::display}));
            ::_exit(0);
        }
        ::waitpid(process, nullptr, 0);
    }
    const fs::path samples = fs::path(SISR_SOURCE_DIR) / "tests/data/metadata";
    fs::path seed_file = samples / ("sample." + extension);
    if (!fs::exists(seed_file) || seed / std::size(kExtensions) % 2 == 0) seed_file = good;
    const fs::path file = folder / ("m" + std::to_string(seed) + "." + extension);
    sisr::test::write_bytes(file, sisr::test::mutated(sisr::test::read_bytes(seed_file), seed));
    return file;
}

}  // namespace

int main(int argc, char** argv) {
    const sisr::test::TempDir folder;
    int faults = 0;
    const auto look_at = [&](const fs::path& file, const char* kept_as) {
        const std::string fault = fault_of(file, folder.path());
        if (fault.empty()) return;
        ++faults;
        std::fprintf(stderr, "%s %s\n", file.filename().c_str(), fault.c_str());
        if (kept_as != nullptr) fs::copy(file, kept_as, fs::copy_options::overwrite_existing);
    };
    const int count = argc > 1 ? std::atoi(argv[1]) : 100;
    if (count == 0) {
        for (int i = 1; i < argc; ++i) look_at(argv[i], nullptr);
    }
    const unsigned first = argc > 2 && count > 0 ? static_cast<unsigned>(std::atoi(argv[2])) : 0;
    for (unsigned seed = first; seed < first + static_cast<unsigned>(count); ++seed) {
        const fs::path file = make_damaged(folder.path(), seed);
        // A fault's file is kept beside, to be looked at.
        look_at(file, std::getenv("SISR_FUZZ_KEEP"));
        fs::remove(file);
    }
    std::printf("%d faults\n", faults);
    return faults == 0 ? 0 : 1;
}
