#include "image/alpha.h"

#include <algorithm>
#include <cstddef>
#include <vector>

namespace sisr {
namespace {

struct Grid {
    float* samples;
    int width;
    int height;
    int colour_channels;

    float* pixel(std::size_t index) const {
        return samples + index * (static_cast<std::size_t>(colour_channels) + 1);
    }
};

/// Mean colour of the filled neighbours of pixel (x, y), written to it. False if there are none.
bool fill_from_neighbours(const Grid& grid, const std::vector<char>& filled, int x, int y) {
    float sum[3] = {};
    int count = 0;
    for (int ny = std::max(y - 1, 0); ny <= std::min(y + 1, grid.height - 1); ++ny) {
        for (int nx = std::max(x - 1, 0); nx <= std::min(x + 1, grid.width - 1); ++nx) {
            const std::size_t index = static_cast<std::size_t>(ny) * grid.width + nx;
            if (filled[index] == 0) continue;
            for (int c = 0; c < grid.colour_channels; ++c) sum[c] += grid.pixel(index)[c];
            ++count;
        }
    }
    if (count == 0) return false;
    float* target = grid.pixel(static_cast<std::size_t>(y) * grid.width + x);
    for (int c = 0; c < grid.colour_channels; ++c) {
        target[c] = sum[c] / static_cast<float>(count);
    }
    return true;
}

}  // namespace

void bleed_colour(float* samples, int width, int height, int colour_channels, int radius) {
    const Grid grid{samples, width, height, colour_channels};
    const std::size_t pixels = static_cast<std::size_t>(width) * static_cast<std::size_t>(height);
    std::vector<char> filled(pixels);
    std::vector<std::size_t> empty;
    for (std::size_t i = 0; i < pixels; ++i) {
        filled[i] = grid.pixel(i)[colour_channels] > 0 ? 1 : 0;
        if (filled[i] != 0) continue;
        std::fill_n(grid.pixel(i), colour_channels, 0.0F);
        empty.push_back(i);
    }
    if (empty.size() == pixels) return;
    for (int round = 0; round < radius && !empty.empty(); ++round) {
        std::vector<std::size_t> reached;
        std::vector<std::size_t> rest;
        for (const std::size_t i : empty) {
            const int x = static_cast<int>(i % static_cast<std::size_t>(width));
            const int y = static_cast<int>(i / static_cast<std::size_t>(width));
            (fill_from_neighbours(grid, filled, x, y) ? reached : rest).push_back(i);
        }
        // Only now, so that a round spreads by one pixel whatever the order.
        for (const std::size_t i : reached) filled[i] = 1;
        empty = std::move(rest);
    }
}

}  // namespace sisr
