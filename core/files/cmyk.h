/// Pictures in printing inks.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>

namespace sisr {

/// Inks to sRGB display values: by the picture's own profile, or plainly (what is not covered by
/// an ink is white) when it has none that is of use.
class CmykConverter {
public:
    /// profile: the bytes of an ICC profile; may be empty.
    explicit CmykConverter(const std::string& profile);
    ~CmykConverter();

    /// cmyk: `stride` samples per pixel, the first four are ink from 0 to 1. rgb: 3 per pixel.
    void convert(const float* cmyk, int stride, std::size_t pixels, float* rgb) const;

private:
    struct Transform;
    std::unique_ptr<Transform> transform_;
};

/// Rows of a CMYK JPEG as ink; OpenImageIO gives such files as RGB only, converted without regard
/// to their profile.
class CmykJpeg {
public:
    /// Throws Error{bad_image, io}.
    explicit CmykJpeg(const std::filesystem::path& file);
    ~CmykJpeg();

    /// The next `rows` rows, 4 samples per pixel. Throws Error{bad_image}.
    void read_rows(int rows, float* out);

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace sisr
