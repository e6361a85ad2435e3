#include "parity.h"

#include "architectures/shape_reader.h"
#include "support/python.h"

#include <sisr/error.h>

#include <gtest/gtest.h>

#include <algorithm>

namespace sisr::test {
namespace {

constexpr const char* kUnknown = "of no known architecture";

/// Why tensors make no program; empty where they make one.
std::string refusal(const Tensors& tensors, const Metadata& metadata) {
    try {
        const auto found = find_architecture(shapes_of(tensors), metadata);
        if (!found) return kUnknown;
        found->architecture->build(tensors, metadata);
        return {};
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::bad_model);
        EXPECT_EQ(error.subject(), "model");
        EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos);
        return error.what();
    }
}

/// What a file may lack: what no layer reads, and what says by itself how the network is.
bool is_optional(const std::string& name) {
    if (name == "pro") return true;  // RealCUGAN: of which kind it is
    for (const char* part :
         {"num_batches_tracked", "eval_conv", "no_norm", "init_pos", "block2.act", "convblock.act",
          "rpe_biases", "relative_position_index", "attn_mask", "relative_coords_table",
          ".qkv.bias", "conv_after_body"}) {
        if (name.find(part) != std::string::npos) return true;
    }
    return false;
}

class WrongFiles : public ::testing::TestWithParam<const char*> {
protected:
    void SetUp() override {
        SISR_SKIP_WITHOUT_PYTHON("torch");
        for (ParityCase& item : make_cases(folder_.path(), GetParam(), 2)) {
            models_.push_back(
                {item.name, read_model(item.folder / "model.safetensors"), item.given});
        }
    }

    struct Model {
        std::string name;
        Tensors tensors;
        Metadata given;
    };

    /// Tensors in turn as `spoil` makes it, or not there; `told` says whether the message will
    /// do.
    void expect_refused(const std::function<std::optional<torch::Tensor>(torch::Tensor)>& spoil,
                        const std::function<bool(const std::string&, const std::string&)>& told) {
        for (const Model& model : models_) {
            // Of blocks that are alike, some.
            const std::size_t stride = std::max<std::size_t>(model.tensors.size() / 30, 1);
            std::size_t number = 0;
            for (const auto& [name, tensor] : model.tensors) {
                if (is_optional(name) || number++ % stride != 0) continue;
                Tensors spoilt = model.tensors;
                spoilt.erase(name);
                if (const auto other = spoil(tensor)) spoilt[name] = *other;
                const std::string message = refusal(spoilt, model.given);
                EXPECT_TRUE(told(message, name)) << model.name << ", " << name << ": " << message;
            }
        }
    }

    static bool names_it(const std::string& message, const std::string& name) {
        return message.find('"' + name + '"') != std::string::npos;
    }

    TempDir folder_;
    std::vector<Model> models_;
};

TEST_P(WrongFiles, WhatIsMissingIsNamed) {
    expect_refused([](const torch::Tensor&) { return std::nullopt; },
                   [](const std::string& message, const std::string& name) {
                       // Without the names by which it is known it is not known.
                       return names_it(message, name) || message == kUnknown;
                   });
}

TEST_P(WrongFiles, WhatIsNotFiniteIsNamed) {
    expect_refused([](const torch::Tensor& tensor) { return torch::full_like(tensor, NAN); },
                   names_it);
}

TEST_P(WrongFiles, WhatHasAWrongShapeIsRefused) {
    expect_refused([](const torch::Tensor& tensor) { return tensor.unsqueeze(0); },
                   [](const std::string& message, const std::string& name) {
                       return names_it(message, name) || message == kUnknown;
                   });
    expect_refused(
        [](const torch::Tensor& tensor) {
            return torch::cat({tensor, tensor.slice(0, 0, 1)}, 0);
        },
        [](const std::string& message, const std::string& /*name*/) { return !message.empty(); });
}

INSTANTIATE_TEST_SUITE_P(Families, WrongFiles,
                         ::testing::Values("esrgan", "compact", "span", "plksr", "mosr", "residual",
                                           "omnisr", "dat", "rgt", "realcugan", "atd", "safmn",
                                           "hat", "srformer", "drct", "swin2sr"),
                         [](const auto& family) { return std::string(family.param); });

TEST(FindArchitecture, StrangersAreUnknown) {
    EXPECT_EQ(refusal({}, {}), kUnknown);
    EXPECT_EQ(refusal({{"conv.weight", torch::rand({3, 3, 3, 3})}}, {}), kUnknown);
}

}  // namespace
}  // namespace sisr::test
