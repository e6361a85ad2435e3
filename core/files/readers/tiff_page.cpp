#include "files/readers/tiff_page.h"

#include "files/file_metadata.h"
#include "files/readers/rows_of_page.h"

#include <sisr/error.h>

#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <cstring>

namespace sisr {
namespace {

struct OptionsDeleter {
    void operator()(TIFFOpenOptions* options) const { TIFFOpenOptionsFree(options); }
};

/// The first is the cause of the others.
int keep_complaint(TIFF* /*tiff*/, void* kept, const char* /*module*/, const char* format,
                   va_list values) {
    auto& complaint = *static_cast<std::string*>(kept);
    char text[512];
    if (complaint.empty() && std::vsnprintf(text, sizeof text, format, values) > 0) {
        complaint = text;
    }
    return 1;
}

int keep_quiet(TIFF*, void*, const char*, const char*, va_list) { return 1; }

int colours_of(int photometric) {
    switch (photometric) {
        case PHOTOMETRIC_RGB:
        case PHOTOMETRIC_YCBCR:
        case PHOTOMETRIC_CIELAB:
        case PHOTOMETRIC_ICCLAB:
        case PHOTOMETRIC_LOGLUV: return 3;
        case PHOTOMETRIC_SEPARATED: return 4;
        case PHOTOMETRIC_MINISWHITE:
        case PHOTOMETRIC_MINISBLACK:
        case PHOTOMETRIC_PALETTE:
        case PHOTOMETRIC_LOGL: return 1;
        default: return 0;
    }
}

int photometric_of(const TiffFile& file, int samples) {
    std::uint16_t told = 0;
    if (TIFFGetField(file.handle(), TIFFTAG_PHOTOMETRIC, &told) == 1) return told;
    const int compression = file.get<std::uint16_t>(TIFFTAG_COMPRESSION, COMPRESSION_NONE);
    const bool is_fax = compression == COMPRESSION_CCITTRLE ||
                        compression == COMPRESSION_CCITTFAX3 ||
                        compression == COMPRESSION_CCITTFAX4;
    if (is_fax) return PHOTOMETRIC_MINISWHITE;
    return samples >= 3 ? PHOTOMETRIC_RGB : PHOTOMETRIC_MINISBLACK;
}

class LayoutReader {
public:
    LayoutReader(const TiffFile& file, const std::string& path) : file_(file), path_(path) {}

    TiffLayoutOfPage read() {
        layout_.width = file_.get<std::uint32_t>(TIFFTAG_IMAGEWIDTH, 0);
        layout_.height = file_.get<std::uint32_t>(TIFFTAG_IMAGELENGTH, 0);
        layout_.samples = file_.get<std::uint16_t>(TIFFTAG_SAMPLESPERPIXEL, 1);
        layout_.bits = file_.get<std::uint16_t>(TIFFTAG_BITSPERSAMPLE, 1);
        layout_.sample_format = file_.get<std::uint16_t>(TIFFTAG_SAMPLEFORMAT, SAMPLEFORMAT_UINT);
        if (layout_.sample_format == SAMPLEFORMAT_VOID) layout_.sample_format = SAMPLEFORMAT_UINT;
        check_size(path_, layout_.width, layout_.height, layout_.samples);
        if (file_.get<std::uint32_t>(TIFFTAG_IMAGEDEPTH, 1) > 1) refuse("is a volume");
        constexpr std::uint64_t kMostSamplesPerRow = std::uint64_t{1} << 28;
        if (std::uint64_t{layout_.width} * static_cast<std::uint64_t>(layout_.samples) >
            kMostSamplesPerRow) {
            refuse("has more samples in a row than are supported");
        }
        layout_.is_planar = layout_.samples > 1 &&
                            file_.get<std::uint16_t>(TIFFTAG_PLANARCONFIG, PLANARCONFIG_CONTIG) ==
                                PLANARCONFIG_SEPARATE;
        layout_.photometric = photometric_of(file_, layout_.samples);
        layout_.colours = colours_of(layout_.photometric);
        if (layout_.colours == 0) {
            refuse("is a TIFF of a kind of colour that is not supported (" +
                   std::to_string(layout_.photometric) + ")");
        }
        read_kind();
        check_samples();
        read_extra_samples();
        return layout_;
    }

private:
    [[noreturn]] void refuse(const std::string& reason) const {
        throw Error(ErrorKind::unsupported, path_, reason);
    }

