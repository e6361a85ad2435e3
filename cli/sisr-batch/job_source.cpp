#include "job_source.h"

#include "base/numbers.h"

#include <sisr/error.h>

#include <algorithm>
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
    throw Error(ErrorKind::unsupported, job.input.string(),
                "has " + std::to_string(shape.width) + "x" + std::to_string(shape.height) +
                    " pixels, more than --max-megapixels allows (" +
                    format_significant(megapixels, 6) + " of " +
                    format_significant(most_megapixels, 6) + ")");
}

}  // namespace

JobSource::JobSource(const Job& job, const BatchOptions& options)
    : job_(job), options_(options), file_(job.input) {
    look_at_page();
    pages_ = can_write_pages(job.output) && file_.can_turn_pages() ? file_.pages() : 1;
}

void JobSource::look_at_page() {
    check_pixels(job_, file_.shape(), options_.max_megapixels);
    // A wanted size is that of the picture as it is seen.
    const bool is_on_side = file_.orientation() >= kFirstOnItsSide;
    is_turned_ = file_.orientation() != 1 &&
                 (!keeps_orientation(file_.format(), job_.output) || options_.strip_metadata ||
                  (is_on_side && has_size(options_.upscale)));
}

void JobSource::next_page() {
    ++page_;
    if (!file_.next_page()) {
        throw Error(ErrorKind::bad_image, job_.input.string(),
                    "is damaged: page " + std::to_string(page_ + 1) + " is missing");
    }
    look_at_page();
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
    write.metadata = file_.metadata();
    if (options_.strip_metadata) write.metadata = stripped(*write.metadata);
    if (options_.scales_resolution) {
        write.resolution_scale = static_cast<double>(result.width) / shape().width;
    }
    return write;
}

void JobSource::prepare() {
    if (is_turned_) file_.make_upright();
}

std::vector<std::string> JobSource::notes() const {
    std::vector<std::string> notes = file_.notes();
    if (file_.has_windows() && !keeps_windows(job_.output)) {
        notes.push_back(
            "has pixels for another area than is to be seen of it, which only OpenEXR "
            "files can tell; all pixels are done, and no others");
    }
    if (file_.pages() != pages_) {
        const std::string extension = job_.output.extension().string();
        notes.push_back("has " + std::to_string(file_.pages()) +
                        " pages or frames; only the first is done, since " +
                        (file_.can_turn_pages() ? extension + " files are written with one"
                                                : "the others of such files cannot be read"));
    }
    return notes;
}

std::vector<std::string> JobSource::new_notes() {
    std::vector<std::string> lines;
    for (const std::string& note : notes()) {
        if (std::find(told_.begin(), told_.end(), note) != told_.end()) continue;
        told_.push_back(note);
        lines.push_back(job_.input.string() + ": " + note);
    }
    return lines;
}

}  // namespace sisr::cli
