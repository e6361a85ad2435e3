// Compiled for processors that have AMX and AVX512_BF16; runs only where is_available() says so. It
// includes nothing whose functions could be merged with those of files for lesser processors.

#include "nn/conv/amx/kernel.h"

#include <immintrin.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace sisr::amx {
namespace {

// <asm/prctl.h> of Debian 12 does not name them all.
constexpr long kRequestPermission = 0x1023;
constexpr long kTileData = 18;

/// Eight tiles of 16 rows of 64 bytes: 0 to 3 sums, 4 and 5 pixels, 6 and 7 weights.
struct alignas(64) TileConfig {
    std::uint8_t palette = 1;
    std::uint8_t start_row = 0;
    std::uint8_t reserved[14] = {};
    std::uint16_t row_bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
    std::uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
};

constexpr std::ptrdiff_t kTileElements = kOutputs * kInputs;

/// Sums of two tiles of pixels by one or two of outputs.
struct alignas(64) Sums {
    float values[2][2][kPixels][kOutputs];
};

__m512 load_bf16(__mmask16 mask, const std::uint16_t* from) {
    return _mm512_castsi512_ps(
        _mm512_slli_epi32(_mm512_cvtepu16_epi32(_mm256_maskz_loadu_epi16(mask, from)), 16));
}

/// A tile of sums: the rest of the work on it, and into memory, a pixel at a time.
class Tile {
public:
    Tile() = default;
    /// output: the first channel; at: of the first pixel, in elements of Work::output.
    Tile(const Work& work, const float (*sums)[kOutputs], std::ptrdiff_t pixels,
         std::ptrdiff_t output, std::ptrdiff_t at)
        : sums_(sums[0]), left_(pixels), output_(output), at_(at) {
        const std::ptrdiff_t outputs = work.outputs - output;
        mask_ = static_cast<__mmask16>(outputs >= kOutputs ? 0xFFFF : (1U << outputs) - 1);
    }

    bool is_done() const { return left_ <= 0; }

    void finish_pixel(const Work& work) {
        __m512 value = _mm512_add_ps(_mm512_load_ps(sums_), _mm512_loadu_ps(work.bias + output_));
        if (work.then == Then::slope) {
            const __mmask16 below = _mm512_cmp_ps_mask(value, _mm512_setzero_ps(), _CMP_LT_OQ);
            value = _mm512_mask_mul_ps(value, below, value, _mm512_loadu_ps(work.slopes + output_));
        }
        if (work.is_output_float) {
            float* to = static_cast<float*>(work.output) + at_;
            if (work.then == Then::add) {
                value = _mm512_add_ps(value, _mm512_maskz_loadu_ps(mask_, to));
            }
            _mm512_mask_storeu_ps(to, mask_, value);
        } else {
            std::uint16_t* to = static_cast<std::uint16_t*>(work.output) + at_;
            if (work.then == Then::add) value = _mm512_add_ps(value, load_bf16(mask_, to));
            const __m256bh rounded = _mm512_cvtneps_pbh(value);
            __m256i bits;
            __builtin_memcpy(&bits, &rounded, sizeof bits);
            _mm256_mask_storeu_epi16(to, mask_, bits);
        }
        sums_ += kOutputs;
        at_ += work.output_pixel;
        --left_;
    }

private:
    const float* sums_ = nullptr;
    std::ptrdiff_t left_ = 0;
    std::ptrdiff_t output_ = 0;
    std::ptrdiff_t at_ = 0;
    __mmask16 mask_ = 0;
};

/// Tiles that are finished while the processor multiplies the next ones, which takes it longer and
/// needs other parts of it.
class Unfinished {
public:
    void add(const Tile& tile) { tiles_[count_++] = tile; }

    void finish(const Work& work, std::ptrdiff_t pixels) {
        for (; pixels > 0 && current_ < count_; --pixels) {
            tiles_[current_].finish_pixel(work);
            if (tiles_[current_].is_done()) ++current_;
        }
    }

