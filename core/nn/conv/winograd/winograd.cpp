#include "nn/conv/winograd/winograd.h"

#include "nn/conv/winograd/tiles.h"

#include <ATen/Parallel.h>

#include <vector>

namespace sisr::winograd {
namespace {

/// G of the paper.
constexpr double kG[kInputs][3] = {{1. / 4, 0, 0},
                                   {-1. / 6, -1. / 6, -1. / 6},
                                   {-1. / 6, 1. / 6, -1. / 6},
                                   {1. / 24, 1. / 12, 1. / 6},
                                   {1. / 24, -1. / 12, 1. / 6},
                                   {0, 0, 1}};

/// function(input, output) for all pairs of channels, on all threads.
template <typename Function>
void each_pair(std::int64_t inputs, std::int64_t outputs, const Function& function) {
    at::parallel_for(0, inputs, 1, [&](std::int64_t first, std::int64_t last) {
        for (std::int64_t i = first; i < last; ++i) {
            for (std::int64_t o = 0; o < outputs; ++o) function(i, o);
        }
    });
}

/// G g G^T for each pair of channels, in double: [O,C,3,3] to [36,C,O].
torch::Tensor transform_weight(const torch::Tensor& weight) {
    const std::int64_t outputs = weight.size(0);
    const std::int64_t inputs = weight.size(1);
    const auto given = weight.to(torch::kFloat32);
    const auto from = given.accessor<float, 4>();
    auto result = torch::empty({kPlaces, inputs, outputs});
    auto to = result.accessor<float, 3>();
    each_pair(inputs, outputs, [&](std::int64_t i, std::int64_t o) {
        double down[kInputs][3];
        for (int y = 0; y < kInputs; ++y) {
            for (int x = 0; x < 3; ++x) {
                down[y][x] = kG[y][0] * from[o][i][0][x] + kG[y][1] * from[o][i][1][x] +
                             kG[y][2] * from[o][i][2][x];
            }
        }
        for (int place = 0; place < kPlaces; ++place) {
            const double* row = down[place / kInputs];
            const double* g = kG[place % kInputs];
            to[place][i][o] = static_cast<float>(row[0] * g[0] + row[1] * g[1] + row[2] * g[2]);
        }
    });
    return result;
}

/// The way back for a gradient, G^T m G: [36,C,O] to [O,C,3,3].
torch::Tensor weight_of_places(const torch::Tensor& places) {
    const std::int64_t inputs = places.size(1);
    const std::int64_t outputs = places.size(2);
    const auto from = places.accessor<float, 3>();
    auto result = torch::empty({outputs, inputs, 3, 3});
    auto to = result.accessor<float, 4>();
    each_pair(inputs, outputs, [&](std::int64_t i, std::int64_t o) {
        double down[3][kInputs] = {};
        for (int place = 0; place < kPlaces; ++place) {
            for (int y = 0; y < 3; ++y) {
                down[y][place % kInputs] += kG[place / kInputs][y] * from[place][i][o];
            }
        }
        for (int y = 0; y < 3; ++y) {
            for (int x = 0; x < 3; ++x) {
                double sum = 0;
                for (int n = 0; n < kInputs; ++n) sum += down[y][n] * kG[n][x];
                to[o][i][y][x] = static_cast<float>(sum);
            }
        }
    });
    return result;
}

/// What a thread needs to run blocks of tiles.
class Work {
public:
    Work(const Kernels& kernels, const torch::Tensor& input, const torch::Tensor& output)
        : kernels_(kernels),
          grid_(output),
          input_transform_(kernels, input, (output.size(1) + 2 - input.size(1)) / 2,
                           (output.size(2) + 2 - input.size(2)) / 2),
          to_(output.data_ptr<float>()),
          inputs_(input.size(3)),
          outputs_(output.size(3)),
          transformed_(static_cast<std::size_t>(kPlaces * kTiles * inputs_)),
          products_(static_cast<std::size_t>(kPlaces * kTiles * outputs_)) {}

