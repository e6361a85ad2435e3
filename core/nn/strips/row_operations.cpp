#include "nn/strips/row_operations.h"

#include <ATen/ATen.h>
#include <c10/util/BFloat16.h>

#include <algorithm>
#include <cmath>
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

/// [count, width, channels], a view.
at::Tensor view(const Rows& rows, std::int64_t count) {
    return at::from_blob(rows.data, {count, rows.width, rows.channels},
                         {rows.row_step, rows.pixel_step, 1}, at::TensorOptions(rows.type));
}

/// `to` of `from`; libtorch has loops for each processor.
void by_function(const at::Tensor& from, at::Tensor to, Activation kind) {
    switch (kind) {
        case Activation::silu: at::silu_out(to, from); break;
        case Activation::gelu: at::gelu_out(to, from); break;
        case Activation::mish: at::mish_out(to, from); break;
        case Activation::sigmoid: at::sigmoid_out(to, from); break;
        case Activation::tanh: at::tanh_out(to, from); break;
        default: at::clamp_min_out(to, from, 0); break;
    }
}

}  // namespace

void copy_rows(const Rows& from, const Rows& to, std::int64_t count) {
    view(to, count).copy_(view(from, count));
}

void activate_rows(const Rows& from, const Rows& to, std::int64_t count, Activation kind,
                   const std::vector<float>& slopes) {
    if (slopes.empty()) {
        // libtorch 1.13 has no mish and no gelu in bf16.
        const bool needs_float = kind == Activation::mish || kind == Activation::gelu;
        if (from.type == to.type && (from.is_float() || !needs_float)) {
            return by_function(view(from, count), view(to, count), kind);
        }
        auto result = view(from, count).to(at::kFloat);
        by_function(result, result, kind);
        view(to, count).copy_(result);
        return;
    }
    auto result = view(to, count);
    if (slopes.size() == 1) {
        const auto values = view(from, count);
        result.copy_(slopes.front() == 0 ? at::relu(values)
                                         : at::leaky_relu(values, slopes.front()));
        return;
    }
    auto by_channel = at::from_blob(const_cast<float*>(slopes.data()), {from.channels});
    const auto values = view(from, count).to(at::kFloat);
    result.copy_(at::prelu(values.reshape({-1, from.channels}), by_channel).view(values.sizes()));
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
    const Term& first = terms.front();
    if (terms.size() == 1 && first.factor == 1) return copy_rows(first.rows, to, count);
    auto result = view(to, count);
    // One rounding to the result's type, whatever the terms are.
    const bool is_simple = terms.size() == 2 && first.factor == 1 && first.rows.type == to.type &&
                           terms[1].rows.type == to.type;
    if (is_simple) {
        at::add_out(result, view(first.rows, count), view(terms[1].rows, count), terms[1].factor);
        return;
    }
    auto sum = view(first.rows, count).to(at::kFloat) * first.factor;
    for (std::size_t i = 1; i < terms.size(); ++i) {
        sum.add_(view(terms[i].rows, count), terms[i].factor);
    }
    result.copy_(sum);
}

void multiply_rows(const Rows& a, const Rows& b, const Rows& to, std::int64_t count) {
    auto product = view(to, count);
    if (a.type == to.type && b.type == to.type) {
        at::mul_out(product, view(a, count), view(b, count));
    } else {
        product.copy_(view(a, count).to(at::kFloat) * view(b, count));
    }
}

namespace {

template <class In, class Out>
void shuffle(const In* in, const Rows& from, const Shuffled& shuffled, const Rows* added, Out* out,
             const Rows& to) {
    const std::int64_t channels = to.channels;
    const std::int64_t factor = shuffled.factor;
    // From one channel to the next, and from one column to the next.
    const std::int64_t step = shuffled.is_ordered ? 1 : factor * factor;
    const std::int64_t across = shuffled.is_ordered ? channels : 1;
    in += shuffled.row * factor * across;
    const float* base = added == nullptr ? nullptr : static_cast<const float*>(added->data);
    for (std::int64_t x = 0; x < from.width; ++x, in += from.pixel_step) {
        const In* part = in;
        for (std::int64_t dx = 0; dx < factor; ++dx, out += to.pixel_step, part += across) {
            for (std::int64_t c = 0; c < channels; ++c) {
                const auto value = static_cast<float>(part[c * step]);
                out[c] = base == nullptr ? value : value + base[c];
            }
        }
        if (base != nullptr) base += added->pixel_step;
    }
}

/// The usual case, of numbers that the compiler knows: a picture's colours side by side, with an
/// enlarged one added.
template <int kFactor, int kChannels, class In>
void shuffle_and_add(const In* in, const Rows& from, const Shuffled& shuffled, const Rows& added,
                     float* out) {
    constexpr int kPart = kFactor * kChannels;
    in += shuffled.row * kPart;
    const auto* base = static_cast<const float*>(added.data);
    for (std::int64_t x = 0; x < from.width; ++x) {
        float repeated[kPart];
        for (int i = 0; i < kPart; ++i) repeated[i] = base[i % kChannels];
        for (int i = 0; i < kPart; ++i) out[i] = static_cast<float>(in[i]) + repeated[i];
        in += from.pixel_step;
        base += added.pixel_step;
        out += kPart;
    }
}

bool is_usual(const Shuffled& shuffled, const Rows* added, const Rows& to) {
    return to.is_float() && shuffled.is_ordered && added != nullptr && to.channels == 3 &&
           to.pixel_step == 3 && (shuffled.factor == 2 || shuffled.factor == 4);
}

}  // namespace

void shuffle_row(const Rows& from, const Shuffled& shuffled, const Rows* added, const Rows& to) {
    with_type(from, [&](const auto* in) {
        with_type(to, [&](auto* out) {
            using Out = std::remove_pointer_t<decltype(out)>;
            if constexpr (std::is_same_v<Out, float>) {
                if (is_usual(shuffled, added, to)) {
                    if (shuffled.factor == 4) {
                        return shuffle_and_add<4, 3>(in, from, shuffled, *added, out);
                    }
                    return shuffle_and_add<2, 3>(in, from, shuffled, *added, out);
                }
            }
            shuffle(in, from, shuffled, added, out, to);
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
