#include "sisr_batch_fixture.h"

#include <csignal>
#include <nlohmann/json.hpp>
#include <sys/stat.h>

namespace sisr::test {
namespace {

namespace fs = std::filesystem;

class SisrBatchFailures : public SisrBatch {
protected:
    void make_truncated(const std::string& name) {
        make_image(name, 60, 50);
        fs::resize_file(folder_ / name, fs::file_size(folder_ / name) / 2);
    }

    /// Of the right length, with a bit of its pixels turned round.
    void make_damaged(const std::string& name) {
        make_image(name, 60, 50);
        std::string bytes = read_bytes(folder_ / name);
        bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 0x10);
        write_bytes(folder_ / name, bytes);
    }

    void expect_usage_error(const std::vector<std::string>& words, const std::string& part) {
        const CommandResult result = run_plain(words);
        EXPECT_EQ(result.exit_code, 2) << result.err;
        EXPECT_EQ(result.error_lines(), 1U) << result.err;
        EXPECT_EQ(result.err.rfind("sisr-batch: ", 0), 0U) << result.err;
        EXPECT_TRUE(contains(result.err, part)) << result.err;
        EXPECT_EQ(result.out, "");
        EXPECT_FALSE(fs::exists(folder_ / "out"));
    }

    CommandResult run_as_nobody(const std::vector<std::string>& words) {
        CommandOptions options = command_options();
        options.as_nobody = ::geteuid() == 0;
        return run_command(command(with_model(words)), options);
    }

