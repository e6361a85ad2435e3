/// CIE L*a*b* as pictures have it.
#pragma once

#include <cstddef>
#include <memory>

namespace sisr {

/// To sRGB display values, whose white is L* 100.
class LabConverter {
public:
    LabConverter();
    ~LabConverter();

    /// lab: L* from 0 to 100, a*, b*. rgb: 3 per pixel.
    void convert(const float* lab, std::size_t pixels, float* rgb) const;

private:
    struct Transform;
    std::unique_ptr<Transform> transform_;
};

}  // namespace sisr
