#include "support/models.h"
#include "support/temp_dir.h"

#include <sisr/error.h>
#include <sisr/model.h>

#include <gtest/gtest.h>

namespace sisr::test {
namespace {

class ModelStore : public ::testing::Test {
protected:
    void SetUp() override {
        for (const int scale : {2, 4}) {
            write_random_model(folder_ / ("test-x" + std::to_string(scale) + ".safetensors"),
                               SrResNetSettings::compact(scale, 8, 1));
        }
        ::setenv("SISR_MODEL_PATH", folder_.path().c_str(), 1);
    }
    void TearDown() override { ::unsetenv("SISR_MODEL_PATH"); }
    TempDir folder_;
};

TEST_F(ModelStore, FindsByNameFamilyAndFile) {
    EXPECT_EQ(find_model("test-x2").info().scale, 2);
    EXPECT_EQ(find_model("test").info().scale, 4);
    EXPECT_EQ(find_model("test", 1.5).info().scale, 2);
    EXPECT_EQ(find_model("test", 2).info().scale, 2);
    EXPECT_EQ(find_model("test", 2.1).info().scale, 4);
    EXPECT_EQ(find_model("test", 9).info().scale, 4);
    EXPECT_EQ(find_model((folder_ / "test-x2.safetensors").string()).info().scale, 2);
}

TEST_F(ModelStore, AnUnknownNameListsTheKnownOnes) {
    try {
        find_model("tets");
        ADD_FAILURE();
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::not_found);
        EXPECT_NE(std::string(error.what()).find("test-x2"), std::string::npos) << error.what();
    }
}

TEST_F(ModelStore, ADamagedFileHidesNoOther) {
    write_bytes(folder_ / "broken-x4.safetensors", "rubbish");
    std::size_t found = 0;
    for (const ModelInfo& info : list_models()) {
        found += info.name.rfind("test-x", 0) == 0 ? 1 : 0;
        EXPECT_NE(info.name, "broken-x4");
    }
    EXPECT_EQ(found, 2U);
    EXPECT_THROW(find_model("broken-x4"), Error);
}

}  // namespace
}  // namespace sisr::test
