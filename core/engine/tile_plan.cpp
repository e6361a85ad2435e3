#include "engine/tile_plan.h"

#include <algorithm>
#include <cmath>

namespace sisr {
namespace {

// Below this the overlap of an ordinary network costs many times what the tile itself does.
constexpr int kMinTile = 32;

/// Equal parts waste least: 100 in parts of at most 64 is 50 + 50, not 64 + 36.
std::vector<int> cut_evenly(int length, int max_part) {
    const int parts = (length + max_part - 1) / max_part;
    std::vector<int> ends(static_cast<std::size_t>(parts));
    for (int i = 0; i < parts; ++i) {
        ends[static_cast<std::size_t>(i)] =
            static_cast<int>(static_cast<long long>(length) * (i + 1) / parts);
    }
    return ends;
}

/// Rows of a full-width band: (rows + 2 overlap) * width * tile = memory.
double band_rows(double width, double overlap, const TileBudget& budget) {
    const double row = width * static_cast<double>(budget.tile_pixel_bytes);
    const double most = static_cast<double>(budget.tile_pixels) / width;
    return std::min(static_cast<double>(budget.memory_bytes) / row, most) - 2 * overlap;
}

/// Side of a square tile: (side + 2 overlap)^2 * tile + side * width * band = memory.
double square_side(double width, double overlap, const TileBudget& budget) {
    const auto tile = static_cast<double>(budget.tile_pixel_bytes);
    const double half =
        2 * overlap + width * static_cast<double>(budget.band_pixel_bytes) / tile / 2;
    const double rest = static_cast<double>(budget.memory_bytes) / tile - 4 * overlap * overlap;
    const double most = std::sqrt(static_cast<double>(budget.tile_pixels)) - 2 * overlap;
    return rest > 0 ? std::min(std::sqrt(half * half + rest) - half, most) : 0;
}

Size choose_tile(Size image, int overlap, const TileBudget& budget) {
    if (budget.tile > 0) return {budget.tile, budget.tile};
    constexpr double kLargest = 1e9;
    const double rows = std::min(band_rows(image.width, overlap, budget), kLargest);
    if (rows + 2.0 * overlap >= image.height) return image;
    const double side = std::min(square_side(image.width, overlap, budget), kLargest);
    // How much is computed for each pixel that counts; tiles are also copied together.
    constexpr double kCopying = 1.03;
    const double band_work = (rows + 2 * overlap) / rows;
    const double square_work = kCopying * std::pow((side + 2 * overlap) / std::max(side, 1.0), 2);
    if (rows >= kMinTile && band_work <= square_work) return {image.width, static_cast<int>(rows)};
    const int used = std::max({kMinTile, overlap, static_cast<int>(side)});
    return {used, used};
}

Rect grow(const Rect& rect, int overlap, int multiple, Size image) {
    const auto begin = [&](int at) {
        const int outer = std::max(at - overlap, 0);
        return outer - outer % multiple;
    };
    const auto end = [&](int at, int size) {
        const long long outer = at + 0LL + overlap + multiple - 1;
        return static_cast<int>(std::min<long long>(size, outer - outer % multiple));
    };
    return {begin(rect.x0), begin(rect.y0), end(rect.x1, image.width), end(rect.y1, image.height)};
}

}  // namespace

std::vector<Band> plan_tiles(Size image, int overlap, const TileBudget& budget) {
    const Size tile = choose_tile(image, overlap + budget.multiple - 1, budget);
    const std::vector<int> columns = cut_evenly(image.width, tile.width);
    std::vector<Band> bands;
    int y0 = 0;
    for (const int y1 : cut_evenly(image.height, tile.height)) {
        Band band;
        band.y0 = y0;
        band.y1 = y1;
        int x0 = 0;
        for (const int x1 : columns) {
            const Rect crop{x0, y0, x1, y1};
            band.tiles.push_back({crop, grow(crop, overlap, budget.multiple, image)});
            x0 = x1;
        }
        band.input_y0 = band.tiles.front().input.y0;
        band.input_y1 = band.tiles.front().input.y1;
        bands.push_back(std::move(band));
        y0 = y1;
    }
    return bands;
}

}  // namespace sisr
