// The inner loops, compiled once for each kind of vector: a file that includes this defines
// SISR_LANES, the floats of a vector, SISR_SUMS, how many vectors of sums its registers hold beside
// the factors, and SISR_KERNELS, the name of what it makes. It includes nothing else whose
// functions could be merged with those of files for lesser processors.

#include "nn/conv/winograd/kernels.h"

namespace sisr::winograd {
namespace {

typedef float Vector __attribute__((vector_size(SISR_LANES * sizeof(float))));
constexpr std::ptrdiff_t kLanes = SISR_LANES;

inline Vector load(const float* from) {
    Vector vector;
    __builtin_memcpy(&vector, from, sizeof(vector));
    return vector;
}

inline void save(Vector vector, float* to) { __builtin_memcpy(to, &vector, sizeof(vector)); }

/// B^T of the paper, for a vector of channels.
inline void to_places(const Vector (&in)[kInputs], Vector (&out)[kInputs]) {
    const Vector a = in[4] - 4 * in[2];
    const Vector b = in[3] - 4 * in[1];
    const Vector c = in[4] - in[2];
    const Vector d = 2 * (in[3] - in[1]);
    out[0] = 4 * in[0] - 5 * in[2] + in[4];
    out[1] = a + b;
    out[2] = a - b;
    out[3] = c + d;
    out[4] = c - d;
    out[5] = 4 * in[1] - 5 * in[3] + in[5];
}

/// A^T, likewise.
inline void to_results(const Vector (&in)[kInputs], Vector (&out)[kResults]) {
    const Vector a = in[1] + in[2];
    const Vector b = in[1] - in[2];
    const Vector c = in[3] + in[4];
    const Vector d = in[3] - in[4];
    out[0] = in[0] + a + c;
    out[1] = b + 2 * d;
    out[2] = a + 4 * c;
    out[3] = b + 8 * d + in[5];
}

/// A, for the way back.
inline void from_results(const Vector (&in)[kResults], Vector (&out)[kInputs]) {
    const Vector a = in[0] + in[2];
    const Vector b = in[1] + in[3];
    const Vector c = in[0] + 4 * in[2];
    const Vector d = 2 * in[1] + 8 * in[3];
    out[0] = in[0];
    out[1] = a + b;
    out[2] = a - b;
    out[3] = c + d;
    out[4] = c - d;
    out[5] = in[3];
}

void transform_input(const float* corner, Steps steps, std::ptrdiff_t channels, float* to,
                     std::ptrdiff_t place_step) {
    for (std::ptrdiff_t c = 0; c < channels; c += kLanes) {
        Vector down[kInputs][kInputs];
        for (std::ptrdiff_t x = 0; x < kInputs; ++x) {
            Vector in[kInputs];
            Vector out[kInputs];
            for (std::ptrdiff_t y = 0; y < kInputs; ++y) {
                in[y] = load(corner + y * steps.row + x * steps.column + c);
            }
            to_places(in, out);
            for (std::ptrdiff_t y = 0; y < kInputs; ++y) down[y][x] = out[y];
        }
        for (std::ptrdiff_t y = 0; y < kInputs; ++y) {
            Vector out[kInputs];
            to_places(down[y], out);
            for (std::ptrdiff_t x = 0; x < kInputs; ++x) {
                save(out[x], to + (y * kInputs + x) * place_step + c);
            }
        }
    }
}

/// kRows tiles by kVectors vectors of outputs at one place.
template <int kRows, int kVectors>
inline void multiply_block(const float* tiles, const float* weights, std::ptrdiff_t inputs,
                           std::ptrdiff_t outputs, float* products) {
    Vector sums[kRows][kVectors] = {};
    for (std::ptrdiff_t i = 0; i < inputs; ++i) {
        Vector weight[kVectors];
#pragma GCC unroll 16
        for (int n = 0; n < kVectors; ++n) weight[n] = load(weights + i * outputs + n * kLanes);
#pragma GCC unroll 16
        for (int row = 0; row < kRows; ++row) {
            const float value = tiles[row * inputs + i];
#pragma GCC unroll 16
            for (int n = 0; n < kVectors; ++n) sums[row][n] += value * weight[n];
        }
    }
#pragma GCC unroll 16
    for (int row = 0; row < kRows; ++row) {
#pragma GCC unroll 16
        for (int n = 0; n < kVectors; ++n) {
            save(sums[row][n], products + row * outputs + n * kLanes);
        }
    }
}

template <int kVectors>
void multiply_by(const float* tiles, const float* weights, std::ptrdiff_t inputs,
                 std::ptrdiff_t outputs, float* products) {
    constexpr int kRows = SISR_SUMS / kVectors;
    static_assert(kTiles % kRows == 0);
    for (std::ptrdiff_t place = 0; place < kPlaces; ++place) {
        for (std::ptrdiff_t o = 0; o < outputs; o += kVectors * kLanes) {
            for (std::ptrdiff_t tile = 0; tile < kTiles; tile += kRows) {
                multiply_block<kRows, kVectors>(tiles + tile * inputs, weights + o, inputs, outputs,
                                                products + tile * outputs + o);
            }
        }
        tiles += kTiles * inputs;
        weights += inputs * outputs;
        products += kTiles * outputs;
    }
}

void transform_output(const float* products, std::ptrdiff_t place_step, std::ptrdiff_t channels,
                      const After& after, float* corner, Steps steps, int rows, int columns) {
    for (std::ptrdiff_t c = 0; c < channels; c += kLanes) {
        Vector down[kResults][kInputs];
        for (std::ptrdiff_t x = 0; x < kInputs; ++x) {
            Vector in[kInputs];
            Vector out[kResults];
            for (std::ptrdiff_t y = 0; y < kInputs; ++y) {
                in[y] = load(products + (y * kInputs + x) * place_step + c);
            }
            to_results(in, out);
            for (std::ptrdiff_t y = 0; y < kResults; ++y) down[y][x] = out[y];
        }
        const Vector added = load(after.bias + c);
        const Vector slope = after.then == Then::slope ? load(after.slopes + c) : Vector{};
        for (std::ptrdiff_t y = 0; y < rows; ++y) {
            Vector out[kResults];
            to_results(down[y], out);
            for (std::ptrdiff_t x = 0; x < columns; ++x) {
                float* to = corner + y * steps.row + x * steps.column + c;
                Vector value = out[x] + added;
                if (after.then == Then::add) value += load(to);
                if (after.then == Then::relu) value = value < 0 ? Vector{} : value;  // NaN stays
                if (after.then == Then::slope) value = value < 0 ? value * slope : value;
                save(value, to);
            }
        }
    }
}

/// The more vectors at a time, the fewer loads for each product.
void multiply(const float* tiles, const float* weights, std::ptrdiff_t inputs,
              std::ptrdiff_t outputs, float* products) {
    const std::ptrdiff_t vectors = outputs / kLanes;
    const auto by = vectors % 3 == 0   ? multiply_by<3>
                    : vectors % 2 == 0 ? multiply_by<2>
                                       : multiply_by<1>;
    by(tiles, weights, inputs, outputs, products);
}

void transform_gradient(const float* corner, Steps steps, int rows, int columns,
                        std::ptrdiff_t channels, float* to, std::ptrdiff_t place_step) {
    for (std::ptrdiff_t c = 0; c < channels; c += kLanes) {
        Vector down[kInputs][kResults];
        for (std::ptrdiff_t x = 0; x < kResults; ++x) {
            Vector in[kResults];
            Vector out[kInputs];
            for (std::ptrdiff_t y = 0; y < kResults; ++y) {
                const bool is_there = y < rows && x < columns;
                in[y] = is_there ? load(corner + y * steps.row + x * steps.column + c) : Vector{};
            }
            from_results(in, out);
            for (std::ptrdiff_t y = 0; y < kInputs; ++y) down[y][x] = out[y];
        }
        for (std::ptrdiff_t y = 0; y < kInputs; ++y) {
            Vector out[kInputs];
            from_results(down[y], out);
            for (std::ptrdiff_t x = 0; x < kInputs; ++x) {
                save(out[x], to + (y * kInputs + x) * place_step + c);
            }
        }
    }
}

/// kRows inputs by kVectors vectors of outputs at one place.
template <int kRows, int kVectors>
inline void correlate_block(const float* tiles, const float* gradients, std::ptrdiff_t count,
                            std::ptrdiff_t inputs, std::ptrdiff_t outputs, float* to) {
    Vector sums[kRows][kVectors];
#pragma GCC unroll 16
    for (int row = 0; row < kRows; ++row) {
#pragma GCC unroll 16
        for (int n = 0; n < kVectors; ++n) sums[row][n] = load(to + row * outputs + n * kLanes);
    }
    for (std::ptrdiff_t tile = 0; tile < count; ++tile) {
        Vector gradient[kVectors];
#pragma GCC unroll 16
        for (int n = 0; n < kVectors; ++n) {
            gradient[n] = load(gradients + tile * outputs + n * kLanes);
        }
#pragma GCC unroll 16
        for (int row = 0; row < kRows; ++row) {
            const float value = tiles[tile * inputs + row];
#pragma GCC unroll 16
            for (int n = 0; n < kVectors; ++n) sums[row][n] += value * gradient[n];
        }
    }
#pragma GCC unroll 16
    for (int row = 0; row < kRows; ++row) {
#pragma GCC unroll 16
        for (int n = 0; n < kVectors; ++n) save(sums[row][n], to + row * outputs + n * kLanes);
    }
}

/// The largest power of two up to a number: it divides the channels, which fill vectors.
constexpr int power_of_two_below(int number) {
    int power = 1;
    while (2 * power <= number) power *= 2;
    return power;
}

template <int kVectors>
void correlate_by(const float* tiles, const float* gradients, std::ptrdiff_t count,
                  std::ptrdiff_t inputs, std::ptrdiff_t outputs, float* sums) {
    constexpr int kRows = power_of_two_below(SISR_SUMS / kVectors);
    static_assert(kLanes % kRows == 0);
    for (std::ptrdiff_t place = 0; place < kPlaces; ++place) {
        for (std::ptrdiff_t o = 0; o < outputs; o += kVectors * kLanes) {
            for (std::ptrdiff_t i = 0; i < inputs; i += kRows) {
                correlate_block<kRows, kVectors>(tiles + i, gradients + o, count, inputs, outputs,
                                                 sums + i * outputs + o);
            }
        }
        tiles += kTiles * inputs;
        gradients += kTiles * outputs;
        sums += inputs * outputs;
    }
}

void correlate(const float* tiles, const float* gradients, std::ptrdiff_t count,
               std::ptrdiff_t inputs, std::ptrdiff_t outputs, float* sums) {
    const std::ptrdiff_t vectors = outputs / kLanes;
    const auto by = vectors % 3 == 0   ? correlate_by<3>
                    : vectors % 2 == 0 ? correlate_by<2>
                                       : correlate_by<1>;
    by(tiles, gradients, count, inputs, outputs, sums);
}

bool suits(std::ptrdiff_t channels) { return channels > 0 && channels % kLanes == 0; }

}  // namespace

extern const Kernels SISR_KERNELS;
const Kernels SISR_KERNELS{transform_input,    multiply,  transform_output,
                           transform_gradient, correlate, suits};

}  // namespace sisr::winograd
