/// The engine's two doors. Files, GEGL buffers and images in memory are adapters to these.
#pragma once

#include <sisr/export.h>
#include <sisr/image.h>

namespace sisr {

/// Rows come out once each, from top to bottom, so that decoders that cannot seek will do.
class SISR_API RowSource {
public:
    virtual ~RowSource();
    virtual ImageShape shape() const = 0;
    /// Fills `out` with rows [y_begin, y_end), interleaved float32, unassociated alpha.
    virtual void read_rows(int y_begin, int y_end, float* out) = 0;
};

/// Rows go in once each, from top to bottom: begin, write_rows..., finish. A sink that is
/// destroyed before finish() leaves nothing behind.
class SISR_API RowSink {
public:
    virtual ~RowSink();
    virtual void begin(const ImageShape& shape) = 0;
    virtual void write_rows(int y_begin, int y_end, const float* rows) = 0;
    virtual void finish() = 0;
};

/// Reads an Image, which must outlive the source.
class SISR_API ImageSource final : public RowSource {
public:
    explicit ImageSource(const Image& image) : image_(image) {}
    ~ImageSource() override;
    ImageShape shape() const override { return image_.shape(); }
    void read_rows(int y_begin, int y_end, float* out) override;

private:
    const Image& image_;
};

/// Collects an Image.
class SISR_API ImageSink final : public RowSink {
public:
    ~ImageSink() override;
    void begin(const ImageShape& shape) override { image_ = Image(shape); }
    void write_rows(int y_begin, int y_end, const float* rows) override;
    void finish() override {}
    /// The collected image; the sink is empty afterwards.
    Image take() { return std::move(image_); }

private:
    Image image_;
};

}  // namespace sisr
