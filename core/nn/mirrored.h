/// Maps that are padded by their reflection, of any size.
#pragma once

#include <torch/torch.h>

#include <cstdint>

namespace sisr::nn {

/// Whether what is reflected begins with the pixel at the border itself.
enum class Border { once, twice };

/// x with `before` and `after` more along an axis. Beyond its other end it is reflected again.
torch::Tensor mirrored(const torch::Tensor& x, std::int64_t axis, std::int64_t before,
                       std::int64_t after, Border border);

/// What is missing for a multiple.
inline std::int64_t missing_for(std::int64_t size, std::int64_t multiple) {
    return (multiple - size % multiple) % multiple;
}

}  // namespace sisr::nn
