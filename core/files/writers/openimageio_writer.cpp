#include "files/metadata/exif.h"
#include "files/remembering_file.h"
#include "files/writers/writer.h"

#include <utility>

namespace sisr {
namespace {

class OpenImageIoWriter final : public Writer {
public:
    OpenImageIoWriter(const Format& format, std::string name)
        : format_(format.name), name_(std::move(name)) {}

    OIIO::TypeDesc begin(PageHead head) override {
        if (head.page == 0) {
            open_first(head);
        } else if (!output_->open(name_, head.spec, OIIO::ImageOutput::AppendSubimage)) {
            fail();
        }
        type_ = output_->spec().format;
        if (type_ != OIIO::TypeDesc::UINT8 && type_ != OIIO::TypeDesc::UINT16) {
            type_ = OIIO::TypeDesc::FLOAT;
        }
        return type_;
    }

    void write_rows(int y_begin, int y_end, const void* samples) override {
        const int top = output_->spec().y;
        if (!output_->write_scanlines(top + y_begin, top + y_end, 0, type_, samples) ||
            has_write_error()) {
            fail();
        }
    }

    void finish() override {
        if (!output_->close() || has_write_error()) fail();
        file_.reset();
        if (format_ == "tiff" && !has_date_) drop_dates_of_tiff(name_);
        if (!parts_) return;
        if (format_ == "tiff") add_to_tiff(name_, *parts_);
    }

private:
    void open_first(const PageHead& head) {
        output_ = OIIO::ImageOutput::create(format_);
        if (!output_) throw WriteFailure(OIIO::geterror());
        parts_ = head.parts;
        has_date_ = head.spec.find_attribute("DateTime") != nullptr;
        // libtiff tells of failures itself, and wants to read what it has written.
        if (output_->supports("ioproxy") && format_ != "tiff") {
            file_ = std::make_unique<RememberingFile>(name_);
            output_->set_ioproxy(file_.get());
        }
        if (!output_->open(name_, head.spec)) fail();
    }

    [[noreturn]] void fail() const { throw WriteFailure(output_->geterror()); }
    bool has_write_error() const { return file_ && file_->has_failed(); }

    std::string format_;
    std::string name_;
    std::optional<MetadataParts> parts_;
    bool has_date_ = false;  ///< from the source
    OIIO::TypeDesc type_;
    // Destroyed from the last to the first: the codec, then what it writes to.
    std::unique_ptr<RememberingFile> file_;
    std::unique_ptr<OIIO::ImageOutput> output_;
};

}  // namespace

std::unique_ptr<Writer> make_openimageio_writer(const Format& format, const std::string& name) {
    return std::make_unique<OpenImageIoWriter>(format, name);
}

}  // namespace sisr
