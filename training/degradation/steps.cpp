#include "degradation/steps.h"

#include "base/numbers.h"
#include "degradation/blur.h"
#include "degradation/codec.h"
#include "degradation/noise.h"

#include <sisr/error.h>
#include <sisr/resize.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <initializer_list>
#include <optional>

namespace sisr::training {
namespace {

using Canvas = Degradation::Canvas;
using Step = Degradation::Step;

constexpr double kPi = 3.14159265358979323846;
constexpr int kBlock = 8;           // width and height of a JPEG's blocks
constexpr int kSincRadius = 10;     // of the largest kernel
constexpr int kLeastSide = 8;       // no step makes an image smaller than this
constexpr double kGreyShare = 0.4;  // of the noise when either will do, as Wang et al. have it

struct Range {
    double low = 0;
    double high = 0;
    double pick(Rng& rng) const { return draw(rng, low, high); }
    int pick_integer(Rng& rng) const {
        return draw_integer(rng, static_cast<int>(std::lround(low)),
                            static_cast<int>(std::lround(high)));
    }
};

/// Takes arguments one by one; what is left at the end is an error.
class Arguments {
public:
    Arguments(std::vector<std::string> words, const std::string& token)
        : words_(std::move(words)), token_(token) {}

    Range range(double least, double most) {
        if (words_.empty()) fail("needs a number or a range A-B");
        const std::string word = take(0);
        std::string_view rest(word);
        const auto low = take_number<double>(rest);
        auto high = low;
        if (low && !rest.empty() && rest.front() == '-')
            high = parse_number<double>(rest.substr(1));
        const bool is_whole = rest.empty() || rest.front() == '-';
        if (!low || !high || !is_whole || !(*low >= least && *low <= *high && *high <= most)) {
            fail("\"" + word + "\" must be a number or a range A-B within " + format_number(least) +
                 "-" + format_number(most));
        }
        return {*low, *high};
    }

    /// The index of the word that is given, or `fallback` when none of them is.
    int choice(std::initializer_list<const char*> choices, int fallback) {
        for (std::size_t i = 0; i < words_.size(); ++i) {
            const auto found = std::find(choices.begin(), choices.end(), words_[i]);
            if (found == choices.end()) continue;
            take(i);
            return static_cast<int>(found - choices.begin());
        }
        return fallback;
    }

    void finish() const {
        if (!words_.empty()) fail("does not take \"" + words_.front() + "\"");
    }

private:
    [[noreturn]] void fail(const std::string& reason) const {
        throw Error(ErrorKind::usage, "degradation step \"" + token_ + "\"", reason);
    }
    std::string take(std::size_t i) {
        std::string word = words_[i];
        words_.erase(words_.begin() + static_cast<std::ptrdiff_t>(i));
        return word;
    }

