/// How an image is cut into bands and tiles. Integers only: no torch, no pixels.
#pragma once

#include <sisr/image.h>

#include <cstddef>
#include <vector>

namespace sisr {

/// Half-open, in pixels.
struct Rect {
    int x0 = 0;
    int y0 = 0;
    int x1 = 0;
    int y1 = 0;

    int width() const { return x1 - x0; }
    int height() const { return y1 - y0; }
};

struct Tile {
    Rect crop;   ///< the input pixels that this tile answers for
    Rect input;  ///< crop grown by the overlap, cut at the image's border
};

/// A full-width strip: its tiles' crops cover rows [y0, y1) exactly once, from left to right.
struct Band {
    int y0 = 0;
    int y1 = 0;
    int input_y0 = 0;  ///< rows that its tiles read
    int input_y1 = 0;
    std::vector<Tile> tiles;
};

/// What the tiles may cost. `tile`, where it is set, is all that counts.
struct TileBudget {
    std::size_t memory_bytes = 0;
    std::size_t tile_pixel_bytes = 1;  ///< for each input pixel of a Tile::input at work
    std::size_t band_pixel_bytes = 0;  ///< for each input pixel of a band of several tiles
    int tile = 0;                      ///< width and height of Tile::crop; 0: as the memory allows
    std::size_t tile_pixels = std::size_t{1} << 40;  ///< of a Tile::input at most
    int multiple =
        1;  ///< a Tile::input begins at such columns and rows, and ends there or at the border
};

/// Splits an image into bands of tiles whose crops cover it exactly once, top to bottom, left to
/// right. overlap: input pixels, at least the sum of the reaches of everything that is done to a
/// tile, so that a tiled result equals the untiled one. Prefers full-width bands, then the largest
/// tile that fits; a budget too small for a useful tile is exceeded rather than refused, since a
/// tile smaller than the overlap would only waste time.
std::vector<Band> plan_tiles(Size image, int overlap, const TileBudget& budget);

}  // namespace sisr
