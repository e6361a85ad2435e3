/// A program laid out for strips of rows: what is computed in one pass, and which values share
/// memory. Nothing here depends on a picture's size.
#pragma once

#include "nn/program.h"

#include <vector>

namespace sisr::nn {

/// Rows that several values may share, side by side or one in place of the other: a concatenation
/// is the memory that its parts were written into.
struct Storage {
    int channels = 0;
    torch::ScalarType type = torch::kFloat32;
    Resolution resolution;
    int margin = 0;  ///< zeros round the picture that convolutions read
};

struct Place {
    int storage = -1;  ///< none: the value is never in memory
    int channel = 0;
};

/// Rows of `value`, as many as layer `layer` needs of its input number `index`.
struct Read {
    Value value = 0;
    Value layer = 0;
    std::size_t index = 0;
};

struct Addend {
    Value value = 0;
    double factor = 1;
};

/// What is done in one pass. A convolution takes what follows it along: an activation by slopes, or
/// sums, whose factors are in the weights then; result = factor * convolution + addends.
struct Step {
    Value layer = 0;
    Value result = 0;
    std::vector<Read> reads;
    Value activation = -1;
    std::vector<Addend> addends;
    double factor = 1;
    /// Of a concatenation: inputs that were placed elsewhere.
    std::vector<std::size_t> copied;
    /// Of a convolution that only a PixelShuffle reads: its factor. The channels are then in the
    /// order (row, column, channel), so that what goes side by side lies side by side.
    int shuffled_by = 0;
    /// Of a PixelShuffle: whether its input is in that order.
    bool is_ordered = false;
    /// Of a PixelShuffle: a layer that enlarges by nearest neighbour, whose result is added.
    Value enlarged = -1;
};

struct StripPlan {
    std::vector<Storage> storages;
    std::vector<Place> places;  ///< of each value
    std::vector<Step> steps;
    Value output = 0;
    /// The output is written where the caller wants it, and has no place.
    bool writes_output = false;

    const Place& place(Value value) const { return places[static_cast<std::size_t>(value)]; }
    const Storage& storage_of(Value value) const {
        return storages[static_cast<std::size_t>(place(value).storage)];
    }
    torch::ScalarType type_of(Value value) const {
        return place(value).storage < 0 ? torch::kFloat32 : storage_of(value).type;
    }
};

/// precision: of what lies between the first convolutions and the last ones; a picture before and
/// behind them stays in float32. The program is local.
StripPlan plan_strips(const Program& program, torch::ScalarType precision);

}  // namespace sisr::nn
