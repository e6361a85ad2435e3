/// CIE L*a*b* as pictures have it.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <optional>

namespace sisr {

/// To sRGB display values, whose white is L* 100.
class LabConverter {
public:
    /// white: the chromaticity that the values are relative to, if it is not D50.
    explicit LabConverter(std::optional<std::array<double, 2>> white = std::nullopt);
    ~LabConverter();

    /// lab: L* from 0 to 100, a*, b*. rgb: 3 per pixel.
    void convert(const float* lab, std::size_t pixels, float* rgb) const;

private:
    struct Transform;
    std::unique_ptr<Transform> transform_;
};

}  // namespace sisr
