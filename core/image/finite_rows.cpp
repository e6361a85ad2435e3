#include "image/finite_rows.h"

#include <sisr/error.h>

#include <algorithm>
#include <cmath>
#include <utility>

namespace sisr {
namespace {

bool is_finite(float value) { return std::isfinite(value); }

}  // namespace

struct FiniteRows::Block {
    int y_begin;
    int y_end;
    std::vector<float> samples;
    const std::vector<float>& before;
    const std::vector<float>& ahead;

    const float* row(int y) const {
        if (y < y_begin) return before.data();
        if (y >= y_end) return ahead.data();
        const std::size_t stride = samples.size() / static_cast<std::size_t>(y_end - y_begin);
        return samples.data() + static_cast<std::size_t>(y - y_begin) * stride;
    }
};

FiniteRows::FiniteRows(RowSource& source, std::string name)
    : source_(source), name_(std::move(name)) {}

float FiniteRows::repaired(const Block& block, int x, int y, int channel) const {
    const ImageShape picture = shape();
    const int channels = picture.channels();
    double sum = 0;
    int finite = 0;
    int all = 0;
    for (int ny = std::max(0, y - 1); ny <= std::min(y + 1, picture.height - 1); ++ny) {
        for (int nx = std::max(0, x - 1); nx <= std::min(x + 1, picture.width - 1); ++nx) {
            if (nx == x && ny == y) continue;
            const float value =
                block.row(ny)[static_cast<std::size_t>(nx) * static_cast<std::size_t>(channels) +
                              static_cast<std::size_t>(channel)];
            ++all;
            if (!is_finite(value)) continue;
            sum += value;
            ++finite;
        }
    }
    if (finite == 0 || 2 * finite < all) {
        throw Error(ErrorKind::bad_image, name_,
                    "has values that are no numbers or infinite around pixel " + std::to_string(x) +
                        "," + std::to_string(y) +
                        ", too many to be repaired from their neighbours");
    }
    return static_cast<float>(sum / finite);
}

void FiniteRows::repair(const Block& block, float* out) {
    const auto channels = static_cast<std::size_t>(shape().channels());
    const std::size_t stride = shape().row_samples();
    for (std::size_t i = 0; i < block.samples.size(); ++i) {
        if (is_finite(block.samples[i])) continue;
        const int x = static_cast<int>(i % stride / channels);
        const int y = block.y_begin + static_cast<int>(i / stride);
        out[i] = repaired(block, x, y, static_cast<int>(i % channels));
        if (repaired_++ > 0) continue;
        first_x_ = x;
        first_y_ = y;
    }
}

void FiniteRows::read_rows(int y_begin, int y_end, float* out) {
    if (y_begin >= y_end) return;
    const std::size_t stride = shape().row_samples();
    const std::size_t count = stride * static_cast<std::size_t>(y_end - y_begin);
    const int held = ahead_.empty() ? 0 : 1;
    std::copy(ahead_.begin(), ahead_.end(), out);
    ahead_.clear();
    if (y_begin + held < y_end) {
        source_.read_rows(y_begin + held, y_end, out + static_cast<std::size_t>(held) * stride);
    }
    std::vector<float> last(out + (count - stride), out + count);
    if (!std::all_of(out, out + count, is_finite)) {
        if (y_end < shape().height && !std::all_of(last.begin(), last.end(), is_finite)) {
            ahead_.resize(stride);
            source_.read_rows(y_end, y_end + 1, ahead_.data());
        }
        repair({y_begin, y_end, std::vector<float>(out, out + count), before_, ahead_}, out);
    }
    before_ = std::move(last);
}

std::string FiniteRows::note() const {
    if (repaired_ == 0) return "";
    const bool is_one = repaired_ == 1;
    return "had " + std::to_string(repaired_) +
           (is_one ? " value that is no number or infinite, at pixel "
                   : " values that are no numbers or infinite, the first at pixel ") +
           std::to_string(first_x_) + "," + std::to_string(first_y_) +
           "; repaired from their neighbours";
}

}  // namespace sisr
