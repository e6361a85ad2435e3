#include "plain_run.h"

#include "support/mutations.h"
#include "support/temp_dir.h"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <sys/resource.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace sisr::test {
namespace {

namespace fs = std::filesystem;

constexpr int kSeconds = 10;       // of processor time
constexpr int kMostSeconds = 120;  // by the clock, for what sleeps

template <class Work>
pid_t start(const Work& work) {
    const pid_t process = ::fork();
    if (process != 0) return process;
    const rlimit limit{kSeconds, kSeconds};
    if (::setrlimit(RLIMIT_CPU, &limit) != 0) ::_exit(126);
    // Not exit(): what the libraries registered is the parent's.
    if (std::getenv("SISR_FUZZ_LOUD") == nullptr && std::freopen("/dev/null", "w", stderr)) {
    }
    work();
    ::_exit(0);
}

/// Empty when all is well.
std::string fault_of(const fs::path& file, const FuzzTarget& target) {
    const pid_t process = start([&] { target.read(file); });
    int status = 0;
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(kMostSeconds);
    while (::waitpid(process, &status, WNOHANG) == 0) {
        if (std::chrono::steady_clock::now() > deadline) {
            ::kill(process, SIGKILL);
            ::waitpid(process, &status, 0);
            return "never ends";
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) return "takes more than 10 s";
    if (WIFSIGNALED(status)) return "ends by signal " + std::to_string(WTERMSIG(status));
    return WEXITSTATUS(status) == 0 ? "" : "is a finding of a sanitizer";
}

std::vector<fs::path> files_of(const fs::path& path) {
    if (!fs::is_directory(path)) return {path};
    std::vector<fs::path> files;
    for (const auto& entry : fs::recursive_directory_iterator(path)) {
        if (entry.is_regular_file()) files.push_back(entry.path());
    }
    std::sort(files.begin(), files.end());
    return files;
}

class Run {
public:
    explicit Run(const FuzzTarget& target) : target_(target) {}

    void named(const fs::path& path) {
        for (const fs::path& file : files_of(path)) look_at(file, nullptr);
    }

    void damaged(unsigned first, unsigned count) {
        fs::create_directory(folder_ / "seeds");
        // Elsewhere: threads that a library starts would not follow into the processes that read.
        const pid_t process = start([&] { target_.write_seeds(folder_ / "seeds"); });
        ::waitpid(process, nullptr, 0);
        const std::vector<fs::path> seeds = files_of(folder_ / "seeds");
        for (unsigned seed = first; seed < first + count && !seeds.empty(); ++seed) {
            const fs::path& good = seeds[seed % seeds.size()];
            const fs::path file =
                folder_ / ("m" + std::to_string(seed) + good.extension().string());
            write_bytes(file, mutated(read_bytes(good), seed));
            // A fault's file is kept beside, to be looked at.
            look_at(file, std::getenv("SISR_FUZZ_KEEP"));
            fs::remove(file);
        }
        if (seeds.empty()) ++faults_;
    }

    int finish() const {
        std::printf("%d files, %d faults\n", files_, faults_);
        return faults_ == 0 ? 0 : 1;
    }

private:
    void look_at(const fs::path& file, const char* kept_as) {
        ++files_;
        const std::string fault = fault_of(file, target_);
        if (fault.empty()) return;
        ++faults_;
        std::fprintf(stderr, "%s %s\n", file.filename().c_str(), fault.c_str());
        if (kept_as != nullptr) fs::copy(file, kept_as, fs::copy_options::overwrite_existing);
    }

    const FuzzTarget& target_;
    TempDir folder_;
    int files_ = 0;
    int faults_ = 0;
};

}  // namespace

int run_plainly(int argc, char** argv, const FuzzTarget& target) {
    Run run(target);
    const int count = argc > 1 ? std::atoi(argv[1]) : 100;
    if (count > 0) {
        const int first = argc > 2 ? std::atoi(argv[2]) : 0;
        run.damaged(static_cast<unsigned>(first), static_cast<unsigned>(count));
    } else {
        for (int i = 1; i < argc; ++i) run.named(argv[i]);
    }
    return run.finish();
}

}  // namespace sisr::test
