/// What the command says and where results go when less was said than usual.
#include "sisr_batch_fixture.h"

#include <chrono>
#include <nlohmann/json.hpp>
#include <regex>

namespace sisr::test {
namespace {

namespace fs = std::filesystem;

class SisrBatchWords : public SisrBatch {
protected:
    void expect_refused(const std::vector<std::string>& words, const std::string& line) const {
        const Names before = names_in("in");
        const CommandResult result = run(words);
        EXPECT_EQ(result.exit_code, 2) << line;
        EXPECT_EQ(result.error_lines(), 1U) << result.err;
        EXPECT_TRUE(contains(result.err, line)) << result.err;
        EXPECT_EQ(names_in("in"), before);
    }
};

TEST_F(SisrBatchWords, WithoutAnOutputTheResultLiesBesideTheInput) {
    const Image a = make_image("in/a.png");
    make_image("in/b.tif");
    EXPECT_EQ(run({path("in/a.png"), path("in/b.tif")}).exit_code, 0);
    EXPECT_EQ(names_in("in"), (Names{"a.png", "a-x2.png", "b.tif", "b-x2.tif"}));
    EXPECT_LT(max_difference(read_image(folder_ / "in/a-x2.png"), repeated(a)), kExact);
    // Again, with the first results among the inputs: nothing of them, nothing over anything.
    const std::string before = read_bytes(folder_ / "in/a-x2.png");
    const CommandResult again =
        run({path("in/a-x2.png"), path("in/a.png"), path("in/b-x2.tif"), path("in/b.tif")});
    EXPECT_EQ(again.exit_code, 0) << again.err;
    EXPECT_TRUE(contains(again.err, "0 done, 2 skipped")) << again.err;
    EXPECT_EQ(names_in("in").size(), 4U);
    EXPECT_EQ(read_bytes(folder_ / "in/a-x2.png"), before);

    EXPECT_EQ(run({path("in/a.png"), "-s", "1.5", "-f", "webp"}).exit_code, 0);
    EXPECT_EQ(run({path("in/a.png"), "--fit", "40x30"}).exit_code, 0);
    EXPECT_EQ(run({path("in/a.png"), "--width", "12"}).exit_code, 0);
    EXPECT_EQ(run({path("in/a.png"), "--suffix", "_big"}).exit_code, 0);
    for (const char* name : {"a-x1.5.webp", "a-40x30.png", "a-12xauto.png", "a_big.png"}) {
        EXPECT_TRUE(fs::exists(folder_ / "in" / name)) << name;
    }
}

TEST_F(SisrBatchWords, AnOutputThatWasForgottenOrMeant) {
    make_image("in/a.png");
    make_image("in/b.png");
    fs::create_directory(folder_ / "results");
    expect_refused({path("in/a.png"), path("in/big.png")},
                   path("in/big.png") + ": no such file or folder; did you mean -o " +
                       path("in/big.png") + "?");
    expect_refused({path("in/a.png"), path("results")}, "did you mean -o " + path("results") + "?");
    expect_refused({path("in")}, "where shall the results of the folder " + path("in") + " go?");
    expect_refused({path("in/gone.png")}, path("in/gone.png") + ": no such file or folder");
    expect_refused({path("in/a.png"), path("in/b.png"), "-o", path("one.png")},
                   "\"" + path("one.png") + "\" is the name of one picture");
    expect_refused({path("in"), "-o", path("one.jpg")}, "is the name of one picture");
    expect_refused({path("in/a.png"), "-o", "-"}, "standard output");
    EXPECT_FALSE(fs::exists(folder_ / "one.png"));
    EXPECT_FALSE(fs::exists(folder_ / "one.jpg"));
}

TEST_F(SisrBatchWords, SubFoldersThatAreNotEntered) {
    make_image("in/a.png");
    make_image("in/x/b.png");
    const CommandResult one = run({path("in"), "-o", path("out")});
    EXPECT_EQ(one.exit_code, 0);
    EXPECT_TRUE(contains(one.err, path("in/x") + ": is a sub-folder, passed over (--recursive"))
        << one.err;
    make_image("in/y/c.png");
    const CommandResult two = run({path("in"), "-o", path("out")});
    EXPECT_TRUE(contains(two.err, path("in") + ": has 2 sub-folders, passed over")) << two.err;
    EXPECT_FALSE(contains(run({path("in"), "-o", path("out"), "-r"}).err, "sub-folder"));
    // The results' own folder is no such one.
    EXPECT_FALSE(contains(run({path("in/x"), "-o", path("in/x/large")}).err, "sub-folder"));
    EXPECT_FALSE(contains(run({path("in/x"), "-o", path("in/x/large")}).err, "sub-folder"));
}

TEST_F(SisrBatchWords, ModelFilesThatAreNone) {
    make_image("in/a.png");
    const auto with = [&](const std::string& model) {
        return run_plain({path("in/a.png"), "-o", path("out"), "-m", model});
    };
    for (const char* name : {"x.pth", "x.PT", "x.ckpt", "x.safetensors"}) {
        EXPECT_EQ(with(name).err, std::string("sisr-batch: ") + name + ": no such file\n");
    }
    write_bytes(folder_ / "here.pth",
                std::string("PK\3\4 a model of another program") + std::string(200, 'x'));
    const CommandResult other = with(path("here.pth"));
    EXPECT_EQ(other.exit_code, 2);
    EXPECT_TRUE(contains(other.err, path("here.pth") + ": is a damaged zip archive")) << other.err;
}

TEST_F(SisrBatchWords, TheDefaultModelIsMarked) {
    write_repeating_model(folder_ / "models/photo-x2.safetensors", 2);
    write_repeating_model(folder_ / "models/photo-x4.safetensors", 4);
    const CommandResult listed = run_plain({"--list-models"});
    EXPECT_EQ(listed.exit_code, 0);
    const auto line = [&](const std::string& name) {
        const auto at = listed.out.find("\n" + name) + 1;
        return listed.out.substr(at, listed.out.find('\n', at) - at);
    };
    EXPECT_TRUE(contains(line("photo-x4"), "(default) tests")) << listed.out;
    EXPECT_FALSE(contains(line("photo-x2"), "default")) << listed.out;
    EXPECT_FALSE(contains(line("repeat-x2"), "default")) << listed.out;
}

TEST_F(SisrBatchWords, AModelIsListedByTheNameThatFindsIt) {
    write_repeating_model(folder_ / "models/photo-x2.safetensors", 2);
    std::filesystem::copy(folder_ / "models/photo-x2.safetensors",
                          folder_ / "models/mine.safetensors");
    const CommandResult listed = run_plain({"--list-models", "--json"});
    ASSERT_EQ(listed.exit_code, 0) << listed.err;
    make_image("in/a.png");
    int own = 0;
    for (const auto& model : nlohmann::json::parse(listed.out)) {
        const auto name = model["name"].get<std::string>();
        own += name == "mine" ? 1 : 0;
        const CommandResult used =
            run_plain({path("in/a.png"), "-o", path("out-" + name), "-m", name});
        EXPECT_EQ(used.exit_code, 0) << name << ": " << used.err;
    }
    EXPECT_EQ(own, 1) << listed.out;
}

TEST_F(SisrBatchWords, TimeCountsFromTheStartOfTheProcess) {
    make_image("in/a.png");
    const auto begin = std::chrono::steady_clock::now();
    const CommandResult result =
        run({path("in/a.png"), "-o", path("out"), "--report", path("r.json")});
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - begin;
    ASSERT_EQ(result.exit_code, 0) << result.err;
    const auto told =
        nlohmann::json::parse(read_bytes(folder_ / "r.json"))["seconds"].get<double>();
    EXPECT_LT(told, taken.count() + 0.05);
    // Loading the libraries takes most of so small a run.
    EXPECT_GT(told, 0.5 * taken.count() - 0.05) << taken.count();
}

TEST_F(SisrBatchWords, MessagesNameTheFile) {
    for (const char* name : {"a.png", "a.jpg", "a.tif", "a.webp", "a.gif", "a.exr", "a.jp2"}) {
        write_bytes(folder_ / "in" / name, "no picture at all, but a text that is long enough");
        const CommandResult result = run({path("in/" + std::string(name)), "-o", path("out")});
        EXPECT_EQ(result.exit_code, 1) << name;
        EXPECT_TRUE(contains(result.err, path("in/" + std::string(name)) + ": ")) << result.err;
        const std::regex lone("\\bit\\b");
        EXPECT_FALSE(std::regex_search(result.err, lone)) << result.err;
    }
}

}  // namespace
}  // namespace sisr::test
