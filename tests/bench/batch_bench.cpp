/// sisr-batch as a whole against its bare network: throughput as a ratio, and peak memory.
///   sisr-bench-batch [-t THREADS] SISR-BATCH SAMPLE...
/// Without -t with 1, 2, 4, ... threads, up to the cores.
#include "bench/ways.h"
#include "model/model_impl.h"
#include "support/temp_dir.h"

#include <sisr/error.h>
#include <sisr/image_file.h>
#include <sisr/model.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <string_view>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

using namespace sisr;
namespace fs = std::filesystem;

constexpr const char* kModel = "fidelity-x4";
constexpr int kRounds = 3;

/// Input pictures by their sizes.
struct Set {
    const char* name;
    std::vector<Size> sizes;
};

struct Usage {
    double seconds = 0;
    double peak_megabytes = 0;
};

/// The picture that repeats the sample, mirrored at its edges, with grain so that no two rows are
/// the same: what a camera's picture costs to decode and encode.
Image make_picture(const Image& sample, Size size, unsigned seed) {
    ImageShape shape = sample.shape();
    shape.width = size.width;
    shape.height = size.height;
    Image picture(shape);
    const auto mirror = [](int i, int n) { return i / n % 2 == 0 ? i % n : n - 1 - i % n; };
    for (int y = 0; y < size.height; ++y) {
        for (int x = 0; x < size.width; ++x) {
            seed = seed * 1664525U + 1013904223U;
            const float grain = (static_cast<float>(seed >> 24) - 127.5F) / 127.5F * 2 / 255;
            for (int c = 0; c < shape.channels(); ++c) {
                const float value =
                    sample.at(mirror(x, sample.width()), mirror(y, sample.height()), c);
                picture.at(x, y, c) = std::clamp(value + grain, 0.0F, 1.0F);
            }
        }
    }
    return picture;
}

double megapixels(const Set& set) {
    double sum = 0;
    for (const Size& size : set.sizes) sum += 1e-6 * size.width * size.height;
    return sum;
}

Usage run_batch(const char* program, const fs::path& input, const fs::path& output, int threads) {
    const std::string count = std::to_string(threads);
    const auto start = std::chrono::steady_clock::now();
    const pid_t child = ::fork();
    if (child == 0) {
        ::dup2(::open("/dev/null", O_WRONLY), STDERR_FILENO);
        ::execl(program, program, input.c_str(), "-o", output.c_str(), "-m", kModel, "-f", "png",
                "-q", "-t", count.c_str(), "--existing", "overwrite", nullptr);
        ::_exit(127);
    }
    int status = 0;
    rusage usage{};
    ::wait4(child, &status, 0, &usage);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        throw Error(ErrorKind::internal, program, "failed");
    }
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
    return {taken.count(), static_cast<double>(usage.ru_maxrss) / 1024};
}

double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
}

/// Seconds that the network alone takes for a megapixel of input, in tiles of the engine's kind.
double bare_seconds(int threads) {
    const torch::InferenceMode inference;
    const Model model = find_model(kModel);
    const auto precision = plan_execution({}, model.impl().traits).precision;
    const auto network = make_network(model, torch::kCPU, precision);
    const auto input = torch::rand({1, 3, 512, 1024}).contiguous(torch::MemoryFormat::ChannelsLast);
    std::vector<bench::Way> ways{{"", threads, [&] { network->forward(input); }}};
    bench::measure(ways, 5);
    return ways.front().median() / (1e-6 * 512 * 1024);
}

void measure_set(const char* program, const Set& set, const std::vector<Image>& samples,
                 const std::vector<int>& thread_counts) {
    const test::TempDir folder;
    fs::create_directory(folder / "in");
    unsigned index = 0;
    for (const Size& size : set.sizes) {
        const Image& sample = samples[index % samples.size()];
        WriteOptions options;
        options.quality = 92;
        write_image((folder / "in") / (std::to_string(1000 + index) + ".jpg"),
                    make_picture(sample, size, index + 1), options);
        ++index;
    }
    for (const int threads : thread_counts) {
        std::vector<double> seconds;
        std::vector<double> bare;
        double peak = 0;
        for (int round = 0; round < kRounds; ++round) {  // in turns, as in ways.h
            bare.push_back(bare_seconds(threads) * megapixels(set));
            const Usage usage = run_batch(program, folder / "in", folder / "out", threads);
            seconds.push_back(usage.seconds);
            peak = std::max(peak, usage.peak_megabytes);
        }
        std::printf(
            "%-34s %d thread%s %7.2f s  %6.2f MP/s in  %5.1f %% of the bare network's  "
            "peak %4.0f MB\n",
            set.name, threads, threads == 1 ? " " : "s", median(seconds),
            megapixels(set) / median(seconds), 100 * median(bare) / median(seconds), peak);
        std::fflush(stdout);
    }
}

}  // namespace

int main(int argc, char** argv) {
    std::vector<int> thread_counts;
    if (argc > 2 && std::string_view(argv[1]) == "-t") {
        thread_counts.push_back(std::atoi(argv[2]));
        argc -= 2;
        argv += 2;
    } else {
        for (int threads = 1; threads <= physical_cores(); threads *= 2) {
            thread_counts.push_back(threads);
        }
    }
    if (argc < 3 || thread_counts.front() < 1) {
        std::fputs("usage: sisr-bench-batch [-t THREADS] SISR-BATCH SAMPLE...\n", stderr);
        return 2;
    }
    try {
        std::vector<Image> samples;
        for (int i = 2; i < argc; ++i) samples.push_back(read_image(argv[i]));
        std::vector<Set> sets{{"16 pictures of 1 megapixel", std::vector<Size>(16, {1024, 1024})},
                              {"200 pictures of 256x256", std::vector<Size>(200, {256, 256})},
                              {"8 photographs, 1 to 12 megapixels", {}}};
        for (const int width : {1200, 1600, 2000, 2400, 2800, 3200, 3600, 4000}) {
            sets.back().sizes.push_back({width, width * 3 / 4});
        }
        for (const Set& set : sets) measure_set(argv[1], set, samples, thread_counts);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "sisr-bench-batch: %s\n", error.what());
        return 1;
    }
    return 0;
}