    void finish_all(const Work& work) {
        finish(work, 4 * kPixels);
        count_ = 0;
        current_ = 0;
    }

private:
    Tile tiles_[4];
    int count_ = 0;
    int current_ = 0;
};

template <bool kTwo>
void multiply(const Work& work, const std::uint16_t* pixels, const std::uint16_t* weights,
              Sums& sums, Unfinished& unfinished) {
    _tile_zero(0);
    _tile_zero(2);
    if constexpr (kTwo) {
        _tile_zero(1);
        _tile_zero(3);
    }
    const std::ptrdiff_t step = work.input_pixel * 2;
    const std::ptrdiff_t next = work.taps * kTileElements;
    const std::ptrdiff_t beside = (4 * kPixels + work.taps - 1) / work.taps;
    for (std::ptrdiff_t tap = 0; tap < work.taps; ++tap) {
        const std::uint16_t* from = pixels + work.offsets[tap];
        const std::uint16_t* weight = weights + tap * kTileElements;
        _tile_loadd(4, from, step);
        _tile_loadd(6, weight, 64);
        _tile_dpbf16ps(0, 4, 6);
        if constexpr (kTwo) {
            _tile_loadd(7, weight + next, 64);
            _tile_dpbf16ps(1, 4, 7);
        }
        _tile_loadd(5, from + kPixels * work.input_pixel, step);
        _tile_dpbf16ps(2, 5, 6);
        if constexpr (kTwo) _tile_dpbf16ps(3, 5, 7);
        unfinished.finish(work, beside);
    }
    unfinished.finish_all(work);
    _tile_stored(0, sums.values[0][0], 64);
    _tile_stored(2, sums.values[1][0], 64);
    if constexpr (kTwo) {
        _tile_stored(1, sums.values[0][1], 64);
        _tile_stored(3, sums.values[1][1], 64);
    }
}

/// The sums of one block of pixels while those of the next are made.
struct Workplace {
    Sums sums[2];
    int turn = 0;
    Unfinished unfinished;
};

void convolve_row(const Work& work, std::ptrdiff_t y, std::ptrdiff_t output, Workplace& place) {
    const std::uint16_t* weights = work.weights + output * work.taps * kInputs;
    const bool is_two = work.outputs - output > kOutputs;
    for (std::ptrdiff_t x = 0; x < work.width; x += 2 * kPixels) {
        const std::uint16_t* pixels = work.input + y * work.input_row + x * work.input_pixel;
        Sums& sums = place.sums[place.turn];
        place.turn = 1 - place.turn;
        is_two ? multiply<true>(work, pixels, weights, sums, place.unfinished)
               : multiply<false>(work, pixels, weights, sums, place.unfinished);
        for (std::ptrdiff_t part = 0; part < 2; ++part) {
            const std::ptrdiff_t begin = x + part * kPixels;
            const std::ptrdiff_t left = work.width - begin;
            if (left <= 0) break;
            const std::ptrdiff_t count = left < kPixels ? left : kPixels;
            const std::ptrdiff_t at = y * work.output_row + begin * work.output_pixel + output;
            place.unfinished.add(Tile(work, sums.values[part][0], count, output, at));
            if (is_two) {
                place.unfinished.add(
                    Tile(work, sums.values[part][1], count, output + kOutputs, at + kOutputs));
            }
        }
    }
}

}  // namespace

bool is_available() {
    static const bool kIsThere =
        __builtin_cpu_supports("amx-tile") != 0 && __builtin_cpu_supports("amx-bf16") != 0 &&
        __builtin_cpu_supports("avx512bf16") != 0 && __builtin_cpu_supports("avx512bw") != 0 &&
        __builtin_cpu_supports("avx512vl") != 0 &&
        syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
    return kIsThere;
}

void convolve(const Work& work, std::ptrdiff_t first, std::ptrdiff_t last) {
    const TileConfig config;
    _tile_loadconfig(&config);
    Workplace place;
    // The weights of two tiles of outputs stay in the nearest cache over all rows.
    for (std::ptrdiff_t output = 0; output < work.outputs; output += 2 * kOutputs) {
        for (std::ptrdiff_t y = first; y < last; ++y) convolve_row(work, y, output, place);
    }
    place.unfinished.finish_all(work);
    _tile_release();
}

}  // namespace sisr::amx
