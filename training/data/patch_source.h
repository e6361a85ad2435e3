/// Folders of photographs as a source of training patches.
#pragma once

#include "data/audit.h"
#include "data/sample_rng.h"

#include <sisr/image.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace sisr::training {

/// Of a run that is given nothing to validate with.
constexpr int kPicturesKeptApart = 8;

struct PatchSourceOptions {
    int patch = 192;               ///< width and height in pixels of the high-resolution patch
    int grid = 4;                  ///< patches start at multiples of this: the scale
    int margin = 12;               ///< further pixels each way where the image has them
    std::size_t memory_bytes = 0;  ///< for decoded images; 0: half of the machine's memory
    int threads = 1;               ///< for decoding
    int flat_retries = 3;          ///< how often a nearly flat patch is drawn again
    /// Of so many pictures, evenly taken from all, the lowest rows are no patches' but kept to
    /// validate with, where a patch still fits above them.
    int kept_apart = 0;
};

/// What is kept of a picture to validate with.
struct KeptPicture {
    std::filesystem::path file;
    Image pixels;  ///< RGB, [0,1]
};

/// A patch with its surroundings.
struct Patch {
    Image pixels;  ///< RGB, [0,1], the patch and up to `margin` pixels round it
    int left = 0;  ///< where the patch starts in it; multiples of `grid`
    int top = 0;
};

/// All images are held as 8 bits, decoded once, or where a pack has them. Immutable after
/// construction; safe to share.
class PatchSource {
public:
    /// Takes every image below the folders (or single files, or packs), in the order of their
    /// names. `warn` gets one line for each file that is left out: unreadable, too small, or beyond
    /// the memory. Throws Error{not_found} for a folder that is not there or when nothing is left.
    PatchSource(const std::vector<std::filesystem::path>& folders,
                const PatchSourceOptions& options,
                const std::function<void(const std::string&)>& warn);

    /// An image is drawn in proportion to its area, but as if it had at most kMaxWeightPixels;
    /// nearly flat patches are drawn again: by the error of pixels they teach nothing.
    Patch patch(Rng& rng) const;

    std::size_t image_count() const { return images_.size(); }
    double megapixels() const;

    /// By options.kept_apart; may be empty.
    std::vector<KeptPicture> kept_apart() const;

    /// Writes all images as a pack. Throws Error{io}.
    void pack(const std::filesystem::path& file) const;

    /// What the audit found in each image that is used.
    const std::vector<AuditedImage>& audited() const { return audited_; }

private:
    struct Picture {
        int width;
        int height;  ///< of what patches are drawn from
        const std::uint8_t* rgb;
        std::shared_ptr<const void> owner;  ///< of the pixels
    };
    struct Position {
        const Picture* picture;
        int x;
        int y;
    };

    /// Files of images; appends. Returns why some were left out.
    std::vector<std::string> load(const std::vector<std::filesystem::path>& files);
    std::vector<std::string> load_pack(const std::filesystem::path& file);
    std::string too_small(const std::filesystem::path& file, int width, int height) const;
    void keep_apart();
    Position draw(Rng& rng) const;
    bool is_flat(const Position& position) const;

    PatchSourceOptions options_;
    std::vector<Picture> images_;
    std::vector<AuditedImage> audited_;
    std::vector<double> cumulative_weight_;
    std::size_t held_bytes_ = 0;     ///< of decoded images
    std::vector<std::size_t> kept_;  ///< pictures whose lowest rows are kept apart
};

/// Interleaved 8-bit RGB of an image in [0,1]; alpha is left out, grey repeated.
std::vector<std::uint8_t> to_8_bit_rgb(const Image& image);

/// Image files below a folder, sorted; a file is its own list. Throws Error{not_found}.
std::vector<std::filesystem::path> list_images(const std::filesystem::path& folder);

}  // namespace sisr::training
