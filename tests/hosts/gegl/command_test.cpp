/// The real gegl command on files, and what it does when something is wrong.
#include "support/images.h"
#include "support/plain_model.h"
#include "support/run_command.h"

#include <sisr/image_file.h>

#include <gtest/gtest.h>

namespace sisr::test {
namespace {

constexpr const char* kGegl = "/usr/bin/gegl";

class Command : public testing::Test {
protected:
    void SetUp() override {
        if (::access(kGegl, X_OK) != 0) GTEST_SKIP() << "there is no " << kGegl;
        write_image(path("in.png"), scene({30, 22, 3, false, Encoding::display}));
    }

    std::string path(const std::string& name) const { return (folder_ / name).string(); }

    /// in.png to out.png through sisr:upscale; `limit_kb` of address space, 0 for no limit.
    CommandResult gegl(const std::vector<std::string>& properties, CommandOptions options = {},
                       long limit_kb = 0) const {
        options.environment.insert(options.environment.begin(),
                                   {{"GEGL_PATH", SISR_GEGL_PATH}, {"HOME", path("home")}});
        std::string script = "exec \"$0\" \"$@\"";
        if (limit_kb > 0) script = "ulimit -v " + std::to_string(limit_kb) + "; " + script;
        std::vector<std::string> words{"/bin/sh",       "-c",           script,
                                       kGegl,           path("in.png"), "-o",
                                       path("out.png"), "--",           "sisr:upscale"};
        words.insert(words.end(), properties.begin(), properties.end());
        return run_command(words, options);
    }

    static std::string message(const CommandResult& result) {
        const auto begin = result.err.find("sisr:upscale: ");
        return begin == std::string::npos
                   ? ""
                   : result.err.substr(begin, result.err.find('\n', begin) - begin);
    }

    /// The host lived, the reason was told, and nothing looks as if it were done.
    void expect_failure(const CommandResult& result, const std::string& reason) const {
        EXPECT_EQ(result.exit_code, 0) << result.err;  // the command's own way
        EXPECT_NE(message(result).find(reason), std::string::npos) << result.err;
        const Image out = read_image(path("out.png"));
        const auto& samples = out.samples();
        EXPECT_EQ(*std::max_element(samples.begin(), samples.end()), 0);
    }

    TempDir folder_;
};

TEST_F(Command, MakesThePictureOfSisrBatch) {
    CommandOptions threads;
    threads.environment = {{"GEGL_THREADS", "4"}};
    const CommandResult result = gegl({"scale=4"}, threads);
    EXPECT_EQ(result.exit_code, 0) << result.err;
    EXPECT_EQ(message(result), "");
    const CommandResult batch =
        run_command({SISR_BATCH_PATH, path("in.png"), "-o", path("batch.png"), "--scale", "4"});
    EXPECT_EQ(batch.exit_code, 0) << batch.err;
    EXPECT_LE(max_difference(read_image(path("out.png")), read_image(path("batch.png"))),
              1.0 / 255);
}

// One of others, by the name of its file in the user's folder.
TEST_F(Command, AnothersModelFromTheUsersFolder) {
    const auto models = folder_ / "data/sisr/models";
    std::filesystem::create_directories(models);
    write_esrgan_model(models / "4x-tiny.safetensors");
    CommandOptions options;
    options.environment = {{"XDG_DATA_HOME", path("data")}};
    const CommandResult result = gegl({"model=4x-tiny", "scale=4"}, options);
    EXPECT_EQ(message(result), "");
    const CommandResult batch = run_command(
        {SISR_BATCH_PATH, path("in.png"), "-o", path("batch.png"), "-m", "4x-tiny"}, options);
    EXPECT_EQ(batch.exit_code, 0) << batch.err;
    const Image ours = read_image(path("out.png"));
    EXPECT_LE(max_difference(ours, read_image(path("batch.png"))), 1.0 / 255);
    EXPECT_GT(mean_difference(ours, quantised(ours, 3)), 1e-3) << "is flat";
}

TEST_F(Command, MissingCoreLibrary) {
    CommandOptions options;
    options.environment = {{"SISR_LIBRARY", path("libsisr.so.0")}};
    expect_failure(gegl({}, options), path("libsisr.so.0"));
}

TEST_F(Command, CoreLibraryNotInstalled) {
    // A copy of the module alone, with nothing of ours near it.
    std::filesystem::create_directories(folder_ / "a/b/c/d/e");
    std::filesystem::copy_file(SISR_GEGL_MODULE, folder_ / "a/b/c/d/e/sisr-upscale.so");
    const std::string own = SISR_GEGL_PATH;
    CommandOptions options;
    options.environment = {{"GEGL_PATH", path("a/b/c/d/e") + own.substr(own.find(':'))}};
    const CommandResult result = gegl({}, options);
    if (message(result).empty()) GTEST_SKIP() << "a libsisr is installed in this system";
    expect_failure(result, "was not found near " + path("a/b/c/d/e"));
}

TEST_F(Command, WrongCoreLibrary) {
    CommandOptions options;
    options.environment = {{"SISR_LIBRARY", "libm.so.6"}};
    expect_failure(gegl({}, options), "another version");
}

TEST_F(Command, MissingBrokenAndTruncatedModel) {
    expect_failure(gegl({"model=" + path("none.safetensors")}), "none.safetensors: no such file");
    write_bytes(path("broken.safetensors"), "broken");
    expect_failure(gegl({"model=" + path("broken.safetensors")}), "broken.safetensors");
    const std::string whole = read_bytes(SISR_SOURCE_DIR "/core/weights/fidelity-x4.safetensors");
    write_bytes(path("cut.safetensors"), whole.substr(0, whole.size() / 2));
    expect_failure(gegl({"model=" + path("cut.safetensors")}), "cut.safetensors");
    expect_failure(gegl({"model=nonesuch"}), "nonesuch: unknown model");
}

// From too little to load the core to enough for all: told or done, and never a dead host.
TEST_F(Command, OutOfMemory) {
    write_image(path("in.png"), scene({500, 400, 3, false, Encoding::display}));
    int told = 0;
    bool while_running = false;
    for (const long megabytes : {500, 830, 1000, 1250, 1260, 1400, 1600, 1800, 4000}) {
        const CommandResult result = gegl({"precision=fp32"}, {}, megabytes * 1000);
        if (message(result).empty()) {
            EXPECT_EQ(result.exit_code, 0) << megabytes << " MB: " << result.err;
            continue;
        }
        ++told;
        if (message(result).find("tile") != std::string::npos) while_running = true;
        expect_failure(result, "not enough memory");
    }
    EXPECT_GE(told, 2);
    EXPECT_LT(told, 9);
    RecordProperty("ran_out_while_running", while_running ? "yes" : "no");
}

}  // namespace
}  // namespace sisr::test
