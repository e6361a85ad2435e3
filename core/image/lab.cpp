#include "image/lab.h"

#include <sisr/error.h>

#include <lcms2.h>

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
};

LabConverter::LabConverter() : transform_(std::make_unique<Transform>()) {
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
    cmsDoTransform(transform_->handle.get(), lab, rgb, static_cast<cmsUInt32Number>(pixels));
}

}  // namespace sisr
