/// Nothing of a model file is executed: each file of the corpus that make_corpus.py writes is given
/// to the commands as a user would, and what they do is watched.
#include "support/python.h"
#include "support/run_command.h"
#include "support/trace.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <map>
#include <optional>

namespace sisr::test {
namespace {

namespace fs = std::filesystem;

// Beyond what a small good model takes.
constexpr double kMostMegabytes = 200;
constexpr double kMostSeconds = 2;
// About so many files of each kind are tried, evenly taken from all, and of the refused ones every
// eighth by the slower command too: it reads by the same function. SISR_TEST_ALL tries all by both.
constexpr std::size_t kMostFiles = 110;
constexpr std::size_t kBatchStride = 8;

struct Item {
    std::string kind;
    std::string file;  ///< in the corpus' folder
    std::string expected;
    std::string words;
};

enum class Command { inspect, batch };

struct Outcome {
    CommandResult result;
    std::set<std::string> events;
    bool has_picture = false;
};

class Corpus {
public:
    Corpus() : is_traced_(can_trace()) {
        fs::create_directory(folder_ / "files");
        const CommandResult made =
            run_command({python(), SISR_SOURCE_DIR "/tests/malicious/make_corpus.py",
                         (folder_ / "files").string()},
                        {});
        EXPECT_EQ(made.exit_code, 0) << made.err;
        std::istringstream lines(read_bytes(file("corpus.tsv")));
        for (std::string line; std::getline(lines, line);) {
            std::istringstream words(line);
            Item item;
            std::getline(words, item.kind, '\t');
            std::getline(words, item.file, '\t');
            std::getline(words, item.expected, '\t');
            std::getline(words, item.words);
            items_.push_back(item);
        }
    }

    const std::vector<Item>& items() const { return items_; }
    bool is_traced() const { return is_traced_; }
    fs::path file(const std::string& name) const { return folder_ / "files" / name; }
    fs::path canary() const { return file("canary"); }

    Outcome run(Command command, const std::string& name) {
        const fs::path output = folder_ / "output";
        const fs::path trace = folder_ / "trace";
        for (const fs::path& made : {output, trace}) fs::create_directory(made);
        const std::string model = file(name).string();
        std::vector<std::string> words{SISR_TRAIN_PATH, "inspect", model};
        if (command == Command::batch) {
            words = {SISR_BATCH_PATH,
                     "--model",
                     model,
                     file("good/picture.png").string(),
                     "--threads",
                     "1",
                     "--no-color-lock",
                     "--output",
                     output.string() + "/"};
        }
        if (is_traced_) words = traced(std::move(words), trace);
        CommandOptions options;
        options.environment = {{"OMP_NUM_THREADS", "1"}, {"LC_ALL", "C.UTF-8"}};
        Outcome outcome;
        outcome.result = run_command(words, options);
        const std::string stem = fs::path(model).replace_extension().string();
        outcome.events = take_events(trace, {{stem + ".bin", "MODEL"},
                                             {stem + ".param", "MODEL"},
                                             {model, "MODEL"},
                                             {file("good/picture.png").string(), "PICTURE"},
                                             {fs::path(model).parent_path().string(), "FOLDER"},
                                             {output.string(), "OUTPUT"}});
        outcome.has_picture = fs::exists(output / "picture.png");
        fs::remove_all(output);
        return outcome;
    }

private:
    TempDir folder_;
    bool is_traced_;
    std::vector<Item> items_;
};

/// What good models need: every kind of file by each command.
class Usual {
public:
    explicit Usual(Corpus& corpus) {
        for (const char* name :
             {"good.pth", "good-legacy.pth", "good.safetensors", "good.param", "good.onnx"}) {
            for (const Command command : {Command::inspect, Command::batch}) {
                const Outcome outcome = corpus.run(command, std::string("good/") + name);
                EXPECT_EQ(outcome.result.exit_code, 0) << name << ": " << outcome.result.err;
                EXPECT_EQ(outcome.has_picture, command == Command::batch) << name;
                events_.insert(outcome.events.begin(), outcome.events.end());
                CommandResult& most = most_[command];
                most.cpu_seconds = std::max(most.cpu_seconds, outcome.result.cpu_seconds);
                most.peak_megabytes = std::max(most.peak_megabytes, outcome.result.peak_megabytes);
            }
        }
    }

    const CommandResult& most(Command command) const { return most_.at(command); }

    /// What no good model made the command ask for; empty when there is nothing.
    std::string stranger_among(const std::set<std::string>& events) const {
        for (const std::string& event : events) {
            if (events_.count(event) == 0 && !is_hidden_result(event)) return event;
        }
        return {};
    }

private:
    /// A result has a name of its own each time until it is whole.
    static bool is_hidden_result(const std::string& event) {
        return event.find(" OUTPUT/.") != std::string::npos;
    }

    std::set<std::string> events_;
    std::map<Command, CommandResult> most_;
};

class MaliciousModels : public ::testing::TestWithParam<const char*> {
protected:
    static void SetUpTestSuite() {
        if (!fs::exists(python())) return;
        corpus_ = std::make_unique<Corpus>();
        usual_ = std::make_unique<Usual>(*corpus_);
    }
    static void TearDownTestSuite() {
        usual_.reset();
        corpus_.reset();
    }
    void SetUp() override {
        if (corpus_ == nullptr) GTEST_SKIP() << python() << " is not there";
    }

