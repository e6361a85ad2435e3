/// Sizes that people ask for, reports, and batches spread over machines.
#include "sisr_batch_fixture.h"

#include <fcntl.h>
#include <map>
#include <nlohmann/json.hpp>
#include <sys/stat.h>

namespace sisr::test {
namespace {

namespace fs = std::filesystem;

TEST_F(SisrBatch, MeetsWidthHeightAndBoxExactly) {
    make_image("in/a.png", 31, 17);
    const std::pair<std::vector<std::string>, Size> kCases[] = {
        {{"--width", "100"}, {100, 55}},
        {{"--height", "100"}, {182, 100}},
        {{"--width", "90", "--height", "80"}, {90, 80}},
        {{"--fit", "100x100"}, {100, 55}},
        {{"--fit", "500x51"}, {93, 51}},
        {{"--fit", "20x20"}, {20, 11}},
    };
    int number = 0;
    for (const auto& [words, size] : kCases) {
        const std::string out = path("out" + std::to_string(++number));
        std::vector<std::string> all{path("in"), "-o", out};
        all.insert(all.end(), words.begin(), words.end());
        const auto result = run(all);
        ASSERT_EQ(result.exit_code, 0) << result.err;
        EXPECT_EQ(read_image(out + "/a.png").shape().size(), size) << words.back();
    }
}

TEST_F(SisrBatch, OnlySmallerOnesAreEnlarged) {
    make_image("in/large.png", 60, 40);
    make_image("in/small.png", 20, 30);
    const auto result =
        run({path("in"), "-o", path("out"), "--fit", "50x50", "--only-smaller", "-v"});
    EXPECT_EQ(result.exit_code, 0) << result.err;
    EXPECT_EQ(names_in("out"), Names{"small.png"});
    EXPECT_TRUE(contains(result.err, "large.png: is 60x40 pixels already")) << result.err;
    EXPECT_TRUE(contains(result.err, "1 done, 1 skipped, 0 failed")) << result.err;
    EXPECT_EQ(read_image(folder_ / "out/small.png").shape().size(), (Size{33, 50}));
}

TEST_F(SisrBatch, TheReportTellsWhatBecameOfEachFile) {
    make_image("in/a.png");
    make_image("in/b \"quoted\".png");
    write_bytes(folder_ / "in/bad.png", "no image");
    make_image("out/a.png");
    const auto result = run({path("in"), "-o", path("out"), "--report", path("report.json"), "-q"});
    EXPECT_EQ(result.exit_code, 1);
    const auto json = nlohmann::json::parse(read_bytes(folder_ / "report.json"));
    EXPECT_EQ(json["model"], "repeat-x2");
    EXPECT_EQ(json["counts"], (nlohmann::json{{"done", 1}, {"skipped", 1}, {"failed", 1}}));
    std::map<std::string, nlohmann::json> files;
    for (const auto& file : json["files"]) files[file["status"]] = file;
    EXPECT_EQ(files["done"]["input"], path("in/b \"quoted\".png"));
    EXPECT_EQ(files["done"]["width"], 18);
    EXPECT_FALSE(files["done"].contains("input_is")) << "of a model that does not tell";
    EXPECT_EQ(files["skipped"]["output"], path("out/a.png"));
    EXPECT_TRUE(contains(files["failed"]["message"].get<std::string>(), "bad.png"));
    EXPECT_FALSE(json["interrupted"].get<bool>());
    const auto unwritable = run({path("in"), "-o", path("out2"), "--report", path("no/r.json")});
    EXPECT_EQ(unwritable.exit_code, 2);
    EXPECT_EQ(unwritable.err,
              "sisr-batch: " + path("no/r.json") + ": the report cannot be written\n");
    EXPECT_EQ(names_in("out2"), Names{}) << "told before the work";
}

TEST_F(SisrBatch, AReportReplacesNothingThatIsNoFile) {
    make_image("in/a.png");
    // What is written is read from here; a report of this size fits into a pipe.
    ASSERT_EQ(::mkfifo(path("pipe").c_str(), 0600), 0);
    const int reader = ::open(path("pipe").c_str(), O_RDONLY | O_NONBLOCK);
    ASSERT_GE(reader, 0);
    EXPECT_EQ(run({path("in"), "-o", path("out"), "--report", path("pipe"), "-q"}).exit_code, 0);
    EXPECT_TRUE(fs::is_fifo(folder_ / "pipe"));
    std::string text(1 << 16, '\0');
    text.resize(
        static_cast<std::size_t>(std::max<ssize_t>(0, ::read(reader, text.data(), text.size()))));
    ::close(reader);
    EXPECT_EQ(nlohmann::json::parse(text)["counts"]["done"], 1);

    fs::create_symlink("elsewhere.json", folder_ / "link.json");
    EXPECT_EQ(run({path("in"), "-o", path("out"), "--report", path("link.json"), "-q"}).exit_code,
              0);
    EXPECT_TRUE(fs::is_symlink(folder_ / "link.json"));
    EXPECT_EQ(nlohmann::json::parse(read_bytes(folder_ / "elsewhere.json"))["counts"]["skipped"],
              1);

    const CommandResult full = run({path("in"), "-o", path("out"), "--report", "/dev/full", "-q"});
    EXPECT_EQ(full.exit_code, 1);
    EXPECT_EQ(full.err, "sisr-batch: /dev/full: the report cannot be written\n");
    EXPECT_TRUE(fs::is_character_file("/dev/full"));
}

TEST_F(SisrBatch, TheReportTellsWhatPicturesWereTakenFor) {
    const fs::path source = SISR_SOURCE_DIR;
    const Image city = read_image(source / "docs/samples/city.png");
    fs::create_directory(folder_ / "in");
    write_image(folder_ / "in/clean.png", city);
    for (const auto& [name, quality] : {std::pair{"in/damaged.jpg", 40}, {"in/heavy.jpg", 8}}) {
        WriteOptions jpeg;
        jpeg.quality = quality;
        write_image(folder_ / name, city, jpeg);
    }
    const auto words = [&](const std::string& kind) {
        const auto result =
            run_plain({path("in"), "-o", path("out"), "-m",
                       (source / "core/weights/photo-x4.safetensors").string(), "--report",
                       path("report.json"), "--existing", "overwrite", "-q", "--input-is", kind});
        EXPECT_EQ(result.exit_code, 0) << result.err;
        std::map<std::string, std::string> told;
        const auto report = nlohmann::json::parse(read_bytes(path("report.json")));
        for (const auto& file : report["files"]) {
            told[fs::path(file["input"].get<std::string>()).stem().string()] = file["input_is"];
        }
        return told;
    };
    using Told = std::map<std::string, std::string>;
    EXPECT_EQ(words("auto"),
              (Told{{"clean", "clean"}, {"damaged", "damaged"}, {"heavy", "heavy"}}));
    EXPECT_EQ(words("damaged"),
              (Told{{"clean", "damaged"}, {"damaged", "damaged"}, {"heavy", "damaged"}}));
}

TEST_F(SisrBatch, ShardsDivideTheWorkAndMakeTheSameFiles) {
    for (int i = 0; i < 13; ++i) {
        make_image("in/" + std::to_string(i) + ".png", 8 + 5 * (i % 4), 10 + i);
    }
    make_image("in/sub/0.jpg", 30, 30);
    ASSERT_EQ(run({path("in"), "-r", "-o", path("whole")}).exit_code, 0);
    double most = 0;
    double sum = 0;
    std::size_t files = 0;
    for (const char* shard : {"1/3", "2/3", "3/3"}) {
        std::string report = path(std::string("report-") + shard[0]);
        std::vector<std::string> words{path("in"), "-r",  "-o",       path("parts"),
                                       "--shard",  shard, "--report", report};
        if (std::string(shard) == "2/3") {
            CommandOptions killed = command_options();
            killed.while_running = [this](pid_t process) {
                if (fs::exists(path("parts")) && names_in("parts").size() > 6) {
                    ::kill(process, SIGKILL);
                }
            };
            run_command(command(with_model(words)), killed);
        }
        ASSERT_EQ(run(words).exit_code, 0) << shard;
        double pixels = 0;
        const auto json = nlohmann::json::parse(read_bytes(report));
        for (const auto& file : json["files"]) {
            const auto size = read_image(file["output"].get<std::string>()).shape();
            pixels += static_cast<double>(size.width) * size.height;
            ++files;
        }
        most = std::max(most, pixels);
        sum += pixels;
    }
    EXPECT_EQ(files, 14U) << "each file is in one part";
    EXPECT_LT(most, 1.25 * sum / 3);
    const std::vector<std::string> merge{
        "--merge-reports",  path("report-3"), path("report-1"), path("report-2"), "-o",
        path("report.json")};
    ASSERT_EQ(run_plain(merge).exit_code, 0);
    const auto merged = nlohmann::json::parse(read_bytes(path("report.json")));
    EXPECT_EQ(merged["files"].size(), 14U);
    EXPECT_EQ(merged["counts"]["done"].get<int>() + merged["counts"]["skipped"].get<int>(), 14);
    EXPECT_FALSE(merged["interrupted"].get<bool>());
    write_bytes(folder_ / "letter", "dear diary");
    const auto no_report = run_plain({"--merge-reports", path("letter"), "-o", path("x.json")});
    EXPECT_EQ(no_report.exit_code, 2);
    EXPECT_EQ(no_report.err, "sisr-batch: " + path("letter") + ": is not a report of sisr-batch\n");
    for (const auto& entry : fs::recursive_directory_iterator(folder_ / "whole")) {
        if (entry.is_directory()) continue;
        const auto other = folder_ / "parts" / fs::relative(entry.path(), folder_ / "whole");
        EXPECT_EQ(read_bytes(entry.path()), read_bytes(other)) << other;
    }
}

}  // namespace
}  // namespace sisr::test
