#include "sisr-batch/jobs.h"

#include "support/temp_dir.h"

#include <sisr/error.h>

#include <chrono>
#include <gtest/gtest.h>
#include <set>
#include <sys/stat.h>

namespace sisr::cli {
namespace {

namespace fs = std::filesystem;
using test::TempDir;
using test::write_bytes;

/// Files need no pixels here: the list of jobs looks at names only.
class Jobs : public ::testing::Test {
protected:
    fs::path make(const std::string& name, const std::string& bytes = "x") {
        const fs::path file = folder_ / name;
        fs::create_directories(file.parent_path());
        write_bytes(file, bytes);
        return file;
    }

    JobList list(const std::vector<std::string>& inputs, const std::string& output = "out") {
        options_.inputs.clear();
        for (const std::string& input : inputs) options_.inputs.push_back(folder_ / input);
        options_.output = folder_ / output;
        return list_jobs(options_);
    }

    /// "input -> output", names relative to the test's folder; "input: problem" for a lost case.
    std::vector<std::string> lines(const std::vector<std::string>& inputs,
                                   const std::string& output = "out") {
        std::vector<std::string> result;
        for (const Job& job : list(inputs, output).jobs) {
            const std::string name = job.input.lexically_relative(folder_.path()).string();
            result.push_back(job.problem.empty()
                                 ? name + " -> " +
                                       job.output.lexically_relative(folder_.path()).string()
                                 : name + ": " + job.problem);
        }
        return result;
    }

