/// What files hold besides their pixels, from each kind to each other.
#include "sisr_batch_fixture.h"
#include "support/python.h"
#include "support/tools.h"

#include <nlohmann/json.hpp>

namespace sisr::test {
namespace {

namespace fs = std::filesystem;

class SisrBatchKept : public SisrBatch {
protected:
    nlohmann::json tags(const std::string& name) {
        return nlohmann::json::parse(run_tool({"exiftool", "-j", "-G1", "-a", path(name)})).at(0);
    }
    std::string profile(const std::string& name) {
        return run_tool({"exiftool", "-b", "-icc_profile", path(name)});
    }
    CommandResult enlarge(const std::string& from, const std::string& to) {
        return run({path(from), "-o", path(to), "-q", "--existing", "overwrite"});
    }
    /// At its own size, so that a chain of files does not grow.
    void must_pass(const std::string& from, const std::string& to) {
        const CommandResult result =
            run({path(from), "-o", path(to), "-q", "--existing", "overwrite", "--scale", "1"});
        ASSERT_EQ(result.exit_code, 0) << from << " -> " << to << ": " << result.err;
    }
    void must_enlarge(const std::string& from, const std::string& to) {
        const CommandResult result = enlarge(from, to);
        ASSERT_EQ(result.exit_code, 0) << from << " -> " << to << ": " << result.err;
    }
    /// Of some bytes; lcms does not look into it, and nobody may.
    std::string make_profile(std::size_t bytes) const {
        std::string made(bytes, '\0');
        for (std::size_t i = 132; i < bytes; ++i) made[i] = static_cast<char>(i * 7919 >> 4);
        for (int i = 0; i < 4; ++i) {
            made[static_cast<std::size_t>(i)] = static_cast<char>(bytes >> (24 - 8 * i));
        }
        made.replace(8, 4, std::string("\x02\x20\0\0", 4));
        made.replace(12, 12, "mntrRGB XYZ ");
        made.replace(36, 4, "acsp");
        return made;
    }
};

TEST_F(SisrBatchKept, ProfilesOfManySegmentsBetweenAllKinds) {
    SISR_SKIP_WITHOUT_TOOL("exiftool");
    for (const std::size_t bytes : {600U, 65519U, 65520U, 100000U, 400000U}) {
        make_image("plain.jpg");
        const std::string made = make_profile(bytes);
        const std::string jpeg = read_bytes(path("plain.jpg"));
        std::string segments;
        const std::size_t step = 65519;
        const std::size_t count = (bytes + step - 1) / step;
        for (std::size_t i = 0; i < count; ++i) {
            const std::string piece = made.substr(i * step, step);
            const std::size_t length = piece.size() + 16;
            segments += std::string("\xFF\xE2") + static_cast<char>(length >> 8) +
                        static_cast<char>(length & 0xFF) + std::string("ICC_PROFILE\0", 12) +
                        static_cast<char>(i + 1) + static_cast<char>(count) + piece;
        }
        write_bytes(path("in.jpg"), jpeg.substr(0, 2) + segments + jpeg.substr(2));
        std::string from = "in.jpg";
        for (const char* to : {"a.jpg", "b.png", "c.jpg", "d.tif", "e.jpg", "f.webp", "g.jpg",
                               "h.avif", "i.jpg", "j.heic", "k.png"}) {
            must_pass(from, to);
            EXPECT_TRUE(profile(to) == made) << bytes << " bytes, to " << to;
            from = to;
        }
    }
}

TEST_F(SisrBatchKept, HeicAndAvifKeepWhatTheyTell) {
    SISR_SKIP_WITHOUT_TOOL("exiftool");
    SISR_SKIP_WITHOUT_TOOL("heif-enc");
    make_image("plain.png", 64, 48);
    run_tool({"exiftool", "-q", "-overwrite_original", "-EXIF:Make=Cam", "-XMP-dc:Title=Hill",
              path("plain.png")});
    for (const std::string kind : {"heic", "avif"}) {
        must_enlarge("plain.png", "in." + kind);
        for (const std::string& to :
             {"o." + kind, std::string("o.jpg"), std::string("o.png"), std::string("o.tif"),
              std::string("o.webp"), std::string("o.avif"), std::string("o.heic")}) {
            must_enlarge("in." + kind, to);
            const auto told = tags(to);
            EXPECT_EQ(told.value("IFD0:Make", ""), "Cam") << kind << " to " << to;
            EXPECT_EQ(told.value("XMP-dc:Title", ""), "Hill") << kind << " to " << to;
        }
        const std::string head = read_bytes(path("o." + kind)).substr(0, 400);
        EXPECT_TRUE(contains(head, kind == "avif" ? "av01" : "hvc1")) << kind;
    }
}

TEST_F(SisrBatchKept, HdrKeepsItsDepthAndItsMeaning) {
    SISR_SKIP_WITHOUT_TOOL("exiftool");
    SISR_SKIP_WITHOUT_PYTHON("PIL");
    // A 16-bit PNG that says PQ of BT.2020, and how bright.
    make_image("plain.png", 64, 48);
    WriteOptions deep;
    deep.depth = Depth::u16;
    write_image(path("deep.png"), scene({64, 48, 3, false, Encoding::display}), deep);
    run_python(folder_.path(),
               "import struct, zlib\n"
               "d = open('deep.png', 'rb').read()\n"
               "def chunk(n, b): return struct.pack('>I', len(b)) + n + b + "
               "struct.pack('>I', zlib.crc32(n + b))\n"
               "m = chunk(b'cICP', bytes([9, 16, 0, 1])) + chunk(b'cLLI', bytes(8)) + "
               "chunk(b'mDCV', bytes(24))\n"
               "open('pq.png', 'wb').write(d[:33] + m + d[33:])");
    must_enlarge("pq.png", "o.png");
    const std::string png = read_bytes(path("o.png"));
    for (const char* chunk : {"cICP\x09\x10", "cLLI", "mDCV"}) {
        EXPECT_TRUE(contains(png, chunk)) << chunk;
    }
    for (const std::string kind : {"avif", "heic"}) {
        must_enlarge("pq.png", "o." + kind);
        must_enlarge("o." + kind, "back.png");
        EXPECT_TRUE(contains(read_bytes(path("back.png")), "cICP\x09\x10")) << kind;
        EXPECT_EQ(FileSource(path("o." + kind)).depth(), Depth::u16) << kind;
        EXPECT_EQ(FileSource(path("back.png")).depth(), Depth::u16) << kind;
        EXPECT_LT(max_difference(repeated(repeated(read_image(path("pq.png")))),
                                 read_image(path("back.png"))),
                  0.06)
            << kind;
    }
    for (const char* to : {"o.jpg", "o.webp", "o.tif"}) {
        const CommandResult result = enlarge("pq.png", to);
        EXPECT_EQ(result.exit_code, 1) << to;
        EXPECT_TRUE(contains(result.err, "HDR")) << result.err;
    }
}

TEST_F(SisrBatchKept, DelaysAndLoopsOfAnimations) {
    SISR_SKIP_WITHOUT_PYTHON("PIL");
    make_image("p.png", 24, 16);
    run_python(
        folder_.path(),
        "from PIL import Image\n"
        "b = Image.open('p.png').convert('RGB'); f = [b.rotate(i * 90) for i in range(4)]\n"
        "for loop in (None, 0, 2):\n"
        "    more = {} if loop is None else {'loop': loop}\n"
        "    f[0].save('in%s.gif' % loop, save_all=True, append_images=f[1:],"
        " duration=[20, 50, 1000, 200], **more)\n"
        "f[0].save('in.webp', save_all=True, append_images=f[1:], duration=[20, 50, 1000, 200],"
        " loop=3, lossless=True)\n");
    for (const char* name : {"inNone.gif", "in0.gif", "in2.gif", "in.webp"}) {
        must_enlarge(name, std::string("o-") + name + ".gif");
    }
    run_python(
        folder_.path(),
        "from PIL import Image\n"
        "for n, want in (('inNone.gif', None), ('in0.gif', 0), ('in2.gif', 2), ('in.webp', 3)):\n"
        "    i = Image.open('o-' + n + '.gif'); d = []\n"
        "    for k in range(i.n_frames): i.seek(k); d.append(i.info['duration'])\n"
        "    i.seek(0)\n"
        "    assert i.info.get('loop') == want, (n, i.info.get('loop'))\n"
        "    assert d == [20, 50, 1000, 200], (n, d)\n"
        "    assert i.size == (48, 32), i.size\n");
}

TEST_F(SisrBatchKept, TheTimeOfChangeWhenItIsWanted) {
    make_image("in.png");
    const auto time = fs::file_time_type::clock::now() - std::chrono::hours(24 * 365 * 3);
    fs::last_write_time(path("in.png"), time);
    must_enlarge("in.png", "now.png");
    const CommandResult result = run({path("in.png"), "-o", path("then.png"), "-q", "--keep-time"});
    EXPECT_EQ(result.exit_code, 0) << result.err;
    EXPECT_GT(fs::last_write_time(path("now.png")), time + std::chrono::hours(1));
    EXPECT_EQ(fs::last_write_time(path("then.png")), fs::last_write_time(path("in.png")));
}

TEST_F(SisrBatchKept, GifsKeepFewColoursExactlyAndHoles) {
    Image image({12, 10, 3, true, Encoding::display});
    for (int y = 0; y < 10; ++y) {
        for (int x = 0; x < 12; ++x) {
            image.at(x, y, 0) = static_cast<float>(x * 20) / 255;
            image.at(x, y, 1) = static_cast<float>(y * 25) / 255;
            image.at(x, y, 3) = x < 4 ? 0.0F : 1.0F;
        }
    }
    write_image(path("in.png"), image);
    must_enlarge("in.png", "o.gif");
    const Image made = read_image(path("o.gif"));
    ASSERT_EQ(made.channels(), 4);
    for (int y = 0; y < made.height(); ++y) {
        for (int x = 0; x < made.width(); ++x) {
            const bool is_hole = x < 8;
            ASSERT_EQ(made.at(x, y, 3), is_hole ? 0 : 1) << x << " " << y;
            if (is_hole) continue;
            EXPECT_NEAR(made.at(x, y, 0), image.at(x / 2, y / 2, 0), kExact);
            EXPECT_NEAR(made.at(x, y, 1), image.at(x / 2, y / 2, 1), kExact);
        }
    }
}

TEST_F(SisrBatchKept, ColoursUnderNoAlpha) {
    Image image({40, 30, 3, true, Encoding::display});
    for (int y = 0; y < 30; ++y) {
        for (int x = 0; x < 40; ++x) {
            image.at(x, y, 0) = static_cast<float>(200 - x) / 255;
            image.at(x, y, 1) = static_cast<float>(30 + y) / 255;
            image.at(x, y, 2) = 30.0F / 255;
            image.at(x, y, 3) = x < 20 ? 0.0F : 1.0F;
        }
    }
    for (const char* kind : {"png", "tif", "tga", "webp", "bmp"}) {
        const std::string name = kind;
        WriteOptions options;
        options.quality = 100;
        write_image(path("in." + name), image, options);
        must_enlarge("in." + name, "o-" + name + ".png");
        must_enlarge("in." + name, "o." + name);
        for (const std::string& result : {"o-" + name + ".png", "o." + name}) {
            const Image made = read_image(path(result));
            // Two pixels round what is seen are filled so that no fringe shows.
            for (int y = 0; y < 60; ++y) {
                for (int x = 0; x < 34; ++x) {
                    ASSERT_NEAR(made.at(x, y, 0), image.at(x / 2, y / 2, 0), 0.03) << result;
                    ASSERT_EQ(made.at(x, y, 3), 0) << result;
                }
            }
        }
    }
}

TEST_F(SisrBatchKept, TextsAndCommentsCrossFormats) {
    SISR_SKIP_WITHOUT_TOOL("exiftool");
    SISR_SKIP_WITHOUT_PYTHON("PIL");
    make_image("p.png", 24, 16);
    make_image("c.jpg", 24, 16);
    run_python(
        folder_.path(),
        "from PIL import Image, PngImagePlugin\n"
        "i = PngImagePlugin.PngInfo()\n"
        "i.add_text('parameters', 'a tree, Steps: 40'); i.add_text('Title', 'Hill & <dale>')\n"
        "i.add_text('Packed', 'packed text', zip=True); i.add_itxt('Gru\\u00dfe', '\\u00fcber')\n"
        "Image.open('p.png').save('txt.png', pnginfo=i)\n");
    run_tool({"exiftool", "-q", "-overwrite_original", "-Comment=hello", path("c.jpg")});
    for (const char* to : {"o.jpg", "o.tif", "o.webp", "o.avif"}) {
        must_enlarge("txt.png", to);
        const std::string told = tags(to).dump();
        for (const char* text : {"a tree, Steps: 40", "Hill & <dale>", "packed text", "über"}) {
            EXPECT_TRUE(contains(told, text)) << text << " in " << to << ": " << told;
        }
    }
    for (const char* to : {"c.png", "c.tif", "c.webp", "c.avif"}) {
        must_enlarge("c.jpg", to);
        EXPECT_TRUE(contains(tags(to).dump(), "\"hello\"")) << to;
    }
    must_enlarge("c.jpg", "c.gif");
    EXPECT_TRUE(contains(read_bytes(path("c.gif")), "hello"));
}

TEST_F(SisrBatchKept, FramesThatAreNotReadAreTold) {
    make_image("a.png", 24, 20);
    const std::string told = " pages or frames; only the first is done";
    // "acTL" announces two frames, right behind the head; the second need not be there.
    const std::string png = read_bytes(path("a.png"));
    const std::string control(
        "\0\0\0\x08"
        "acTL\0\0\0\2\0\0\0\0\xF3\x8D\x93\x70",
        20);
    write_bytes(path("animated.png"), png.substr(0, 33) + control + png.substr(33));
    const CommandResult animated = enlarge("animated.png", "o.png");
    EXPECT_EQ(animated.exit_code, 0);
    EXPECT_TRUE(contains(animated.err, "has 2" + told)) << animated.err;
    EXPECT_FALSE(contains(enlarge("a.png", "b.png").err, told));

    SISR_SKIP_WITHOUT_TOOL("avifenc");
    run_tool({"avifenc", "--speed", "10", path("a.png"), path("a.png"), path("a.png"),
              path("film.avif")});
    const CommandResult film = enlarge("film.avif", "film.png");
    EXPECT_EQ(film.exit_code, 0) << film.err;
    EXPECT_TRUE(contains(film.err, "has 3" + told)) << film.err;
    run_tool({"avifenc", "--speed", "10", path("a.png"), path("one.avif")});
    EXPECT_FALSE(contains(enlarge("one.avif", "one.png").err, told));
}

TEST_F(SisrBatchKept, WhatIsLeftOutIsToldAndNotAnnounced) {
    SISR_SKIP_WITHOUT_TOOL("exiftool");
    struct Row {
        const char* xmp;
        const char* told;
    };
    const Row rows[] = {
        {"xmlns:hdrgm='http://ns.adobe.com/hdr-gain-map/1.0/' hdrgm:Version='1.0'", "gain map"},
        {"xmlns:G='http://ns.google.com/photos/1.0/camera/' G:MotionPhoto='1' G:Other='7'",
         "motion photo"},
        {"xmlns:GCamera='http://ns.google.com/photos/1.0/camera/' GCamera:MicroVideo='1'",
         "motion photo"},
    };
    make_image("plain.jpg");
    const std::string jpeg = read_bytes(path("plain.jpg"));
    for (const Row& row : rows) {
        const std::string packet =
            std::string("http://ns.adobe.com/xap/1.0/\0", 29) +
            "<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF "
            "xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'><rdf:Description "
            "rdf:about='' xmlns:dc='http://purl.org/dc/elements/1.1/' dc:source='kept' " +
            row.xmp + "/></rdf:RDF></x:xmpmeta>";
        const std::size_t length = packet.size() + 2;
        write_bytes(path("in.jpg"), jpeg.substr(0, 2) + "\xFF\xE1" +
                                        static_cast<char>(length >> 8) +
                                        static_cast<char>(length & 0xFF) + packet + jpeg.substr(2) +
                                        "a second picture");
        for (const char* to : {"o.jpg", "o.png", "o.webp", "o.tif"}) {
            const CommandResult result = enlarge("in.jpg", to);
            EXPECT_EQ(result.exit_code, 0) << result.err;
            EXPECT_TRUE(contains(result.err, row.told)) << result.err;
            const std::string made = read_bytes(path(to));
            for (const char* name : {"Version=", "MotionPhoto", "MicroVideo"}) {
                EXPECT_FALSE(contains(made, name)) << name << " in " << to;
            }
            EXPECT_TRUE(contains(made, "kept")) << to;
        }
    }
    const std::string mpf("MPF\0II*\0\x08\0\0\0\0\0\0\0\0\0", 18);
    write_bytes(path("in.jpg"),
                jpeg.substr(0, 2) + std::string("\xFF\xE2\0\x14", 4) + mpf + jpeg.substr(2));
    const CommandResult result = enlarge("in.jpg", "o.jpg");
    EXPECT_TRUE(contains(result.err, "further pictures")) << result.err;
    EXPECT_FALSE(contains(read_bytes(path("o.jpg")), "MPF"));
}

}  // namespace
}  // namespace sisr::test
