/// What a format cannot hold is told before any work, and ends nothing else.
#include "sisr_batch_fixture.h"
#include "support/tools.h"

#include <nlohmann/json.hpp>

namespace sisr::test {
namespace {

namespace fs = std::filesystem;

class SisrBatchLimits : public SisrBatch {
protected:
    /// A file that claims this size, made a pixel high or wide so that it costs nothing.
    void make_strip(const std::string& name, int width, int height) {
        make_image(name, width, height);
    }
};

struct Limit {
    const char* extension;
    int most;
    const char* other;  ///< named by the line
};

const Limit kLimits[] = {
    {"jpg", 65500, "PNG"},  {"gif", 65535, "PNG"},  {"tga", 65535, "PNG"},
    {"sgi", 65535, "PNG"},  {"webp", 16383, "PNG"}, {"heic", 16384, "PNG"},
    {"avif", 32768, "PNG"}, {"rla", 32767, "PNG"},  {"png", 1'000'000, "TIFF"},
};

TEST_F(SisrBatchLimits, EachSideOfEachFormat) {
    for (const Limit& limit : kLimits) {
        for (const bool is_tall : {false, true}) {
            const int long_side = limit.most / kScale + 1;
            const std::string name = is_tall ? "tall.tif" : "wide.tif";
            make_strip(name, is_tall ? 1 : long_side, is_tall ? long_side : 1);
            const std::string output = path(std::string("out.") + limit.extension);
            const CommandResult result = run({path(name), "-o", output, "-q"});
            EXPECT_EQ(result.exit_code, 1) << output;
            EXPECT_EQ(result.error_lines(), 1U) << result.err;
            EXPECT_TRUE(contains(result.err, std::to_string(limit.most))) << result.err;
            EXPECT_TRUE(contains(result.err, std::string(limit.other) + " ")) << result.err;
            EXPECT_TRUE(contains(result.err, name)) << result.err;
            EXPECT_FALSE(fs::exists(output));
        }
    }
}

TEST_F(SisrBatchLimits, TheLargestThatAFormatHoldsIsWhole) {
    for (const auto& [extension, side] : {std::pair{"jpg", 65500},
                                          {"gif", 65534},
                                          {"tga", 65534},
                                          {"sgi", 65534},
                                          {"webp", 16382},
                                          {"bmp", 65534},
                                          {"tif", 70000},
                                          {"ppm", 65534}}) {
        for (const bool is_tall : {false, true}) {
            const Size small = is_tall ? Size{1, side / kScale} : Size{side / kScale, 1};
            make_strip("in.ppm", small.width, small.height);
            const std::string output = path(std::string("out.") + extension);
            const CommandResult result =
                run({path("in.ppm"), "-o", output, "-q", "--existing", "overwrite"});
            ASSERT_EQ(result.exit_code, 0) << output << " " << result.err;
            const Size made = FileSource(output).shape().size();
            EXPECT_EQ(made.width, small.width * kScale) << output;
            EXPECT_EQ(made.height, small.height * kScale) << output;
        }
    }
}

TEST_F(SisrBatchLimits, HeicOfEveryShapeIsWholeOrToldBefore) {
    for (const Size small : {Size{2050, 8},
                             {8, 2050},
                             {2048, 8},
                             {8, 2048},
                             {4100, 16},
                             {1, 1},
                             {2, 100},
                             {8192, 16},
                             {16, 8192}}) {
        make_image("in.ppm", small.width, small.height);
        const CommandResult result =
            run({path("in.ppm"), "-o", path("o.heic"), "-q", "--existing", "overwrite"});
        const std::string what = std::to_string(small.width) + "x" + std::to_string(small.height);
        if (std::min(small.width, small.height) < 16 &&
            std::max(small.width, small.height) > 2048) {
            EXPECT_EQ(result.exit_code, 1) << what;
            EXPECT_TRUE(contains(result.err, "HEIC files of less than 32")) << result.err;
            continue;
        }
        ASSERT_EQ(result.exit_code, 0) << what << ": " << result.err;
        EXPECT_EQ(FileSource(path("o.heic")).shape().width, small.width * kScale) << what;
    }
}

TEST_F(SisrBatchLimits, OneOfThreeIsTooWide) {
    make_image("in/a.jpg");
    make_strip("in/b.jpg", 65500 / kScale + 1, 2);
    make_image("in/c.jpg");
    const CommandResult result =
        run({path("in"), "-o", path("out"), "--report", path("report.json"), "-q"});
    EXPECT_EQ(result.exit_code, 1);
    EXPECT_EQ(result.error_lines(), 1U) << result.err;
    EXPECT_EQ(names_in("out"), (Names{"a.jpg", "c.jpg"}));
    const auto report = nlohmann::json::parse(read_bytes(path("report.json")));
    EXPECT_EQ(report["counts"]["done"], 2);
    EXPECT_EQ(report["counts"]["failed"], 1);
}

TEST_F(SisrBatchLimits, ADryRunTellsToo) {
    make_strip("wide.ppm", 40000, 1);
    const CommandResult result = run({path("wide.ppm"), "-o", path("o.jpg"), "--dry-run"});
    EXPECT_EQ(result.exit_code, 1);
    EXPECT_TRUE(contains(result.err, "65500")) << result.err;
}

/// A run in little memory, which may fail but must say so.
TEST_F(SisrBatchLimits, LittleMemoryEndsInLinesAndAReport) {
    for (const char* extension : {"png", "jpg", "tif", "exr", "webp", "gif", "heic", "avif"}) {
        make_image(std::string("in/picture.") + extension, 300, 200);
    }
    for (const std::size_t megabytes : {300, 500, 600, 650, 700, 750, 800, 850, 900, 1000}) {
        for (const char* threads : {"1", "4"}) {
            fs::remove_all(path("out"));
            fs::remove(path("report.json"));
            CommandOptions options = command_options();
            options.memory_limit = megabytes << 20;
            const CommandResult result =
                run_command(command({path("in"), "-o", path("out"), "-q", "-m", "repeat", "-t",
                                     threads, "--report", path("report.json")}),
                            options);
            const std::string what = std::to_string(megabytes) + " MB: " + result.err;
            // Not even loaded, says the loader; or told by us.
            const bool is_loaded = !contains(result.err, "error while loading");
            if (!is_loaded) continue;
            EXPECT_LE(result.exit_code, 2) << what;
            EXPECT_FALSE(contains(result.err, "terminate called")) << what;
            EXPECT_EQ(result.exit_code == 0, result.err.empty()) << what;
            // Before any file: the program's libraries, or the model.
            if (result.exit_code == 2 || contains(result.err, "cannot start")) continue;
            EXPECT_TRUE(fs::exists(path("report.json"))) << what;
        }
    }
}

/// Programs below us that call exit(), abort() or fall over: here a function of libjpeg does.
class LibraryThatEnds : public SisrBatchLimits,
                        public ::testing::WithParamInterface<const char*> {};

TEST_P(LibraryThatEnds, IsToldAndReported) {
    SISR_SKIP_WITHOUT_TOOL("cc");
    write_bytes(path("end.c"), std::string("#include <signal.h>\n#include <stdlib.h>\n"
                                           "void jpeg_set_defaults(void* any) { (void)any; ") +
                                   GetParam() + "; }\n");
    run_tool({"cc", "-shared", "-fPIC", "-o", path("end.so"), path("end.c")});
    make_image("in/a.png");
    make_image("in/b.jpg");
    make_image("in/c.png");
    CommandOptions options = command_options();
    options.environment.emplace_back("LD_PRELOAD", path("end.so"));
    const CommandResult result = run_command(
        command(with_model({path("in"), "-o", path("out"), "-q", "--report", path("r.json")})),
        options);
    EXPECT_EQ(result.exit_code, 1) << result.err;
    EXPECT_TRUE(contains(result.err, "b.jpg: a library")) << result.err;
    EXPECT_EQ(names_in("out"), (Names{"a.png"}));
    const auto report = nlohmann::json::parse(read_bytes(path("r.json")));
    EXPECT_EQ(report["counts"]["done"], 1);
    EXPECT_EQ(report["counts"]["failed"], 1);
    EXPECT_EQ(report["interrupted"], true);
}

INSTANTIATE_TEST_SUITE_P(SisrBatchLimits, LibraryThatEnds,
                         ::testing::Values("exit(1)", "abort()", "raise(SIGSEGV)"));

}  // namespace
}  // namespace sisr::test
