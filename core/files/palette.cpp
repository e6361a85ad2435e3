#include "files/palette.h"

#include <algorithm>
#include <unordered_map>

namespace sisr {
namespace {

using Colour = std::array<std::uint8_t, 3>;

constexpr std::size_t kMostColours = 256;
constexpr int kOpaque = 128;
constexpr int kBits = 5;  // of a channel, by which colours are gathered
constexpr int kShift = 8 - kBits;

std::uint32_t key_of(const Colour& colour) {
    return static_cast<std::uint32_t>(colour[0]) << 16 |
           static_cast<std::uint32_t>(colour[1]) << 8 | colour[2];
}

/// The opaque pixels of a picture.
class Pixels {
public:
    Pixels(const std::uint8_t* samples, int width, int height, bool has_alpha)
        : samples_(samples), step_(has_alpha ? 4 : 3), width_(width), height_(height) {}
    int width() const { return width_; }

    std::size_t count() const {
        return static_cast<std::size_t>(width_) * static_cast<std::size_t>(height_);
    }
    bool is_opaque(std::size_t at) const {
        return step_ == 3 || samples_[step_ * at + 3] >= kOpaque;
    }
    Colour colour(std::size_t at) const {
        const std::uint8_t* pixel = samples_ + step_ * at;
        return {pixel[0], pixel[1], pixel[2]};
    }
    bool has_holes() const {
        for (std::size_t at = 0; at < count(); ++at) {
            if (!is_opaque(at)) return true;
        }
        return false;
    }

private:
    const std::uint8_t* samples_;
    std::size_t step_;
    int width_;
    int height_;
};

/// The colours as they are; empty when there are more than `most`.
std::vector<Colour> exact_colours(const Pixels& pixels, std::size_t most) {
    std::unordered_map<std::uint32_t, Colour> found;
    for (std::size_t at = 0; at < pixels.count(); ++at) {
        if (!pixels.is_opaque(at)) continue;
        const Colour colour = pixels.colour(at);
        found.emplace(key_of(colour), colour);
        if (found.size() > most) return {};
    }
    std::vector<Colour> colours;
    for (const auto& [key, colour] : found) colours.push_back(colour);
    std::sort(colours.begin(), colours.end());
    return colours;
}

/// Pixels whose colours are alike.
struct Bin {
    double count = 0;
    std::array<double, 3> sum{};

    double mean(std::size_t c) const { return sum[c] / count; }
};

std::vector<Bin> gather(const Pixels& pixels) {
    std::vector<Bin> all(std::size_t{1} << (3 * kBits));
    for (std::size_t at = 0; at < pixels.count(); ++at) {
        if (!pixels.is_opaque(at)) continue;
        const Colour colour = pixels.colour(at);
        Bin& bin = all[static_cast<std::size_t>(colour[0] >> kShift) << (2 * kBits) |
                       static_cast<std::size_t>(colour[1] >> kShift) << kBits |
                       static_cast<std::size_t>(colour[2] >> kShift)];
        bin.count += 1;
        for (std::size_t c = 0; c < 3; ++c) bin.sum[c] += colour[c];
    }
    all.erase(std::remove_if(all.begin(), all.end(), [](const Bin& bin) { return bin.count == 0; }),
              all.end());
    return all;
}

/// A range of bins, and along which channel it is to be cut.
struct Box {
    std::size_t begin = 0;
    std::size_t end = 0;
    std::size_t channel = 0;
    double spread = 0;  ///< sum of squared distances from the mean, along that channel
    double mean = 0;
};

Box measure(const std::vector<Bin>& bins, std::size_t begin, std::size_t end) {
    Box box{begin, end};
    for (std::size_t c = 0; c < 3; ++c) {
        double count = 0;
        double sum = 0;
        double squares = 0;
        for (std::size_t i = begin; i < end; ++i) {
            count += bins[i].count;
            sum += bins[i].sum[c];
            squares += bins[i].sum[c] * bins[i].mean(c);
        }
        const double spread = squares - sum * sum / count;
        if (c > 0 && spread <= box.spread) continue;
        box.channel = c;
        box.spread = spread;
        box.mean = sum / count;
    }
    return box;
}

/// Cuts the box of the widest spread at its mean until there are as many as wanted.
std::vector<Colour> cut_colours(const Pixels& pixels, std::size_t most) {
    std::vector<Bin> bins = gather(pixels);
    std::vector<Box> boxes{measure(bins, 0, bins.size())};
    while (boxes.size() < most) {
        const auto widest =
            std::max_element(boxes.begin(), boxes.end(), [](const Box& a, const Box& b) {
                return (a.end - a.begin > 1 ? a.spread : -1) <
                       (b.end - b.begin > 1 ? b.spread : -1);
            });
        const Box box = *widest;
        if (box.end - box.begin < 2 || box.spread <= 0) break;
        const auto first = bins.begin() + static_cast<std::ptrdiff_t>(box.begin);
        const auto last = bins.begin() + static_cast<std::ptrdiff_t>(box.end);
        const auto middle = std::partition(
            first, last, [&box](const Bin& bin) { return bin.mean(box.channel) <= box.mean; });
        const auto cut = static_cast<std::size_t>(middle - bins.begin());
        if (cut == box.begin || cut == box.end) break;
        *widest = measure(bins, box.begin, cut);
        boxes.push_back(measure(bins, cut, box.end));
    }
    std::vector<Colour> colours;
    for (const Box& box : boxes) {
        Bin whole;
        for (std::size_t i = box.begin; i < box.end; ++i) {
            whole.count += bins[i].count;
            for (std::size_t c = 0; c < 3; ++c) whole.sum[c] += bins[i].sum[c];
        }
        Colour colour{};
        for (std::size_t c = 0; c < 3; ++c) {
            colour[c] = static_cast<std::uint8_t>(whole.mean(c) + 0.5);
        }
        colours.push_back(colour);
    }
    return colours;
}

/// Finds the nearest colour of a palette, and remembers what it has found.
class Nearest {
public:
    explicit Nearest(const std::vector<Colour>& colours) : colours_(colours) {}