    void look_at(Command command, const Item& item) {
        SCOPED_TRACE((command == Command::inspect ? "inspect " : "sisr-batch ") + item.file);
        const Outcome outcome = corpus_->run(command, item.file);
        const CommandResult& result = outcome.result;
        if (item.expected == "loads" || (item.expected == "either" && result.exit_code == 0)) {
            EXPECT_EQ(result.exit_code, 0) << result.err;
            EXPECT_EQ(outcome.has_picture, command == Command::batch);
        } else {
            expect_refused(item, result);
            EXPECT_FALSE(outcome.has_picture);
        }
        for (const std::string& text : {result.out, result.err}) {
            EXPECT_TRUE(std::all_of(text.begin(), text.end(), [](unsigned char letter) {
                return letter == '\n' || (letter >= ' ' && letter != 0x7F);
            }));
        }
        EXPECT_EQ(usual_->stranger_among(outcome.events), "");
        EXPECT_FALSE(fs::exists(corpus_->canary()));
        const CommandResult& usual = usual_->most(command);
        const double megabytes = result.peak_megabytes - usual.peak_megabytes;
        const double seconds = result.cpu_seconds - usual.cpu_seconds;
        EXPECT_LT(megabytes, kMostMegabytes);
        EXPECT_LT(seconds, kMostSeconds);
        if (megabytes > worst_megabytes_.first) worst_megabytes_ = {megabytes, item.file};
        if (seconds > worst_seconds_.first) worst_seconds_ = {seconds, item.file};
    }

    static void expect_refused(const Item& item, const CommandResult& result) {
        constexpr std::size_t kLongest = 1000;
        EXPECT_EQ(result.exit_code, 2) << result.err.substr(0, kLongest);
        EXPECT_EQ(result.error_lines(), 1U) << result.err.substr(0, kLongest);
        EXPECT_LT(result.err.size(), kLongest);
        // Or of ncnn's pair the other.
        const std::string name = fs::path(item.file).replace_extension().string() + ".";
        const std::size_t place = result.err.find(name);
        EXPECT_NE(place, std::string::npos) << result.err;
        EXPECT_NE(result.err.find(": ", place), std::string::npos) << result.err;
        EXPECT_NE(result.err.find(item.words), std::string::npos) << result.err;
    }

    void print_worst(std::size_t count) const {
        std::printf("%zu files; above a good model at most %.0f MB (%s) and %.1f s (%s)\n", count,
                    worst_megabytes_.first, worst_megabytes_.second.c_str(), worst_seconds_.first,
                    worst_seconds_.second.c_str());
    }

    static std::unique_ptr<Corpus> corpus_;
    static std::unique_ptr<Usual> usual_;
    std::pair<double, std::string> worst_megabytes_;
    std::pair<double, std::string> worst_seconds_;
};

std::unique_ptr<Corpus> MaliciousModels::corpus_;
std::unique_ptr<Usual> MaliciousModels::usual_;

TEST_P(MaliciousModels, AreRefusedInALineOrDoNothing) {
    const bool wants_all = std::getenv("SISR_TEST_ALL") != nullptr;
    std::vector<Item> items;
    for (const Item& item : corpus_->items()) {
        if (item.kind == GetParam()) items.push_back(item);
    }
    const std::size_t stride = wants_all ? 1 : (items.size() + kMostFiles - 1) / kMostFiles;
    std::size_t number = 0;
    for (std::size_t place = 0; place < items.size(); place += stride) {
        const Item& item = items[place];
        look_at(Command::inspect, item);
        const bool is_turn = number++ % kBatchStride == 0;
        if (item.expected != "refused" || is_turn || wants_all) look_at(Command::batch, item);
    }
    EXPECT_GT(number, 50U);
    print_worst(number);
    std::fflush(stdout);
    if (!corpus_->is_traced()) {
        GTEST_SKIP() << "strace is not to be had, so that nobody has seen what is opened and begun";
    }
}

INSTANTIATE_TEST_SUITE_P(Kinds, MaliciousModels,
                         ::testing::Values("pickle", "zip", "safetensors", "ncnn", "onnx"),
                         [](const auto& kind) { return std::string(kind.param); });

/// The corpus is what it says: Python itself runs what is in these pickles.
TEST(MaliciousCorpus, PythonWouldRunIt) {
    if (!fs::exists(python())) GTEST_SKIP() << python() << " is not there";
    const Corpus corpus;
    std::istringstream names(read_bytes(corpus.file("live.txt")));
    int count = 0;
    for (std::string name; std::getline(names, name); ++count) {
        EXPECT_FALSE(fs::exists(corpus.canary()));
        run_command({python(), "-c", "import pickle, sys; pickle.load(open(sys.argv[1], 'rb'))",
                     corpus.file(name).string()});
        EXPECT_TRUE(fs::remove(corpus.canary())) << name;
    }
    EXPECT_GT(count, 20);
}

}  // namespace
}  // namespace sisr::test
