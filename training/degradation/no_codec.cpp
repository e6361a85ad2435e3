// In place of codec.cpp in a trainer that was built without image files.
#include "degradation/codec.h"

#include <sisr/error.h>

namespace sisr::training {
namespace {

[[noreturn]] void fail(const char* format) {
    throw Error(ErrorKind::unsupported, format,
                "this trainer was built without image files (SISR_ONLY_TRAINER)");
}

}  // namespace

bool has_image_codecs() { return false; }

Image through_webp(const Image& /*image*/, int /*quality*/) { fail("webp"); }

std::vector<unsigned char> encode_png(const Image& /*image*/) { fail("png"); }

}  // namespace sisr::training
