#include "job_source.h"

#include <sisr/error.h>

#include <cstdio>

namespace sisr::cli {
namespace {

constexpr int kFirstOnItsSide = 5;  // EXIF's orientations from here exchange width and height

bool has_size(const UpscaleOptions& options) {
    return options.size.width > 0 || options.size.height > 0;
}

void check_pixels(const Job& job, const ImageShape& shape, double most_megapixels) {
    const double megapixels = 1e-6 * shape.width * shape.height;
    if (megapixels <= most_megapixels) return;
    char text[160];
    std::snprintf(text, sizeof text,
                  "has %dx%d pixels, more than --max-megapixels allows (%.6g of %.6g)", shape.width,
                  shape.height, megapixels, most_megapixels);
    throw Error(ErrorKind::unsupported, job.input.string(), text);
}

}  // namespace

JobSource::JobSource(const Job& job, const BatchOptions& options)
    : job_(job), options_(options), file_(job.input), first_(file_.shape()) {
    check_pixels(job, first_, options.max_megapixels);
    // A wanted size is that of the picture as it is seen.
    const bool is_on_side = file_.orientation() >= kFirstOnItsSide;
    is_turned_ = file_.orientation() != 1 &&
                 (!keeps_orientation(file_.format(), job.output) || options.strip_metadata ||
                  (is_on_side && has_size(options.upscale)));
    pages_ = can_write_pages(job.output) && file_.can_turn_pages() ? file_.pages() : 1;
}

ImageShape JobSource::shape() const {
    ImageShape shape = file_.shape();
    // What was turned already is upright and says so.
    if (is_turned_ && file_.orientation() >= kFirstOnItsSide) std::swap(shape.width, shape.height);
    return shape;
}

WriteOptions JobSource::write_options(const ImageShape& result) const {
    WriteOptions write;
    write.depth = options_.depth ? options_.depth : std::optional<Depth>(file_.depth());
    write.quality = options_.quality;
    write.pages = pages_;
    if (!options_.strip_metadata) write.metadata = file_.metadata();
    if (options_.scales_resolution) {
        write.resolution_scale = static_cast<double>(result.width) / shape().width;
    }
    return write;
}

void JobSource::prepare() {
    if (is_turned_) file_.make_upright();
}

std::string JobSource::note() const {
    if (file_.pages() == pages_) return "";
    const std::string name = job_.input.string() + ": has " + std::to_string(file_.pages()) +
                             " pages or frames; only the first is done, since ";
    const std::string extension = job_.output.extension().string();
    return name + (file_.can_turn_pages() ? extension + " files are written with one"
                                          : "the others of such files cannot be read");
}

}  // namespace sisr::cli
