#include "inference/tile_plan.h"

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

Size choose_tile(Size image, int overlap, const TileBudget& budget) {
    if (budget.tile > 0) return {budget.tile, budget.tile};
    const auto pixels = static_cast<double>(budget.max_input_pixels);
    const int band_height = static_cast<int>(std::min(pixels / image.width, 1e9)) - 2 * overlap;
    // A full-width band recomputes its overlap only above and below; worth it while it is not
    // much flatter than the square tile is high.
    const int square = static_cast<int>(std::min(std::sqrt(pixels), 1e9)) - 2 * overlap;
    const int full_width_minimum = std::max(kMinTile, std::min(square / 2, 2 * overlap));
    if (band_height >= image.height) return image;
    if (band_height >= full_width_minimum) return {image.width, band_height};
    const int side = std::max({kMinTile, overlap, square});
    return {side, side};
}

Rect grow(const Rect& rect, int overlap, Size image) {
    return {std::max(rect.x0 - overlap, 0), std::max(rect.y0 - overlap, 0),
            static_cast<int>(std::min<long long>(image.width, rect.x1 + 0LL + overlap)),
            static_cast<int>(std::min<long long>(image.height, rect.y1 + 0LL + overlap))};
}

}  // namespace

std::vector<Band> plan_tiles(Size image, int overlap, const TileBudget& budget) {
    const Size tile = choose_tile(image, overlap, budget);
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
            band.tiles.push_back({crop, grow(crop, overlap, image)});
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