    /// True while a result is being written.
    bool holds_temporary_file(const std::string& name) {
        if (!fs::exists(folder_ / name)) return false;
        for (const std::string& entry : names_in(name)) {
            if (entry.front() == '.') return true;
        }
        return false;
    }
};

TEST_F(SisrBatchFailures, EveryBadFileIsALineAndTheRestIsDone) {
    make_image("in/a.png");
    make_image("in/z.png");
    write_bytes(folder_ / "in/empty.png", "");
    write_bytes(folder_ / "in/text.png", "Dear diary, this is no image.\n");
    write_bytes(folder_ / "in/new\nline.png", "nor this");
    make_truncated("in/cut.png");
    make_truncated("in/cut.jpg");
    make_truncated("in/cut.tif");
    make_truncated("in/cut.webp");
    make_damaged("in/damaged.png");
    fs::create_directory(folder_ / "in/folder.png");
    fs::create_symlink("nowhere", folder_ / "in/link.png");
    ASSERT_EQ(::mkfifo(path("in/pipe.png").c_str(), 0600), 0);

    const CommandResult result = run({path("in"), "-o", path("out"), "-q"});
    EXPECT_EQ(result.exit_code, 1);
    EXPECT_EQ(result.error_lines(), 11U) << result.err;
    for (const auto& [name, reason] : {std::pair("empty.png", "empty"),
                                       {"text.png", "not an image"},
                                       {"new\\nline.png", "not an image"},
                                       {"cut.png", "truncated"},
                                       {"cut.jpg", "truncated"},
                                       {"cut.tif", "truncated"},
                                       {"cut.webp", ""},
                                       {"damaged.png", "damaged"},
                                       {"folder.png", "folder"},
                                       {"link.png", "not there"},
                                       {"pipe.png", "not a regular file"}}) {
        const std::string start = "sisr-batch: " + path("in/") + name + ": ";
        const auto line = result.err.find(start);
        ASSERT_NE(line, std::string::npos) << name << "\n" << result.err;
        const std::string rest = result.err.substr(line + start.size());
        EXPECT_TRUE(contains(rest.substr(0, rest.find('\n')), reason)) << name << ": " << rest;
    }
    EXPECT_EQ(names_in("out"), (Names{"a.png", "z.png"}));
}

TEST_F(SisrBatchFailures, AnUnreadableFile) {
    make_image("in/a.png");
    make_image("in/secret.png");
    fs::permissions(folder_ / "in/secret.png", fs::perms::none);
    fs::create_directory(folder_ / "results");
    fs::permissions(folder_ / "results", fs::perms::all);
    const CommandResult result = run_as_nobody({path("in"), "-o", path("results"), "-q"});
    if (result.exit_code >= 126) GTEST_SKIP() << "the command cannot be run as another user here";
    EXPECT_EQ(result.exit_code, 1);
    EXPECT_EQ(result.err,
              "sisr-batch: " + path("in/secret.png") + ": cannot be read (Permission denied)\n");
    EXPECT_EQ(names_in("results"), Names{"a.png"});
}

TEST_F(SisrBatchFailures, AFolderThatMayNotBeEnteredOrWritten) {
    make_image("in/a.png");
    make_image("in/closed/b.png");
    fs::permissions(folder_ / "in/closed", fs::perms::none);
    fs::create_directory(folder_ / "results");
    fs::permissions(folder_ / "results", fs::perms::all);
    CommandResult result = run_as_nobody({path("in"), "-r", "-o", path("results"), "-q"});
    if (result.exit_code >= 126) GTEST_SKIP() << "the command cannot be run as another user here";
    EXPECT_EQ(result.exit_code, 1);
    EXPECT_EQ(result.err,
              "sisr-batch: " + path("in/closed") + ": cannot be read (Permission denied)\n");

    result = run_as_nobody({path("in/closed/b.png"), "-o", path("results")});
    EXPECT_EQ(result.exit_code, 2);
    EXPECT_TRUE(contains(result.err, "Permission denied")) << result.err;

    fs::permissions(folder_ / "results", fs::perms::owner_read | fs::perms::others_read |
                                             fs::perms::owner_exec | fs::perms::others_exec);
    result = run_as_nobody({path("in/a.png"), "-o", path("results")});
    EXPECT_EQ(result.exit_code, 2);
    EXPECT_EQ(result.err, "sisr-batch: " + path("results") + ": cannot be written into\n");
    fs::permissions(folder_ / "in/closed", fs::perms::owner_all);
}

TEST_F(SisrBatchFailures, InputsThatAreNotThere) {
    make_image("in/a.png");
    fs::create_directory(folder_ / "bare");
    const auto run_on = [&](const std::string& input) {
        return with_model({input, "-o", path("out")});
    };
    expect_usage_error(run_on(path("gone")), path("gone") + ": no such file or folder");
    expect_usage_error(run_on(path("gone.png")), path("gone.png") + ": no such file or folder");
    expect_usage_error(run_on(path("bare")), path("bare") + ": holds no image");
    const CommandResult result = run({path("gone"), path("in"), "-o", path("out"), "-q"});
    EXPECT_EQ(result.exit_code, 1);
    EXPECT_EQ(result.err, "sisr-batch: " + path("gone") + ": no such file or folder\n");
    EXPECT_EQ(names_in("out"), Names{"a.png"});
}

TEST_F(SisrBatchFailures, AnOutputThatCannotBe) {
    make_image("in/a.png");
    write_bytes(folder_ / "file", "");
    const auto run_to = [&](const std::string& output) {
        return with_model({path("in"), "-o", output});
    };
    expect_usage_error(run_to(path("file")), path("file") + ": is a file");
    expect_usage_error(run_to(path("file/below")), path("file/below"));
    expect_usage_error(run_to("/proc/sisr-test"), "/proc/sisr-test: cannot be");
    expect_usage_error(with_model({path("in/a.png"), "-o", path("x.psd")}), "psd");
}

TEST_F(SisrBatchFailures, AnObstacleInTheOutputFolderIsOneFailure) {
    make_image("in/a.png");
    make_image("in/b.png");
    make_image("in/sub/c.png");
    fs::create_directories(folder_ / "results/a.png");
    write_bytes(folder_ / "results/sub", "a file in the place of a folder");
    const CommandResult result = run({path("in"), "-r", "-o", path("results"), "-q"});
    EXPECT_EQ(result.exit_code, 1);
    EXPECT_EQ(result.error_lines(), 2U) << result.err;
    EXPECT_TRUE(contains(result.err, path("results/a.png") + ": exists and is not a file"));
    EXPECT_TRUE(contains(result.err, path("in/sub/c.png") + ": ")) << result.err;
    EXPECT_TRUE(fs::exists(folder_ / "results/b.png"));
}

TEST_F(SisrBatchFailures, AFullDiskIsAFailureOfTheFilesThatDoNotFit) {
    make_image("in/small.png", 16, 16);
    // Noise, so that no format makes it small.
    write_image(folder_ / "in/large.png", quantised(random_rgb(100, 100)));
    CommandOptions options = command_options();
    options.file_size_limit = 14000;
    for (const std::string format : {"png", "jpg", "webp", "tif", "exr", "hdr", "bmp", "tga", "sgi",
                                     "jp2", "dpx", "rla", "fits", "ppm", "gif", "heic", "avif"}) {
        const auto words = with_model({path("in"), "-o", path(format), "-f", format, "-q"});
        const CommandResult result = run_command(command(words), options);
        EXPECT_EQ(result.exit_code, 1) << format;
        EXPECT_EQ(result.error_lines(), 1U) << format << ": " << result.err;
        EXPECT_TRUE(contains(result.err, path("in/large.png") + ": ")) << format << result.err;
        EXPECT_EQ(names_in(format), Names{"small." + format}) << format;
    }
}

TEST_F(SisrBatchFailures, TheInputIsNotReplaced) {
    make_image("in/a.png");
    const std::string before = read_bytes(folder_ / "in/a.png");
    for (const char* output : {"in", "in/a.png", "in/../in/./a.png"}) {
        const CommandResult result =
            run({path("in/a.png"), "-o", path(output), "--existing", "overwrite", "-q"});
        EXPECT_EQ(result.exit_code, 1);
        EXPECT_EQ(result.error_lines(), 1U) << result.err;
        EXPECT_TRUE(contains(result.err, path("in/a.png") + ": the result would replace the input"))
            << result.err;
    }
    EXPECT_EQ(read_bytes(folder_ / "in/a.png"), before);
}

TEST_F(SisrBatchFailures, ModelsThatAreNone) {
    make_image("in/a.png");
    const fs::path good = folder_ / "models/repeat-x2.safetensors";
    write_bytes(folder_ / "empty.safetensors", "");
    write_bytes(folder_ / "text.safetensors", "This is no model at all, but a long enough text.");
    write_bytes(folder_ / "cut.safetensors", read_bytes(good).substr(0, 900));
    write_bytes(folder_ / "no-net.safetensors", std::string("\x02\0\0\0\0\0\0\0{}", 10));
    fs::create_directory(folder_ / "folder.safetensors");
    const auto run_with = [&](const std::string& model) {
        return std::vector<std::string>{path("in"), "-o", path("out"), "-m", model};
    };
    for (const char* name : {"empty", "text", "cut", "no-net", "folder", "gone"}) {
        const std::string file = path(std::string(name) + ".safetensors");
        expect_usage_error(run_with(file), file + ": ");
    }
    expect_usage_error(run_with("no-such-model"), "no-such-model: unknown model");
    expect_usage_error(run_with("no-such-model"), "repeat-x2");
    expect_usage_error(run_with(""), "model");
}

TEST_F(SisrBatchFailures, NumbersThatAreNone) {
    make_image("in/a.png");
    for (const char* scale : {"0", "-1", "1000", "nan", "inf", "4x", ""}) {
        expect_usage_error({path("in"), "-o", path("out"), "-m", "repeat", "-s", scale}, "--scale");
    }
    expect_usage_error({path("in"), "-o", path("out"), "-t", "0"}, "--threads");
    expect_usage_error({path("in"), "-o", path("out"), "--tile", "0"}, "--tile");
    expect_usage_error({path("in"), "-o", path("out"), "-m", "repeat", "--device", "tpu"}, "tpu");
}

#if defined(__x86_64__)
TEST_F(SisrBatchFailures, AProcessorThatLacksBf16) {
    if (__builtin_cpu_supports("avx512bw")) GTEST_SKIP() << "this processor computes in bf16";
    make_image("in/a.png");
    expect_usage_error({path("in"), "-o", path("out"), "-m", "repeat", "--precision", "bf16"},
                       "precision: this processor does not compute in bf16");
}
#endif

TEST_F(SisrBatchFailures, AWrongCommandLine) {
    make_image("in/a.png");
    expect_usage_error({}, "usage: ");
    expect_usage_error({path("in")}, "--output");
    expect_usage_error({path("in"), "-o", path("out"), "--colour"}, "--colour");
    expect_usage_error({path("in"), "-o", path("out"), "--format", "txt"}, "--format");
}

/// Interrupted while the second file is at work: the first stays, the same command goes on.
class SisrBatchSignals : public SisrBatchFailures, public ::testing::WithParamInterface<int> {
protected:
    void SetUp() override {
        SisrBatchFailures::SetUp();
        first_ = make_image("in/a.png");
        second_ = make_image("in/b.png", 700, 500);
    }
    /// Small tiles take so long that the signal surely comes before the end.
    std::vector<std::string> slow_command() const {
        return command(with_model({path("in"), "-o", path("out"), "--tile", "8"}));
    }
    bool second_is_at_work() {
        return fs::exists(folder_ / "out/a.png") && holds_temporary_file("out");
    }

