/// Image files, see plain_run.h. Readers go by a file's name too, so this takes files and not
/// bytes.
#include "plain_run.h"

#include "support/images.h"
#include "support/temp_dir.h"

#include <sisr/error.h>
#include <sisr/image_file.h>

#include <new>

namespace {

namespace fs = std::filesystem;

constexpr double kLargest = 4e6;  // pixels; as --max-megapixels would refuse

void read_whole(const fs::path& file) {
    sisr::FileSource source(file);
    for (int page = 0; page < 8; ++page) {
        if (page > 0 && !source.next_page()) return;
        const sisr::ImageShape shape = source.shape();
        if (static_cast<double>(shape.width) * shape.height > kLargest) return;
        if (page % 2 == 1) source.make_upright();
        std::vector<float> row(source.shape().row_samples());
        for (int y = 0; y < source.shape().height; ++y) source.read_rows(y, y + 1, row.data());
    }
}

/// And hands its metadata over to each format that has parts.
void read_and_write(const fs::path& file) {
    const sisr::test::TempDir folder;
    const sisr::FileSource source(file);
    sisr::Image small = sisr::test::random_rgb(8, 8);
    small.metadata = source.metadata();
    for (const char* name : {"a.png", "a.jpg", "a.tif", "a.webp"}) {
        sisr::write_image(folder / name, small);
    }
}

void read_in_all_ways(const fs::path& file) {
    for (const bool writes : {false, true}) {
        try {
            writes ? read_and_write(file) : read_whole(file);
        } catch (const sisr::Error&) {
        } catch (const std::bad_alloc&) {
        }
    }
    sisr::look_at_file(file);
}

/// One of each format, and those with metadata of each kind of part.
void write_seeds(const fs::path& folder) {
    for (const char* extension : {"png", "jpg", "tif", "webp", "exr", "bmp", "tga", "ppm", "gif",
                                  "hdr", "jp2", "dpx", "sgi"}) {
        const std::string ending = std::string(".") + extension;
        sisr::write_image(folder / ("good" + ending),
                          sisr::test::scene({66, 64, 3, false, sisr::Encoding::display}));
        const fs::path sample =
            fs::path(SISR_SOURCE_DIR) / "tests/data/metadata" / ("sample" + ending);
        if (fs::exists(sample)) fs::copy(sample, folder / ("sample" + ending));
    }
}

}  // namespace

int main(int argc, char** argv) {
    return sisr::test::run_plainly(argc, argv, {write_seeds, read_in_all_ways});
}
