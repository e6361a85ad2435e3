#include "formats/safetensors.h"

#include "support/temp_dir.h"

#include <sisr/error.h>

#include <gtest/gtest.h>

namespace sisr::test {
namespace {

TEST(Safetensors, RoundTripOfTypesAndLayouts) {
    const TempDir folder;
    TensorFile content;
    content.metadata["key"] = "value";
    for (const auto type : {torch::kFloat32, torch::kFloat16, torch::kBFloat16, torch::kFloat64,
                            torch::kInt64, torch::kInt32, torch::kUInt8}) {
        content.tensors[std::string("t") + std::to_string(static_cast<int>(type))] =
            (100 * torch::rand({3, 4, 5})).to(type);
    }
    content.tensors["scalar"] = torch::tensor(1.5F);
    content.tensors["empty"] = torch::empty({0, 3});
    content.tensors["transposed"] = torch::rand({4, 6}).t();
    write_safetensors(folder / "a.safetensors", content);
    const TensorFile back = read_safetensors(folder / "a.safetensors");
    EXPECT_EQ(back.metadata, content.metadata);
    EXPECT_EQ(read_safetensors_metadata(folder / "a.safetensors"), content.metadata);
    ASSERT_EQ(back.tensors.size(), content.tensors.size());
    for (const auto& [name, tensor] : content.tensors) {
        EXPECT_EQ(back.tensors.at(name).scalar_type(), tensor.scalar_type()) << name;
        EXPECT_TRUE(torch::equal(back.tensors.at(name), tensor)) << name;
    }
}

TEST(Safetensors, EveryTruncationIsNoticed) {
    const TempDir folder;
    TensorFile content;
    content.tensors["a"] = torch::rand({10});
    write_safetensors(folder / "a.safetensors", content);
    const std::string bytes = read_bytes(folder / "a.safetensors");
    for (std::size_t length = 0; length < bytes.size(); ++length) {
        write_bytes(folder / "cut.safetensors", bytes.substr(0, length));
        EXPECT_THROW(read_safetensors(folder / "cut.safetensors"), Error) << length;
    }
}

TEST(Safetensors, FlippedHeaderBytesNeverCrash) {
    const TempDir folder;
    TensorFile content;
    content.tensors["a"] = torch::rand({2, 3});
    content.tensors["b"] = torch::rand({4}).to(torch::kFloat16);
    write_safetensors(folder / "a.safetensors", content);
    const std::string bytes = read_bytes(folder / "a.safetensors");
    int refused = 0;
    for (std::size_t i = 0; i + 32 < bytes.size(); ++i) {
        std::string damaged = bytes;
        damaged[i] = static_cast<char>(damaged[i] ^ 0x15);
        write_bytes(folder / "damaged.safetensors", damaged);
        try {
            read_safetensors(folder / "damaged.safetensors");
        } catch (const Error&) {
            ++refused;
        }
    }
    EXPECT_GT(refused, 50);
}

TEST(Safetensors, ErrorsNameTheFile) {
    const TempDir folder;
    const auto expect = [](const std::filesystem::path& file, ErrorKind kind) {
        try {
            read_safetensors(file);
            ADD_FAILURE() << file;
        } catch (const Error& error) {
            EXPECT_EQ(error.kind(), kind) << error.what();
            EXPECT_EQ(error.subject(), file.string());
        }
    };
    write_bytes(folder / "text.safetensors", "hello, I am a text file of some length");
    expect(folder / "missing.safetensors", ErrorKind::not_found);
    expect(folder / "text.safetensors", ErrorKind::bad_model);
    expect(folder.path(), ErrorKind::bad_model);
    EXPECT_THROW(write_safetensors(folder / "no/a.safetensors", {}), Error);
}

}  // namespace
}  // namespace sisr::test