    Image first_;
    Image second_;
};

TEST_P(SisrBatchSignals, LeaveNoPartialFile) {
    CommandOptions options = command_options();
    bool sent = false;
    options.while_running = [&](pid_t process) {
        if (sent || !second_is_at_work()) return;
        sent = ::kill(process, GetParam()) == 0;
    };
    const CommandResult result = run_command(slow_command(), options);
    EXPECT_TRUE(sent);
    EXPECT_EQ(result.exit_code, 130) << result.err;
    const std::string last = "sisr-batch: interrupted; done so far: 1; the same command goes on\n";
    EXPECT_TRUE(contains(result.err, last)) << result.err;
    EXPECT_EQ(result.error_lines(), 2U) << result.err;
    EXPECT_EQ(names_in("out"), Names{"a.png"});
    EXPECT_LT(max_difference(read_image(folder_ / "out/a.png"), repeated(first_)), kExact);

    const CommandResult resumed = run({path("in"), "-o", path("out")});
    EXPECT_EQ(resumed.exit_code, 0);
    EXPECT_TRUE(contains(resumed.err, "1 done, 1 skipped, 0 failed")) << resumed.err;
    EXPECT_LT(max_difference(read_image(folder_ / "out/b.png"), repeated(second_)), kExact);
}

TEST_P(SisrBatchSignals, TheSecondOneEndsTheCommandAtOnce) {
    CommandOptions options = command_options();
    options.while_running = [&](pid_t process) {
        if (second_is_at_work()) ::kill(process, GetParam());
    };
    const CommandResult result = run_command(slow_command(), options);
    EXPECT_EQ(result.exit_code, 130) << result.err;
    EXPECT_FALSE(fs::exists(folder_ / "out/b.png"));
}

INSTANTIATE_TEST_SUITE_P(AllThatAskToStop, SisrBatchSignals,
                         ::testing::Values(SIGINT, SIGTERM, SIGHUP, SIGXCPU));

TEST_F(SisrBatchFailures, AKilledRunLeavesNoFinalNameAndAReport) {
    make_image("in/b.png", 700, 500);
    CommandOptions options = command_options();
    options.while_running = [&](pid_t process) {
        if (holds_temporary_file("out")) ::kill(process, SIGKILL);
    };
    const auto words =
        with_model({path("in"), "-o", path("out"), "--tile", "8", "--report", path("report.json")});
    EXPECT_EQ(run_command(command(words), options).exit_code, 128 + SIGKILL);
    EXPECT_FALSE(fs::exists(folder_ / "out/b.png"));
    const auto report = nlohmann::json::parse(read_bytes(path("report.json")));
    EXPECT_EQ(report["interrupted"], true);
}

}  // namespace
}  // namespace sisr::test
