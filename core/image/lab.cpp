#include "image/lab.h"

#include <sisr/error.h>

#include <cmath>
#include <lcms2.h>
#include <vector>

namespace sisr {
namespace {

struct ProfileCloser {
    void operator()(void* profile) const { cmsCloseProfile(profile); }
};

struct TransformDeleter {
    void operator()(void* transform) const { cmsDeleteTransform(transform); }
};

}  // namespace

struct LabConverter::Transform {
    std::unique_ptr<void, TransformDeleter> handle;
    std::optional<cmsCIEXYZ> white;  ///< if it is not D50

    /// To values that are relative to D50.
    void adapt(float* lab) const {
        const cmsCIELab before{lab[0], lab[1], lab[2]};
        cmsCIEXYZ seen;
        cmsCIEXYZ adapted;
        cmsCIELab after;
        cmsLab2XYZ(&*white, &seen, &before);
        cmsAdaptToIlluminant(&adapted, &*white, cmsD50_XYZ(), &seen);
        cmsXYZ2Lab(cmsD50_XYZ(), &after, &adapted);
        lab[0] = static_cast<float>(after.L);
        lab[1] = static_cast<float>(after.a);
        lab[2] = static_cast<float>(after.b);
    }
};

LabConverter::LabConverter(std::optional<std::array<double, 2>> white)
    : transform_(std::make_unique<Transform>()) {
    constexpr double kNear = 0.003;
    cmsCIExyY d50;
    cmsXYZ2xyY(&d50, cmsD50_XYZ());
    const bool is_other =
        white && (*white)[1] > 0 &&
        (std::fabs((*white)[0] - d50.x) > kNear || std::fabs((*white)[1] - d50.y) > kNear);
    if (is_other) {
        const cmsCIExyY told{(*white)[0], (*white)[1], 1};
        cmsCIEXYZ xyz;
        cmsxyY2XYZ(&xyz, &told);
        transform_->white = xyz;
    }
    const std::unique_ptr<void, ProfileCloser> lab(cmsCreateLab4Profile(nullptr));
    const std::unique_ptr<void, ProfileCloser> display(cmsCreate_sRGBProfile());
    constexpr cmsUInt32Number kLab =
        FLOAT_SH(1) | COLORSPACE_SH(PT_Lab) | CHANNELS_SH(3) | BYTES_SH(4);
    transform_->handle.reset(cmsCreateTransform(lab.get(), kLab, display.get(), TYPE_RGB_FLT,
                                                INTENT_RELATIVE_COLORIMETRIC, cmsFLAGS_NOOPTIMIZE));
    if (!transform_->handle) {
        throw Error(ErrorKind::internal, "colour management", "cannot convert from L*a*b*");
    }
}

LabConverter::~LabConverter() = default;

void LabConverter::convert(const float* lab, std::size_t pixels, float* rgb) const {
    std::vector<float> adapted;
    if (transform_->white) {
        adapted.assign(lab, lab + 3 * pixels);
        for (std::size_t i = 0; i < pixels; ++i) transform_->adapt(adapted.data() + 3 * i);
        lab = adapted.data();
    }
    cmsDoTransform(transform_->handle.get(), lab, rgb, static_cast<cmsUInt32Number>(pixels));
}

}  // namespace sisr
