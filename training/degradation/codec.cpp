#include "degradation/codec.h"

#include <sisr/error.h>

#include <OpenImageIO/filesystem.h>
#include <OpenImageIO/imageio.h>

#include <algorithm>

namespace sisr::training {
namespace {

[[noreturn]] void fail(const char* format, const std::string& reason) {
    throw Error(ErrorKind::internal, format, "the codec failed: " + reason);
}

std::vector<unsigned char> encode(const Image& image, const char* format,
                                  const std::vector<std::pair<const char*, std::string>>& options) {
    std::vector<unsigned char> bytes;
    OIIO::Filesystem::IOVecOutput memory(bytes);
    const auto output = OIIO::ImageOutput::create(format);
    if (!output) fail(format, OIIO::geterror());
    OIIO::ImageSpec spec(image.width(), image.height(), image.channels(), OIIO::TypeDesc::UINT8);
    for (const auto& [name, value] : options) spec.attribute(name, value);
    output->set_ioproxy(&memory);
    if (!output->open(std::string("memory.") + format, spec) ||
        !output->write_image(OIIO::TypeDesc::FLOAT, image.samples().data()) || !output->close()) {
        fail(format, output->geterror());
    }
    return bytes;
}

void decode(const std::vector<unsigned char>& bytes, const char* format, Image& image) {
    OIIO::Filesystem::IOMemReader memory(bytes.data(), bytes.size());
    const auto input = OIIO::ImageInput::open(std::string("memory.") + format, nullptr, &memory);
    if (!input) fail(format, OIIO::geterror());
    const OIIO::ImageSpec& spec = input->spec();
    const bool same_shape = spec.width == image.width() && spec.height == image.height() &&
                            spec.nchannels == image.channels();
    if (!same_shape || !input->read_image(0, 0, 0, image.channels(), OIIO::TypeDesc::FLOAT,
                                          image.samples().data())) {
        fail(format, same_shape ? input->geterror() : "another shape came back");
    }
}

}  // namespace

bool has_image_codecs() { return true; }

Image through_webp(const Image& image, int quality) {
    Image rgb = image;
    if (image.channels() == 1) {
        rgb = Image({image.width(), image.height(), 3, false, image.shape().encoding});
        for (std::size_t i = 0; i < rgb.samples().size(); ++i) {
            rgb.samples()[i] = image.samples()[i / 3];
        }
    }
    decode(encode(rgb, "webp", {{"Compression", "webp:" + std::to_string(quality)}}), "webp", rgb);
    if (image.channels() != 1) return rgb;
    Image grey(image.shape());
    for (std::size_t i = 0; i < grey.samples().size(); ++i) {
        grey.samples()[i] = rgb.samples()[3 * i + 1];
    }
    return grey;
}

std::vector<unsigned char> encode_png(const Image& image) { return encode(image, "png", {}); }

}  // namespace sisr::training
