#include "files/colour_signal.h"

#include <array>
#include <lcms2.h>
#include <memory>
#include <optional>

namespace sisr {
namespace {

struct ProfileCloser {
    void operator()(void* profile) const { cmsCloseProfile(profile); }
};
struct CurveRelease {
    void operator()(cmsToneCurve* curve) const { cmsFreeToneCurve(curve); }
};
using Curve = std::unique_ptr<cmsToneCurve, CurveRelease>;

std::optional<cmsCIExyYTRIPLE> primaries_of(int code) {
    switch (code) {
        case 1: return cmsCIExyYTRIPLE{{0.64, 0.33, 1}, {0.30, 0.60, 1}, {0.15, 0.06, 1}};
        case 9: return cmsCIExyYTRIPLE{{0.708, 0.292, 1}, {0.170, 0.797, 1}, {0.131, 0.046, 1}};
        case 12: return cmsCIExyYTRIPLE{{0.680, 0.320, 1}, {0.265, 0.690, 1}, {0.150, 0.060, 1}};
        default: return std::nullopt;
    }
}

bool is_video_curve(int code) { return code == 1 || code == 6 || code == 14 || code == 15; }

Curve curve_of(int code) {
    constexpr int kParametric = 4;
    const std::array<double, 5> srgb{2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045};
    const std::array<double, 5> video{1 / 0.45, 1 / 1.099, 0.099 / 1.099, 1 / 4.5, 0.081};
    if (code == 13) return Curve(cmsBuildParametricToneCurve(nullptr, kParametric, srgb.data()));
    if (is_video_curve(code)) {
        return Curve(cmsBuildParametricToneCurve(nullptr, kParametric, video.data()));
    }
    if (code == 4) return Curve(cmsBuildGamma(nullptr, 2.2));
    if (code == 5) return Curve(cmsBuildGamma(nullptr, 2.8));
    if (code == 8) return Curve(cmsBuildGamma(nullptr, 1.0));
    return nullptr;
}

}  // namespace

std::string profile_of_signal(const ColourSignal& signal) {
    const bool is_srgb = signal.primaries == 1 && (signal.transfer == 13 || signal.transfer == 2 ||
                                                   is_video_curve(signal.transfer));
    const auto primaries = primaries_of(signal.primaries);
    const Curve curve = curve_of(signal.transfer);
    if (is_srgb || !primaries || !curve) return "";
    const cmsCIExyY white{0.3127, 0.3290, 1};
    cmsToneCurve* const curves[3] = {curve.get(), curve.get(), curve.get()};
    const std::unique_ptr<void, ProfileCloser> profile(
        cmsCreateRGBProfile(&white, &*primaries, curves));
    cmsUInt32Number bytes = 0;
    if (!profile || cmsSaveProfileToMem(profile.get(), nullptr, &bytes) == 0) return "";
    std::string saved(bytes, '\0');
    if (cmsSaveProfileToMem(profile.get(), saved.data(), &bytes) == 0) return "";
    return saved;
}

}  // namespace sisr
