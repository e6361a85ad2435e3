/// A TIFF page's layout, and its rows as libtiff gives them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <tiffio.h>
#include <vector>

namespace sisr {

struct TiffCloser {
    void operator()(TIFF* tiff) const { TIFFClose(tiff); }
};

/// An open file, with libtiff's last complaint.
class TiffFile {
public:
    /// directory: the page's position. Throws Error{bad_image}.
    TiffFile(const std::filesystem::path& file, std::uint64_t directory);

    TIFF* handle() const { return handle_.get(); }
    [[noreturn]] void fail() const;

    /// A tag's value, or what the standard says for those that do not say.
    template <class T>
    T get(std::uint32_t tag, T otherwise) const {
        T value = otherwise;
        return TIFFGetFieldDefaulted(handle_.get(), tag, &value) == 1 ? value : otherwise;
    }

private:
    std::string path_;
    std::unique_ptr<std::string> complaint_;  ///< where libtiff finds it, wherever this goes
    std::unique_ptr<TIFF, TiffCloser> handle_;
};

enum class TiffAlpha { none, straight, associated };

struct TiffLayoutOfPage {
    std::uint32_t width = 0;
    std::uint32_t height = 0;
    int samples = 1;  ///< per pixel
    int bits = 1;     ///< per sample
    int sample_format = SAMPLEFORMAT_UINT;
    int photometric = PHOTOMETRIC_MINISBLACK;
    bool is_planar = false;  ///< each sample of all pixels by itself
    /// libtiff makes 8-bit RGB of it: chroma of its own resolution.
    bool is_by_rgba = false;
    int colours = 1;                    ///< samples that are colour
    TiffAlpha alpha = TiffAlpha::none;  ///< of the sample behind the colours
    int spare = 0;                      ///< samples of no use to us
};

/// Throws Error{unsupported, bad_image} for what cannot be read rightly.
TiffLayoutOfPage tiff_layout(const TiffFile& file, const std::string& path);

/// Rows of raw bytes in this machine's order, one after the other.
class TiffRows {
public:
    /// plane: of planar pages.
    TiffRows(const std::filesystem::path& file, std::uint64_t directory,
             const TiffLayoutOfPage& layout, int plane);

    /// The next row, valid until the next call. Throws Error{bad_image}.
    const std::uint8_t* next();

private:
    void read_tiles();
    void read_rgba();

    TiffFile file_;
    TiffLayoutOfPage layout_;
    int plane_;
    std::uint32_t row_ = 0;
    std::uint32_t block_begin_ = 0;  ///< rows that are held
    std::uint32_t block_end_ = 0;
    std::size_t row_bytes_ = 0;
    std::vector<std::uint8_t> held_;
    std::vector<std::uint8_t> tile_;
    std::vector<std::uint32_t> rgba_;
};

}  // namespace sisr
