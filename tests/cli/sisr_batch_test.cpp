#include "sisr_batch_fixture.h"

#include "files/file_metadata.h"
#include "support/image_spec_file.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <sstream>

namespace sisr::test {
namespace {

namespace fs = std::filesystem;

TEST_F(SisrBatch, EnlargesAFolder) {
    const Image a = make_image("in/a.png");
    const Image b = make_image("in/b.tif", 1, 1);
    make_image("in/sub/c.png");
    write_bytes(folder_ / "in/notes.txt", "no image");
    const CommandResult result = run({path("in"), "-o", path("out")});
    EXPECT_EQ(result.exit_code, 0) << result.err;
    EXPECT_EQ(names_in("out"), (Names{"a.png", "b.tif"}));
    EXPECT_LT(max_difference(read_image(folder_ / "out/a.png"), repeated(a)), kExact);
    EXPECT_LT(max_difference(read_image(folder_ / "out/b.tif"), repeated(b)), kExact);
    EXPECT_EQ(result.out, "");
    EXPECT_TRUE(contains(result.err, "a.png -> " + path("out/a.png") + " 18x14\n")) << result.err;
    EXPECT_TRUE(contains(result.err, "2 done, 0 skipped, 0 failed")) << result.err;
}

TEST_F(SisrBatch, EntersSubFoldersAndKeepsTheTree) {
    make_image("in/a.png");
    make_image("in/x/y/c.png");
    const CommandResult result = run({path("in"), "-r", "-o", path("deep/out"), "-f", "tif"});
    EXPECT_EQ(result.exit_code, 0) << result.err;
    EXPECT_EQ(names_in("deep/out"), (Names{"a.tif", "x"}));
    EXPECT_EQ(names_in("deep/out/x/y"), Names{"c.tif"});
}

TEST_F(SisrBatch, OneFileToOneFile) {
    const Image a = make_image("in/a.png");
    const CommandResult result = run({path("in/a.png"), "-o", path("new/big.tif")});
    EXPECT_EQ(result.exit_code, 0) << result.err;
    EXPECT_EQ(names_in("new"), Names{"big.tif"});
    EXPECT_LT(max_difference(read_image(folder_ / "new/big.tif"), repeated(a)), kExact);
}

TEST_F(SisrBatch, TellsPercentsToPrograms) {
    make_image("in/a.png", 40, 40);
    make_image("in/b.png", 40, 40);
    const CommandResult result =
        run({path("in"), "-o", path("out"), "--tile", "8", "--progress", "--quiet"});
    EXPECT_EQ(result.exit_code, 0) << result.err;
    std::istringstream lines(result.out);
    std::string word;
    int percent = -1;
    int count = 0;
    for (int last = -1; lines >> word >> percent; last = percent, ++count) {
        EXPECT_EQ(word, "percent");
        EXPECT_GT(percent, last);
    }
    EXPECT_EQ(percent, 100);
    EXPECT_GE(count, 4) << result.out;
}

TEST_F(SisrBatch, ScalesAndTiles) {
    make_image("in/a.png", 31, 17);
    for (const auto& [scale, size] :
         {std::pair("1", Size{31, 17}), {"1.5", {47, 26}}, {"2", {62, 34}}, {"3.25", {101, 55}}}) {
        const std::string out = path(std::string("s") + scale);
        EXPECT_EQ(run({path("in"), "-o", out, "-s", scale, "--tile", "8"}).exit_code, 0);
        EXPECT_EQ(read_image(out + "/a.png").shape().size(), size) << scale;
    }
    EXPECT_EQ(run({path("in"), "-o", path("t"), "--tile", "5", "--memory", "64"}).exit_code, 0);
    EXPECT_EQ(run({path("in"), "-o", path("u"), "--tile", "auto"}).exit_code, 0);
    EXPECT_EQ(read_bytes(folder_ / "t/a.png"), read_bytes(folder_ / "u/a.png"));
}

TEST_F(SisrBatch, DepthGreyAndAlphaComeThrough) {
    struct Case {
        const char* name;
        int colour_channels;
        bool has_alpha;
        Depth depth;
    };
    const Case kCases[] = {
        {"grey8.png", 1, false, Depth::u8},  {"grey16.png", 1, false, Depth::u16},
        {"greya.png", 1, true, Depth::u8},   {"rgba8.png", 3, true, Depth::u8},
        {"rgba16.tif", 3, true, Depth::u16}, {"rgb16.png", 3, false, Depth::u16},
        {"half.exr", 3, false, Depth::half}, {"float.tif", 3, false, Depth::f32},
        {"rgba.exr", 3, true, Depth::f32}};
    for (const Case& c : kCases) {
        const Encoding encoding =
            fs::path(c.name).extension() == ".exr" ? Encoding::linear : Encoding::display;
        Image image = quantised(scene({13, 8, c.colour_channels, c.has_alpha, encoding}), 65535);
        if (c.has_alpha) {
            for (int y = 0; y < 8; ++y) {
                for (int x = 0; x < 13; ++x) image.at(x, y, c.colour_channels) = 1;
            }
        }
        WriteOptions options;
        options.depth = c.depth;
        write_image(folder_ / "in" / c.name, image, options);
    }
    const CommandResult result = run({path("in"), "-o", path("out")});
    EXPECT_EQ(result.exit_code, 0) << result.err;
    for (const Case& c : kCases) {
        const FileSource source(folder_ / "out" / c.name);
        EXPECT_EQ(source.shape().colour_channels, c.colour_channels) << c.name;
        EXPECT_EQ(source.shape().has_alpha, c.has_alpha) << c.name;
        EXPECT_EQ(source.depth(), c.depth) << c.name;
        // Linear light goes through the display encoding and back.
        EXPECT_LT(max_difference(read_image(folder_ / "out" / c.name),
                                 repeated(read_image(folder_ / "in" / c.name))),
                  1e-3)
            << c.name;
    }
    EXPECT_EQ(run({path("in/rgb16.png"), "-o", path("eight"), "--depth", "8"}).exit_code, 0);
    EXPECT_EQ(FileSource(folder_ / "eight/rgb16.png").depth(), Depth::u8);
    EXPECT_EQ(run({path("in/grey8.png"), "-o", path("wide"), "--depth", "16"}).exit_code, 0);
    EXPECT_EQ(FileSource(folder_ / "wide/grey8.png").depth(), Depth::u16);
}

TEST_F(SisrBatch, QualityOfLossyFiles) {
    make_image("in/a.png", 90, 70);
    EXPECT_EQ(run({path("in"), "-o", path("low"), "-f", "jpg", "--quality", "20"}).exit_code, 0);
    EXPECT_EQ(run({path("in"), "-o", path("high"), "-f", "jpg", "--quality", "98"}).exit_code, 0);
    EXPECT_LT(2 * fs::file_size(folder_ / "low/a.jpg"), fs::file_size(folder_ / "high/a.jpg"));
}

TEST_F(SisrBatch, MetadataIsKeptOrStripped) {
    const auto description = [this](const std::string& file) {
        return read_image(folder_ / file).metadata->attributes.get_string("ImageDescription");
    };
    OIIO::ImageSpec spec(8, 8, 3, OIIO::TypeDesc::UINT8);
    spec.attribute("ImageDescription", "a boat");
    const std::vector<float> grey(8 * 8 * 3, 0.35F);
    ASSERT_NO_FATAL_FAILURE(write_with_spec(path("in/a.jpg"), spec, grey));

    EXPECT_EQ(run({path("in"), "-o", path("kept")}).exit_code, 0);
    EXPECT_EQ(run({path("in"), "-o", path("bare"), "--strip-metadata"}).exit_code, 0);
    EXPECT_EQ(description("kept/a.jpg"), "a boat");
    EXPECT_EQ(description("bare/a.jpg"), "");
}

TEST_F(SisrBatch, WhatExistsIsSkippedReplacedOrAnError) {
    const Image a = make_image("in/a.png");
    make_image("in/b.png");
    fs::create_directory(folder_ / "out");
    write_bytes(folder_ / "out/a.png", "older");
    CommandResult result = run({path("in"), "-o", path("out")});
    EXPECT_EQ(result.exit_code, 0);
    EXPECT_TRUE(contains(result.err, "1 done, 1 skipped, 0 failed")) << result.err;
    EXPECT_EQ(read_bytes(folder_ / "out/a.png"), "older");

    result = run({path("in"), "-o", path("out"), "--existing", "error", "-q"});
    EXPECT_EQ(result.exit_code, 1);
    EXPECT_EQ(result.err, "sisr-batch: " + path("out/a.png") + ": exists already\n" +
                              "sisr-batch: " + path("out/b.png") + ": exists already\n");
    EXPECT_EQ(read_bytes(folder_ / "out/a.png"), "older");

    result = run({path("in"), "-o", path("out"), "--existing", "overwrite"});
    EXPECT_EQ(result.exit_code, 0) << result.err;
    EXPECT_LT(max_difference(read_image(folder_ / "out/a.png"), repeated(a)), kExact);
    EXPECT_EQ(names_in("out"), (Names{"a.png", "b.png"}));
}

TEST_F(SisrBatch, TheOutputFolderInsideTheInputFolder) {
    make_image("in/a.png");
    make_image("in/sub/b.png");
    for (int i = 0; i < 2; ++i) {
        const CommandResult result =
            run({path("in"), "-r", "-o", path("in/large"), "--existing", "overwrite"});
        EXPECT_EQ(result.exit_code, 0);
        EXPECT_TRUE(contains(result.err, "2 done, 0 skipped, 0 failed")) << result.err;
        EXPECT_EQ(names_in("in/large"), (Names{"a.png", "sub"}));
    }
}

TEST_F(SisrBatch, ResultsBesideTheirInputs) {
    make_image("in/a.png");
    for (const char* count : {"1 done, 0 skipped", "0 done, 1 skipped"}) {
        const CommandResult result = run({path("in"), "-o", path("in"), "--suffix", "_x2"});
        EXPECT_EQ(result.exit_code, 0);
        EXPECT_TRUE(contains(result.err, count)) << result.err;
    }
    EXPECT_EQ(names_in("in"), (Names{"a.png", "a_x2.png"}));
}

TEST_F(SisrBatch, CollisionsAreTold) {
    make_image("in/a.jpg");
    make_image("in/a.png");
    const CommandResult result = run({path("in"), "-o", path("out"), "-f", "webp"});
    EXPECT_EQ(result.exit_code, 0);
    EXPECT_EQ(names_in("out"), (Names{"a.webp", "a.png.webp"}));
    EXPECT_TRUE(contains(result.err, "a.png: the result is named " + path("out/a.png.webp")))
        << result.err;
}

TEST_F(SisrBatch, ADryRunTellsAndWritesNothing) {
    make_image("in/a.png", 10, 20);
    write_bytes(folder_ / "in/b.png", "no image");
    const CommandResult result = run({path("in"), "-o", path("out"), "--dry-run", "-s", "3"});
    EXPECT_EQ(result.exit_code, 1);
    EXPECT_EQ(result.out, path("in/a.png") + " -> " + path("out/a.png") + " 30x60\n");
    EXPECT_EQ(result.error_lines(), 1U) << result.err;
    EXPECT_FALSE(fs::exists(folder_ / "out"));
}

TEST_F(SisrBatch, NamesOfAllKinds) {
    const Names names{"with space.png", "\xC3\xA4\xE6\x97\xA5.png",
                      "two\nlines.png", "caf\xE9.png",
                      "-s.png",         "50%d.png",
                      "'quote\".png",   "a.b.c.png"};
    for (const std::string& name : names) make_image("in/" + name);
    const CommandResult result = run({path("in"), "-o", path("o u t")});
    EXPECT_EQ(result.exit_code, 0) << result.err;
    EXPECT_EQ(names_in("o u t"), names);
    EXPECT_EQ(result.error_lines(), names.size() + 1) << result.err;
    EXPECT_TRUE(contains(result.err, "two\\nlines.png")) << result.err;
    EXPECT_TRUE(contains(result.err, "caf\\xe9.png")) << result.err;
}

TEST_F(SisrBatch, QuietAndVerbose) {
    make_image("in/a.png");
    const CommandResult quiet = run({path("in"), "-o", path("q"), "-q"});
    EXPECT_EQ(quiet.out + quiet.err, "");
    const CommandResult verbose = run({path("in"), "-o", path("v"), "-v"});
    EXPECT_TRUE(contains(verbose.err, "sisr-batch: cpu, 1 thread, fp32\n")) << verbose.err;
    EXPECT_TRUE(contains(verbose.err, "18x14")) << verbose.err;
}

TEST_F(SisrBatch, ListsTheModels) {
    write_bytes(folder_ / "models/broken-x4.safetensors", "rubbish");
    const CommandResult result = run_plain({"--list-models"});
    EXPECT_EQ(result.exit_code, 0) << result.err;
    EXPECT_EQ(result.err, "");
    EXPECT_EQ(result.out.rfind("name ", 0), 0U) << result.out;
    const auto line = result.out.find("\nrepeat-x2 ");
    ASSERT_NE(line, std::string::npos) << result.out;
    EXPECT_TRUE(contains(result.out.substr(line), "srresnet")) << result.out;
    EXPECT_FALSE(contains(result.out, "broken")) << result.out;

    const CommandResult listed = run_plain({"--list-models", "--json"});
    const auto json = nlohmann::json::parse(listed.out);
    const auto entry = std::find_if(json.begin(), json.end(),
                                    [](const auto& model) { return model["name"] == "repeat-x2"; });
    ASSERT_NE(entry, json.end()) << listed.out;
    EXPECT_EQ((*entry)["scale"], 2);
    EXPECT_EQ((*entry)["architecture"], "srresnet");
    EXPECT_EQ((*entry)["tiles"], "exact");
    EXPECT_EQ((*entry)["path"], (folder_ / "models/repeat-x2.safetensors").string());
    EXPECT_EQ(run_plain({"--json"}).exit_code, 2);
}

TEST_F(SisrBatch, HelpAndVersionGoToStdout) {
    for (const char* option : {"--help", "-h", "--version"}) {
        const CommandResult result = run_plain({option});
        EXPECT_EQ(result.exit_code, 0);
        EXPECT_EQ(result.err, "");
        EXPECT_TRUE(contains(result.out, "sisr-batch")) << result.out;
    }
}

}  // namespace
}  // namespace sisr::test
