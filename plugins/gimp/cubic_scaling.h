/// One name in both versions of libgimp.
#pragma once

#include <libgimp/gimp.h>

namespace sisr::gimp {

/// While alive, pixels of masks, channels and the selection are scaled by the cubic filter,
/// whatever the user's own choice is.
class CubicScaling {
public:
    CubicScaling() {
        gimp_context_push();
        gimp_context_set_interpolation(GIMP_INTERPOLATION_CUBIC);
    }
    ~CubicScaling() { gimp_context_pop(); }
    CubicScaling(const CubicScaling&) = delete;
    CubicScaling& operator=(const CubicScaling&) = delete;
};

}  // namespace sisr::gimp