    void run(std::ptrdiff_t block, const torch::Tensor& weight, const After& after) {
        const std::ptrdiff_t begin = block * kTiles;
        const std::ptrdiff_t count = grid_.tiles_of(block);
        for (std::ptrdiff_t i = 0; i < count; ++i) {
            input_transform_.run(grid_.tile(begin + i), transformed_.data() + i * inputs_);
        }
        kernels_.multiply(transformed_.data(), weight.data_ptr<float>(), inputs_, outputs_,
                          products_.data());
        for (std::ptrdiff_t i = 0; i < count; ++i) {
            const Tile tile = grid_.tile(begin + i);
            kernels_.transform_output(products_.data() + i * outputs_, kTiles * outputs_, outputs_,
                                      after, to_ + grid_.corner(tile), grid_.steps(), tile.rows,
                                      tile.columns);
        }
    }

private:
    const Kernels& kernels_;
    TileGrid grid_;
    InputTransform input_transform_;
    float* to_;
    std::ptrdiff_t inputs_, outputs_;
    std::vector<float> transformed_;
    std::vector<float> products_;
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
                         const Kernels& kernels, const torch::Tensor& slopes)
    : kernels_(&kernels),
      weight_(transform_weight(weight)),
      bias_(bias.to(torch::kFloat32).contiguous()),
      slopes_(slopes),
      then_(then) {
    if (then == Then::slope) slopes_ = slopes.to(torch::kFloat32).expand_as(bias_).contiguous();
}

void Convolution::run(const torch::Tensor& input, const torch::Tensor& output) const {
    const float* const slopes = then_ == Then::slope ? slopes_.data_ptr<float>() : nullptr;
    const After after{bias_.data_ptr<float>(), slopes, then_};
    at::parallel_for(0, TileGrid(output).blocks(), 1, [&](std::int64_t first, std::int64_t last) {
        Work work(*kernels_, input, output);
        for (std::int64_t block = first; block < last; ++block) {
            work.run(block, weight_, after);
        }
    });
}

namespace {

/// Adds what tiles give to the gradient by the transformed weight, [36,C,O]. For one thread.
class GradientWork {
public:
    GradientWork(const Kernels& kernels, const torch::Tensor& input,
                 const torch::Tensor& output_gradient)
        : kernels_(kernels),
          grid_(output_gradient),
          input_transform_(kernels, input, 1, 1),
          gradient_(output_gradient.data_ptr<float>()),
          inputs_(input.size(3)),
          outputs_(output_gradient.size(3)),
          transformed_(static_cast<std::size_t>(kPlaces * kTiles * inputs_)),
          gradients_(static_cast<std::size_t>(kPlaces * kTiles * outputs_)) {}

    void run(std::ptrdiff_t block, float* sums) {
        const std::ptrdiff_t count = grid_.tiles_of(block);
        for (std::ptrdiff_t i = 0; i < count; ++i) {
            const Tile tile = grid_.tile(block * kTiles + i);
            input_transform_.run(tile, transformed_.data() + i * inputs_);
            kernels_.transform_gradient(gradient_ + grid_.corner(tile), grid_.steps(), tile.rows,
                                        tile.columns, outputs_, gradients_.data() + i * outputs_,
                                        kTiles * outputs_);
        }
        kernels_.correlate(transformed_.data(), gradients_.data(), count, inputs_, outputs_, sums);
    }

private:
    const Kernels& kernels_;
    TileGrid grid_;
    InputTransform input_transform_;
    const float* gradient_;
    std::ptrdiff_t inputs_, outputs_;
    std::vector<float> transformed_;
    std::vector<float> gradients_;
};

}  // namespace

torch::Tensor weight_gradient(const torch::Tensor& input, const torch::Tensor& output_gradient,
                              const Kernels& kernels) {
    const std::int64_t inputs = input.size(3);
    const std::int64_t outputs = output_gradient.size(3);
    const std::int64_t blocks = TileGrid(output_gradient).blocks();
    // A part and its sums for each thread, whichever thread takes it: the same order of additions
    // in every run.
    const std::int64_t parts = std::min<std::int64_t>(at::get_num_threads(), blocks);
    const auto sums = torch::zeros({parts, kPlaces, inputs, outputs});
    at::parallel_for(0, parts, 1, [&](std::int64_t first, std::int64_t last) {
        GradientWork work(kernels, input, output_gradient);
        for (std::int64_t part = first; part < last; ++part) {
            float* mine = sums.data_ptr<float>() + part * kPlaces * inputs * outputs;
            const std::int64_t end = (part + 1) * blocks / parts;
            for (auto block = part * blocks / parts; block < end; ++block) work.run(block, mine);
        }
    });
    return weight_of_places(sums.sum(0));
}

}  // namespace sisr::winograd
