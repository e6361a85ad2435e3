#include "nn/strips/row_convolution.h"

#include "nn/conv/amx/kernel.h"
#include "nn/conv/onednn_convolution.h"
#include "nn/conv/winograd/winograd.h"
#include "nn/strips/parts.h"
#include "nn/strips/row_operations.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <optional>
#include <vector>

namespace sisr::nn {
namespace {

/// [1, rows, columns, C] of rows in memory, from `before` columns left of the first one.
torch::Tensor as_tensor(const Rows& rows, std::int64_t count, std::int64_t before) {
    auto* const at = rows.row<float>(0) - before * rows.pixel_step;
    return torch::from_blob(at, {1, count, rows.width + 2 * before, rows.channels},
                            {count * rows.row_step, rows.row_step, rows.pixel_step, 1},
                            torch::kFloat32);
}

class WinogradRows final : public RowConvolution {
public:
    explicit WinogradRows(const RowConvolutionSpec& spec)
        : convolution_(spec.weight, spec.bias,
                       spec.adds               ? winograd::Then::add
                       : spec.slopes.defined() ? winograd::Then::slope
                                               : winograd::Then::nothing,
                       *winograd::kernels(), spec.slopes) {}

    static bool suits(const RowConvolutionSpec& spec) {
        return spec.input_type == torch::kFloat32 && spec.output_type == torch::kFloat32 &&
               spec.groups == 1 && spec.dilation == 1 &&
               winograd::Convolution::suits(spec.weight, winograd::kernels());
    }

    void run(const Rows& input, const Rows& output, std::int64_t count) const override {
        convolution_.run(as_tensor(input, count + 2, 1), as_tensor(output, count, 0));
    }

private:
    winograd::Convolution convolution_;
};

#if defined(__x86_64__)
class AmxRows final : public RowConvolution {
public:
    explicit AmxRows(const RowConvolutionSpec& spec)
        : outputs_(spec.weight.size(0)),
          inputs_(spec.weight.size(1)),
          height_(spec.weight.size(2)),
          width_(spec.weight.size(3)),
          dilation_(spec.dilation),
          then_(spec.adds               ? amx::Then::add
                : spec.slopes.defined() ? amx::Then::slope
                                        : amx::Then::nothing) {
        bias_ = padded(spec.bias);
        if (spec.slopes.defined()) slopes_ = padded(spec.slopes.expand({outputs_}));
        by_pixel_ = pack(spec.weight, inputs_);
        if (dilation_ == 1 && inputs_ % amx::kInputs != 0) {
            // Pixels that lie side by side fill the tiles better.
            const auto rows =
                spec.weight.permute({0, 2, 3, 1}).reshape({outputs_, height_, 1, width_ * inputs_});
            by_row_ = pack(rows.permute({0, 3, 1, 2}), width_ * inputs_);
        }
    }

    static bool suits(const RowConvolutionSpec& spec) {
        return spec.input_type == torch::kBFloat16 && spec.groups == 1 && amx::is_available();
    }

    void run(const Rows& input, const Rows& output, std::int64_t count) const override {
        const bool is_dense = !by_row_.empty() && input.pixel_step == inputs_;
        const std::vector<std::ptrdiff_t> offsets = find_offsets(input, is_dense);
        amx::Work work{};
        work.offsets = offsets.data();
        work.taps = static_cast<std::ptrdiff_t>(offsets.size());
        work.weights = (is_dense ? by_row_ : by_pixel_).data();
        work.bias = bias_.data();
        work.slopes = slopes_.data();
        work.outputs = outputs_;
        work.then = then_;
        work.input = static_cast<const std::uint16_t*>(input.data) -
                     width_ / 2 * dilation_ * input.pixel_step;
        work.input_row = input.row_step;
        work.input_pixel = input.pixel_step;
        work.output = output.data;
        work.is_output_float = output.is_float();
        work.output_row = output.row_step;
        work.output_pixel = output.pixel_step;
        work.width = output.width;
        for_parts(work.width, count, [&work](const Part& part) {
            amx::Work mine = work;
            mine.width = part.columns;
            mine.input += part.column * work.input_pixel;
            const std::int64_t bytes = work.is_output_float ? 4 : 2;
            mine.output = static_cast<char*>(work.output) + part.column * work.output_pixel * bytes;
            amx::convolve(mine, part.row, part.row + part.rows);
        });
    }

private:
    std::vector<float> padded(const torch::Tensor& values) const {
        const auto given = values.to(torch::kFloat32).contiguous();
        std::vector<float> result(static_cast<std::size_t>((outputs_ + amx::kOutputs - 1) /
                                                           amx::kOutputs * amx::kOutputs));
        std::copy_n(given.data_ptr<float>(), given.numel(), result.begin());
        return result;
    }

