#include "base/atomic_file.h"

#include "support/temp_dir.h"

#include <sisr/error.h>

#include <gtest/gtest.h>
#include <sys/stat.h>

namespace sisr::test {
namespace {

TEST(AtomicFile, CommitGivesTheName) {
    const TempDir folder;
    {
        AtomicFile file(folder / "a.png");
        EXPECT_EQ(file.temporary_path().extension(), ".png");
        EXPECT_EQ(file.temporary_path().parent_path(), folder.path());
        write_bytes(file.temporary_path(), "whole");
        EXPECT_FALSE(std::filesystem::exists(folder / "a.png"));
        file.commit();
    }
    EXPECT_EQ(read_bytes(folder / "a.png"), "whole");
    EXPECT_EQ(count_entries(folder.path()), 1U);
}

TEST(AtomicFile, WithoutCommitNothingChanges) {
    const TempDir folder;
    write_bytes(folder / "a.png", "old");
    {
        AtomicFile file(folder / "a.png");
        write_bytes(file.temporary_path(), "half");
    }
    EXPECT_EQ(read_bytes(folder / "a.png"), "old");
    EXPECT_EQ(count_entries(folder.path()), 1U);
}

TEST(AtomicFile, TwoForOneTargetDoNotMeet) {
    const TempDir folder;
    AtomicFile first(folder / "a.png");
    AtomicFile second(folder / "a.png");
    EXPECT_NE(first.temporary_path(), second.temporary_path());
}

TEST(AtomicFile, LongNamesFit) {
    const TempDir folder;
    const std::string name = std::string(250, 'x') + ".png";
    AtomicFile file(folder / name);
    file.commit();
    EXPECT_TRUE(std::filesystem::exists(folder / name));
}

TEST(AtomicFile, NamesThatCannotBeGivenAreToldAtOnce) {
    const TempDir folder;
    EXPECT_THROW(AtomicFile(folder / (std::string(252, 'x') + ".png")), Error);
    ASSERT_EQ(::mkfifo((folder / "pipe.png").c_str(), 0600), 0);
    EXPECT_THROW(AtomicFile(folder / "pipe.png"), Error);
    EXPECT_THROW(AtomicFile("/dev/null"), Error);
    EXPECT_EQ(count_entries(folder.path()), 1U);
}

TEST(AtomicFile, MissingFolderIsAnErrorAboutTheTarget) {
    const TempDir folder;
    const std::string target = (folder / "no/a.png").string();
    try {
        AtomicFile file(target);
        ADD_FAILURE();
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::io);
        EXPECT_EQ(error.subject(), target);
    }
}

}  // namespace
}  // namespace sisr::test