    std::vector<std::string> words_;
    const std::string& token_;
};

enum Method { area, bilinear, bicubic, any_method };

void resize_canvas(Canvas& canvas, Size size, int method, Rng& rng) {
    if (method == any_method) method = draw_integer(rng, area, bicubic);
    const Kernel kernel = method == area       ? Kernel::box
                          : method == bilinear ? Kernel::bilinear
                                               : Kernel::bicubic;
    // Fast viewers interpolate between the nearest four pixels even when they reduce a little.
    const bool antialias = method != bilinear || 2 * size.width < canvas.image.width();
    canvas.image = sisr::resize(canvas.image, size, kernel, antialias);
    for (float& value : canvas.image.samples()) value = std::clamp(value, 0.0F, 1.0F);
}

Step make_reduce(Arguments& arguments) {
    const int method = arguments.choice({"bicubic", "any"}, 0) == 1 ? any_method : bicubic;
    return [method](Canvas& canvas, Rng& rng) {
        if (canvas.image.shape().size() == canvas.target) return;
        if (method == bicubic) return reduce_to_target(canvas);
        resize_canvas(canvas, canvas.target, method, rng);
    };
}

Step make_resize(Arguments& arguments) {
    const int method = arguments.choice({"area", "bilinear", "bicubic", "any"}, any_method);
    const Range factor = arguments.range(0.05, 4);
    return [=](Canvas& canvas, Rng& rng) {
        const double f = factor.pick(rng);
        const auto scaled = [f](int side) {
            return std::max(std::min(side, kLeastSide), static_cast<int>(std::lround(f * side)));
        };
        resize_canvas(canvas, {scaled(canvas.image.width()), scaled(canvas.image.height())}, method,
                      rng);
    };
}

Step make_blur(Arguments& arguments) {
    const Range sigma = arguments.range(0.01, 10);
    return [=](Canvas& canvas, Rng& rng) {
        canvas.image = gaussian_blur(canvas.image, sigma.pick(rng));
    };
}

Step make_aniso(Arguments& arguments) {
    const Range sigma = arguments.range(0.01, 10);
    return [=](Canvas& canvas, Rng& rng) {
        const double sigma_x = sigma.pick(rng);
        const double sigma_y = sigma.pick(rng);
        canvas.image = blur(canvas.image, gaussian_kernel(sigma_x, sigma_y, draw(rng, 0, kPi)));
    };
}

Step make_sinc(Arguments& arguments) {
    const Range cutoff = arguments.range(0.1, kPi + 1e-3);
    return [=](Canvas& canvas, Rng& rng) {
        const double at = cutoff.pick(rng);
        canvas.image = blur(canvas.image, sinc_kernel(at, draw_integer(rng, 3, kSincRadius)));
    };
}

using AddNoise = void (*)(Image&, double, bool, Rng&);

template <AddNoise kAdd>
Step make_noise(Arguments& arguments) {
    const int colour = arguments.choice({"colour", "grey", "any"}, 0);
    const Range strength = arguments.range(0, 100);
    return [=](Canvas& canvas, Rng& rng) {
        const bool is_grey = colour == 1 || (colour == 2 && draw(rng, 0, 1) < kGreyShare);
        kAdd(canvas.image, strength.pick(rng), is_grey, rng);
    };
}

Step make_jpeg(Arguments& arguments) {
    const int chroma = arguments.choice({"420", "444", "any"}, 0);
    const bool has_own_grid = arguments.choice({"shift"}, -1) == 0;
    const Range quality = arguments.range(1, 100);
    return [=](Canvas& canvas, Rng& rng) {
        const bool is_full = chroma == 1 || (chroma == 2 && draw_integer(rng, 0, 1) == 1);
        const int q = quality.pick_integer(rng);
        const int left = has_own_grid ? draw_integer(rng, 0, kBlock - 1) : canvas.left;
        const int top = has_own_grid ? draw_integer(rng, 0, kBlock - 1) : canvas.top;
        canvas.image =
            through_jpeg(canvas.image, q, is_full ? Chroma::full : Chroma::quarter, left, top);
    };
}

Step make_webp(Arguments& arguments) {
    if (!has_image_codecs()) {
        throw Error(ErrorKind::unsupported, "degradation step \"webp\"",
                    "this trainer was built without image files (SISR_ONLY_TRAINER)");
    }
    const Range quality = arguments.range(1, 100);
    return [=](Canvas& canvas, Rng& rng) {
        canvas.image = through_webp(canvas.image, quality.pick_integer(rng));
    };
}

Step make_truth(Arguments& arguments) {
    (void)arguments;
    return [](Canvas& canvas, Rng&) {
        if (!(canvas.image.shape().size() == canvas.truth.shape().size())) {
            throw Error(ErrorKind::usage, "degradation step \"truth\"",
                        "must come before the size changes; write \"reduce\" after it");
        }
        round_to_8_bits(canvas.image);
        canvas.truth = canvas.image;
    };
}

struct Entry {
    const char* name;
    Step (*make)(Arguments&);
};

constexpr Entry kSteps[] = {
    {"reduce", make_reduce},
    {"resize", make_resize},
    {"blur", make_blur},
    {"aniso", make_aniso},
    {"sinc", make_sinc},
    {"noise", make_noise<add_gaussian_noise>},
    {"poisson", make_noise<add_poisson_noise>},
    {"jpeg", make_jpeg},
    {"webp", make_webp},
    {"truth", make_truth},
};

}  // namespace

Step make_step(const std::string& name, const std::vector<std::string>& words,
               const std::string& token) {
    std::string known;
    for (const Entry& entry : kSteps) {
        if (name == entry.name) {
            Arguments arguments(words, token);
            Step step = entry.make(arguments);
            arguments.finish();
            return step;
        }
        known += (known.empty() ? "" : ", ") + std::string(entry.name);
    }
    throw Error(ErrorKind::usage, "degradation step \"" + token + "\"", "is none of " + known);
}

void reduce_to_target(Canvas& canvas) {
    if (canvas.image.shape().size() == canvas.target) return;
    canvas.image = sisr::resize(canvas.image, canvas.target, Kernel::bicubic);
}

void round_to_8_bits(Image& image) {
    for (float& value : image.samples()) {
        value = std::round(255 * std::clamp(value, 0.0F, 1.0F)) / 255;
    }
}

}  // namespace sisr::training
