#include "sisr_batch_fixture.h"
#include "support/mutations.h"

#include <csignal>
#include <cstdlib>
#include <limits>
#include <map>
#include <random>
#include <sys/mount.h>

namespace sisr::test {
namespace {

namespace fs = std::filesystem;

/// How often a fault is tried: few by default, more when the variable says so.
int count_from(const char* variable, int usual) {
    const char* given = std::getenv(variable);
    return given == nullptr ? usual : std::max(1, std::atoi(given));
}

class SisrBatchFaults : public SisrBatch {
protected:
    using Contents = std::map<std::string, std::string>;

    /// Of all files whose names are not hidden.
    Contents contents_of(const std::string& folder) const {
        Contents contents;
        if (!fs::exists(folder_ / folder)) return contents;
        for (const std::string& name : names_in(folder)) {
            if (name.front() != '.') contents[name] = read_bytes(folder_ / folder / name);
        }
        return contents;
    }

    std::vector<std::string> to(const std::string& out) const {
        return {path("in"), "-o", path(out), "-q"};
    }
};

TEST_F(SisrBatchFaults, KilledAtRandomMomentsAndStartedAgain) {
    const char* kExtensions[] = {".png", ".jpg", ".tif", ".webp"};
    for (int i = 0; i < 40; ++i) {
        make_image("in/" + std::to_string(i) + kExtensions[i % 4], 20 + i % 7, 16 + i % 5);
    }
    // Small tiles, so that there is time to be killed in.
    std::vector<std::string> words = to("whole");
    words.insert(words.end(), {"--tile", "6"});
    ASSERT_EQ(run(words).exit_code, 0);
    const Contents whole = contents_of("whole");
    ASSERT_EQ(whole.size(), 40U);

    std::mt19937 random(7);
    int killed_at_work = 0;
    for (int trial = 0; trial < count_from("SISR_TEST_KILLS", 6); ++trial) {
        const std::string out = "out" + std::to_string(trial);
        words[2] = path(out);
        const std::size_t done = random() % 40;
        const auto delay = std::chrono::milliseconds(random() % 15);
        CommandOptions options = command_options();
        bool sent = false;
        options.while_running = [&](pid_t process) {
            if (sent || contents_of(out).size() < done) return;
            std::this_thread::sleep_for(delay);
            sent = ::kill(process, SIGKILL) == 0;
        };
        const CommandResult killed = run_command(command(with_model(words)), options);
        const Contents left = contents_of(out);
        if (killed.exit_code == 128 + SIGKILL && left.size() < whole.size()) ++killed_at_work;
        for (const auto& [name, bytes] : left) {
            ASSERT_TRUE(bytes == whole.at(name)) << name << " is not whole, trial " << trial;
        }
        ASSERT_EQ(run(words).exit_code, 0);
        ASSERT_TRUE(contents_of(out) == whole) << "trial " << trial;
        EXPECT_EQ(names_in(out).size(), whole.size()) << "nothing temporary is left";
        fs::remove_all(folder_ / out);
    }
    EXPECT_GT(killed_at_work, 0);
}

TEST_F(SisrBatchFaults, MutatedFilesStopNothing) {
    const char* kExtensions[] = {"png", "jpg", "tif", "webp", "exr", "bmp", "tga",
                                 "ppm", "gif", "hdr", "jp2",  "dpx", "sgi"};
    const Image image = quantised(scene({66, 64, 3, false, Encoding::display}));
    const int count = count_from("SISR_TEST_MUTATIONS", 84);
    for (int i = 0; i < count; ++i) {
        const std::string extension = kExtensions[static_cast<std::size_t>(i) % 13];
        const std::string good = "good." + extension;
        if (!fs::exists(folder_ / "in" / good)) write_image(folder_ / "in" / good, image);
        write_bytes(folder_ / ("in/m" + std::to_string(i) + "." + extension),
                    mutated(read_bytes(folder_ / "in" / good), static_cast<unsigned>(i)));
    }
    // What is damaged may claim any size; nobody shall wait for it.
    std::vector<std::string> words = to("out");
    words.insert(words.end(), {"--max-megapixels", "0.1"});
    CommandOptions options = command_options();
    options.timeout = std::chrono::seconds(60 + count / 4);
    const CommandResult result = run_command(command(with_model(words)), options);
    EXPECT_EQ(result.exit_code, 1) << result.err;
    for (const char* extension : kExtensions) {
        EXPECT_TRUE(fs::exists(folder_ / "out" / (std::string("good.") + extension))) << extension;
    }
    for (const std::string& name : names_in("out")) EXPECT_NE(name.front(), '.') << name;
}

TEST_F(SisrBatchFaults, NetworksThatReturnNonsenseMakeNoFile) {
    make_image("in/a.png", 40, 30);
    make_image("in/b.tif", 7, 9);
    const auto model_of = [this](const std::string& name, bool has_skip, float weights) {
        return write_repeating_model(folder_ / (name + ".safetensors"), kScale, has_skip, weights)
            .string();
    };
    // Weights that are finite, but whose products are not; and a network that sees nothing.
    for (const std::string& model :
         {model_of("overflow", true, 1e30F), model_of("opposite", true, -1e30F),
          model_of("flat", false, 0)}) {
        for (const char* precision : {"fp32", "auto"}) {  // auto: bf16 where that is fast
            const CommandResult result =
                run_plain({path("in"), "-o", path("out"), "-q", "-m", model, "-t", "1",
                           "--precision", precision, "--report", path("report.json")});
            EXPECT_EQ(result.exit_code, 1) << model << precision << result.err;
            EXPECT_EQ(names_in("out"), Names{}) << model << precision;
            EXPECT_TRUE(contains(result.err, path("in/a.png") + ": ")) << result.err;
            EXPECT_FALSE(contains(read_bytes(folder_ / "report.json"), "\"status\": \"done\""));
        }
    }
    for (const float value :
         {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
        const CommandResult result =
            run_plain({path("in"), "-o", path("out"), "-m", model_of("nan", true, value)});
        EXPECT_EQ(result.exit_code, 2) << "such a file is no model: " << result.err;
        EXPECT_EQ(names_in("out"), Names{});
    }
}

TEST_F(SisrBatchFaults, OutputsThatAreNotWholeAreDoneAgain) {
    const Image a = make_image("in/a.png");
    make_image("in/b.jpg");
    make_image("in/c.png");
    make_image("in/d.png");
    make_image("in/e.tif");
    ASSERT_EQ(run(to("out")).exit_code, 0);
    const Contents whole = contents_of("out");
    for (const char* name : {"a.png", "b.jpg", "e.tif"}) {
        fs::resize_file(folder_ / "out" / name, whole.at(name).size() * 2 / 3);
    }
    write_bytes(folder_ / "out/c.png", "");
    write_bytes(folder_ / "out/d.png", "something else");
    const CommandResult result = run(to("out"));
    EXPECT_EQ(result.exit_code, 0) << result.err;
    for (const char* name : {"a.png", "b.jpg", "c.png", "e.tif"}) {
        EXPECT_TRUE(contains(result.err, path(std::string("out/") + name) +
                                             ": exists but is not whole, done again\n"))
            << result.err;
        EXPECT_TRUE(read_bytes(folder_ / "out" / name) == whole.at(name)) << name;
    }
    EXPECT_TRUE(contains(result.err, "d.png: exists already but is not a picture")) << result.err;
    EXPECT_EQ(read_bytes(folder_ / "out/d.png"), "something else");
}

TEST_F(SisrBatchFaults, PicturesThatClaimTooMuchAreRefused) {
    make_image("in/a.png");
    make_image("in/b.png", 60, 50);
    // A PNG of a few bytes whose header claims 3.6 gigapixels.
    std::string bomb = read_bytes(folder_ / "in/a.png");
    bomb.replace(16, 8, std::string("\0\0\xEA\x60\0\0\xEA\x60", 8));
    bomb.replace(29, 4, std::string("\x28\xB9\xA7\x2C", 4));
    write_bytes(folder_ / "in/bomb.png", bomb);
    CommandResult result = run(to("out"));
    EXPECT_EQ(result.exit_code, 1);
    EXPECT_TRUE(contains(result.err, path("in/bomb.png") + ": ")) << result.err;
    EXPECT_EQ(names_in("out"), (Names{"a.png", "b.png"}));
    std::vector<std::string> words = to("small");
    words.insert(words.end(), {"--max-megapixels", "0.002"});
    result = run(words);
    EXPECT_EQ(result.exit_code, 1);
    EXPECT_TRUE(contains(result.err, path("in/b.png") +
                                         ": has 60x50 pixels, more than --max-megapixels allows "
                                         "(0.003 of 0.002)\n"))
        << result.err;
    EXPECT_EQ(names_in("small"), Names{"a.png"});
}

TEST_F(SisrBatchFaults, FilesThatVanishOrChangeWhileTheOthersAreAtWork) {
    for (int i = 10; i < 30; ++i) make_image("in/" + std::to_string(i) + ".png", 40, 30);
    CommandOptions options = command_options();
    bool changed = false;
    options.while_running = [&](pid_t) {
        if (changed || contents_of("out").empty()) return;
        changed = true;
        fs::remove(folder_ / "in/28.png");
        write_bytes(folder_ / "in/29.png", "now a letter");
    };
    std::vector<std::string> words = to("out");
    words.insert(words.end(), {"--tile", "4"});
    const CommandResult result = run_command(command(with_model(words)), options);
    ASSERT_TRUE(changed);
    EXPECT_EQ(result.exit_code, 1);
    EXPECT_EQ(result.error_lines(), 2U) << result.err;
    EXPECT_TRUE(contains(result.err, path("in/28.png") + ": no such file")) << result.err;
    EXPECT_TRUE(contains(result.err, path("in/29.png") + ": is not an image")) << result.err;
    EXPECT_EQ(names_in("out").size(), 18U);
}

TEST_F(SisrBatchFaults, AFullDiskStopsTheRunAndTellsWhatIsNeeded) {
    fs::create_directory(folder_ / "disk");
    if (::mount("tmpfs", path("disk").c_str(), "tmpfs", 0, "size=400k") != 0) {
        GTEST_SKIP() << "a file system of limited size cannot be mounted here";
    }
    make_image("in/a.png", 8, 8);
    write_image(folder_ / "in/b.png", quantised(random_rgb(500, 400)));
    for (int i = 0; i < 8; ++i) make_image("in/c" + std::to_string(i) + ".png", 8, 8);
    const CommandResult result = run(to("disk"));
    EXPECT_EQ(result.exit_code, 1);
    EXPECT_TRUE(contains(result.err, path("in/b.png") + ": " + path("disk/b.png") +
                                         ": cannot be written: the disk is full (about "))
        << result.err;
    EXPECT_TRUE(contains(result.err, "stopped with 8 files to do")) << result.err;
    EXPECT_EQ(names_in("disk"), Names{"a.png"});
    EXPECT_EQ(::umount(path("disk").c_str()), 0);
}

}  // namespace
}  // namespace sisr::test
