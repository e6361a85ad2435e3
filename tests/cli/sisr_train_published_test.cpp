#include "support/published_models.h"
#include "support/run_command.h"
#include "support/temp_dir.h"

#include <sisr/model.h>

#include <gtest/gtest.h>

#include <algorithm>

namespace sisr::test {
namespace {

class SisrTrainPublished : public ::testing::Test {
protected:
    std::string file(const std::string& name) const { return (folder_ / name).string(); }

    static CommandResult run(std::vector<std::string> arguments) {
        arguments.insert(arguments.begin(), SISR_TRAIN_PATH);
        return run_command(arguments);
    }
    TempDir folder_;
};

TEST_F(SisrTrainPublished, ExportsAnothersModel) {
    TensorFile model = compact_model(2);
    model.metadata = {{"license", "CC0"}};
    write_safetensors(file("in.safetensors"), model);
    for (const auto& [word, type] : {std::pair{"fp32", torch::kFloat32},
                                     {"fp16", torch::kFloat16},
                                     {"bf16", torch::kBFloat16}}) {
        const auto exported =
            run({"export", file("in.safetensors"), file("out.safetensors"), "--as", word});
        ASSERT_EQ(exported.exit_code, 0) << exported.err;
        const TensorFile written = read_safetensors(file("out.safetensors"));
        ASSERT_EQ(written.tensors.size(), model.tensors.size());
        for (const auto& [name, tensor] : model.tensors) {
            ASSERT_EQ(written.tensors.count(name), 1U) << name;
            const auto& found = written.tensors.at(name);
            EXPECT_EQ(found.scalar_type(), type) << name;
            EXPECT_TRUE(torch::equal(found, tensor.to(type))) << name;
        }
        EXPECT_EQ(written.metadata.at("license"), "CC0");
        EXPECT_EQ(Model::load(file("out.safetensors")).info().architecture, "compact");
    }
    const auto named = run({"export", file("in.safetensors"), "-o", file("named.safetensors"),
                            "--name", "mine", "--color-lock", "off"});
    EXPECT_EQ(named.exit_code, 0) << named.err;
    const ModelInfo info = Model::load(file("named.safetensors")).info();
    EXPECT_EQ(info.name, "mine");
    EXPECT_FALSE(info.locks_colour);
}

TEST_F(SisrTrainPublished, ExportsAnInstalledModelByItsName) {
    write_safetensors(file("installed.safetensors"), compact_model(2));
    ::setenv("SISR_MODEL_PATH", folder_.path().c_str(), 1);
    const auto exported = run({"export", "installed", file("out.safetensors")});
    ::unsetenv("SISR_MODEL_PATH");
    EXPECT_EQ(exported.exit_code, 0) << exported.err;
    EXPECT_EQ(Model::load(file("out.safetensors")).info().architecture, "compact");
    const auto missing = run({"export", "nowhere", file("out.safetensors")});
    EXPECT_NE(missing.err.find("nowhere: unknown model"), std::string::npos) << missing.err;
}

TEST_F(SisrTrainPublished, RefusesWhatATypeCannotHoldAndWhatIsForOurs) {
    TensorFile model = compact_model(2);
    model.tensors["body.0.bias"][0] = 1e6;
    write_safetensors(file("in.safetensors"), model);
    const auto large =
        run({"export", file("in.safetensors"), file("out.safetensors"), "--as", "fp16"});
    EXPECT_EQ(large.exit_code, 2);
    EXPECT_NE(large.err.find("body.0.bias"), std::string::npos) << large.err;
    EXPECT_FALSE(std::filesystem::exists(file("out.safetensors")));
    const auto mixed = run({"export", file("in.safetensors"), "--fidelity", file("in.safetensors"),
                            "-o", file("out.safetensors")});
    EXPECT_EQ(mixed.exit_code, 2);
    EXPECT_NE(mixed.err.find("--fidelity"), std::string::npos) << mixed.err;
}

TEST_F(SisrTrainPublished, InspectTellsWhatAnUnknownFileHolds) {
    TensorFile model;
    for (const char* name :
         {"conv_first.weight", "layers.0.residual_group.blocks.0.attn.qkv.weight",
          "layers.0.residual_group.blocks.0.mlp.fc1.weight"}) {
        model.tensors[name] = torch::zeros({4, 3});
    }
    write_safetensors(file("swin.safetensors"), model);
    const auto unknown = run({"inspect", file("swin.safetensors")});
    EXPECT_NE(unknown.exit_code, 0);
    EXPECT_NE(unknown.out.find("conv_first.weight"), std::string::npos) << unknown.out;
    EXPECT_NE(unknown.out.find("4x3"), std::string::npos) << unknown.out;
    EXPECT_NE(unknown.err.find("nearest is SwinIR"), std::string::npos) << unknown.err;
    EXPECT_EQ(std::count(unknown.err.begin(), unknown.err.end(), '\n'), 1) << unknown.err;

    model = compact_model(2);
    model.tensors["leftover.counter"] = torch::zeros({1});
    write_safetensors(file("compact.safetensors"), model);
    const auto known = run({"inspect", file("compact.safetensors")});
    EXPECT_EQ(known.exit_code, 0) << known.err;
    for (const char* words : {"architecture   compact", "tiles          exact",
                              "not used       leftover.counter", "strength       0 (plain"}) {
        EXPECT_NE(known.out.find(words), std::string::npos) << words << "\n" << known.out;
    }
}

}  // namespace
}  // namespace sisr::test
