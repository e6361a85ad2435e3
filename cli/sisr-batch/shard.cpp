#include "shard.h"

#include <sisr/error.h>
#include <sisr/image_file.h>

#include <algorithm>
#include <numeric>

namespace sisr::cli {
namespace {

/// As far as the header tells; a file that cannot be read costs next to nothing.
double count_pixels(const Job& job) {
    if (!job.problem.empty()) return 1;
    try {
        const ImageShape shape = FileSource(job.input).shape();
        return static_cast<double>(shape.width) * shape.height;
    } catch (const Error&) {
        return 1;
    }
}

}  // namespace

std::vector<Job> take_shard(const std::vector<Job>& jobs, const Shard& shard) {
    std::vector<double> pixels;
    pixels.reserve(jobs.size());
    for (const Job& job : jobs) pixels.push_back(count_pixels(job));
    std::vector<std::size_t> order(jobs.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    // The largest first, each to the shard that has least: at most one file from even.
    std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
        if (pixels[a] != pixels[b]) return pixels[a] > pixels[b];
        return jobs[a].output < jobs[b].output;
    });
    std::vector<double> loads(static_cast<std::size_t>(shard.count));
    std::vector<std::size_t> mine;
    for (const std::size_t i : order) {
        const auto least = std::min_element(loads.begin(), loads.end());
        *least += pixels[i];
        if (least - loads.begin() == shard.index - 1) mine.push_back(i);
    }
    std::sort(mine.begin(), mine.end());
    std::vector<Job> taken;
    taken.reserve(mine.size());
    for (const std::size_t i : mine) taken.push_back(jobs[i]);
    return taken;
}

}  // namespace sisr::cli
