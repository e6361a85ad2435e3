#include "support/image_spec_file.h"
#include "support/images.h"
#include "support/temp_dir.h"

#include <sisr/error.h>
#include <sisr/image_file.h>

#include <OpenImageIO/imageio.h>

#include <array>
#include <thread>

namespace sisr::test {
namespace {

struct Format {
    const char* extension;
    Depth depth;
    double tolerance;  ///< half a quantisation step of the depth, more for lossy formats
};

constexpr Format kFormats[] = {
    {"png", Depth::u8, 0.5 / 255},   {"png", Depth::u16, 0.5 / 65535},
    {"tif", Depth::u8, 0.5 / 255},   {"tif", Depth::u16, 0.5 / 65535},
    {"tif", Depth::f32, 1e-7},       {"exr", Depth::half, 2.0 / 2048},
    {"exr", Depth::f32, 2e-6},       {"jpg", Depth::u8, 12.0 / 255},
    {"webp", Depth::u8, 12.0 / 255}, {"bmp", Depth::u8, 0.5 / 255},
};

std::string name_of(const Format& format) {
    return std::string("a") + std::to_string(static_cast<int>(format.depth)) + "." +
           format.extension;
}

/// The least that libpng takes for an ICC profile: a display's RGB, one tag of no meaning.
std::vector<unsigned char> make_profile() {
    std::vector<unsigned char> profile(600);
    for (std::size_t i = 144; i < profile.size(); ++i)
        profile[i] = static_cast<unsigned char>(i * 37);
    const auto put = [&profile](std::size_t at, const std::string& bytes) {
        std::copy(bytes.begin(), bytes.end(), profile.begin() + static_cast<std::ptrdiff_t>(at));
    };
    put(0, std::string("\0\0\x02\x58", 4));  // 600 bytes
    put(8, std::string("\x02\x10\0\0", 4));
    put(12, "mntrRGB XYZ ");
    put(36, "acsp");
    put(68, std::string("\0\0\xF6\xD6\0\x01\0\0\0\0\xD3\x2D", 12));  // D50
    put(128, std::string("\0\0\0\x01", 4) + "desc" + std::string("\0\0\0\x90\0\0\x01\xC8", 8));
    return profile;
}

/// Colour under little alpha means little, and is kept as badly by formats that premultiply.
Image premultiplied(Image image) {
    const int colour = image.shape().colour_channels;
    if (!image.shape().has_alpha) return image;
    for (int y = 0; y < image.height(); ++y) {
        for (int x = 0; x < image.width(); ++x) {
            for (int c = 0; c < colour; ++c) image.at(x, y, c) *= image.at(x, y, colour);
        }
    }
    return image;
}

TEST(ImageFile, RoundTripOfFormatsDepthsAndChannels) {
    const TempDir folder;
    for (const Format& format : kFormats) {
        for (const int colour : {1, 3}) {
            for (const bool alpha : {false, true}) {
                const bool no_grey = std::string(format.extension) == "webp" && colour == 1;
                const bool no_alpha = alpha && (std::string(format.extension) == "jpg" ||
                                                std::string(format.extension) == "bmp");
                if (no_grey || no_alpha) continue;
                Image image = scene({40, 30, colour, alpha, Encoding::display});
                const auto file = folder / name_of(format);
                WriteOptions options;
                options.depth = format.depth;
                options.quality = 100;
                write_image(file, image, options);
                const FileSource source(file);
                const std::string what =
                    name_of(format) + " " + std::to_string(colour) + (alpha ? "+alpha" : "");
                EXPECT_EQ(source.depth(), format.depth) << what;
                EXPECT_EQ(source.shape().has_alpha, alpha) << what;
                if (std::string(format.extension) != "bmp") {
                    EXPECT_EQ(source.shape().colour_channels, colour) << what;
                }
                if (source.shape().colour_channels != colour) continue;
                // A linear format holds light; compare in the encoding that was written.
                Image back = read_image(file);
                if (source.shape().encoding == Encoding::linear) {
                    write_image(folder / "back.tif", back, {Depth::u16, 0, nullptr});
                    back = read_image(folder / "back.tif");
                }
                EXPECT_LE(max_difference(premultiplied(back), premultiplied(image)),
                          (alpha ? 2 : 1) * format.tolerance + 1e-5)
                    << what;
            }
        }
    }
}

TEST(ImageFile, LinearDataKeepValuesBeyondTheRange) {
    const TempDir folder;
    Image image({4, 4, 3, false, Encoding::linear});
    for (std::size_t i = 0; i < image.samples().size(); ++i) {
        image.samples()[i] = static_cast<float>(i) * 0.25F - 2;
    }
    for (const char* name : {"a.exr", "a.tif"}) {
        write_image(folder / name, image, {Depth::f32, 0, nullptr});
        const Image back = read_image(folder / name);
        EXPECT_EQ(back.shape().encoding, Encoding::linear) << name;
        EXPECT_LE(max_difference(back, image), 1e-6) << name;
    }
}

/// A profile of so many tags of no meaning, which no profile of another number has: each is new to
/// OpenImageIO, whose maps of them are what threads can break.
std::vector<unsigned char> make_profile_of_tags(int number, int tags) {
    std::vector<unsigned char> profile = make_profile();
    profile.resize(132 + 12 * static_cast<std::size_t>(tags) + 8);
    const auto put = [&profile](std::size_t at, std::size_t value) {
        for (std::size_t i = 0; i < 4; ++i) {
            profile[at + i] = static_cast<unsigned char>(value >> (24 - 8 * i));
        }
    };
    put(0, profile.size());
    put(128, static_cast<std::size_t>(tags));
    for (int i = 0; i < tags; ++i) {
        const std::size_t at = 132 + 12 * static_cast<std::size_t>(i);
        put(at, 0x41410000U + static_cast<std::size_t>(number * tags + i));
        put(at + 4, profile.size() - 8);
        put(at + 8, 8);
    }
    return profile;
}

TEST(ImageFile, ProfilesAreReadInThreads) {
    constexpr int kThreads = 4;
    constexpr int kFiles = 400;
    const TempDir folder;
    const std::vector<float> black(8 * 8 * 3);
    const auto name = [&](int i) { return (folder / (std::to_string(i) + ".tif")).string(); };
    for (int i = 0; i < kFiles; ++i) {
        const auto profile = make_profile_of_tags(i, 300);
        OIIO::ImageSpec spec(8, 8, 3, OIIO::TypeDesc::UINT8);
        spec.attribute("ICCProfile",
                       OIIO::TypeDesc(OIIO::TypeDesc::UINT8, static_cast<int>(profile.size())),
                       profile.data());
        ASSERT_NO_FATAL_FAILURE(write_with_spec(name(i), spec, black));
    }
    std::array<int, kThreads> widths{};
    std::vector<std::thread> threads;
    for (int t = 0; t < kThreads; ++t) {
        threads.emplace_back([&, t] {
            for (int i = t; i < kFiles; i += kThreads) {
                widths.at(t) += FileSource(name(i)).shape().width;
            }
        });
    }
    for (auto& thread : threads) thread.join();
    for (const int width : widths) EXPECT_EQ(width, 8 * kFiles / kThreads);
}

TEST(ImageFile, ProfileAndMetadataComeAlong) {
    const TempDir folder;
    const std::vector<unsigned char> profile = make_profile();
    const Image image = scene({32, 24, 3, false, Encoding::display});
    for (const char* extension : {"png", "tif", "jpg"}) {
        const std::string source = (folder / (std::string("in.") + extension)).string();
        OIIO::ImageSpec spec(32, 24, 3, OIIO::TypeDesc::UINT8);
        spec.attribute("ICCProfile", OIIO::TypeDesc(OIIO::TypeDesc::UINT8, 600), profile.data());
        spec.attribute("Exif:ExposureTime", 0.005F);
        spec.attribute("Exif:PixelXDimension", 32);
        spec.attribute("Make", "Camera maker");
        spec.attribute("Orientation", 6);
        spec.attribute("IPTC:Caption", "a caption");
        spec.attribute("XResolution", 300.0F);
        spec.attribute("YResolution", 300.0F);
        spec.attribute("ResolutionUnit", "in");
        ASSERT_NO_FATAL_FAILURE(write_with_spec(source, spec, image.samples()));

        const std::string target = (folder / (std::string("out.") + extension)).string();
        write_image(target, read_image(source));
        const auto before = OIIO::ImageInput::open(source);
        const auto after = OIIO::ImageInput::open(target);
        const auto* kept = after->spec().find_attribute("ICCProfile");
        ASSERT_NE(kept, nullptr) << extension;
        ASSERT_EQ(kept->datasize(), 600) << extension;
        EXPECT_EQ(std::memcmp(kept->data(), profile.data(), 600), 0) << extension;
        for (const char* name : {"Exif:ExposureTime", "Make", "Orientation", "IPTC:Caption",
                                 "XResolution", "ResolutionUnit"}) {
            const auto* old = before->spec().find_attribute(name);
            if (old == nullptr) continue;  // the format itself cannot hold it
            const auto* now = after->spec().find_attribute(name);
            ASSERT_NE(now, nullptr) << extension << " " << name;
            EXPECT_EQ(now->get_string(), old->get_string()) << extension << " " << name;
        }
        if (before->spec().find_attribute("Orientation") != nullptr) {
            EXPECT_EQ(after->spec().get_int_attribute("Orientation"), 6) << extension;
        }
    }
}

TEST(ImageFile, SizeTagsFollowTheSize) {
    const TempDir folder;
    const std::string source = (folder / "in.jpg").string();
    OIIO::ImageSpec spec(32, 24, 3, OIIO::TypeDesc::UINT8);
    spec.attribute("Exif:PixelXDimension", 32);
    spec.attribute("Exif:PixelYDimension", 24);
    ASSERT_NO_FATAL_FAILURE(
        write_with_spec(source, spec, scene({32, 24, 3, false, Encoding::display}).samples()));
    Image large = scene({64, 48, 3, false, Encoding::display});
    large.metadata = read_image(source).metadata;
    write_image(folder / "out.jpg", large);
    const auto after = OIIO::ImageInput::open((folder / "out.jpg").string());
    EXPECT_EQ(after->spec().get_int_attribute("Exif:PixelXDimension"), 64);
    EXPECT_EQ(after->spec().get_int_attribute("Exif:PixelYDimension"), 48);
}

TEST(ImageFile, AlphaOnPaperIsWhite) {
    const TempDir folder;
    Image image({16, 16, 3, true, Encoding::display});  // black, transparent
    write_image(folder / "a.jpg", image);
    for (const float sample : read_image(folder / "a.jpg").samples()) EXPECT_GT(sample, 0.98F);
}

TEST(ImageFile, AssociatedAlphaIsUnpremultiplied) {
    const TempDir folder;
    Image image({8, 8, 3, true, Encoding::linear});
    for (int y = 0; y < 8; ++y) {
        for (int x = 0; x < 8; ++x) {
            for (int c = 0; c < 3; ++c) image.at(x, y, c) = 0.8F;
            image.at(x, y, 3) = 0.25F;
        }
    }
    write_image(folder / "a.exr", image, {Depth::f32, 0, nullptr});
    const auto raw = OIIO::ImageInput::open((folder / "a.exr").string());
    std::vector<float> stored(8 * 8 * 4);
    ASSERT_TRUE(raw->read_image(0, 0, 0, 4, OIIO::TypeDesc::FLOAT, stored.data()));
    EXPECT_NEAR(stored[0], 0.2F, 1e-6) << "OpenEXR files are premultiplied";
    EXPECT_LE(max_difference(read_image(folder / "a.exr"), image), 1e-6);
}

TEST(ImageFile, TiledFilesAreReadByRows) {
    const TempDir folder;
    const std::string file = (folder / "a.tif").string();
    const Image image = scene({100, 70, 3, false, Encoding::display});
    OIIO::ImageSpec spec(100, 70, 3, OIIO::TypeDesc::FLOAT);
    spec.tile_width = 32;
    spec.tile_height = 16;
    spec.attribute("oiio:ColorSpace", "sRGB");
    ASSERT_NO_FATAL_FAILURE(write_with_spec(file, spec, image.samples()));
    FileSource source(file);
    Image back(source.shape());
    for (int y = 0; y < 70; y += 9) source.read_rows(y, std::min(y + 9, 70), back.row(y));
    EXPECT_LE(max_difference(back, image), 1e-7);
}

class ImageFileFault : public ::testing::Test {
protected:
    void expect_error(const std::string& name, const std::string& reason) {
        const std::string path = (folder_ / name).string();
        try {
            read_image(path);
            ADD_FAILURE() << name << " was read";
        } catch (const Error& error) {
            const std::string what = error.what();
            EXPECT_EQ(error.subject(), path);
            EXPECT_NE(what.find(reason), std::string::npos) << what;
            EXPECT_EQ(what.find('\n'), std::string::npos) << what;
            EXPECT_EQ(what.find(path, path.size()), std::string::npos) << "named twice: " << what;
        }
    }
    TempDir folder_;
};

TEST_F(ImageFileFault, MissingEmptyFolderAndText) {
    std::filesystem::create_directory(folder_ / "folder.png");
    write_bytes(folder_ / "empty.png", "");
    write_bytes(folder_ / "text.png", "this is no picture\n");
    write_bytes(folder_ / "text.jpg", "this is no picture\n");
    expect_error("missing.png", "no such file");
    expect_error("folder.png", "is a folder");
    expect_error("empty.png", "is empty");
    expect_error("text.png", "is not an image");
    expect_error("text.jpg", "is not an image");
}

TEST_F(ImageFileFault, TruncatedFiles) {
    const Image image = random_rgb(120, 90);
    for (const char* extension : {"png", "jpg", "tif", "webp", "exr"}) {
        const std::string whole = std::string("whole.") + extension;
        write_image(folder_ / whole, image);
        const std::string bytes = read_bytes(folder_ / whole);
        for (const double share : {0.3, 0.6, 0.95}) {
            const std::string cut = "cut." + std::string(extension);
            write_bytes(folder_ / cut,
                        bytes.substr(0, static_cast<std::size_t>(share * bytes.size())));
            expect_error(cut, "");
        }
    }
}

TEST_F(ImageFileFault, WritingWhereNothingCanBeWritten) {
    const Image image = random_rgb(8, 8);
    EXPECT_THROW(write_image(folder_ / "no/a.png", image), Error);
    EXPECT_THROW(write_image(folder_ / "a.txt", image), Error);
    EXPECT_THROW(write_image(folder_ / "a", image), Error);
    EXPECT_EQ(count_entries(folder_.path()), 0U);
}

TEST(ImageFile, AnAbandonedSinkLeavesNothing) {
    const TempDir folder;
    for (const char* name : {"a.png", "a.jpg", "a.tif", "a.webp", "a.exr"}) {
        const Image image = random_rgb(64, 64);
        FileSink sink(folder / name, {});
        sink.begin(image.shape());
        sink.write_rows(0, 10, image.row(0));
    }
    EXPECT_EQ(count_entries(folder.path()), 0U);
}

TEST(ImageFile, Extensions) {
    for (const char* name : {"a.png", "a.PNG", "a.jpeg", "b.tiff", "c.webp", "d.exr"}) {
        EXPECT_TRUE(has_image_extension(name)) << name;
    }
    for (const char* name : {"a.txt", "a", ".png", "a.png.bak", "a.mp4"}) {
        EXPECT_FALSE(has_image_extension(name)) << name;
    }
    EXPECT_TRUE(can_write_extension("png"));
    EXPECT_FALSE(can_write_extension("txt"));
    EXPECT_FALSE(can_write_extension(""));
}

}  // namespace
}  // namespace sisr::test
