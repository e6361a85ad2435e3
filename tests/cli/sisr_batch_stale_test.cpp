/// Results of earlier runs with other options: told, never silently taken for this run's.
#include "sisr_batch_fixture.h"

#include <sys/xattr.h>

namespace sisr::test {
namespace {

namespace fs = std::filesystem;

class SisrBatchStale : public SisrBatch {
protected:
    void SetUp() override {
        SisrBatch::SetUp();
        write_repeating_model(folder_ / "models/other-x2.safetensors", kScale, true, 0.01F);
    }

    bool has_attributes() const {
        write_bytes(folder_ / "probe", "x");
        return ::setxattr((folder_ / "probe").c_str(), "user.sisr.made", "x", 1, 0) == 0;
    }

    /// The line about one result.
    std::string told_of(const std::string& name) const {
        return "skipped: " + path(name) + " was made with other options; --existing overwrite";
    }
};

TEST_F(SisrBatchStale, ASecondRunWithOtherOptionsSaysSo) {
    if (!has_attributes()) GTEST_SKIP() << "this file system has no extended attributes";
    for (const std::string name :
         {"png", "jpg", "tif", "webp", "gif", "bmp", "ppm", "exr", "tga"}) {
        make_image("in/a.png");
        const std::string result = "out/a." + name;
        ASSERT_EQ(run({path("in/a.png"), "-o", path(result)}).exit_code, 0) << name;
        const std::string before = read_bytes(folder_ / result);
        const auto again = [&](const std::vector<std::string>& more) {
            std::vector<std::string> words{path("in/a.png"), "-o", path(result)};
            words.insert(words.end(), more.begin(), more.end());
            const CommandResult second = run(words);
            EXPECT_EQ(second.exit_code, 0) << name << second.err;
            EXPECT_TRUE(contains(second.err, "0 done, 1 skipped")) << name << second.err;
            EXPECT_EQ(read_bytes(folder_ / result), before) << name;
            return contains(second.err, told_of(result));
        };
        EXPECT_FALSE(again({})) << name;
        EXPECT_FALSE(again({"--scale", "2", "--tile", "16"})) << name;  // the same result
        EXPECT_TRUE(again({"--scale", "1.5"})) << name;
        EXPECT_TRUE(again({"--width", "18"})) << name;  // told by another option, if of this size
        EXPECT_TRUE(again({"--quality", "30"})) << name;
        EXPECT_TRUE(again({"--tta"})) << name;
        EXPECT_TRUE(again({"--no-color-lock"})) << name;
        EXPECT_TRUE(again({"--strip-metadata"})) << name;
        const CommandResult other =
            run_plain({path("in/a.png"), "-o", path(result), "-m", "other", "-t", "1"});
        EXPECT_TRUE(contains(other.err, told_of(result))) << other.err;
    }
}

TEST_F(SisrBatchStale, WhereNothingIsRememberedTheSizeTells) {
    make_image("in/a.png");
    make_image("in/b.png");
    ASSERT_EQ(run({path("in"), "-o", path("out")}).exit_code, 0);
    for (const char* name : {"out/a.png", "out/b.png"}) {
        ::removexattr((folder_ / name).c_str(), "user.sisr.made");
    }
    EXPECT_FALSE(contains(run({path("in"), "-o", path("out")}).err, "other options"));
    const CommandResult second = run({path("in"), "-o", path("out"), "-s", "3"});
    EXPECT_EQ(second.exit_code, 0);
    EXPECT_TRUE(contains(second.err, told_of("out/a.png"))) << second.err;
    EXPECT_TRUE(contains(second.err, told_of("out/b.png"))) << second.err;
}

TEST_F(SisrBatchStale, AnInputThatWasChangedSince) {
    if (!has_attributes()) GTEST_SKIP() << "this file system has no extended attributes";
    make_image("in/a.png");
    ASSERT_EQ(run({path("in"), "-o", path("out")}).exit_code, 0);
    write_image(folder_ / "in/a.png", quantised(random_rgb(9, 7)));
    const CommandResult second = run({path("in"), "-o", path("out")});
    EXPECT_EQ(second.exit_code, 0);
    EXPECT_TRUE(contains(second.err, "skipped: " + path("out/a.png") + " was made before " +
                                         path("in/a.png") + " was changed"))
        << second.err;
    // A retrained model under the same name.
    ASSERT_EQ(run({path("in"), "-o", path("out"), "--existing", "overwrite"}).exit_code, 0);
    write_repeating_model(folder_ / "models/repeat-x2.safetensors", kScale, true, 0.02F);
    EXPECT_TRUE(contains(run({path("in"), "-o", path("out")}).err, told_of("out/a.png")));
}

TEST_F(SisrBatchStale, ManyAreOneLine) {
    for (int i = 0; i < 6; ++i) make_image("in/" + std::to_string(i) + ".png");
    ASSERT_EQ(run({path("in"), "-o", path("out")}).exit_code, 0);
    const CommandResult second =
        run({path("in"), "-o", path("out"), "-s", "1", "--report", path("r.json")});
    EXPECT_EQ(second.exit_code, 0);
    EXPECT_EQ(second.error_lines(), 2U) << second.err;
    EXPECT_TRUE(contains(second.err, "skipped: 6 results were made with other options"))
        << second.err;
    EXPECT_TRUE(contains(read_bytes(folder_ / "r.json"), "made with other options"));
    EXPECT_EQ(run({path("in"), "-o", path("out"), "-s", "1", "-q"}).err, "");
    const CommandResult anew =
        run({path("in"), "-o", path("out"), "-s", "1", "--existing", "overwrite"});
    EXPECT_TRUE(contains(anew.err, "6 done, 0 skipped")) << anew.err;
    EXPECT_EQ(read_image(folder_ / "out/0.png").width(), 9);
    EXPECT_EQ(run({path("in"), "-o", path("out"), "-s", "1"}).error_lines(), 1U);
}

}  // namespace
}  // namespace sisr::test
