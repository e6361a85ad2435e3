#include "files/writers/writer.h"

namespace sisr {

std::unique_ptr<Writer> make_writer(const Format& format, const std::string& name) {
    switch (format.writer) {
        case Codec::png: return make_png_writer(name);
        case Codec::jpeg: return make_jpeg_writer(name);
        case Codec::heif: return make_heif_writer(format, name);
        case Codec::gif: return make_gif_writer(name);
        case Codec::webp: return make_webp_writer(name);
        case Codec::none:
        case Codec::openimageio: break;
    }
    return make_openimageio_writer(format, name);
}

}  // namespace sisr
