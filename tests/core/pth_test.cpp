#include "formats/pth.h"
#include "formats/safetensors.h"

#include "support/run_command.h"

#include <sisr/error.h>

#include <gtest/gtest.h>

#include <random>

namespace sisr::test {
namespace {

/// Tensors of several types and layouts, inside the containers that trainers use.
constexpr const char* kScript = R"(
import sys, torch, collections
torch.manual_seed(1)
base = torch.arange(24, dtype=torch.float32).reshape(4, 6)
d = collections.OrderedDict()
d['module.plain'] = base.clone()
d['module.turned'] = base.t()
d['module.part'] = base[1:3, 2:5]
d['module.half'] = torch.tensor([1.5, -2.25]).half()
d['module.bf16'] = torch.tensor([1.5, -2.0]).bfloat16()
d['module.whole'] = torch.tensor([1, -2, 3])
d['module.number'] = torch.tensor(7.0)
d['module.none'] = torch.zeros(0, 3)
d['module.parameter'] = torch.nn.Parameter(torch.ones(2, 2))
d['epoch'] = 5
d._metadata = {'': {'version': 1}}
o = {'params': {'wrong': torch.zeros(1)}, 'params_ema': d, 'rate': 1e-3, 'names': ['a', 'b']}
torch.save(o, sys.argv[1] + '/new.pth')
torch.save(o, sys.argv[1] + '/old.pth', _use_new_zipfile_serialization=False)
torch.save(torch.nn.Linear(2, 2), sys.argv[1] + '/module.pth')
)";

class PthTest : public ::testing::Test {
protected:
    void SetUp() override {
        const std::string python = "/usr/bin/python3";
        if (run_command({python, "-c", "import torch"}).exit_code != 0) {
            GTEST_SKIP() << "python3-torch is not installed";
        }
        const auto result = run_command({python, "-c", kScript, folder_.path().string()});
        ASSERT_EQ(result.exit_code, 0) << result.err;
    }
    TempDir folder_;
};

TEST_F(PthTest, ReadsBothFormsWithEveryLayout) {
    const auto base = torch::arange(24, torch::kFloat32).reshape({4, 6});
    for (const char* name : {"new.pth", "old.pth"}) {
        const Tensors tensors = read_pth(folder_ / name).tensors;
        EXPECT_EQ(tensors.size(), 9U);
        EXPECT_TRUE(torch::equal(tensors.at("plain"), base));
        EXPECT_TRUE(torch::equal(tensors.at("turned"), base.t()));
        EXPECT_TRUE(torch::equal(tensors.at("part"), base.slice(0, 1, 3).slice(1, 2, 5)));
        EXPECT_TRUE(tensors.at("turned").is_contiguous());
        EXPECT_EQ(tensors.at("half").scalar_type(), torch::kFloat16);
        EXPECT_EQ(tensors.at("half")[1].item<float>(), -2.25F);
        EXPECT_EQ(tensors.at("bf16").scalar_type(), torch::kBFloat16);
        EXPECT_EQ(tensors.at("whole")[1].item<std::int64_t>(), -2);
        EXPECT_EQ(tensors.at("number").item<float>(), 7);
        EXPECT_EQ(tensors.at("none").sizes().vec(), (std::vector<std::int64_t>{0, 3}));
        EXPECT_EQ(tensors.at("parameter").sum().item<float>(), 4);
    }
}

TEST_F(PthTest, AWholeModuleGivesItsWeights) {
    const Tensors tensors = read_pth(folder_ / "module.pth").tensors;
    EXPECT_EQ(tensors.size(), 2U);
    EXPECT_EQ(tensors.at("weight").sizes().vec(), (std::vector<std::int64_t>{2, 2}));
    EXPECT_EQ(tensors.at("bias").sizes().vec(), (std::vector<std::int64_t>{2}));
}

TEST_F(PthTest, DamagedFilesAreErrorsAndNeverCrash) {
    std::mt19937 generator(1);
    for (const char* name : {"new.pth", "old.pth"}) {
        const std::string bytes = read_bytes(folder_ / name);
        const auto file = folder_ / "damaged.pth";
        const auto try_to_read = [&file] {
            try {
                read_pth(file);
            } catch (const Error& error) {
                EXPECT_NE(std::string(error.what()).find("damaged.pth"), std::string::npos);
            }
        };
        for (int sixteenth = 0; sixteenth < 16; ++sixteenth) {
            write_bytes(file,
                        bytes.substr(0, bytes.size() * static_cast<std::size_t>(sixteenth) / 16));
            EXPECT_THROW(read_pth(file), Error) << name << " " << sixteenth;
        }
        for (int round = 0; round < 1000; ++round) {
            std::string damaged = bytes;
            for (int i = 0; i < 3; ++i) {
                damaged[generator() % damaged.size()] = static_cast<char>(generator());
            }
            write_bytes(file, damaged);
            try_to_read();
        }
    }
}

TEST(PthFiles, MissingAndForeignFilesAreNamed) {
    const TempDir folder;
    write_bytes(folder / "text.pth", "no model");
    for (const char* name : {"missing.pth", "text.pth", "."}) {
        EXPECT_THROW(read_pth(folder / name), Error) << name;
    }
}

}  // namespace
}  // namespace sisr::test
