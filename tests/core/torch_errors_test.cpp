#include "formats/torch_errors.h"

#include <oneapi/dnnl/dnnl.hpp>

#include <gtest/gtest.h>
#include <torch/torch.h>

#include <functional>

namespace sisr::test {
namespace {

Error translated(const std::function<void()>& work) {
    try {
        translate_torch_errors(ErrorKind::bad_model, "subject", work);
    } catch (const Error& error) {
        return error;
    }
    ADD_FAILURE() << "nothing was thrown";
    return {ErrorKind::internal, "", ""};
}

constexpr std::int64_t kFarTooMuch = std::int64_t{1} << 46;

TEST(TorchErrors, AFailedAllocationIsToldTheSameWayWhoeverTellsOfIt) {
    const std::function<void()> cases[] = {
        [] { torch::empty({kFarTooMuch}, torch::kUInt8); },
        [] {
            const dnnl::engine cpu(dnnl::engine::kind::cpu, 0);
            dnnl::memory({{kFarTooMuch}, dnnl::memory::data_type::u8, dnnl::memory::format_tag::a},
                         cpu);
        },
        [] { throw dnnl::error(dnnl_out_of_memory, "could not create a primitive"); },
        [] { std::string().reserve(kFarTooMuch); },
    };
    for (const auto& work : cases) {
        const Error error = translated(work);
        EXPECT_EQ(error.kind(), ErrorKind::out_of_memory) << &work - cases;
        EXPECT_STREQ(error.what(), "subject: not enough memory") << &work - cases;
    }
}

TEST(TorchErrors, OtherFaultsAreOfTheGivenKindInOneLine) {
    const Error torch_error = translated([] { torch::ones({2, 3}).matmul(torch::ones({2, 3})); });
    EXPECT_EQ(torch_error.kind(), ErrorKind::bad_model);
    EXPECT_NE(std::string(torch_error.what()).find("cannot be multiplied"), std::string::npos);
    EXPECT_EQ(std::string(torch_error.what()).find('\n'), std::string::npos);
    const Error dnnl_error = translated([] { throw dnnl::error(dnnl_runtime_error, "no kernel"); });
    EXPECT_EQ(dnnl_error.kind(), ErrorKind::bad_model);
    EXPECT_STREQ(dnnl_error.what(), "subject: oneDNN: no kernel");
}

TEST(TorchErrors, WhatIsOursAlreadyOrNobodysStaysAsItIs) {
    const Error ours = translated([] { throw Error(ErrorKind::io, "file", "is gone"); });
    EXPECT_EQ(ours.kind(), ErrorKind::io);
    EXPECT_STREQ(ours.what(), "file: is gone");
    EXPECT_THROW(translate_torch_errors(ErrorKind::internal, "subject",
                                        [] { throw std::logic_error("a fault"); }),
                 std::logic_error);
    EXPECT_EQ(translate_torch_errors(ErrorKind::internal, "subject", [] { return 7; }), 7);
}

}  // namespace
}  // namespace sisr::test
