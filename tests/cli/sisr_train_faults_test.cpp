/// Runs that meet with trouble.
#include "sisr_train_fixture.h"

namespace sisr::test {
namespace {

using SisrTrainFaults = SisrTrain;

TEST_F(SisrTrainFaults, ATruncatedCheckpointFallsBackToTheOneBefore) {
    ASSERT_EQ(run_command(command("run", 40)).exit_code, 0);
    const auto newest = folder_ / "run/checkpoints/step-000000040.safetensors";
    const std::string bytes = read_bytes(newest);
    write_bytes(newest, bytes.substr(0, bytes.size() / 2));
    const auto resumed = run_command(command("run", 60, {"--resume", "--accept-changes"}));
    EXPECT_EQ(resumed.exit_code, 0) << resumed.err;
    EXPECT_NE(resumed.err.find("step-000000040"), std::string::npos) << resumed.err;
    EXPECT_NE(read_bytes(folder_ / "run/log.jsonl").find(R"("resume","step":20,)"),
              std::string::npos);
    EXPECT_EQ(losses("run").rbegin()->first, 60);
}

TEST_F(SisrTrainFaults, AFullDiskStopsTheRunWithItsLastCheckpointWhole) {
    ASSERT_EQ(run_command(command("run", 20)).exit_code, 0);
    const auto checkpoint = folder_ / "run/checkpoints/step-000000020.safetensors";
    const std::string before = read_bytes(checkpoint);
    CommandOptions full;
    full.file_size_limit = before.size() / 2;
    const std::vector<std::string> resume{"--resume", "--accept-changes"};
    const auto stopped = run_command(command("run", 60, resume), full);
    EXPECT_EQ(stopped.exit_code, 1) << stopped.err;
    EXPECT_NE(stopped.err.find("cannot be written"), std::string::npos) << stopped.err;
    EXPECT_EQ(read_bytes(checkpoint), before);
    for (const auto& entry : fs::directory_iterator(folder_ / "run/checkpoints")) {
        EXPECT_EQ(entry.path().filename().string().front(), 's') << "no partial file stays";
    }
    EXPECT_EQ(run_command(command("run", 60, resume)).exit_code, 0);
}

TEST_F(SisrTrainFaults, ChangedOptionsMustBeConfirmed) {
    ASSERT_EQ(run_command(command("run", 10)).exit_code, 0);
    const auto refused = run_command(command("run", 30, {"--resume", "--rate", "1e-3"}));
    EXPECT_EQ(refused.exit_code, 2) << refused.err;
    EXPECT_EQ(refused.error_lines(), 1U) << refused.err;
    EXPECT_NE(refused.err.find("was iterations = 10"), std::string::npos) << refused.err;
    EXPECT_NE(refused.err.find("is rate = 1e-3"), std::string::npos) << refused.err;
    const auto taken =
        run_command(command("run", 30, {"--resume", "--rate", "1e-3", "--accept-changes"}));
    EXPECT_EQ(taken.exit_code, 0) << taken.err;
    // How often a run tells of itself changes nothing that is learned.
    EXPECT_EQ(run_command(command("other", 10)).exit_code, 0);
    EXPECT_EQ(run_command(command("other", 10, {"--resume", "--keep", "7"})).exit_code, 0);
}

TEST_F(SisrTrainFaults, DegradationsAreShownAndTheSameEveryTime) {
    const auto sheet = [this](const char* name, const char* seed) {
        const auto result =
            run_command({SISR_TRAIN_PATH, "degrade", "--data", (folder_ / "data").string(),
                         "--patch", "16", "--seed", seed, "-o", (folder_ / name).string()});
        EXPECT_EQ(result.exit_code, 0) << result.err;
        return read_bytes(folder_ / name);
    };
    const std::string first = sheet("first.png", "1");
    EXPECT_EQ(first, sheet("again.png", "1"));
    EXPECT_NE(first, sheet("other.png", "2"));
    // 64 pairs of 64x64 pixels, eight in a row, four pixels apart.
    EXPECT_EQ(read_image(folder_ / "first.png").shape().size(),
              (Size{8 * 128 + 7 * 4, 8 * 64 + 7 * 4}));
}

TEST_F(SisrTrainFaults, EvaluatesDegradedInputsAndShowsThem) {
    const auto measure = [this](const std::string& spec) {
        const auto result = run_command({SISR_TRAIN_PATH, "eval", "--model", "bicubic", "--hr",
                                         (folder_ / "validation").string(), "--degrade", spec,
                                         "--json", "--sheet", (folder_ / "sheet.png").string()});
        EXPECT_EQ(result.exit_code, 0) << result.err;
        return nlohmann::json::parse(result.out)["mean"]["psnr_y"].get<double>();
    };
    EXPECT_LT(measure("jpeg:10"), measure("") - 0.3);
    EXPECT_EQ(measure("photo"), measure("photo"));
    EXPECT_EQ(read_image(folder_ / "sheet.png").shape().size(), (Size{3 * 48, 48}));
}

}  // namespace
}  // namespace sisr::test