    /// weight [O,C,kh,kw] as the tiles want it, zeros where it fills none.
    static std::vector<std::uint16_t> pack(const torch::Tensor& weight, std::int64_t inputs) {
        const std::int64_t groups = (inputs + amx::kInputs - 1) / amx::kInputs;
        const std::int64_t blocks = (weight.size(0) + amx::kOutputs - 1) / amx::kOutputs;
        auto whole = torch::zeros(
            {blocks * amx::kOutputs, groups * amx::kInputs, weight.size(2), weight.size(3)});
        whole.narrow(0, 0, weight.size(0)).narrow(1, 0, inputs).copy_(weight);
        // [block, output, group, pair, of pair, kh, kw] to [block, kh, kw, group, pair, output,
        // of].
        const auto packed = whole
                                .reshape({blocks, amx::kOutputs, groups, amx::kInputs / 2, 2,
                                          weight.size(2), weight.size(3)})
                                .permute({0, 5, 6, 2, 3, 1, 4})
                                .to(torch::kBFloat16)
                                .contiguous();
        const auto* from = static_cast<const std::uint16_t*>(packed.data_ptr());
        return {from, from + packed.numel()};
    }

    std::vector<std::ptrdiff_t> find_offsets(const Rows& input, bool is_dense) const {
        const std::int64_t columns = is_dense ? 1 : width_;
        const std::int64_t values = is_dense ? width_ * inputs_ : inputs_;
        std::vector<std::ptrdiff_t> offsets;
        for (std::int64_t y = 0; y < height_; ++y) {
            for (std::int64_t x = 0; x < columns; ++x) {
                for (std::int64_t c = 0; c < values; c += amx::kInputs) {
                    offsets.push_back(dilation_ * (y * input.row_step + x * input.pixel_step) + c);
                }
            }
        }
        return offsets;
    }

    std::int64_t outputs_, inputs_, height_, width_, dilation_;
    amx::Then then_;
    std::vector<float> bias_, slopes_;
    std::vector<std::uint16_t> by_pixel_, by_row_;
};
#endif

/// Through copies without steps between the pixels.
class DenseRows final : public RowConvolution {
public:
    explicit DenseRows(const RowConvolutionSpec& spec)
        : convolution_(spec.weight, spec.bias, precision(spec), spec.groups, spec.dilation),
          type_(precision(spec)),
          reach_(spec.weight.size(2) / 2 * spec.dilation),
          adds_(spec.adds) {
        if (!spec.slopes.defined()) return;
        const auto slopes = spec.slopes.to(torch::kFloat32).contiguous();
        slopes_.assign(slopes.data_ptr<float>(), slopes.data_ptr<float>() + slopes.numel());
    }

    void run(const Rows& input, const Rows& output, std::int64_t count) const override {
        const auto from = torch::empty({count + 2 * reach_, input.width, input.channels}, type_);
        const auto to = torch::empty({count, output.width, output.channels}, type_);
        copy_rows(input, dense(from), count + 2 * reach_);
        convolution_.run(from, to);
        if (adds_) {
            sum_rows({{dense(to), 1}, {output, 1}}, output, count);
        } else if (!slopes_.empty()) {
            activate_rows(dense(to), output, count, Activation::prelu, slopes_);
        } else {
            copy_rows(dense(to), output, count);
        }
    }

private:
    static torch::ScalarType precision(const RowConvolutionSpec& spec) { return spec.input_type; }

    static Rows dense(const torch::Tensor& tensor) {
        Rows rows;
        rows.data = tensor.data_ptr();
        rows.type = tensor.scalar_type();
        rows.width = tensor.size(1);
        rows.channels = tensor.size(2);
        rows.pixel_step = tensor.size(2);
        rows.row_step = tensor.size(1) * tensor.size(2);
        return rows;
    }

    OnednnConvolution convolution_;
    torch::ScalarType type_;
    std::int64_t reach_;
    bool adds_;
    std::vector<float> slopes_;
};

}  // namespace

std::unique_ptr<RowConvolution> make_row_convolution(const RowConvolutionSpec& spec) {
    if (WinogradRows::suits(spec)) return std::make_unique<WinogradRows>(spec);
#if defined(__x86_64__)
    if (AmxRows::suits(spec)) return std::make_unique<AmxRows>(spec);
#endif
    return std::make_unique<DenseRows>(spec);
}

}  // namespace sisr::nn
