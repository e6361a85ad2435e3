#include "nn/program_facts.h"

#include "nn/in_place.h"

#include <algorithm>
#include <numeric>
#include <optional>

namespace sisr::nn {
namespace {

enum class Axis { rows, columns };

std::int64_t floor_div(std::int64_t a, std::int64_t b) {
    return a >= 0 ? a / b : -((-a + b - 1) / b);
}

std::int64_t reach(const Convolution& convolution, Axis axis) {
    return convolution.dilation * (convolution.weight.size(axis == Axis::rows ? 2 : 3) / 2);
}

/// Of align_corners=False the row lies at (row + 0.5) / factor - 0.5, which is (2 row + 1 - factor)
/// in parts of 2 factor: between two rows, or on one.
Span between(const Enlarge& enlarge, std::int64_t row) {
    if (enlarge.kind == Enlarge::Kind::nearest) {
        const std::int64_t one = floor_div(row, enlarge.factor);
        return {one, one + 1};
    }
    const std::int64_t parts = 2 * std::int64_t{enlarge.factor};
    const std::int64_t place = 2 * row + 1 - enlarge.factor;
    const std::int64_t first = floor_div(place, parts);
    return {first, first + (place == first * parts ? 1 : 2)};
}

Span needed(const Layer& layer, std::int64_t row, Axis axis) {
    if (const auto* convolution = std::get_if<Convolution>(&layer.operation)) {
        const std::int64_t around = reach(*convolution, axis);
        return {row - around, row + around + 1};
    }
    if (const auto* shuffle = std::get_if<PixelShuffle>(&layer.operation)) {
        const std::int64_t one = floor_div(row, shuffle->factor);
        return {one, one + 1};
    }
    if (const auto* unshuffle = std::get_if<PixelUnshuffle>(&layer.operation)) {
        return {row * unshuffle->factor, (row + 1) * unshuffle->factor};
    }
    if (const auto* enlarge = std::get_if<Enlarge>(&layer.operation)) return between(*enlarge, row);
    return {row, row + 1};
}

/// Rows of each value that one row of the output needs; none of values that have no place. Each
/// layer's need grows with its row, so the outermost rows of a span decide.
using Needs = std::vector<std::optional<Span>>;

void widen(std::optional<Span>& span, Span by) {
    span = span ? Span{std::min(span->begin, by.begin), std::max(span->end, by.end)} : by;
}

/// What a function of whole maps needs cannot be known: the pixels in its place are counted.
Span in_place_of(Span span, Resolution from, Resolution to) {
    const std::int64_t times = std::int64_t{to.times} * from.over;
    const std::int64_t over = std::int64_t{to.over} * from.times;
    return {floor_div(span.begin * times, over), floor_div(span.end * times - 1, over) + 1};
}

Needs needs_of(const Program& program, std::int64_t output_row, Axis axis) {
    Needs needs(program.layers.size());
    needs[static_cast<std::size_t>(program.output)] = Span{output_row, output_row + 1};
    for (std::size_t i = program.layers.size(); i-- > 0;) {
        const Layer& layer = program.layers[i];
        if (!needs[i] || layer.is_one_pixel) continue;
        for (const Value input : layer.inputs) {
            auto& need = needs[static_cast<std::size_t>(input)];
            if (std::holds_alternative<Custom>(layer.operation)) {
                widen(need, in_place_of(*needs[i], layer.resolution, program.at(input).resolution));
                continue;
            }
            widen(need, {needed(layer, needs[i]->begin, axis).begin,
                         needed(layer, needs[i]->end - 1, axis).end});
        }
    }
    return needs;
}

/// Of sizes that are a multiple of it, no layer's is a fraction.
int reduction(const Program& program) {
    int common = 1;
    for (const Layer& layer : program.layers) common = std::lcm(common, layer.resolution.over);
    return common;
}

/// times / over of a program's values with one denominator for all.
class Areas {
public:
    explicit Areas(const Program& program) {
        for (const Layer& layer : program.layers) {
            common_ = std::lcm(common_, std::int64_t{layer.resolution.over});
        }
    }

