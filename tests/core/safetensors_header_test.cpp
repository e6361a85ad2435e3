#include "formats/safetensors_header.h"

#include <sisr/error.h>

#include <gtest/gtest.h>

namespace sisr::test {
namespace {

SafetensorsHeader parse(const std::string& json, std::size_t data_bytes) {
    return parse_safetensors_header(json, kSafetensorsPrefixBytes + json.size() + data_bytes, "x");
}

TEST(SafetensorsHeader, RoundTrip) {
    SafetensorsHeader header;
    header.metadata = {{"sisr.name", "a \"quoted\" name"}};
    header.tensors = {{"b", TensorType::f16, {2, 3}, 0, 12}, {"a", TensorType::f32, {}, 0, 4}};
    const std::string text = format_safetensors_header(header);
    const auto* prefix = reinterpret_cast<const unsigned char*>(text.data());
    const std::size_t file_bytes = text.size() + 16;
    const std::size_t length = safetensors_header_bytes(prefix, file_bytes, "x");
    ASSERT_EQ(length + kSafetensorsPrefixBytes, text.size());
    const auto back =
        parse_safetensors_header(text.substr(kSafetensorsPrefixBytes), file_bytes, "x");
    EXPECT_EQ(back.metadata, header.metadata);
    ASSERT_EQ(back.tensors.size(), 2U);
    EXPECT_EQ(back.tensors[0].name, "b");
    EXPECT_EQ(back.tensors[0].offset, text.size());
    EXPECT_EQ(back.tensors[1].name, "a");
    EXPECT_EQ(back.tensors[1].offset, text.size() + 12);
    EXPECT_EQ(back.tensors[1].shape, std::vector<std::int64_t>{});
}

TEST(SafetensorsHeader, RefusesWhatIsInconsistent) {
    const struct {
        const char* what;
        const char* json;
        std::size_t data_bytes;
    } kCases[] = {
        {"no JSON", "{\"a\":", 0},
        {"no object", "[1]", 0},
        {"metadata of numbers", R"({"__metadata__":{"a":1}})", 0},
        {"unknown type", R"({"a":{"dtype":"F7","shape":[1],"data_offsets":[0,4]}})", 4},
        {"missing shape", R"({"a":{"dtype":"F32","data_offsets":[0,4]}})", 4},
        {"negative size", R"({"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}})", 4},
        {"fractional size", R"({"a":{"dtype":"F32","shape":[1.5],"data_offsets":[0,4]}})", 4},
        {"shape and size differ", R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}})", 4},
        {"overflowing shape",
         R"({"a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,4]}})", 4},
        {"outside the file", R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})", 4},
        {"backwards", R"({"a":{"dtype":"F32","shape":[0],"data_offsets":[4,0]}})", 4},
        {"huge offset",
         R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[18446744073709551612,18446744073709551615]}})",
         4},
        {"overlap",
         R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})",
         4},
        {"a name twice",
         R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})",
         4},
        {"a name twice, escaped",
         R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"\u0061":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})",
         4},
        {"a field twice", R"({"a":{"dtype":"F32","shape":[1],"shape":[1],"data_offsets":[0,4]}})",
         4},
        {"metadata twice", R"({"__metadata__":{},"__metadata__":{"a":"b"}})", 0},
        {"hole", R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})", 8},
        {"data behind the last", R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})", 8},
    };
    for (const auto& c : kCases) {
        try {
            parse(c.json, c.data_bytes);
            ADD_FAILURE() << c.what << " was accepted";
        } catch (const Error& error) {
            EXPECT_EQ(error.kind(), ErrorKind::bad_model) << c.what;
            EXPECT_EQ(error.subject(), "x") << c.what;
        }
    }
}

TEST(SafetensorsHeader, WhatAnErrorRepeatsIsShort) {
    const std::string tensor = R"(":{"dtype":"F32","shape":[2],"data_offsets":[0,4]})";
    const std::string long_text(1'000'000, 'x');
    for (const std::string& json :
         {"{\"" + long_text + tensor + "}",
          R"({"a":{"dtype":")" + long_text + "\",\"shape\":[]," + R"("data_offsets":[0,4]}})",
          R"({"__metadata__":{")" + long_text + "\":1}}"}) {
        try {
            parse(json, 4);
            ADD_FAILURE();
        } catch (const Error& error) {
            EXPECT_LT(std::string(error.what()).size(), 200U);
        }
    }
    // The same name in two tensors' fields, or in metadata, is no repetition.
    EXPECT_EQ(parse(R"({"a":{"dtype":"F32","shape":[0],"data_offsets":[0,0]},)"
                    R"("b":{"dtype":"F32","shape":[0],"data_offsets":[0,0]},)"
                    R"("__metadata__":{"a":"","dtype":""}})",
                    0)
                  .tensors.size(),
              2U);
}

TEST(SafetensorsHeader, RefusesALengthBeyondTheFile) {
    const unsigned char huge[8] = {0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF};
    EXPECT_THROW(safetensors_header_bytes(huge, 1000, "x"), Error);
    const unsigned char beyond[8] = {100};
    EXPECT_THROW(safetensors_header_bytes(beyond, 107, "x"), Error);
    EXPECT_EQ(safetensors_header_bytes(beyond, 108, "x"), 100U);
    EXPECT_THROW(safetensors_header_bytes(beyond, 4, "x"), Error);
}

}  // namespace
}  // namespace sisr::test