    std::size_t of(const Colour& wanted) {
        const auto [known, is_new] = found_.try_emplace(key_of(wanted), 0);
        if (is_new) known->second = search(wanted);
        return known->second;
    }

private:
    std::size_t search(const Colour& wanted) const {
        std::size_t best = 0;
        int least = 1 << 30;
        for (std::size_t i = 0; i < colours_.size(); ++i) {
            int distance = 0;
            for (std::size_t c = 0; c < 3; ++c) {
                const int difference = int{colours_[i][c]} - int{wanted[c]};
                distance += difference * difference;
            }
            if (distance >= least) continue;
            least = distance;
            best = i;
        }
        return best;
    }

    const std::vector<Colour>& colours_;
    std::unordered_map<std::uint32_t, std::size_t> found_;
};

/// Floyd and Steinberg's: what a pixel's colour misses is made good by its neighbours.
void dither(const Pixels& pixels, PalettePicture& picture) {
    Nearest nearest(picture.colours);
    const auto width = static_cast<std::size_t>(pixels.width());
    std::vector<std::array<float, 3>> here(width + 2);
    std::vector<std::array<float, 3>> below(width + 2);
    for (std::size_t at = 0; at < pixels.count(); ++at) {
        const std::size_t x = at % width + 1;
        if (x == 1 && at > 0) {
            here.swap(below);
            std::fill(below.begin(), below.end(), std::array<float, 3>{});
        }
        if (!pixels.is_opaque(at)) continue;
        const Colour colour = pixels.colour(at);
        Colour wanted{};
        for (std::size_t c = 0; c < 3; ++c) {
            const float value = static_cast<float>(colour[c]) + here[x][c];
            wanted[c] = static_cast<std::uint8_t>(std::clamp(value + 0.5F, 0.0F, 255.0F));
        }
        const std::size_t index = nearest.of(wanted);
        picture.indices[at] = static_cast<std::uint8_t>(index);
        for (std::size_t c = 0; c < 3; ++c) {
            const auto missed = static_cast<float>(int{wanted[c]} - int{picture.colours[index][c]});
            here[x + 1][c] += missed * 7 / 16;
            below[x - 1][c] += missed * 3 / 16;
            below[x][c] += missed * 5 / 16;
            below[x + 1][c] += missed * 1 / 16;
        }
    }
}

}  // namespace

PalettePicture make_palette_picture(const std::uint8_t* samples, int width, int height,
                                    bool has_alpha) {
    const Pixels pixels(samples, width, height, has_alpha);
    const bool has_holes = has_alpha && pixels.has_holes();
    const std::size_t most = kMostColours - (has_holes ? 1 : 0);
    PalettePicture picture;
    picture.colours = exact_colours(pixels, most);
    const bool is_exact = !picture.colours.empty();
    if (!is_exact) {
        const std::vector<Bin> bins = gather(pixels);
        if (!bins.empty()) picture.colours = cut_colours(pixels, most);
    }
    std::size_t rest = 0;
    if (has_holes || picture.colours.empty()) {
        rest = picture.colours.size();
        picture.transparent = static_cast<int>(rest);
        picture.colours.push_back({});
    }
    picture.indices.assign(pixels.count(), static_cast<std::uint8_t>(rest));
    if (is_exact) {
        std::unordered_map<std::uint32_t, std::uint8_t> index;
        for (std::size_t i = 0; i < picture.colours.size(); ++i) {
            index.emplace(key_of(picture.colours[i]), static_cast<std::uint8_t>(i));
        }
        for (std::size_t at = 0; at < pixels.count(); ++at) {
            if (pixels.is_opaque(at)) picture.indices[at] = index.at(key_of(pixels.colour(at)));
        }
    } else {
        dither(pixels, picture);
    }
    return picture;
}

}  // namespace sisr
