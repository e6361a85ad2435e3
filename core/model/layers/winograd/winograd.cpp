#include "model/layers/winograd/winograd.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <vector>

namespace sisr::winograd {
namespace {

/// G g G^T for each pair of channels, in double: [O,C,3,3] to [36,C,O].
torch::Tensor transform_weight(const torch::Tensor& weight) {
    const auto g = torch::tensor({6., 0., 0., -4., -4., -4., -4., 4., -4., 1., 2., 4., 1., -2., 4.,
                                  0., 0., 24.},
                                 torch::kFloat64)
                       .reshape({kInputs, 3}) /
                   24;
    const auto places = torch::matmul(torch::matmul(g, weight.to(torch::kFloat64)), g.t());
    return places.permute({2, 3, 1, 0})
        .reshape({kPlaces, weight.size(1), weight.size(0)})
        .to(torch::kFloat32)
        .contiguous();
}

/// A run's tiles, and the memory of the thread that works on some of them.
class Work {
public:
    Work(const Kernels& kernels, const torch::Tensor& input, const torch::Tensor& output)
        : kernels_(kernels),
          from_(input.data_ptr<float>()),
          to_(output.data_ptr<float>()),
          in_height_(input.size(0)),
          height_(output.size(0)),
          width_(output.size(1)),
          inputs_(input.size(2)),
          outputs_(output.size(2)),
          above_((height_ + 2 - in_height_) / 2),
          across_((width_ + kResults - 1) / kResults) {}

    std::ptrdiff_t tiles() const { return across_ * ((height_ + kResults - 1) / kResults); }

    /// Tiles [begin, end), at most kTiles.
    void run(std::ptrdiff_t begin, std::ptrdiff_t end, const torch::Tensor& weight,
             const torch::Tensor& bias, Then then) {
        transformed_.resize(static_cast<std::size_t>(kPlaces * kTiles * inputs_));
        products_.resize(static_cast<std::size_t>(kPlaces * kTiles * outputs_));
        for (std::ptrdiff_t tile = begin; tile < end; ++tile) {
            take(tile, transformed_.data() + (tile - begin) * inputs_);
        }
        kernels_.multiply(transformed_.data(), weight.data_ptr<float>(), inputs_, outputs_,
                          products_.data());
        for (std::ptrdiff_t tile = begin; tile < end; ++tile) {
            const std::ptrdiff_t y = tile / across_ * kResults;
            const std::ptrdiff_t x = tile % across_ * kResults;
            kernels_.transform_output(
                products_.data() + (tile - begin) * outputs_, kTiles * outputs_, outputs_,
                bias.data_ptr<float>(), then, to_ + (y * width_ + x) * outputs_,
                {width_ * outputs_, outputs_}, static_cast<int>(std::min(kResults, height_ - y)),
                static_cast<int>(std::min(kResults, width_ - x)));
        }
    }

private:
    void take(std::ptrdiff_t tile, float* to) {
        const std::ptrdiff_t y = tile / across_ * kResults - above_;
        const std::ptrdiff_t x = tile % across_ * kResults - 1;
        const bool is_inside =
            y >= 0 && y + kInputs <= in_height_ && x >= 0 && x + kInputs <= width_;
        const Steps steps =
            is_inside ? Steps{width_ * inputs_, inputs_} : Steps{kInputs * inputs_, inputs_};
        const float* corner = is_inside ? from_ + (y * width_ + x) * inputs_ : with_padding(y, x);
        kernels_.transform_input(corner, steps, inputs_, to, kTiles * inputs_);
    }

    /// A copy of the 6x6 pixels from (y, x) on, with zeros where there are none.
    const float* with_padding(std::ptrdiff_t y, std::ptrdiff_t x) {
        padded_.assign(static_cast<std::size_t>(kPlaces * inputs_), 0.0F);
        const std::ptrdiff_t first = std::max<std::ptrdiff_t>(-x, 0);
        const std::ptrdiff_t last = std::min(kInputs, width_ - x);
        for (std::ptrdiff_t row = 0; row < kInputs; ++row) {
            if (y + row < 0 || y + row >= in_height_) continue;
            std::copy_n(from_ + ((y + row) * width_ + x + first) * inputs_,
                        (last - first) * inputs_,
                        padded_.data() + (row * kInputs + first) * inputs_);
        }
        return padded_.data();
    }

    const Kernels& kernels_;
    const float* from_;
    float* to_;
    std::ptrdiff_t in_height_, height_, width_, inputs_, outputs_;
    std::ptrdiff_t above_;   // rows of padding
    std::ptrdiff_t across_;  // tiles in a row of them
    std::vector<float> transformed_;
    std::vector<float> products_;
    std::vector<float> padded_;
};

}  // namespace

#if defined(__x86_64__)
extern const Kernels kAvx2;
extern const Kernels kAvx512;

const Kernels* kernels() {
    if (__builtin_cpu_supports("avx512f")) return &kAvx512;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return &kAvx2;
    return nullptr;
}
#else
const Kernels* kernels() { return nullptr; }
#endif

bool Convolution::suits(const torch::Tensor& weight, const Kernels* kernels) {
    return kernels != nullptr && weight.size(2) == 3 && weight.size(3) == 3 &&
           kernels->suits(weight.size(0)) && kernels->suits(weight.size(1));
}

Convolution::Convolution(const torch::Tensor& weight, const torch::Tensor& bias, Then then,
                         const Kernels& kernels)
    : kernels_(&kernels),
      weight_(transform_weight(weight)),
      bias_(bias.to(torch::kFloat32).contiguous()),
      then_(then) {}

void Convolution::run(const torch::Tensor& input, const torch::Tensor& output) const {
    const Work whole(*kernels_, input, output);
    const std::ptrdiff_t tiles = whole.tiles();
    const std::int64_t blocks = (tiles + kTiles - 1) / kTiles;
    at::parallel_for(0, blocks, 1, [&](std::int64_t first, std::int64_t last) {
        Work mine = whole;
        for (std::int64_t block = first; block < last; ++block) {
            mine.run(block * kTiles, std::min<std::ptrdiff_t>((block + 1) * kTiles, tiles), weight_,
                     bias_, then_);
        }
    });
}

}  // namespace sisr::winograd