    using Lines = std::vector<std::string>;
    TempDir folder_;
    BatchOptions options_;
};

TEST_F(Jobs, AFolderGivesItsImagesByNameAndNothingElse) {
    for (const char* name : {"in/b.png", "in/a.JPG", "in/B.tif", "in/c d.webp", "in/.hidden.png",
                             "in/notes.txt", "in/noextension", "in/sub/e.png", "in/\xC3\xA4.png"}) {
        make(name);
    }
    EXPECT_EQ(lines({"in"}),
              (Lines{"in/B.tif -> out/B.tif", "in/a.JPG -> out/a.JPG", "in/b.png -> out/b.png",
                     "in/c d.webp -> out/c d.webp", "in/\xC3\xA4.png -> out/\xC3\xA4.png"}));
    EXPECT_FALSE(fs::exists(folder_ / "out"));
}

TEST_F(Jobs, SubFoldersAreMirrored) {
    for (const char* name : {"in/b.png", "in/a/x.png", "in/a/deep/y.png", "in/.git/z.png"}) {
        make(name);
    }
    options_.recursive = true;
    EXPECT_EQ(lines({"in"}), (Lines{"in/a/deep/y.png -> out/a/deep/y.png",
                                    "in/a/x.png -> out/a/x.png", "in/b.png -> out/b.png"}));
}

TEST_F(Jobs, OneFileToOneFile) {
    make("a.png");
    make("b.png");
    fs::create_directory(folder_ / "is.png");
    EXPECT_EQ(lines({"a.png"}, "new/big.webp"), Lines{"a.png -> new/big.webp"});
    EXPECT_EQ(lines({"a.png"}, "new/big"), Lines{"a.png -> new/big/a.png"});
    EXPECT_THROW(lines({"a.png", "b.png"}, "x.png"), Error);
    EXPECT_EQ(lines({"a.png", "b.png"}, "is.png"),
              (Lines{"a.png -> is.png/a.png", "b.png -> is.png/b.png"}));
    EXPECT_EQ(lines({"a.png"}, "is.png"), Lines{"a.png -> is.png/a.png"});
}

TEST_F(Jobs, AnOutputFileThatCannotBe) {
    make("a.png");
    EXPECT_THROW(list({"a.png"}, "big.psd"), Error);
    options_.format = "webp";
    EXPECT_THROW(list({"a.png"}, "big.png"), Error);
    EXPECT_EQ(lines({"a.png"}, "big.WEBP"), Lines{"a.png -> big.WEBP"});
}

TEST_F(Jobs, NameAndExtensionOfTheResult) {
    for (const char* name : {"in/a.jpg", "in/b.psd", "in/c.tar.png"}) make(name);
    options_.suffix = "_x4";
    EXPECT_EQ(lines({"in"}), (Lines{"in/a.jpg -> out/a_x4.jpg", "in/b.psd -> out/b_x4.png",
                                    "in/c.tar.png -> out/c.tar_x4.png"}));
    options_.format = "webp";
    EXPECT_EQ(lines({"in"}), (Lines{"in/a.jpg -> out/a_x4.webp", "in/b.psd -> out/b_x4.webp",
                                    "in/c.tar.png -> out/c.tar_x4.webp"}));
    make("frame.0001");
    make("plain");
    EXPECT_EQ(lines({"frame.0001", "plain"}),
              (Lines{"frame.0001 -> out/frame.0001_x4.webp", "plain -> out/plain_x4.webp"}));
}

TEST_F(Jobs, CollisionsKeepTheFirstNameAndAreTold) {
    for (const char* name : {"one/a.jpg", "one/a.png", "two/a.jpg", "two/a.png"}) make(name);
    options_.format = "webp";
    const JobList jobs = list({"one", "two"});
    EXPECT_EQ(jobs.notes.size(), 3U);
    EXPECT_NE(jobs.notes[0].find("a.png"), std::string::npos) << jobs.notes[0];
    EXPECT_EQ(lines({"one", "two"}),
              (Lines{"one/a.jpg -> out/a.webp", "one/a.png -> out/a.png.webp",
                     "two/a.jpg -> out/a.jpg.webp", "two/a.png -> out/a.png-2.webp"}));
}

TEST_F(Jobs, NoTwoJobsShareAnOutput) {
    for (const char* name : {"one/a.png", "two/a.png", "two/a.png.png", "three/a.png"}) make(name);
    std::set<fs::path> outputs;
    const JobList jobs = list({"one", "two", "three"});
    for (const Job& job : jobs.jobs) outputs.insert(job.output);
    EXPECT_EQ(jobs.jobs.size(), 4U);
    EXPECT_EQ(outputs.size(), 4U);
}

TEST_F(Jobs, AnInputGivenTwiceIsDoneOnce) {
    make("in/a.png");
    EXPECT_EQ(lines({"in", "in/../in", "in/a.png", "in/./a.png"}).size(), 1U);
    EXPECT_EQ(lines({"in/a.png", "in"}).size(), 1U);
}

TEST_F(Jobs, AnImageNameThatIsNoFile) {
    fs::create_directories(folder_ / "in/dir.png");
    fs::create_symlink("nowhere", folder_ / "in/link.png");
    ASSERT_EQ(::mkfifo((folder_ / "in/pipe.png").c_str(), 0600), 0);
    make("in/z.png");
    EXPECT_EQ(lines({"in"}),
              (Lines{"in/dir.png: is a folder, not an image",
                     "in/link.png: is a link to a file that is not there",
                     "in/pipe.png: is not a regular file", "in/z.png -> out/z.png"}));
    options_.recursive = true;
    EXPECT_EQ(lines({"in"}).size(), 3U);
}

TEST_F(Jobs, LinksAreFollowedAndLoopsCut) {
    make("in/a.png");
    make("elsewhere/b.png");
    fs::create_directory_symlink(folder_ / "elsewhere", folder_ / "in/link");
    fs::create_directory_symlink("..", folder_ / "elsewhere/up");
    fs::create_directory_symlink(".", folder_ / "in/self");
    options_.recursive = true;
    EXPECT_EQ(lines({"in"}), (Lines{"in/a.png -> out/a.png", "in/link/b.png -> out/link/b.png"}));
}

TEST_F(Jobs, TheOutputFolderIsNoInput) {
    make("in/a.png");
    make("in/large/a.png");
    make("in/sub/b.png");
    options_.recursive = true;
    const Lines expected{"in/a.png -> in/large/a.png", "in/sub/b.png -> in/large/sub/b.png"};
    EXPECT_EQ(lines({"in"}, "in/large"), expected);
    EXPECT_EQ(lines({"in"}, "in/sub/../large/").size(), 2U);
    fs::create_directory_symlink(folder_ / "in/large", folder_ / "link");
    EXPECT_EQ(lines({"in"}, "link").size(), 2U);
    // As a shell's in/* gives it.
    EXPECT_EQ(lines({"in/a.png", "in/large", "in/sub"}, "in/large").size(), 2U);
}

TEST_F(Jobs, AResultNeverReplacesItsInput) {
    make("in/a.png");
    EXPECT_NE(lines({"in/a.png"}, "in")[0].find("would replace the input"), std::string::npos);
    EXPECT_NE(lines({"in/a.png"}, "in/a.png")[0].find("would replace"), std::string::npos);
    EXPECT_NE(lines({"in"}, "in")[0].find("would replace"), std::string::npos);
    fs::create_directory_symlink("in", folder_ / "link");
    EXPECT_NE(lines({"in"}, "link")[0].find("would replace"), std::string::npos);
}

TEST_F(Jobs, AResultNeverReplacesAnotherInput) {
    make("in/a.png");
    make("in/a.webp");
    options_.format = "webp";
    options_.existing = Existing::overwrite;
    const Lines result = lines({"in"}, "in");
    ASSERT_EQ(result.size(), 2U);
    EXPECT_NE(result[0].find("would replace the input"), std::string::npos) << result[0];
    EXPECT_NE(result[1].find("would replace the input"), std::string::npos) << result[1];
}

TEST_F(Jobs, ResultsBesideTheirInputsAreNotEnlargedAgain) {
    for (const char* name :
         {"in/a.png", "in/a_x4.png", "in/b_x4.png", "in/sub/c.png", "in/sub/c_x4.png"}) {
        make(name);
    }
    options_.suffix = "_x4";
    options_.recursive = true;
    for (const Existing existing : {Existing::skip, Existing::overwrite}) {
        options_.existing = existing;
        EXPECT_EQ(lines({"in"}, "in"),
                  (Lines{"in/a.png -> in/a_x4.png", "in/b_x4.png -> in/b_x4_x4.png",
                         "in/sub/c.png -> in/sub/c_x4.png"}));
    }
    EXPECT_EQ(lines({"in"}).size(), 5U);
}

TEST_F(Jobs, WhatIsNotThere) {
    make("a.png");
    const JobList jobs = list({"gone", "a.png", "gone.png"});
    EXPECT_EQ(jobs.jobs.size(), 1U);
    ASSERT_EQ(jobs.missing.size(), 2U);
    EXPECT_EQ(jobs.missing[0], (folder_ / "gone").string() + ": no such file or folder");
}

TEST_F(Jobs, TheShareOfTheWorkIsTheFilesSize) {
    make("in/a.png", std::string(1000, 'x'));
    make("in/b.png", "");
    const JobList jobs = list({"in"});
    EXPECT_EQ(jobs.jobs[0].bytes, 1000U);
    EXPECT_EQ(jobs.jobs[1].bytes, 1U);
}

TEST_F(Jobs, ManyFilesAreListedQuickly) {
    for (int i = 0; i < 3000; ++i) make("in/" + std::to_string(i) + ".jpg");
    options_.format = "webp";
    const auto start = std::chrono::steady_clock::now();
    EXPECT_EQ(list({"in"}).jobs.size(), 3000U);
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(20));
}

TEST_F(Jobs, TheOutputFolderIsMadeWithItsParents) {
    make("a.png");
    list({"a.png"}, "x/y/z");
    options_.dry_run = true;
    prepare_output(options_);
    EXPECT_FALSE(fs::exists(folder_ / "x"));
    options_.dry_run = false;
    prepare_output(options_);
    EXPECT_TRUE(fs::is_directory(folder_ / "x/y/z"));
    list({"a.png"}, "p/q.png");
    prepare_output(options_);
    EXPECT_TRUE(fs::is_directory(folder_ / "p"));
    EXPECT_FALSE(fs::exists(folder_ / "p/q.png"));
}

TEST_F(Jobs, AnOutputFolderThatCannotBe) {
    make("a.png");
    make("file");
    for (const bool dry_run : {false, true}) {
        options_.dry_run = dry_run;
        list({"a.png"}, "file");
        EXPECT_THROW(prepare_output(options_), Error);
    }
    options_.dry_run = false;
    list({"a.png"}, "file/below");
    EXPECT_THROW(prepare_output(options_), Error);
}

}  // namespace
}  // namespace sisr::cli
