#include "image/resize.h"

#include <algorithm>
#include <cmath>

namespace sisr {
namespace {

double evaluate(Kernel kernel, double x) {
    constexpr double kPi = 3.14159265358979323846;
    x = std::fabs(x);
    switch (kernel) {
        case Kernel::nearest:
        case Kernel::box: return x <= 0.5 ? 1 : 0;
        case Kernel::bilinear: return std::max(0.0, 1 - x);
        case Kernel::bicubic:
            if (x <= 1) return (1.5 * x - 2.5) * x * x + 1;
            if (x <= 2) return ((-0.5 * x + 2.5) * x - 4) * x + 2;
            return 0;
        case Kernel::lanczos3:
            if (x < 1e-9) return 1;
            if (x >= 3) return 0;
            return 3 * std::sin(kPi * x) * std::sin(kPi * x / 3) / (kPi * kPi * x * x);
    }
    return 0;
}

double support(Kernel kernel) {
    switch (kernel) {
        case Kernel::nearest:
        case Kernel::box: return 0.5;
        case Kernel::bilinear: return 1;
        case Kernel::bicubic: return 2;
        case Kernel::lanczos3: return 3;
    }
    return 0;
}

int mirror(int index, int size) {
    const int period = 2 * size;
    index = ((index % period) + period) % period;
    return index < size ? index : period - 1 - index;
}

Taps nearest_tap(double centre, int input) {
    Taps taps;
    taps.index = {std::clamp(static_cast<int>(std::floor(centre + 0.5)), 0, input - 1)};
    taps.weight = {1};
    return taps;
}

void accumulate(float* out, const float* in, float weight, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) out[i] += weight * in[i];
}

template <int kChannels>
void resample_row(const float* in, const std::vector<Taps>& columns, float* out) {
    for (const Taps& taps : columns) {
        float sum[kChannels] = {};
        for (std::size_t t = 0; t < taps.index.size(); ++t) {
            const float* pixel = in + static_cast<std::size_t>(taps.index[t]) * kChannels;
            for (int c = 0; c < kChannels; ++c) sum[c] += taps.weight[t] * pixel[c];
        }
        for (int c = 0; c < kChannels; ++c) *out++ = sum[c];
    }
}

void resample_row(const float* in, int channels, const std::vector<Taps>& columns, float* out) {
    switch (channels) {
        case 1: return resample_row<1>(in, columns, out);
        case 2: return resample_row<2>(in, columns, out);
        case 3: return resample_row<3>(in, columns, out);
        default: return resample_row<4>(in, columns, out);
    }
}

ImageShape with_size(ImageShape shape, Size size) {
    shape.width = size.width;
    shape.height = size.height;
    return shape;
}

}  // namespace

std::vector<Taps> make_taps(int input, int output, Kernel kernel, bool antialias) {
    const double step = static_cast<double>(input) / output;
    const double stretch = antialias ? std::max(step, 1.0) : 1.0;
    const double reach = support(kernel) * stretch;
    std::vector<Taps> all;
    all.reserve(static_cast<std::size_t>(output));
    for (int x = 0; x < output; ++x) {
        const double centre = (x + 0.5) * step - 0.5;
        if (kernel == Kernel::nearest) {
            all.push_back(nearest_tap(centre, input));
            continue;
        }
        Taps taps;
        double sum = 0;
        for (int i = static_cast<int>(std::ceil(centre - reach)); i <= centre + reach; ++i) {
            const double weight = evaluate(kernel, (i - centre) / stretch);
            if (weight == 0) continue;
            taps.index.push_back(mirror(i, input));
            taps.weight.push_back(static_cast<float>(weight));
            sum += weight;
        }
        for (float& weight : taps.weight) weight = static_cast<float>(weight / sum);
        all.push_back(std::move(taps));
    }
    return all;
}

Image resize(const Image& image, Size target, Kernel kernel, bool antialias) {
    const auto columns = make_taps(image.width(), target.width, kernel, antialias);
    const auto rows = make_taps(image.height(), target.height, kernel, antialias);
    // Rows first: whole rows are contiguous, and a reduction leaves fewer for the second pass.
    const ImageShape half_shape = with_size(image.shape(), {image.width(), target.height});
    Image half(half_shape);
    for (int y = 0; y < target.height; ++y) {
        const Taps& taps = rows[static_cast<std::size_t>(y)];
        for (std::size_t t = 0; t < taps.index.size(); ++t) {
            accumulate(half.row(y), image.row(taps.index[t]), taps.weight[t],
                       half_shape.row_samples());
        }
    }
    Image result(with_size(image.shape(), target));
    for (int y = 0; y < target.height; ++y) {
        resample_row(half.row(y), image.channels(), columns, result.row(y));
    }
    return result;
}

ResizingSink::~ResizingSink() = default;

void ResizingSink::begin(const ImageShape& shape) {
    input_ = shape;
    columns_ = make_taps(shape.width, target_.width, kernel_);
    rows_ = make_taps(shape.height, target_.height, kernel_);
    first_needed_.assign(rows_.size(), shape.height);
    int needed = shape.height;
    for (std::size_t y = rows_.size(); y-- > 0;) {
        needed = std::min(needed, *std::min_element(rows_[y].index.begin(), rows_[y].index.end()));
        first_needed_[y] = needed;
    }
    next_.begin(with_size(shape, target_));
}

void ResizingSink::write_rows(int y_begin, int y_end, const float* rows) {
    for (int y = y_begin; y < y_end; ++y) {
        window_.emplace_back(static_cast<std::size_t>(target_.width) * input_.channels());
        resample_row(rows + static_cast<std::size_t>(y - y_begin) * input_.row_samples(),
                     input_.channels(), columns_, window_.back().data());
        ++rows_read_;
        emit_ready_rows();
    }
}

void ResizingSink::emit_ready_rows() {
    while (rows_written_ < target_.height) {
        const Taps& taps = rows_[static_cast<std::size_t>(rows_written_)];
        if (*std::max_element(taps.index.begin(), taps.index.end()) >= rows_read_) return;
        const int needed = first_needed_[static_cast<std::size_t>(rows_written_)];
        if (needed > window_begin_) {
            window_.erase(window_.begin(), window_.begin() + (needed - window_begin_));
            window_begin_ = needed;
        }
        std::vector<float> row(window_.back().size());
        for (std::size_t t = 0; t < taps.index.size(); ++t) {
            const auto& source = window_[static_cast<std::size_t>(taps.index[t] - window_begin_)];
            accumulate(row.data(), source.data(), taps.weight[t], row.size());
        }
        next_.write_rows(rows_written_, rows_written_ + 1, row.data());
        ++rows_written_;
    }
}

void ResizingSink::finish() { next_.finish(); }

}  // namespace sisr
