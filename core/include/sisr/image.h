/// An image in memory: float32, grey or RGB, optional alpha.
#pragma once

#include <sisr/export.h>

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

namespace sisr {

/// How sample values relate to light. `display`: encoded for a display, as sRGB, Adobe RGB and
/// the like are (the file's own curve is left as it is). `linear`: proportional to light.
enum class Encoding { display, linear };

/// Width and height in pixels.
struct Size {
    int width = 0;
    int height = 0;
};

inline bool operator==(const Size& a, const Size& b) {
    return a.width == b.width && a.height == b.height;
}
inline bool operator!=(const Size& a, const Size& b) { return !(a == b); }

struct ImageShape {
    int width = 0;
    int height = 0;
    int colour_channels = 3;  ///< 1 (grey) or 3 (RGB)
    bool has_alpha = false;   ///< unassociated alpha follows the colour channels
    Encoding encoding = Encoding::display;

    int channels() const { return colour_channels + (has_alpha ? 1 : 0); }
    Size size() const { return {width, height}; }
    std::size_t row_samples() const {
        return static_cast<std::size_t>(width) * static_cast<std::size_t>(channels());
    }
};

/// Metadata of a file (colour profile, EXIF, IPTC, XMP, resolution), carried from a reader to a
/// writer without being looked into. Made by FileSource, used by FileSink.
class FileMetadata;

/// Interleaved float32 samples, rows from top to bottom, nominal range [0,1] (values outside are
/// kept), unassociated alpha. A value type: copies are deep but for the shared metadata.
class SISR_API Image {
public:
    Image() = default;
    /// All samples zero. Throws Error{usage} for a shape that is empty or has other than 1 or 3
    /// colour channels.
    explicit Image(const ImageShape& shape);

    const ImageShape& shape() const { return shape_; }
    int width() const { return shape_.width; }
    int height() const { return shape_.height; }
    int channels() const { return shape_.channels(); }
    bool empty() const { return samples_.empty(); }

    float* row(int y) { return samples_.data() + static_cast<std::size_t>(y) * row_samples_; }
    const float* row(int y) const {
        return samples_.data() + static_cast<std::size_t>(y) * row_samples_;
    }
    float& at(int x, int y, int channel) { return row(y)[x * channels() + channel]; }
    float at(int x, int y, int channel) const { return row(y)[x * channels() + channel]; }

    std::vector<float>& samples() & { return samples_; }
    const std::vector<float>& samples() const& { return samples_; }
    /// By value from a temporary, so that a loop over `f().samples()` does not dangle.
    std::vector<float> samples() && { return std::move(samples_); }

    /// Null for an image that came from no file.
    std::shared_ptr<const FileMetadata> metadata;

private:
    ImageShape shape_;
    std::size_t row_samples_ = 0;
    std::vector<float> samples_;
};

}  // namespace sisr
