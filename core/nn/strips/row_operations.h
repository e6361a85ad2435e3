/// What is done to rows besides convolutions. Inputs and outputs may each be float32 or bf16.
#pragma once

#include "nn/program.h"
#include "nn/strips/rows.h"

#include <vector>

namespace sisr::nn {

void copy_rows(const Rows& from, const Rows& to, std::int64_t count);

/// slopes: [1] or [C] of what is below zero, for those by slopes; else empty.
void activate_rows(const Rows& from, const Rows& to, std::int64_t count, Activation kind,
                   const std::vector<float>& slopes);

/// x * factor + offset, by channel.
void affine_rows(const Rows& from, const Rows& to, std::int64_t count,
                 const std::vector<float>& factor, const std::vector<float>& offset);

/// (x - mean) / sqrt(variance + epsilon) * factor + offset, over the channels of each pixel.
void normalise_rows(const Rows& from, const Rows& to, std::int64_t count, double epsilon,
                    const std::vector<float>& factor, const std::vector<float>& offset);

struct Term {
    Rows rows;
    float factor = 1;
};

/// The sum of one or more terms.
void sum_rows(const std::vector<Term>& terms, const Rows& to, std::int64_t count);

/// b has the channels of a, or one.
void multiply_rows(const Rows& a, const Rows& b, const Rows& to, std::int64_t count);

/// Which of the rows that torch::pixel_shuffle makes of one.
struct Shuffled {
    std::int64_t row = 0;  ///< 0 to factor - 1
    int factor = 1;
    /// The channels are in the order (row, column, channel) instead of (channel, row, column).
    bool is_ordered = false;
};

/// One row of what torch::pixel_shuffle makes of a row, and, where `added` is given, that one
/// enlarged by nearest neighbour.
void shuffle_row(const Rows& from, const Shuffled& shuffled, const Rows* added, const Rows& to);

/// The reverse: a row of `to` from `factor` rows of `from`.
void unshuffle_row(const Rows& from, const Rows& to, int factor);

void enlarge_nearest_row(const Rows& from, const Rows& to, int factor);

/// share * below + (1 - share) * above, enlarged across, as torch's bilinear without align_corners.
void enlarge_bilinear_row(const Rows& above, const Rows& below, float share, const Rows& to,
                          int factor);

}  // namespace sisr::nn
