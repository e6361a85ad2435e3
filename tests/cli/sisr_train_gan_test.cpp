/// Stage 2 as its users run it, and in several processes.
#include "sisr_train_fixture.h"
#include "support/squeezenet_file.h"

#include <thread>

namespace sisr::test {
namespace {

class SisrTrainGan : public SisrTrain {
protected:
    void SetUp() override {
        SisrTrain::SetUp();
        ASSERT_EQ(run_command(command("stage1", 15)).exit_code, 0);
        write_random_squeezenet(folder_ / "squeezenet.safetensors");
    }

    std::vector<std::string> gan(const std::string& run, int iterations,
                                 const std::vector<std::string>& more = {}) {
        const auto path = [this](const char* name) { return (folder_ / name).string(); };
        std::vector<std::string> words{SISR_TRAIN_PATH,
                                       "gan",
                                       "--init",
                                       path("stage1/model.safetensors"),
                                       "--data",
                                       path("data"),
                                       "--output",
                                       (folder_ / run).string(),
                                       "--perceptual",
                                       path("squeezenet.safetensors"),
                                       "--layers",
                                       "fire3:1",
                                       "--batch",
                                       "2",
                                       "--patch",
                                       "8",
                                       "--threads",
                                       "1",
                                       "--warmup",
                                       "5",
                                       "--log-every",
                                       "1",
                                       "--name",
                                       "test",
                                       "--iterations",
                                       std::to_string(iterations),
                                       "--checkpoint-every",
                                       "10"};
        words.insert(words.end(), more.begin(), more.end());
        return words;
    }
};

TEST_F(SisrTrainGan, KilledAndResumedIsAsIfNothingHappened) {
    ASSERT_EQ(run_command(gan("straight", 40)).exit_code, 0);
    CommandOptions kill_midway;
    kill_midway.while_running = [this](pid_t process) {
        if (losses("killed").count(23) != 0) ::kill(process, SIGKILL);
    };
    ASSERT_EQ(run_command(gan("killed", 40), kill_midway).exit_code, 128 + SIGKILL);
    const auto resumed = run_command(gan("killed", 40, {"--resume"}));
    ASSERT_EQ(resumed.exit_code, 0) << resumed.err;
    EXPECT_EQ(losses("killed"), losses("straight"));
    EXPECT_EQ(read_bytes(folder_ / "killed/model.safetensors"),
              read_bytes(folder_ / "straight/model.safetensors"));
}

TEST_F(SisrTrainGan, LeavesAllThatPeopleWatch) {
    const auto path = [this](const char* name) { return (folder_ / name).string(); };
    const auto trained = run_command(
        gan("run", 12,
            {"--validation", path("validation"), "--validate-every", "6", "--feature-weights",
             path("squeezenet.safetensors"), "--best", "distance", "--discriminator", "unet",
             "--adversarial", "relativistic", "--degrade", "jpeg:30-90"}));
    ASSERT_EQ(trained.exit_code, 0) << trained.err;
    for (const char* name : {"log.jsonl", "recipe.ini", "report.html", "model.safetensors",
                             "best.safetensors", "checkpoints/best.safetensors",
                             "samples/step-000000012-crop-0.png", "tensorboard/SRGAN_training"}) {
        EXPECT_TRUE(fs::exists(folder_ / "run" / name)) << name;
    }
    const std::string log = read_bytes(folder_ / "run/log.jsonl");
    std::istringstream lines(log);
    std::string first;
    std::string second;
    std::getline(lines, first);
    std::getline(lines, second);
    EXPECT_EQ(nlohmann::json::parse(second)["event"], "bicubic") << "what a network must beat";
    for (const char* name : {"perceptual", "adversarial", "mae", "discriminator", "accuracy",
                             "colour_drift", "feature_distance"}) {
        EXPECT_NE(log.find(std::string("\"") + name + "\""), std::string::npos) << name;
    }
    EXPECT_NE(trained.out.find("feature distance"), std::string::npos);
}

TEST_F(SisrTrainGan, TheRecipesOfThePhotoModelRun) {
    const auto path = [this](const char* name) { return (folder_ / name).string(); };
    write_even_lpips_linear(folder_ / "linear.safetensors");
    const fs::path recipes = fs::path(SISR_SOURCE_DIR) / "training/recipes";
    for (const char* name : {"photo-x4-crisp", "photo-x4-gan"}) {
        const auto trained = run_command({SISR_TRAIN_PATH,
                                          "gan",
                                          "--config",
                                          (recipes / name).string() + ".ini",
                                          "--init",
                                          path("stage1/model.safetensors"),
                                          "--data",
                                          path("data"),
                                          "--output",
                                          path(name),
                                          "--perceptual",
                                          path("squeezenet.safetensors"),
                                          "--perceptual-linear",
                                          path("linear.safetensors"),
                                          "--validation",
                                          path("validation"),
                                          "--feature-weights",
                                          path("squeezenet.safetensors"),
                                          "--feature-linear",
                                          path("linear.safetensors"),
                                          "--best",
                                          "lpips",
                                          "--batch",
                                          "2",
                                          "--patch",
                                          "8",
                                          "--iterations",
                                          "4",
                                          "--warmup",
                                          "1",
                                          "--discriminator-warmup",
                                          "2",
                                          "--log-every",
                                          "1",
                                          "--threads",
                                          "1"});
        ASSERT_EQ(trained.exit_code, 0) << trained.err;
        EXPECT_NE(trained.out.find("LPIPS"), std::string::npos) << trained.out;
        const std::string log = read_bytes(folder_ / name / "log.jsonl");
        for (const char* figure : {"\"phase\"", "\"lpips\"", "\"perceptual\""}) {
            EXPECT_NE(log.find(figure), std::string::npos) << figure;
        }
        const bool is_game = std::string(name) == "photo-x4-gan";
        EXPECT_EQ(log.find("\"adversarial\"") != std::string::npos, is_game);
    }
}

TEST_F(SisrTrainGan, BadInputIsOneLineAndWritesNothing) {
    const auto path = [this](const char* name) { return (folder_ / name).string(); };
    write_bytes(folder_ / "text.pth", "no weights at all");
    fs::create_directory(folder_ / "small");
    write_image(folder_ / "small/s.png", random_rgb(20, 20));
    fs::create_directory(folder_ / "tiny");
    write_image(folder_ / "tiny/s.png", random_rgb(9, 9));
    write_bytes(folder_ / "bad.ini", "adversarial-wait = 3\n");
    const std::vector<std::vector<std::string>> cases{
        {"--scale", "2"},
        {"--perceptual", path("missing.pth")},
        {"--perceptual", path("text.pth")},
        {"--perceptual", path("stage1/model.safetensors")},
        {"--layers", "conv5_4"},
        {"--layers", "fire3:-1"},
        {"--data", path("missing")},
        {"--validation", path("missing")},
        {"--validation", path("tiny")},
        {"--best", "distance"},
        {"--best", "lpips"},
        {"--best", "looks"},
        {"--feature-linear", path("missing.safetensors")},
        {"--perceptual-linear", path("squeezenet.safetensors")},
        {"--niqe-model", path("squeezenet.safetensors")},
        {"--sharpen-truth", "-1"},
        {"--discriminator-warmup", "6"},
        {"--best", "beauty"},
        {"--degrade", "jpeg:400"},
        {"--discriminator", "big"},
        {"--input-noise", "2"},
        {"--config", path("bad.ini")},
        {"--patch", "8.5"},
        {"--resume"},
    };
    for (const auto& more : cases) {
        // The last --layers given wins; so do not repeat what can be given once only.
        std::vector<std::string> words = gan("run", 5);
        for (std::size_t i = 2; i + 1 < words.size(); i += 2) {
            if (words[i] == more.front() && more.front() != "--data") {
                words.erase(words.begin() + static_cast<std::ptrdiff_t>(i),
                            words.begin() + static_cast<std::ptrdiff_t>(i) + 2);
                break;
            }
        }
        words.insert(words.end(), more.begin(), more.end());
        const auto result = run_command(words);
        EXPECT_EQ(result.exit_code, 2) << more.front() << " " << more.back() << result.err;
        EXPECT_EQ(result.error_lines(), 1U) << more.front() << result.err;
        EXPECT_FALSE(fs::exists(folder_ / "run")) << more.front();
    }
    for (const char* init : {"missing.safetensors", "squeezenet.safetensors", "text.pth"}) {
        std::vector<std::string> words = gan("run", 5);
        words[3] = path(init);
        const auto result = run_command(words);
        EXPECT_EQ(result.exit_code, 2) << init << result.err;
        EXPECT_EQ(result.error_lines(), 1U) << init << result.err;
    }
    std::vector<std::string> words = gan("run", 5);
    words[5] = path("small");
    const auto result = run_command(words);
    EXPECT_EQ(result.exit_code, 2) << result.err;
    EXPECT_EQ(result.error_lines(), 1U) << result.err;
    EXPECT_NE(result.err.find("smaller than a patch"), std::string::npos) << result.err;
    EXPECT_FALSE(fs::exists(folder_ / "run"));
}

class SisrTrainGroup : public SisrTrainGan {
protected:
    CommandOptions member(int rank) const {
        CommandOptions options;
        options.environment = {{"RANK", std::to_string(rank)},
                               {"WORLD_SIZE", "2"},
                               {"MASTER_ADDR", "127.0.0.1"},
                               {"MASTER_PORT", std::to_string(port_)}};
        return options;
    }
    int port_ = 40000 + static_cast<int>(::getpid()) % 20000;
};

TEST_F(SisrTrainGroup, ARankThatDiesEndsTheOthersAndTheRunResumes) {
    CommandOptions dies = member(1);
    dies.while_running = [this](pid_t process) {
        if (losses("run").count(25) != 0) ::kill(process, SIGKILL);
    };
    CommandResult second;
    std::chrono::steady_clock::time_point died;
    std::thread other([&] {
        second = run_command(gan("run", 100000), dies);
        died = std::chrono::steady_clock::now();
    });
    const auto first = run_command(gan("run", 100000), member(0));
    const auto ended = std::chrono::steady_clock::now();
    other.join();
    EXPECT_EQ(second.exit_code, 128 + SIGKILL);
    EXPECT_EQ(first.exit_code, 1) << first.err;
    EXPECT_LT(ended - died, std::chrono::seconds(60));
    EXPECT_NE(first.err.find("another process of the run is gone"), std::string::npos) << first.err;

    // Started again with the two, it goes on from the checkpoint to the end.
    port_ += 1;
    const int iterations = 40;
    const std::vector<std::string> resume{"--resume", "--accept-changes"};
    std::thread again([&] { second = run_command(gan("run", iterations, resume), member(1)); });
    const auto resumed = run_command(gan("run", iterations, resume), member(0));
    again.join();
    EXPECT_EQ(resumed.exit_code, 0) << resumed.err;
    EXPECT_EQ(second.exit_code, 0) << second.err;
    EXPECT_TRUE(second.out.empty()) << "only the first process speaks";
    EXPECT_EQ(losses("run").count(40), 1U);
}

}  // namespace
}  // namespace sisr::test
