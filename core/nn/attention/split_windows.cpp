#include "nn/attention/split_windows.h"

#include <ATen/Parallel.h>
#include <ATen/ThreadLocalState.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

namespace sisr::nn::attention {
namespace {

// Scores at once: near a core, or enough for a device to be busy with.
constexpr std::int64_t kScoresOfCore = std::int64_t{1} << 19;
constexpr std::int64_t kScoresOfDevice = std::int64_t{1} << 26;

/// Places of a block that lie in the map, and where.
struct Stretch {
    std::int64_t at = 0;
    std::int64_t from = 0;
    std::int64_t count = 0;
};

/// One direction of a map, with zeros to a whole number of windows and then rolled.
struct Axis {
    std::int64_t size = 0;
    std::int64_t padded = 0;
    std::int64_t window = 1;
    std::int64_t shift = 0;

    std::int64_t windows() const { return padded / window; }

    /// Of the windows [first, first + count).
    std::vector<Stretch> stretches(std::int64_t first, std::int64_t count) const {
        const std::int64_t begin = first * window;
        const std::int64_t end = (first + count) * window;
        std::vector<Stretch> found;
        for (std::int64_t place = begin; place < end;) {
            // Behind its end the map goes on with its beginning.
            const std::int64_t from = (place + shift) % padded;
            const std::int64_t some = std::min(end - place, padded - from);
            const std::int64_t inside = std::min(some, size - from);
            if (inside > 0) found.push_back({place - begin, from, inside});
            place += some;
        }
        return found;
    }
};

/// Windows that lie beside and below each other.
struct Block {
    std::int64_t y = 0;
    std::int64_t x = 0;
    std::int64_t rows = 1;
    std::int64_t columns = 1;
};

/// One half of the channels, in its windows.
class Half {
public:
    /// qkv: [h,w,3,C], made: [h,w,C], C being a half. bias: [heads,L,L].
    Half(torch::Tensor qkv, torch::Tensor made, torch::Tensor bias, const SplitWindows& windows,
         Window window)
        : qkv_(std::move(qkv)),
          made_(std::move(made)),
          bias_(bias.unsqueeze(0)),
          window_(window),
          y_(axis(qkv_.size(0), window.height, windows)),
          x_(axis(qkv_.size(1), window.width, windows)),
          mask_(y_.padded, x_.padded, window, {y_.shift, x_.shift}) {}

    void run() const {
        const std::vector<Block> all = blocks();
        const auto count = static_cast<std::int64_t>(all.size());
        if (!qkv_.is_cpu()) {
            for (const Block& block : all) attend_in(block);
            return;
        }
        const at::ThreadLocalState state;  // whether gradients are recorded
        at::parallel_for(0, count, 1, [&](std::int64_t first, std::int64_t last) {
            const at::ThreadLocalStateGuard guard(state);
            for (auto i = first; i < last; ++i) attend_in(all[static_cast<std::size_t>(i)]);
        });
    }

private:
    static Axis axis(std::int64_t size, std::int64_t window, const SplitWindows& windows) {
        const std::int64_t multiple = windows.multiple();
        return {size, (size + multiple - 1) / multiple * multiple, window,
                windows.is_shifted ? window / 2 : 0};
    }

    std::vector<Block> blocks() const {
        const std::int64_t scores = bias_.size(1) * window_.area() * window_.area();
        const std::int64_t most =
            std::max<std::int64_t>(1, (qkv_.is_cpu() ? kScoresOfCore : kScoresOfDevice) / scores);
        const bool is_shifted = y_.shift + x_.shift > 0;
        // Of those that are shifted a mask is for the last column and the last row alone.
        const std::int64_t end = is_shifted ? x_.windows() - 1 : x_.windows();
        const std::int64_t rows = is_shifted ? 1 : std::max<std::int64_t>(1, most / end);
        std::vector<Block> found;
        for (std::int64_t y = 0; y < y_.windows(); y += rows) {
            for (std::int64_t x = 0; x < x_.windows(); x += found.back().columns) {
                found.push_back({y, x, std::min(rows, y_.windows() - y),
                                 x < end ? std::min(most, end - x) : 1});
            }
        }
        return found;
    }

    void attend_in(const Block& block) const {
        const auto rows = y_.stretches(block.y, block.rows);
        const auto columns = x_.stretches(block.x, block.columns);
        if (rows.empty() || columns.empty()) return;  // zeros alone
        const std::int64_t heads = bias_.size(1);
        const auto parts =
            padded(block, rows, columns)
                .reshape({block.rows, window_.height, block.columns, window_.width, 3, heads, -1})
                .permute({4, 0, 2, 5, 1, 3, 6})
                .reshape({3, block.rows * block.columns, heads, window_.area(), -1});
        const double scale = 1 / std::sqrt(static_cast<double>(parts.size(4)));
        const auto attended = attend(parts[0], parts[1], parts[2], scale, bias_for(block));
        const auto made =
            attended.view({block.rows, block.columns, heads, window_.height, window_.width, -1})
                .permute({0, 3, 1, 4, 2, 5})
                .reshape({block.rows * window_.height, block.columns * window_.width, -1});
        for (const Stretch& y : rows) {
            for (const Stretch& x : columns) {
                made_.narrow(0, y.from, y.count)
                    .narrow(1, x.from, x.count)
                    .copy_(made.narrow(0, y.at, y.count).narrow(1, x.at, x.count));
            }
        }
    }

    /// The block's queries, keys and values, [rows,columns,3,C].
    torch::Tensor padded(const Block& block, const std::vector<Stretch>& rows,
                         const std::vector<Stretch>& columns) const {
        const std::int64_t height = block.rows * window_.height;
        const std::int64_t width = block.columns * window_.width;
        const auto of_map = [&](const Stretch& y, const Stretch& x) {
            return qkv_.narrow(0, y.from, y.count).narrow(1, x.from, x.count);
        };
        if (rows.front().count == height && columns.front().count == width) {
            return of_map(rows.front(), columns.front());
        }
        auto all = torch::zeros({height, width, qkv_.size(2), qkv_.size(3)}, qkv_.options());
        for (const Stretch& y : rows) {
            for (const Stretch& x : columns) {
                all.narrow(0, y.at, y.count).narrow(1, x.at, x.count).copy_(of_map(y, x));
            }
        }
        return all;
    }

    torch::Tensor bias_for(const Block& block) const {
        if (y_.shift + x_.shift == 0) return bias_;
        const auto mask = mask_.of(block.y * x_.windows() + block.x, block.rows * block.columns);
        return mask.defined() ? bias_ + mask.to(bias_.device()) : bias_;
    }

    torch::Tensor qkv_, made_, bias_;
    Window window_;
    Axis y_, x_;
    ShiftMask mask_;
};

}  // namespace

std::int64_t SplitWindows::multiple() const { return std::lcm(window.height, window.width); }

void attend_in_split_windows(const torch::Tensor& qkv, const SplitWindows& windows,
                             const Weights& weights, const torch::Tensor& made) {
    const std::int64_t channels = made.size(2) / 2;
    const auto parts = qkv.view({qkv.size(0), qkv.size(1), 3, 2 * channels});
    for (const int half : {0, 1}) {
        Half(parts.narrow(3, half * channels, channels), made.narrow(2, half * channels, channels),
             weights.at("bias." + std::to_string(half)), windows, windows.of(half))
            .run();
    }
}

}  // namespace sisr::nn::attention
