/// The trainer as its users run it: as a process, killed and started again.
#include "sisr_train_fixture.h"
#include "support/plain_model.h"
#include "support/shared_data.h"

#include <algorithm>

namespace sisr::test {
namespace {

TEST_F(SisrTrain, KilledAndResumedIsAsIfNothingHappened) {
    ASSERT_EQ(run_command(command("straight", 120)).exit_code, 0);
    CommandOptions kill_midway;
    kill_midway.while_running = [this](pid_t process) {
        if (losses("killed").count(65) != 0) ::kill(process, SIGKILL);
    };
    ASSERT_EQ(run_command(command("killed", 120), kill_midway).exit_code, 128 + SIGKILL);
    const auto resumed = run_command(command("killed", 120, {"--resume"}));
    ASSERT_EQ(resumed.exit_code, 0) << resumed.err;

    const auto expected = losses("straight");
    const auto found = losses("killed");
    ASSERT_EQ(expected.size(), 120U);
    ASSERT_EQ(found.size(), 120U);
    for (const auto& [step, loss] : expected) EXPECT_EQ(found.at(step), loss) << step;
    EXPECT_EQ(read_bytes(folder_ / "killed/model.safetensors"),
              read_bytes(folder_ / "straight/model.safetensors"));
}

TEST_F(SisrTrain, InstalledItFindsTheModelsBesideItByBareName) {
    fs::create_directories(folder_ / "tree/bin");
    fs::create_directories(folder_ / "tree/share/sisr/models");
    fs::create_directories(folder_ / "links");
    fs::copy_file(SISR_TRAIN_PATH, folder_ / "tree/bin/sisr-train");
    fs::create_symlink(folder_ / "tree/bin/sisr-train", folder_ / "links/sisr-train");
    write_repeating_model(folder_ / "tree/share/sisr/models/mine-x2.safetensors", 2);
    for (const char* on_path : {"tree/bin", "links"}) {
        CommandOptions options;
        options.environment = {{"PATH", (folder_ / on_path).string()},
                               {"HOME", ""},
                               {"XDG_DATA_HOME", ""},
                               {"SISR_MODEL_PATH", ""}};
        const auto found =
            run_command({"/bin/sh", "-c", "cd / && sisr-train inspect mine-x2"}, options);
        EXPECT_EQ(found.exit_code, 0) << on_path << ": " << found.err;
        EXPECT_NE(found.out.find("tree/share/sisr/models/mine-x2.safetensors"), std::string::npos);
    }
}

TEST_F(SisrTrain, SigintSavesAndStops) {
    CommandOptions interrupt;
    bool sent = false;
    interrupt.while_running = [&](pid_t process) {
        if (!sent && losses("run").count(30) != 0) {
            sent = true;
            ::kill(process, SIGINT);
        }
    };
    const auto stopped = run_command(command("run", 100000), interrupt);
    EXPECT_EQ(stopped.exit_code, 130) << stopped.err;
    const auto done = losses("run");
    ASSERT_FALSE(done.empty());
    const auto last = done.rbegin()->first;
    std::string digits = std::to_string(last);
    digits.insert(0, 9 - digits.size(), '0');
    EXPECT_TRUE(fs::exists(folder_ / ("run/checkpoints/step-" + digits + ".safetensors")));
    EXPECT_TRUE(fs::exists(folder_ / "run/model.safetensors"));
    EXPECT_TRUE(fs::exists(folder_ / "run/report.html"));
    // The run's folder is as good a name of its model as the file.
    const auto inspected = run_command({SISR_TRAIN_PATH, "inspect", (folder_ / "run").string()});
    EXPECT_EQ(inspected.exit_code, 0) << inspected.err;
    EXPECT_NE(inspected.out.find("run/model.safetensors"), std::string::npos) << inspected.out;
}

TEST_F(SisrTrain, WithoutAValidationKeepsPartsOfItsPicturesApart) {
    write_image(folder_ / "data/large.png", random_rgb(200, 300, 9));
    write_bytes(folder_ / "data/broken.png", "no picture");
    const auto trained = run_command(command("run", 4));
    ASSERT_EQ(trained.exit_code, 0) << trained.err;
    EXPECT_NE(trained.err.find("parts of 1 pictures are kept apart"), std::string::npos)
        << trained.err;
    EXPECT_NE(trained.out.find("validation"), std::string::npos) << trained.out;
    EXPECT_TRUE(fs::exists(folder_ / "run/best.safetensors"));
    // What was printed as a warning is one in the report.
    EXPECT_NE(trained.err.find("broken.png"), std::string::npos) << trained.err;
    const std::string report = read_bytes(folder_ / "run/report.html");
    EXPECT_NE(report.find("warnings: 1"), std::string::npos);
    EXPECT_NE(report.find("broken.png"), std::string::npos);
}

TEST_F(SisrTrain, TrainsValidatesInspectsAndEvaluates) {
    const auto trained = run_command(command(
        "run", 40, {"--validation", (folder_ / "validation").string(), "--trained-for", "tests"}));
    ASSERT_EQ(trained.exit_code, 0) << trained.err;
    EXPECT_NE(trained.out.find("waiting for data"), std::string::npos);
    EXPECT_NE(trained.out.find("validation"), std::string::npos);
    const std::string model = (folder_ / "run/best.safetensors").string();
    const auto inspected = run_command({SISR_TRAIN_PATH, "inspect", model});
    EXPECT_EQ(inspected.exit_code, 0);
    EXPECT_NE(inspected.out.find("tests"), std::string::npos);
    const auto evaluated = run_command({SISR_TRAIN_PATH, "eval", "--model", model, "--hr",
                                        (folder_ / "validation").string(), "--json"});
    ASSERT_EQ(evaluated.exit_code, 0) << evaluated.err;
    const auto json = nlohmann::json::parse(evaluated.out);
    EXPECT_GT(json["mean"]["psnr_y"].get<double>(), 10);
    // The last checkpoint holds what model.safetensors does, which is in half precision, and a
    // run's folder is its best model.
    const auto psnr_of = [this](const std::string& name) {
        const auto result = run_command({SISR_TRAIN_PATH, "eval", "--model", name, "--hr",
                                         (folder_ / "validation").string(), "--json"});
        EXPECT_EQ(result.exit_code, 0) << result.err;
        return nlohmann::json::parse(result.out)["mean"]["psnr_y"].get<double>();
    };
    const std::string run = (folder_ / "run").string();
    EXPECT_NEAR(psnr_of(run + "/checkpoints/step-000000040.safetensors"),
                psnr_of(run + "/model.safetensors"), 0.02);
    EXPECT_EQ(psnr_of(run), json["mean"]["psnr_y"].get<double>());
    const auto exported = run_command({SISR_TRAIN_PATH, "export", (folder_ / "run").string(), "-o",
                                       (folder_ / "out.safetensors").string(), "--name", "mine"});
    EXPECT_EQ(exported.exit_code, 0) << exported.err;
    EXPECT_TRUE(fs::exists(folder_ / "out.safetensors"));

    const auto joined =
        run_command({SISR_TRAIN_PATH, "export", (folder_ / "out.safetensors").string(),
                     "--fidelity", model, "--strength", "0.25", "--color-lock", "off", "-o",
                     (folder_ / "both.safetensors").string()});
    EXPECT_EQ(joined.exit_code, 0) << joined.err;
    const auto both =
        run_command({SISR_TRAIN_PATH, "inspect", (folder_ / "both.safetensors").string()});
    EXPECT_NE(both.out.find("default 0.25"), std::string::npos) << both.out;
    EXPECT_EQ(both.out.find("sisr.colour_lock"), std::string::npos) << both.out;
    EXPECT_EQ(run_command({SISR_TRAIN_PATH, "export", (folder_ / "both.safetensors").string(), "-o",
                           (folder_ / "x.safetensors").string()})
                  .exit_code,
              2)
        << "which of two stages?";
}

TEST_F(SisrTrain, ExportsTheMixtureOfTwoStages) {
    const auto file = [this](const std::string& name) { return (folder_ / name).string(); };
    ASSERT_EQ(run_command(command("stage1", 20)).exit_code, 0);
    ASSERT_EQ(
        run_command(command("stage2", 60, {"--init", file("stage1/model.safetensors")})).exit_code,
        0);
    ASSERT_EQ(run_command({SISR_TRAIN_PATH, "export", file("stage2"), "--fidelity",
                           file("stage1/model.safetensors"), "-o", file("both.safetensors")})
                  .exit_code,
              0);
    ASSERT_EQ(run_command({SISR_TRAIN_PATH, "export", file("both.safetensors"), "--strength", "0.3",
                           "-o", file("mixture.safetensors")})
                  .exit_code,
              0);
    const auto psnr = [&](const std::string& model, std::vector<std::string> more) {
        more.insert(more.begin(), {SISR_TRAIN_PATH, "eval", "-m", file(model), "--hr",
                                   file("validation"), "--json"});
        const auto result = run_command(more);
        EXPECT_EQ(result.exit_code, 0) << result.err;
        return nlohmann::json::parse(result.out)["mean"]["psnr_y"].get<double>();
    };
    const double mixture = psnr("mixture.safetensors", {});
    EXPECT_NEAR(mixture, psnr("both.safetensors", {"--strength", "0.3"}), 0.01);  // 16-bit weights
    EXPECT_GT(std::abs(mixture - psnr("both.safetensors", {"--strength", "1"})), 0.05);
}

TEST_F(SisrTrain, MixAddsWeights) {
    const auto file = [this](const std::string& name) { return (folder_ / name).string(); };
    ASSERT_EQ(run_command(command("a", 20)).exit_code, 0);
    ASSERT_EQ(run_command(command("b", 60, {"--seed", "2"})).exit_code, 0);
    const auto mix = [&](std::vector<std::string> words) {
        words.insert(words.begin(), {SISR_TRAIN_PATH, "mix"});
        words.insert(words.end(), {"-o", file("mixed.safetensors")});
        return run_command(words);
    };
    const std::string a = file("a/model.safetensors");
    const std::string b = file("b/model.safetensors");
    const auto psnr = [&](const std::string& model) {
        const auto result = run_command({SISR_TRAIN_PATH, "eval", "-m", model, "--hr",
                                         file("validation"), "--precision", "fp32", "--json"});
        EXPECT_EQ(result.exit_code, 0) << result.err;
        return nlohmann::json::parse(result.out)["mean"]["psnr_y"].get<double>();
    };
    const auto mixed = mix({a + "=0.25", b + "=1", a + "=-0.25"});
    ASSERT_EQ(mixed.exit_code, 0) << mixed.err;
    EXPECT_NEAR(psnr(file("mixed.safetensors")), psnr(b), 0.01);  // of 16-bit weights
    ASSERT_EQ(mix({a + "=0.5", b + "=0.5"}).exit_code, 0);
    EXPECT_GT(std::abs(psnr(file("mixed.safetensors")) - psnr(b)), 0.02);

    EXPECT_EQ(mix({a}).exit_code, 2) << "without a factor";
    const auto unknown = mix({a + "=1", "nowhere=1"});
    EXPECT_EQ(unknown.exit_code, 2);
    EXPECT_NE(unknown.err.find("nowhere"), std::string::npos) << unknown.err;
    ASSERT_EQ(run_command(command("c", 20, {"--scale", "2"})).exit_code, 0);
    const auto other = mix({a + "=1", file("c/model.safetensors") + "=1"});
    EXPECT_EQ(other.exit_code, 2);
    EXPECT_NE(other.err.find("another network"), std::string::npos) << other.err;

    auto larger = command("d", 20);
    *std::next(std::find(larger.begin(), larger.end(), "--channels")) = "12";
    *std::next(std::find(larger.begin(), larger.end(), "--blocks")) = "3";
    ASSERT_EQ(run_command(larger).exit_code, 0);
    const std::string large = file("d/model.safetensors");
    ASSERT_EQ(mix({large + "=0", a + "=1"}).exit_code, 0);
    EXPECT_NEAR(psnr(file("mixed.safetensors")), psnr(a), 0.01) << "grown by zeros";
    EXPECT_EQ(mix({a + "=1", large + "=1"}).exit_code, 2) << "the larger one is to be the first";
}

TEST_F(SisrTrain, JudgeMakesAModelChoose) {
    const auto file = [this](const std::string& name) { return (folder_ / name).string(); };
    ASSERT_EQ(run_command(command("run", 20)).exit_code, 0);
    ASSERT_EQ(run_command(command("other", 60, {"--seed", "2"})).exit_code, 0);
    const std::string model = file("run/model.safetensors");
    const std::string other = file("other/model.safetensors");
    const auto add = [&](const std::vector<std::string>& more) {
        std::vector<std::string> arguments{SISR_TRAIN_PATH, "export", model, "-o",
                                           file("all.safetensors")};
        arguments.insert(arguments.end(), more.begin(), more.end());
        return run_command(arguments);
    };
    const auto inspect = [&](const char* name) {
        return run_command({SISR_TRAIN_PATH, "inspect", file(name)}).out;
    };
    const auto judge = [&](const std::string& from) {
        return run_command({SISR_TRAIN_PATH, "judge", from, "--data", file("data"), "--validation",
                            file("validation"), "--degrade", "(reduce | reduce, jpeg:5-20)",
                            "--patch", "12", "--count", "20", "-o", file("judged.safetensors")});
    };
    const auto added = add({"--clean", other, "--heavy", other});
    ASSERT_EQ(added.exit_code, 0) << added.err;
    EXPECT_NE(inspect("all.safetensors").find("weights for    clean"), std::string::npos);
    EXPECT_NE(inspect("all.safetensors").find("by hand"), std::string::npos);

    const auto judged = judge(file("all.safetensors"));
    ASSERT_EQ(judged.exit_code, 0) << judged.err;
    EXPECT_NE(judged.out.find("as the layer chooses"), std::string::npos) << judged.out;
    EXPECT_NE(inspect("judged.safetensors").find("heavily damaged"), std::string::npos);
    EXPECT_EQ(inspect("judged.safetensors").find("by hand"), std::string::npos);

    const auto pointless = judge(model);
    EXPECT_EQ(pointless.exit_code, 2);
    EXPECT_NE(pointless.err.find("one kind"), std::string::npos) << pointless.err;
    const auto refused = add({"--clean", other, "--name", "mine"});
    EXPECT_EQ(refused.exit_code, 2);
    EXPECT_NE(refused.err.find("--name"), std::string::npos) << refused.err;
}

TEST_F(SisrTrain, ARecipeGivesTheOptions) {
    ASSERT_EQ(run_command(command("first", 25)).exit_code, 0);
    const auto again = run_command({SISR_TRAIN_PATH, "pretrain", "--config",
                                    (folder_ / "first/recipe.ini").string(), "--output",
                                    (folder_ / "second").string()});
    ASSERT_EQ(again.exit_code, 0) << again.err;
    EXPECT_EQ(losses("first"), losses("second"));
}

TEST_F(SisrTrain, BadInputIsOneLineAndWritesNothing) {
    const std::string data = (folder_ / "data").string();
    const std::string run = (folder_ / "run").string();
    fs::create_directory(folder_ / "empty");
    write_bytes(folder_ / "bad.ini", "no-such-key = 3\n");
    const std::vector<std::vector<std::string>> cases{
        {"pretrain", "--output", run},
        {"pretrain", "--data", data},
        {"pretrain", "--data", (folder_ / "missing").string(), "--output", run},
        {"pretrain", "--data", (folder_ / "empty").string(), "--output", run},
        {"pretrain", "--data", data, "--output", run, "--scale", "9"},
        {"pretrain", "--data", data, "--output", run, "--scale", "5", "--network", "paper"},
        {"pretrain", "--data", data, "--output", run, "--scale", "nan"},
        {"pretrain", "--data", data, "--output", run, "--rate", "-1"},
        {"pretrain", "--data", data, "--output", run, "--iterations", "0"},
        {"pretrain", "--data", data, "--output", run, "--network", "huge"},
        {"pretrain", "--data", data, "--output", run, "--no-such-option"},
        {"pretrain", "--data", data, "--output", run, "--config", (folder_ / "bad.ini").string()},
        {"pretrain", "--data", data, "--output", run, "--resume"},
        {"inspect", (folder_ / "missing.safetensors").string()},
        {"inspect", data + "/0.png"},
        {"eval", "--model", "no-such-model", "--hr", data},
        {"eval", "--model", "bicubic", "--hr", (folder_ / "missing").string()},
        {"eval", "--model", "bicubic", "--hr", data, "--lr", (folder_ / "validation").string()},
        {"eval", "--model", "bicubic", "--hr", data, "--degrade", "jpg:3"},
        {"eval", "--model", "bicubic", "--hr", data, "--perceptual", data + "/0.png"},
        {"degrade", "--data", data, "--degrade", "blur", "-o", run},
        {"pretrain", "--data", data, "--output", run, "--init", data + "/0.png"},
        {"pretrain", "--data", data, "--output", run, "--init", "fidelity-x4", "--channels", "8"},
        {"pretrain", "--data", data, "--output", run, "--teacher", data + "/0.png"},
        {"pretrain", "--data", data, "--output", run, "--teacher", "fidelity-x2"},
        {"pretrain", "--data", data, "--output", run, "--teacher-share", "1.1"},
        {"export", run, "-o", (folder_ / "x.safetensors").string()},
        {"dance"},
    };
    for (auto words : cases) {
        std::string what;
        for (const std::string& word : words) what += word + " ";
        words.insert(words.begin(), SISR_TRAIN_PATH);
        const auto result = run_command(words);
        EXPECT_EQ(result.exit_code, 2) << what << result.err;
        EXPECT_EQ(result.error_lines(), 1U) << what << result.err;
        EXPECT_FALSE(fs::exists(run)) << what;
    }
}

TEST_F(SisrTrain, DegradeShowsTheSampleThatIsAskedFor) {
    const auto picture = [&](const std::string& name, const std::vector<std::string>& more) {
        std::vector<std::string> words{
            SISR_TRAIN_PATH, "degrade", "--data", (folder_ / "data").string(),
            "--patch",       "12",      "-o",     (folder_ / name).string()};
        words.insert(words.end(), more.begin(), more.end());
        const auto made = run_command(words);
        EXPECT_EQ(made.exit_code, 0) << made.err;
        return read_image(folder_ / name).samples();
    };
    const auto first = picture("a.png", {"--step", "3", "--count", "1"});
    EXPECT_EQ(picture("b.png", {"--step", "3", "--index", "0"}), first);
    EXPECT_NE(picture("c.png", {"--step", "3", "--index", "1"}), first);
    EXPECT_NE(picture("d.png", {"--step", "4", "--index", "0"}), first);
}

TEST_F(SisrTrain, ARunIsNotOverwritten) {
    ASSERT_EQ(run_command(command("run", 5)).exit_code, 0);
    const auto again = run_command(command("run", 5));
    EXPECT_EQ(again.exit_code, 2);
    EXPECT_NE(again.err.find("--resume"), std::string::npos) << again.err;
    const auto other = run_command(command("run", 9, {"--network", "paper", "--resume"}));
    EXPECT_EQ(other.exit_code, 2) << other.err;
    EXPECT_EQ(other.error_lines(), 1U) << other.err;
}

TEST(SharedDataModels, FidelityX4IsWellAboveBicubic) {
    // Bicubic: 28.43 and 26.09 dB. The model's card tells what it reached; this guards the files.
    const std::pair<const char*, double> kSets[] = {{"Set5", 31.0}, {"Set14", 27.8}};
    for (const auto& [set, least] : kSets) {
        const fs::path folder = shared_data() / "testsets" / set / "x4";
        SISR_SKIP_WITHOUT(folder);
        const auto result =
            run_command({SISR_TRAIN_PATH, "eval", "--model", "fidelity-x4", "--json", "--hr",
                         (folder / "HR").string(), "--lr", (folder / "LR").string()});
        ASSERT_EQ(result.exit_code, 0) << result.err;
        EXPECT_GE(nlohmann::json::parse(result.out)["mean"]["psnr_y"].get<double>(), least) << set;
    }
}

}  // namespace
}  // namespace sisr::test