    /// What libtiff is to convert.
    void read_kind() {
        const int compression = file_.get<std::uint16_t>(TIFFTAG_COMPRESSION, COMPRESSION_NONE);
        const int photometric = layout_.photometric;
        if (photometric == PHOTOMETRIC_YCBCR && compression == COMPRESSION_JPEG &&
            !layout_.is_planar) {
            TIFFSetField(file_.handle(), TIFFTAG_JPEGCOLORMODE, JPEGCOLORMODE_RGB);
            layout_.photometric = PHOTOMETRIC_RGB;
        } else if (photometric == PHOTOMETRIC_YCBCR || compression == COMPRESSION_OJPEG) {
            layout_.is_by_rgba = true;
            char reason[1024] = "";
            if (layout_.bits != 8 || TIFFRGBAImageOK(file_.handle(), reason) == 0) {
                refuse("is a TIFF in YCbCr of a kind that is not supported");
            }
        } else if (photometric == PHOTOMETRIC_LOGL || photometric == PHOTOMETRIC_LOGLUV) {
            if (compression != COMPRESSION_SGILOG && compression != COMPRESSION_SGILOG24) {
                refuse("is a TIFF of logarithms of a kind that is not supported");
            }
            TIFFSetField(file_.handle(), TIFFTAG_SGILOGDATAFMT, SGILOGDATAFMT_FLOAT);
            layout_.bits = 32;
            layout_.sample_format = SAMPLEFORMAT_IEEEFP;
        } else if (photometric == PHOTOMETRIC_SEPARATED &&
                   file_.get<std::uint16_t>(TIFFTAG_INKSET, INKSET_CMYK) != INKSET_CMYK) {
            refuse("is in inks other than CMYK");
        }
    }

    void check_samples() const {
        if (layout_.samples < layout_.colours) {
            throw Error(ErrorKind::bad_image, path_, "is damaged: its pixels lack samples");
        }
        if (layout_.is_by_rgba) return;
        const int bits = layout_.bits;
        const bool is_lab =
            layout_.photometric == PHOTOMETRIC_CIELAB || layout_.photometric == PHOTOMETRIC_ICCLAB;
        bool is_known = false;
        switch (layout_.sample_format) {
            case SAMPLEFORMAT_UINT:
                is_known = (bits >= 1 && bits <= 16) || bits == 24 || bits == 32;
                break;
            case SAMPLEFORMAT_IEEEFP:
                is_known = bits == 16 || bits == 24 || bits == 32 || bits == 64;
                break;
            case SAMPLEFORMAT_INT:
                is_known = is_lab;
                if (!is_lab) {
                    refuse("holds signed numbers of " + std::to_string(bits) +
                           " bits: measurements, of which nothing says what is black or white");
                }
                break;
            default: break;
        }
        if (is_lab)
            is_known = layout_.sample_format != SAMPLEFORMAT_IEEEFP && (bits == 8 || bits == 16);
        if (layout_.photometric == PHOTOMETRIC_PALETTE) {
            is_known = layout_.sample_format == SAMPLEFORMAT_UINT && bits <= 16;
        }
        if (!is_known) {
            refuse("is a TIFF of samples that are not supported (" + std::to_string(bits) +
                   " bits, format " + std::to_string(layout_.sample_format) + ")");
        }
    }

    void read_extra_samples() {
        std::uint16_t count = 0;
        std::uint16_t* kinds = nullptr;
        TIFFGetFieldDefaulted(file_.handle(), TIFFTAG_EXTRASAMPLES, &count, &kinds);
        const int extra = layout_.samples - layout_.colours;
        if (extra > 0 && count > 0 && kinds != nullptr) {
            if (kinds[0] == EXTRASAMPLE_ASSOCALPHA) layout_.alpha = TiffAlpha::associated;
            if (kinds[0] == EXTRASAMPLE_UNASSALPHA) layout_.alpha = TiffAlpha::straight;
        }
        layout_.spare = extra - (layout_.alpha == TiffAlpha::none ? 0 : 1);
        if (layout_.colours == 1 && layout_.spare > 1) {
            refuse("has " + std::to_string(layout_.samples) +
                   " channels, of which nothing says what they are");
        }
    }

