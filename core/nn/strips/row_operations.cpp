#include "nn/strips/row_operations.h"

#include <c10/util/BFloat16.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <type_traits>

namespace sisr::nn {
namespace {

using Bf16 = c10::BFloat16;

/// Calls work with a pointer of the rows' type.
template <class Work>
void with_type(const Rows& rows, Work&& work) {
    if (rows.is_float()) {
        work(static_cast<float*>(rows.data));
    } else {
        work(static_cast<Bf16*>(rows.data));
    }
}

/// For each pixel: work(pointer to `from`'s channels, pointer to `to`'s).
template <class Work>
void each_pixel(const Rows& from, const Rows& to, std::int64_t count, Work&& work) {
    with_type(from, [&](auto* in) {
        with_type(to, [&](auto* out) {
            for (std::int64_t y = 0; y < count; ++y) {
                auto* a = in + y * from.row_step;
                auto* b = out + y * to.row_step;
                for (std::int64_t x = 0; x < to.width; ++x) {
                    work(a, b);
                    a += from.pixel_step;
                    b += to.pixel_step;
                }
            }
        });
    });
}

float sigmoid(float x) { return 1 / (1 + std::exp(-x)); }

float by_function(float x, Activation kind) {
    switch (kind) {
        case Activation::silu: return x * sigmoid(x);
        case Activation::gelu: return x * 0.5F * (1 + std::erf(x * 0.70710678F));
        case Activation::mish: return x * std::tanh(x > 20 ? x : std::log1p(std::exp(x)));
        case Activation::sigmoid: return sigmoid(x);
        case Activation::tanh: return std::tanh(x);
        default: return x < 0 ? 0 : x;
    }
}

}  // namespace

void copy_rows(const Rows& from, const Rows& to, std::int64_t count) {
    const auto channels = from.channels;
    each_pixel(from, to, count, [channels](const auto* in, auto* out) {
        using In = std::remove_cv_t<std::remove_pointer_t<decltype(in)>>;
        using Out = std::remove_pointer_t<decltype(out)>;
        if constexpr (std::is_same_v<In, Out>) {
            std::memcpy(out, in, static_cast<std::size_t>(channels) * sizeof(Out));
        } else {
            for (std::int64_t c = 0; c < channels; ++c) out[c] = static_cast<float>(in[c]);
        }
    });
}

void activate_rows(const Rows& from, const Rows& to, std::int64_t count, Activation kind,
                   const std::vector<float>& slopes) {
    const auto channels = from.channels;
    if (slopes.empty()) {
        each_pixel(from, to, count, [channels, kind](const auto* in, auto* out) {
            for (std::int64_t c = 0; c < channels; ++c) {
                out[c] = by_function(static_cast<float>(in[c]), kind);
            }
        });
        return;
    }
    std::vector<float> all(static_cast<std::size_t>(channels), slopes.front());
    if (slopes.size() > 1) all = slopes;
    each_pixel(from, to, count, [channels, &all](const auto* in, auto* out) {
        for (std::int64_t c = 0; c < channels; ++c) {
            const auto x = static_cast<float>(in[c]);
            out[c] = x < 0 ? x * all[static_cast<std::size_t>(c)] : x;
        }
    });
}

void affine_rows(const Rows& from, const Rows& to, std::int64_t count,
                 const std::vector<float>& factor, const std::vector<float>& offset) {
    const auto channels = from.channels;
    each_pixel(from, to, count, [&, channels](const auto* in, auto* out) {
        for (std::int64_t c = 0; c < channels; ++c) {
            const auto i = static_cast<std::size_t>(c);
            out[c] = static_cast<float>(in[c]) * factor[i] + offset[i];
        }
    });
}

void normalise_rows(const Rows& from, const Rows& to, std::int64_t count, double epsilon,
                    const std::vector<float>& factor, const std::vector<float>& offset) {
    const auto channels = from.channels;
    each_pixel(from, to, count, [&, channels](const auto* in, auto* out) {
        float sum = 0;
        for (std::int64_t c = 0; c < channels; ++c) sum += static_cast<float>(in[c]);
        const float mean = sum / static_cast<float>(channels);
        float squares = 0;
        for (std::int64_t c = 0; c < channels; ++c) {
            const float apart = static_cast<float>(in[c]) - mean;
            squares += apart * apart;
        }
        const float gain =
            1 / std::sqrt(squares / static_cast<float>(channels) + static_cast<float>(epsilon));
        for (std::int64_t c = 0; c < channels; ++c) {
            const auto i = static_cast<std::size_t>(c);
            out[c] = (static_cast<float>(in[c]) - mean) * gain * factor[i] + offset[i];
        }
    });
}

void sum_rows(const std::vector<Term>& terms, const Rows& to, std::int64_t count) {
    const auto channels = to.channels;
    if (terms.size() == 1 && terms[0].factor == 1) return copy_rows(terms[0].rows, to, count);
    std::vector<float> sums(static_cast<std::size_t>(channels * to.width));
    for (std::int64_t y = 0; y < count; ++y) {
        std::fill(sums.begin(), sums.end(), 0.0F);
        for (const Term& term : terms) {
            with_type(term.rows, [&](const auto* data) {
                const auto* in = data + y * term.rows.row_step;
                float* sum = sums.data();
                for (std::int64_t x = 0; x < to.width; ++x, sum += channels) {
                    for (std::int64_t c = 0; c < channels; ++c) {
                        sum[c] += term.factor * static_cast<float>(in[c]);
                    }
                    in += term.rows.pixel_step;
                }
            });
        }
        with_type(to, [&](auto* data) {
            auto* out = data + y * to.row_step;
            const float* sum = sums.data();
            for (std::int64_t x = 0; x < to.width; ++x, sum += channels) {
                for (std::int64_t c = 0; c < channels; ++c) out[c] = sum[c];
                out += to.pixel_step;
            }
        });
    }
}

void multiply_rows(const Rows& a, const Rows& b, const Rows& to, std::int64_t count) {
    const std::int64_t step = b.channels == 1 ? 0 : 1;
    const auto channels = to.channels;
    with_type(b, [&](const auto* factors) {
        std::int64_t pixel = 0;
        each_pixel(a, to, count, [&](const auto* in, auto* out) {
            const auto* factor =
                factors + pixel / to.width * b.row_step + pixel % to.width * b.pixel_step;
            for (std::int64_t c = 0; c < channels; ++c) {
                out[c] = static_cast<float>(in[c]) * static_cast<float>(factor[c * step]);
            }
            ++pixel;
        });
    });
}

void shuffle_row(const Rows& from, const Rows& to, std::int64_t row, int factor) {
    const std::int64_t part = static_cast<std::int64_t>(factor) * factor;
    const std::int64_t first = row % factor * factor;
    with_type(from, [&](const auto* in) {
        with_type(to, [&](auto* out) {
            for (std::int64_t x = 0; x < from.width; ++x, in += from.pixel_step) {
                for (std::int64_t dx = 0; dx < factor; ++dx, out += to.pixel_step) {
                    for (std::int64_t c = 0; c < to.channels; ++c) {
                        out[c] = static_cast<float>(in[c * part + first + dx]);
                    }
                }
            }
        });
    });
}

void unshuffle_row(const Rows& from, const Rows& to, int factor) {
    const std::int64_t part = static_cast<std::int64_t>(factor) * factor;
    with_type(from, [&](const auto* in) {
        with_type(to, [&](auto* out) {
            for (std::int64_t y = 0; y < factor; ++y) {
                for (std::int64_t x = 0; x < to.width * factor; ++x) {
                    const auto* pixel = in + y * from.row_step + x * from.pixel_step;
                    auto* at = out + x / factor * to.pixel_step + y * factor + x % factor;
                    for (std::int64_t c = 0; c < from.channels; ++c) {
                        at[c * part] = static_cast<float>(pixel[c]);
                    }
                }
            }
        });
    });
}

void enlarge_nearest_row(const Rows& from, const Rows& to, int factor) {
    with_type(from, [&](const auto* in) {
        with_type(to, [&](auto* out) {
            for (std::int64_t x = 0; x < from.width; ++x, in += from.pixel_step) {
                for (int i = 0; i < factor; ++i, out += to.pixel_step) {
                    for (std::int64_t c = 0; c < to.channels; ++c) {
                        out[c] = static_cast<float>(in[c]);
                    }
                }
            }
        });
    });
}

void enlarge_bilinear_row(const Rows& above, const Rows& below, float share, const Rows& to,
                          int factor) {
    const auto mix = [](float a, float b, float part) { return a + (b - a) * part; };
    with_type(above, [&](const auto* up) {
        const auto* down = static_cast<decltype(up)>(below.data);
        with_type(to, [&](auto* out) {
            for (std::int64_t x = 0; x < to.width; ++x, out += to.pixel_step) {
                const float at = std::max(
                    0.0F, (static_cast<float>(x) + 0.5F) / static_cast<float>(factor) - 0.5F);
                const auto left = static_cast<std::int64_t>(at);
                const std::int64_t right = std::min(left + 1, above.width - 1);
                const float part = at - static_cast<float>(left);
                for (std::int64_t c = 0; c < to.channels; ++c) {
                    const std::int64_t a = left * above.pixel_step + c;
                    const std::int64_t b = right * above.pixel_step + c;
                    out[c] = mix(mix(up[a], up[b], part), mix(down[a], down[b], part), share);
                }
            }
        });
    });
}

}  // namespace sisr::nn
