// libjpeg itself: a trainer can be built without OpenImageIO, but not without JPEG's damage.
#include "degradation/codec.h"

#include <sisr/error.h>

#include <algorithm>
#include <csetjmp>
#include <cstdio>
#include <cstdlib>
#include <memory>

#include <jpeglib.h>

namespace sisr::training {
namespace {

using Bytes = std::vector<unsigned char>;

/// libjpeg leaves by longjmp, so no C++ object may be born between setjmp and its calls.
struct Handler {
    jpeg_error_mgr base;
    std::jmp_buf jump;
    char message[JMSG_LENGTH_MAX];
};

void prepare(Handler& handler) {
    jpeg_std_error(&handler.base);
    handler.message[0] = '\0';
    handler.base.error_exit = [](j_common_ptr any) {
        auto& failed = *reinterpret_cast<Handler*>(any->err);
        any->err->format_message(any, failed.message);
        std::longjmp(failed.jump, 1);
    };
    handler.base.output_message = [](j_common_ptr) {};
}

[[noreturn]] void fail(const Handler& handler) {
    throw Error(ErrorKind::internal, "jpeg", std::string("the codec failed: ") + handler.message);
}

Bytes to_bytes(const Image& image) {
    Bytes bytes(image.samples().size());
    std::transform(image.samples().begin(), image.samples().end(), bytes.begin(), [](float value) {
        return static_cast<unsigned char>(255 * std::clamp(value, 0.0F, 1.0F) + 0.5F);
    });
    return bytes;
}

class Encoder {
public:
    Encoder() {
        prepare(handler_);
        codec_.err = &handler_.base;
    }
    ~Encoder() {
        jpeg_destroy_compress(&codec_);
        std::free(buffer_);
    }
    Encoder(const Encoder&) = delete;
    Encoder& operator=(const Encoder&) = delete;

    Bytes encode(const Image& image, int quality, Chroma chroma) {
        const Bytes pixels = to_bytes(image);
        if (!compress(image.shape(), pixels, quality, chroma)) fail(handler_);
        return {buffer_, buffer_ + size_};
    }

private:
    bool compress(const ImageShape& shape, const Bytes& pixels, int quality, Chroma chroma) {
        if (setjmp(handler_.jump) != 0) return false;
        jpeg_create_compress(&codec_);
        jpeg_mem_dest(&codec_, &buffer_, &size_);
        codec_.image_width = static_cast<JDIMENSION>(shape.width);
        codec_.image_height = static_cast<JDIMENSION>(shape.height);
        codec_.input_components = shape.channels();
        codec_.in_color_space = shape.channels() == 1 ? JCS_GRAYSCALE : JCS_RGB;
        jpeg_set_defaults(&codec_);
        jpeg_set_quality(&codec_, quality, TRUE);
        const int sampling = chroma == Chroma::full ? 1 : 2;
        if (shape.channels() == 3) {
            codec_.comp_info[0].h_samp_factor = codec_.comp_info[0].v_samp_factor = sampling;
        }
        jpeg_start_compress(&codec_, TRUE);
        while (codec_.next_scanline < codec_.image_height) {
            auto* row = const_cast<JSAMPROW>(pixels.data() + std::size_t{codec_.next_scanline} *
                                                                 shape.row_samples());
            jpeg_write_scanlines(&codec_, &row, 1);
        }
        jpeg_finish_compress(&codec_);
        return true;
    }

    Handler handler_{};
    jpeg_compress_struct codec_{};
    unsigned char* buffer_ = nullptr;
    unsigned long size_ = 0;
};

class Decoder {
public:
    Decoder() {
        prepare(handler_);
        codec_.err = &handler_.base;
    }
    ~Decoder() { jpeg_destroy_decompress(&codec_); }
    Decoder(const Decoder&) = delete;
    Decoder& operator=(const Decoder&) = delete;

    /// Into an image of the same shape.
    void decode(const Bytes& bytes, Image& image) {
        Bytes row(static_cast<std::size_t>(image.shape().row_samples()));
        if (!decompress(bytes, row, image)) fail(handler_);
    }

private:
    bool decompress(const Bytes& bytes, Bytes& row, Image& image) {
        if (setjmp(handler_.jump) != 0) return false;
        jpeg_create_decompress(&codec_);
        jpeg_mem_src(&codec_, bytes.data(), bytes.size());
        jpeg_read_header(&codec_, TRUE);
        jpeg_start_decompress(&codec_);
        while (codec_.output_scanline < codec_.output_height) {
            float* out = image.row(static_cast<int>(codec_.output_scanline));
            JSAMPROW into = row.data();
            jpeg_read_scanlines(&codec_, &into, 1);
            std::transform(row.begin(), row.end(), out,
                           [](unsigned char value) { return static_cast<float>(value) / 255; });
        }
        jpeg_finish_decompress(&codec_);
        return true;
    }

    Handler handler_{};
    jpeg_decompress_struct codec_{};
};

/// With `left` columns and `top` rows before it that repeat its edge.
Image extend(const Image& image, int left, int top) {
    ImageShape shape = image.shape();
    shape.width += left;
    shape.height += top;
    Image extended(shape);
    const int channels = image.channels();
    for (int y = 0; y < shape.height; ++y) {
        const float* row = image.row(std::max(0, y - top));
        float* out = extended.row(y);
        for (int x = 0; x < left; ++x) out = std::copy_n(row, channels, out);
        std::copy_n(row, image.shape().row_samples(), out);
    }
    return extended;
}

Image without_edge(const Image& extended, const ImageShape& shape, int left, int top) {
    Image image(shape);
    for (int y = 0; y < shape.height; ++y) {
        std::copy_n(extended.row(y + top) + static_cast<std::ptrdiff_t>(left) * shape.channels(),
                    shape.row_samples(), image.row(y));
    }
    return image;
}

}  // namespace

Image through_jpeg(const Image& image, int quality, Chroma chroma, int left, int top) {
    Image canvas = left == 0 && top == 0 ? image : extend(image, left, top);
    const Bytes bytes = Encoder().encode(canvas, quality, chroma);
    Decoder().decode(bytes, canvas);
    return left == 0 && top == 0 ? canvas : without_edge(canvas, image.shape(), left, top);
}

}  // namespace sisr::training