    const TiffFile& file_;
    const std::string& path_;
    TiffLayoutOfPage layout_;
};

}  // namespace

TiffFile::TiffFile(const std::filesystem::path& file, std::uint64_t directory)
    : path_(file.string()), complaint_(std::make_unique<std::string>()) {
    const std::unique_ptr<TIFFOpenOptions, OptionsDeleter> options(TIFFOpenOptionsAlloc());
    TIFFOpenOptionsSetErrorHandlerExtR(options.get(), keep_complaint, complaint_.get());
    TIFFOpenOptionsSetWarningHandlerExtR(options.get(), keep_quiet, nullptr);
    // Not mapped into memory: a file that shrinks meanwhile would end the process.
    handle_.reset(TIFFOpenExt(path_.c_str(), "rm", options.get()));
    const bool is_there = handle_ && TIFFSetSubDirectory(handle_.get(), directory) == 1;
    if (is_there) {
        complaint_->clear();
        return;
    }
    const std::string reason = one_line(*complaint_, path_);
    throw Error(ErrorKind::bad_image, path_,
                "is not an image that can be read" + (reason.empty() ? "" : " (" + reason + ")"));
}

void TiffFile::fail() const {
    const std::string reason = one_line(*complaint_, path_);
    throw Error(ErrorKind::bad_image, path_,
                "is damaged or truncated" + (reason.empty() ? "" : " (" + reason + ")"));
}

TiffLayoutOfPage tiff_layout(const TiffFile& file, const std::string& path) {
    return LayoutReader(file, path).read();
}

TiffRows::TiffRows(const std::filesystem::path& file, std::uint64_t directory,
                   const TiffLayoutOfPage& layout, int plane)
    : file_(file, directory), layout_(layout), plane_(plane) {
    tiff_layout(file_, file.string());  // sets how this handle converts
    TIFF* tiff = file_.handle();
    if (layout_.is_by_rgba) {
        row_bytes_ = std::size_t{4} * layout_.width;
        return;
    }
    const auto samples = static_cast<std::size_t>(layout_.is_planar ? 1 : layout_.samples);
    row_bytes_ = (samples * layout_.width * static_cast<std::size_t>(layout_.bits) + 7) / 8;
    if (TIFFIsTiled(tiff) != 0) {
        constexpr tmsize_t kMostTileBytes = tmsize_t{1} << 30;
        const tmsize_t bytes = TIFFTileSize(tiff);
        if (bytes <= 0 || bytes > kMostTileBytes) file_.fail();
        tile_.resize(static_cast<std::size_t>(bytes));
        return;
    }
    const tmsize_t bytes = TIFFScanlineSize(tiff);
    if (bytes < 0 || static_cast<std::size_t>(bytes) < row_bytes_) file_.fail();
    held_.resize(static_cast<std::size_t>(bytes));
}

const std::uint8_t* TiffRows::next() {
    const std::uint32_t y = row_++;
    if (!layout_.is_by_rgba && tile_.empty()) {
        if (TIFFReadScanline(file_.handle(), held_.data(), y, static_cast<std::uint16_t>(plane_)) !=
            1)
            file_.fail();
        return held_.data();
    }
    if (y >= block_end_) {
        block_begin_ = y;
        layout_.is_by_rgba ? read_rgba() : read_tiles();
    }
    const std::size_t at = (y - block_begin_) * row_bytes_;
    return layout_.is_by_rgba ? reinterpret_cast<const std::uint8_t*>(rgba_.data()) + at
                              : held_.data() + at;
}

/// A row of tiles.
void TiffRows::read_tiles() {
    TIFF* tiff = file_.handle();
    const auto width = file_.get<std::uint32_t>(TIFFTAG_TILEWIDTH, 0);
    const auto height = file_.get<std::uint32_t>(TIFFTAG_TILELENGTH, 0);
    const auto tile_row = static_cast<std::size_t>(TIFFTileRowSize(tiff));
    if (width == 0 || height == 0 || tile_row == 0 || tile_row * height > tile_.size())
        file_.fail();
    block_end_ = std::min(block_begin_ + height, layout_.height);
    constexpr std::size_t kMostBytes = std::size_t{1} << 31;
    if (row_bytes_ * (block_end_ - block_begin_) > kMostBytes) file_.fail();
    held_.resize(row_bytes_ * (block_end_ - block_begin_));
    for (std::uint32_t x = 0; x < layout_.width; x += width) {
        if (TIFFReadTile(tiff, tile_.data(), x, block_begin_, 0,
                         static_cast<std::uint16_t>(plane_)) < 0) {
            file_.fail();
        }
        const std::size_t at = x / width * tile_row;
        const std::size_t bytes = std::min(tile_row, row_bytes_ - std::min(at, row_bytes_));
        for (std::uint32_t y = block_begin_; y < block_end_; ++y) {
            const std::size_t row = y - block_begin_;
            std::memcpy(held_.data() + row * row_bytes_ + at, tile_.data() + row * tile_row, bytes);
        }
    }
}

/// A strip or a row of tiles.
void TiffRows::read_rgba() {
    TIFF* tiff = file_.handle();
    std::uint32_t height = TIFFIsTiled(tiff) != 0
                               ? file_.get<std::uint32_t>(TIFFTAG_TILELENGTH, 0)
                               : file_.get<std::uint32_t>(TIFFTAG_ROWSPERSTRIP, layout_.height);
    if (height == 0) file_.fail();
    height = std::min(height, layout_.height - block_begin_);
    block_end_ = block_begin_ + height;
    rgba_.resize(std::size_t{layout_.width} * height);
    TIFFRGBAImage image;
    char reason[1024] = "";
    if (TIFFRGBAImageBegin(&image, tiff, 1, reason) == 0) file_.fail();
    // As stored: turning is not its business.
    image.orientation = image.req_orientation = ORIENTATION_TOPLEFT;
    image.row_offset = static_cast<int>(block_begin_);
    image.col_offset = 0;
    const bool is_read = TIFFRGBAImageGet(&image, rgba_.data(), layout_.width, height) != 0;
    TIFFRGBAImageEnd(&image);
    if (!is_read) file_.fail();
}

}  // namespace sisr
