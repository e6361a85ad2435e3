/// A GIF's frames as they are seen, one after the other.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

namespace sisr {

/// Frames are drawn into one canvas, over what those before have left there.
class GifFrames {
public:
    /// Throws Error{bad_image}.
    explicit GifFrames(const std::filesystem::path& file);
    ~GifFrames();

    int width() const;
    int height() const;
    /// Draws the next one. False when there is none. Throws Error{bad_image} for a damaged one.
    bool next();
    /// R, G, B and 0 or 255 for alpha, of all the canvas: what no frame has drawn is transparent.
    const std::uint8_t* canvas() const;
    bool has_transparent_pixels() const;
    /// What has been told so far.
    const std::string& comment() const;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace sisr
