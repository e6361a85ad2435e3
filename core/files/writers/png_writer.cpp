#include "files/file_layout.h"
#include "files/metadata/containers.h"
#include "files/png_data.h"
#include "files/remembering_file.h"
#include "files/writers/writer.h"

#include <OpenImageIO/filesystem.h>

#include <utility>
#include <vector>

namespace sisr {
namespace {

/// OpenImageIO makes the head, for a picture of one row; the rest is ours.
class PngWriter final : public Writer {
public:
    explicit PngWriter(const std::string& name) : file_(name) {}

    OIIO::TypeDesc begin(PageHead head) override {
        const int height = head.spec.height;
        head.spec.height = head.spec.full_height = 1;
        // libpng refuses profiles with faults that nobody minds.
        MetadataParts parts;
        if (head.parts) parts = std::move(*head.parts);
        if (!head.parts) parts.icc = profile_of(head.spec);
        head.spec.extra_attribs.remove("ICCProfile");
        std::vector<unsigned char> bytes;
        OIIO::Filesystem::IOVecOutput memory(bytes);
        const std::vector<unsigned char> row(head.spec.scanline_bytes());
        const auto output = OIIO::ImageOutput::create("png");
        if (!output) throw WriteFailure(OIIO::geterror());
        output->set_ioproxy(&memory);
        const bool is_made = output->open("x.png", head.spec) &&
                             output->write_scanline(0, 0, head.spec.format, row.data()) &&
                             output->close();
        if (!is_made) throw WriteFailure(output->geterror());
        const std::string file(bytes.begin(), bytes.end());
        std::string begin = png_head_of_height(file.substr(0, png_head_bytes(file)),
                                               static_cast<std::size_t>(height));
        begin = png_head_with_profile(begin, parts.icc);
        if (head.parts) begin = png_head_with(begin, parts);
        const auto write = [this](const void* data, std::size_t count) {
            file_.write(data, count);
        };
        write(begin.data(), begin.size());
        data_ =
            std::make_unique<PngData>(head.spec.scanline_bytes(), head.spec.pixel_bytes(), write);
        return head.spec.format;
    }

    void write_rows(int y_begin, int y_end, const void* samples) override {
        data_->write_rows(static_cast<const std::uint8_t*>(samples),
                          static_cast<std::size_t>(y_end - y_begin));
        check();
    }

    bool wants_big_endian() const override { return true; }

    void finish() override {
        data_->finish();
        check();
    }

private:
    void check() {
        if (file_.has_failed()) throw WriteFailure("");
    }

    RememberingFile file_;
    std::unique_ptr<PngData> data_;
};

}  // namespace

std::unique_ptr<Writer> make_png_writer(const std::string& name) {
    return std::make_unique<PngWriter>(name);
}

}  // namespace sisr
