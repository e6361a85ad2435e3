/// Pictures that were taken with the camera on its side.
#pragma once

#include <sisr/image_file.h>
#include <sisr/rows.h>

#include <cstdint>
#include <vector>

namespace sisr {

/// True when an upright picture has width and height exchanged.
inline bool swaps_sides(int orientation) { return orientation >= 5; }

/// A whole picture at the precision of its file, from which rows of the upright one are read.
class TurnedRows {
public:
    /// Reads all rows of the source. orientation: EXIF's, 2 to 8.
    TurnedRows(RowSource& source, Depth depth, int orientation);

    /// Of the upright picture.
    const ImageShape& shape() const { return upright_; }
    void read_rows(int y_begin, int y_end, float* out) const;

private:
    float sample(std::size_t index) const;

    ImageShape stored_;
    ImageShape upright_;
    int orientation_;
    std::vector<std::uint16_t> small_;  ///< of files with 8 or 16 bits
    std::vector<float> large_;          ///< of others
};

}  // namespace sisr