    /// Pixels of a value for common()^2 of the network's input; a mean is none.
    std::int64_t of(const Layer& layer) const {
        const std::int64_t side =
            std::int64_t{layer.resolution.times} * common_ / layer.resolution.over;
        return layer.is_one_pixel ? 0 : side * side;
    }
    std::size_t per_input_pixel(std::int64_t sum) const {
        return static_cast<std::size_t>((sum + common_ * common_ - 1) / (common_ * common_));
    }

private:
    std::int64_t common_ = 1;
};

}  // namespace

Span rows_needed(const Layer& layer, std::size_t /*index*/, std::int64_t row) {
    return needed(layer, row, Axis::rows);
}

bool is_local(const Program& program) {
    return std::none_of(program.layers.begin(), program.layers.end(), [](const Layer& layer) {
        return std::holds_alternative<GlobalMean>(layer.operation) ||
               std::holds_alternative<GroupNorm>(layer.operation) ||
               std::holds_alternative<Custom>(layer.operation);
    });
}

int scale(const Program& program) { return program.at(program.output).resolution.times; }

int alignment(const Program& program) {
    return std::lcm(program.windows.multiple, reduction(program));
}

int padded_multiple(const Program& program) {
    const bool is_padded = program.windows.padding != Windows::Padding::none;
    return is_padded ? alignment(program) : reduction(program);
}

int radius(const Program& program) {
    if (program.windows.overlap > 0) return program.windows.overlap;
    // The layers treat a picture that is moved by the alignment alike.
    const std::int64_t enlarged = scale(program);
    const std::int64_t period = enlarged * alignment(program);
    std::int64_t radius = 0;
    for (const Axis axis : {Axis::rows, Axis::columns}) {
        for (std::int64_t phase = 0; phase < period; ++phase) {
            const std::optional<Span> need = needs_of(program, phase, axis).front();
            if (!need) continue;
            const std::int64_t below = phase / enlarged;
            radius = std::max({radius, below - need->begin, need->end - 1 - below});
        }
    }
    return static_cast<int>(radius);
}

std::size_t multiply_adds_per_pixel(const Program& program) {
    const Areas areas(program);
    std::int64_t sum = 0;
    for (const Layer& layer : program.layers) {
        if (const auto* convolution = std::get_if<Convolution>(&layer.operation)) {
            sum += convolution->weight.numel() * areas.of(layer);
        } else if (const auto* custom = std::get_if<Custom>(&layer.operation)) {
            sum += custom->multiply_adds * areas.of(layer);
        }
    }
    return areas.per_input_pixel(sum);
}

std::size_t parameters(const Program& program) {
    std::int64_t sum = 0;
    for (const Layer& layer : program.layers) {
        if (const auto* convolution = std::get_if<Convolution>(&layer.operation)) {
            sum += convolution->weight.numel() + convolution->bias.numel();
        } else if (const auto* activate = std::get_if<Activate>(&layer.operation)) {
            if (activate->kind == Activation::prelu) sum += activate->slopes.numel();
        } else if (const auto* norm = std::get_if<GroupNorm>(&layer.operation)) {
            sum += norm->weight.numel() + norm->bias.numel();
        } else if (const auto* by_pixel = std::get_if<ChannelNorm>(&layer.operation)) {
            sum += by_pixel->weight.numel() + by_pixel->bias.numel();
        } else if (const auto* custom = std::get_if<Custom>(&layer.operation)) {
            for (const auto& [name, weight] : custom->weights) sum += weight.numel();
        }
    }
    return static_cast<std::size_t>(sum);
}

std::size_t values_alive_per_pixel(const Program& program) {
    const Areas areas(program);
    const std::vector<int> readers = count_readers(program);
    std::vector<std::vector<std::size_t>> ending(program.layers.size() + 1);  // by their last use
    const std::vector<Value> last = last_uses(program);
    for (std::size_t value = 0; value < last.size(); ++value) {
        ending[static_cast<std::size_t>(last[value])].push_back(value);
    }
    const auto size = [&](const Layer& layer) { return layer.channels * areas.of(layer); };
    std::int64_t alive = 0;
    std::int64_t most = 0;
    for (std::size_t i = 0; i < program.layers.size(); ++i) {
        const Layer& layer = program.layers[i];
        alive += size(layer);
        // Overwritten, the input is there no more when the result is.
        const bool is_over = may_be_in_place(program, layer, readers);
        most = std::max(most, is_over ? alive - size(program.at(layer.inputs.front())) : alive);
        if (const auto* custom = std::get_if<Custom>(&layer.operation)) {
            most = std::max(most, alive + custom->values * areas.of(layer));
        }
        for (const std::size_t value : ending[i]) alive -= size(program.layers[value]);
    }
    return areas.per_input_pixel(most);
}

std::vector<Value> last_uses(const Program& program) {
    std::vector<Value> last(program.layers.size());
    std::iota(last.begin(), last.end(), 0);
    for (std::size_t i = 0; i < program.layers.size(); ++i) {
        for (const Value input : program.layers[i].inputs) {
            last[static_cast<std::size_t>(input)] = static_cast<Value>(i);
        }
    }
    last[static_cast<std::size_t>(program.output)] = static_cast<Value>(program.layers.size());
    return last;
}

}  // namespace sisr::nn
