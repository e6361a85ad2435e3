#include "formats/open_model.h"
#include "formats/model_header.h"
#include "formats/ncnn_param.h"

#include "model_files.h"
#include "support/mutations.h"

#include <sisr/error.h>

#include <chrono>
#include <gtest/gtest.h>
#include <random>

namespace sisr::test {
namespace {

using namespace model_files;
namespace fs = std::filesystem;

std::string bytes_of_tensor(const StoredModel& model, const std::string& name) {
    const StoredBytes& storage = model.storages.at(model.tensors.at(name).storage);
    std::string bytes(storage.size, '\0');
    storage.read(bytes.data());
    return bytes;
}

/// Opens and reads everything.
void read_all(const fs::path& file) {
    const StoredModel model = open_model(file);
    for (const auto& item : model.tensors) bytes_of_tensor(model, item.first);
}

void expect_error(const fs::path& file, ErrorKind kind, const std::string& words,
                  const std::string& about = "") {
    try {
        read_all(file);
        ADD_FAILURE() << file << " was read; expected: " << words;
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), kind) << error.what();
        EXPECT_EQ(error.subject(), about.empty() ? file.string() : about);
        EXPECT_NE(std::string(error.what()).find(words), std::string::npos) << error.what();
        EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos) << error.what();
    }
}

TEST(OpenModel, TellsFilesByTheirContent) {
    const TempDir folder;
    const std::string values = bytes_of({1, 2, 3, 4, 5, 6});
    write_bytes(folder / "a.pth", safetensors());
    write_bytes(folder / "b.safetensors", new_pth());
    write_bytes(folder / "c.bin", old_pth());
    for (const char* name : {"a.pth", "b.safetensors", "c.bin"}) {
        const StoredModel model = open_model(folder / name);
        EXPECT_EQ(model.tensors.at("a.weight").shape, (std::vector<std::int64_t>{2, 3})) << name;
        EXPECT_EQ(bytes_of_tensor(model, "a.weight"), values) << name;
    }
    EXPECT_EQ(read_model_header(folder / "a.pth").metadata.at("note"), "made by hand");
    EXPECT_EQ(read_model_header(folder / "a.pth").types.at("b.weight"), TensorType::bf16);
}

TEST(OpenModel, NcnnFromEitherOfThePair) {
    const TempDir folder;
    write_bytes(folder / "a.param", ncnn_param());
    write_bytes(folder / "a.bin", ncnn_bin());
    for (const char* name : {"a.param", "a.bin"}) {
        const StoredModel model = open_model(folder / name);
        EXPECT_EQ(model.metadata.at("format"), "ncnn");
        EXPECT_EQ(model.metadata.at("ncnn.param"), ncnn_param());
        EXPECT_EQ(model.tensors.at("c0.weight").shape, (std::vector<std::int64_t>{2, 1, 3, 3}));
        EXPECT_EQ(model.tensors.at("c0.bias").shape, (std::vector<std::int64_t>{2}));
        EXPECT_EQ(model.tensors.at("p1.slope").shape, (std::vector<std::int64_t>{2}));
        EXPECT_EQ(model.tensors.at("c2.weight").type, TensorType::f16);
        EXPECT_EQ(model.tensors.at("m3.data").shape, (std::vector<std::int64_t>{1}));
        EXPECT_EQ(bytes_of_tensor(model, "m3.data"), bytes_of({0.5F}));
        EXPECT_EQ(model.tensors.size(), 5U);
    }
}

TEST(OpenModel, AnNcnnPairThatDoesNotFitIsALine) {
    const TempDir folder;
    const fs::path param = folder / "a.param";
    const fs::path bin = folder / "a.bin";
    const auto refuse = [&](const std::string& text, const std::string& words) {
        write_bytes(param, text);
        expect_error(param, ErrorKind::bad_model, words);
    };
    write_bytes(param, ncnn_param());
    expect_error(param, ErrorKind::not_found, "no such file", bin.string());
    write_bytes(bin, ncnn_bin().substr(0, 60));
    expect_error(param, ErrorKind::bad_model, "shorter", bin.string());
    write_bytes(bin, ncnn_bin() + "more");
    expect_error(param, ErrorKind::bad_model, "longer", bin.string());
    std::string quantised = ncnn_bin();
    quantised.replace(0, 4, pickles::little_endian(0x000D4B38, 4));
    write_bytes(bin, quantised);
    expect_error(param, ErrorKind::bad_model, "\"c0.weight\" is of 8 bits", bin.string());
    write_bytes(bin, ncnn_bin());
    write_bytes(param, ncnn_param() + "Interp what follows the layers that it counts\n");
    read_all(param);
    refuse("7767517\n1 1\nAttention \"x\" 0 1 y\n", "(Attention) is of a type");
    refuse("7767517\n1 1\nConvolution c 1 1 a b 0=2 1=3 6=17\n", "impossible size");
    refuse("7767517\n1 1\nConvolution c 1 1 a b 0=-2 1=3 6=18\n", "impossible size");
    refuse("7767517\n1 1\nConvolution c 1 1 a b 0=2 1=3 6=18 8=2\n", "8 bits");
    refuse("7767517\n1000000000 1\n", "damaged");
    refuse("7767517\n2 1\nInput in 0 1 x\n", "fewer layers");
    refuse("7767517\n1 1\nInput in 0 100000 x\n", "damaged");
    refuse("7767517\n1 1\nInput in 0 1 x -23300=5,1\n", "damaged");
    refuse("7767517\n1 1\nInput in 0 1 x what=1\n", "damaged");
    refuse("7767517\n1 1\nReLU r 1 1 x y 0=nan\n", "\"0=nan\"");
    refuse("7767517\n1 1\nInput in 0 1 " + std::string(600, 'x') + "\n", "very long name");
    fs::remove(param);
    expect_error(bin, ErrorKind::bad_model, ".param");
}

TEST(OpenModel, WhatPeopleTakeForAModel) {
    const TempDir folder;
    const auto expect = [&](const std::string& bytes, const std::string& words) {
        write_bytes(folder / "x.pth", bytes);
        expect_error(folder / "x.pth", ErrorKind::bad_model, words);
    };
    expect("", "empty");
    expect("hello, I am a text", "no model file");
    expect("<!DOCTYPE html><html>", "web page");
    expect("version https://git-lfs.github.com/spec/v1\noid", "Git LFS");
    expect({"\xDD\x86\x76\x00\x05", 5}, "binary form");
    expect("PK\x03\x04 no more", "zip");
    expect(zip_bytes({{"word/document.xml", "<x/>"}}), "no model of PyTorch");
    expect(std::string(257, 'x') + "ustar and more", "tar archive");
    expect(pickles::whole(pickles::number(3)), "no model file of PyTorch");
    expect_error(folder / "none.pth", ErrorKind::not_found, "no such file");
    expect_error(folder.path(), ErrorKind::bad_model, "folder");
}

TEST(OpenModel, ZipArchivesThatLieOrSwell) {
    const TempDir folder;
    const fs::path file = folder / "x.pth";
    const auto tensor_of = [](int rows) {
        using namespace pickles;
        return whole(dict({{"a.weight", call(global("torch._utils", "_rebuild_tensor"),
                                             {storage("0"), number(0), tuple({number(rows)}),
                                              tuple({number(1)})})}}));
    };
    const std::string zeros(64 << 20, '\0');
    write_zip(file, {{"x/data.pkl", tensor_of(16 << 20)}, {"x/data/0", zeros, true}});
    expect_error(file, ErrorKind::bad_model, "unpacks to far more");
    write_zip(file, {{"x/data.pkl", zeros + zeros, true}, {"x/data/0", "1234"}});
    expect_error(file, ErrorKind::bad_model, "data.pkl that is too large");
    write_zip(file, {{"x/data.pkl", tensor_of(2)}, {"x/data/0", "1234"}});
    expect_error(file, ErrorKind::bad_model, "\"a.weight\" lies outside its data");
    write_zip(file, {{"x/data.pkl", tensor_of(2)}});
    expect_error(file, ErrorKind::bad_model, "lacks the data of tensor \"a.weight\"");
    write_zip(file, {{"x/data.pkl", tensor_of(1)}, {"x/data/0", "1234"}, {"x/byteorder", "big"}});
    expect_error(file, ErrorKind::bad_model, "big-endian");
    write_zip(file, {{"x/data.pkl", tensor_of(1)}, {"x/data/0", "1234", true}});
    read_all(file);
    std::string damaged = zip_bytes({{"x/data.pkl", tensor_of(1)}, {"x/data/0", "1234"}});
    damaged[damaged.find("1234")] = '?';
    write_bytes(file, damaged);
    expect_error(file, ErrorKind::bad_model, "checksum");
}

/// A .pth of `count` views of a storage of `bytes` zeros.
std::string views(int count, int rows, int stride, std::size_t bytes) {
    using namespace pickles;
    Pairs tensors;
    for (int i = 0; i < count; ++i) {
        tensors.push_back(
            {std::to_string(i) + ".weight",
             call(global("torch._utils", "_rebuild_tensor"),
                  {storage("0"), number(0), tuple({number(rows)}), tuple({number(stride)})})});
    }
    return zip_bytes(
        {{"x/data.pkl", whole(dict(tensors))}, {"x/data/0", std::string(bytes, '\0')}});
}

TEST(OpenModel, FewBytesDoNotBecomeManyTensors) {
    const TempDir folder;
    const fs::path file = folder / "x.pth";
    const std::string words = "far more than its data";
    write_bytes(file, views(100, 1 << 20, 0, 4));
    expect_error(file, ErrorKind::bad_model, words);
    write_bytes(file, views(2000, 16'384, 1, 65'536));
    expect_error(file, ErrorKind::bad_model, words);
    write_bytes(file, views(3, 16'384, 1, 65'536));  // tied weights
    EXPECT_EQ(open_model(file).tensors.size(), 3U);
}

TEST(OpenModel, ShapesCanBeMultiplied) {
    const TempDir folder;
    const fs::path file = folder / "x.safetensors";
    for (const char* shape :
         {"[4611686018427387904,4]", "[4294967296,4294967296,0]", "[0,4611686018427387904,4]"}) {
        for (const char* type : {"F32", "F4"}) {
            const std::string json = std::string(R"({"a":{"dtype":")") + type + R"(","shape":)" +
                                     shape + R"(,"data_offsets":[0,0]}})";
            write_bytes(file, pickles::little_endian(json.size(), 8) + json);
            EXPECT_THROW(open_model(file), Error) << type << shape;
        }
    }
}

struct Kind {
    std::string bytes;
    std::string name;
};

std::vector<Kind> all_kinds() {
    return {{safetensors(), "x.safetensors"},
            {new_pth(), "x.pth"},
            {old_pth(), "x.pth"},
            {ncnn_param(), "x.param"},
            {ncnn_bin(), "x.bin"}};
}

/// Whatever is wrong: a line that names the file, or the one beside it.
void expect_no_crash(const fs::path& file, const std::string& bytes) {
    write_bytes(file, bytes);
    try {
        read_all(file);
    } catch (const Error& error) {
        EXPECT_EQ(fs::path(error.subject()).stem(), "x") << error.what();
        EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos) << error.what();
    }
}

TEST(OpenModel, EveryTruncationIsNoticed) {
    for (const Kind& kind : all_kinds()) {
        const TempDir folder;
        write_bytes(folder / "x.param", ncnn_param());
        write_bytes(folder / "x.bin", ncnn_bin());
        // Of the .param the end of its last line tells nothing.
        const std::size_t end = kind.bytes.size() - (kind.name == "x.param" ? 12 : 0);
        for (std::size_t length = 0; length < end; ++length) {
            write_bytes(folder / kind.name, kind.bytes.substr(0, length));
            EXPECT_THROW(read_all(folder / kind.name), Error) << kind.name << " " << length;
        }
    }
}

TEST(OpenModel, DamageNeverCrashes) {
    std::mt19937 random(1);
    for (const Kind& kind : all_kinds()) {
        const TempDir folder;
        write_bytes(folder / "x.param", ncnn_param());
        write_bytes(folder / "x.bin", ncnn_bin());
        for (unsigned round = 0; round < 500; ++round) {
            std::string flipped = kind.bytes;
            flipped[random() % flipped.size()] = static_cast<char>(random());
            expect_no_crash(folder / kind.name, flipped);
            expect_no_crash(folder / kind.name, mutated(kind.bytes, round));
        }
    }
}

TEST(OpenModel, HeadersOfAHundredLargeFilesTakeLessThanASecond) {
    const TempDir folder;
    constexpr std::size_t kBytes = 64 << 20;
    SafetensorsHeader header;
    header.tensors = {{"a", TensorType::u8, {kBytes}, 0, kBytes}};
    const std::string start = format_safetensors_header(header);
    write_bytes(folder / "a.safetensors", start);
    fs::resize_file(folder / "a.safetensors", start.size() + kBytes);
    std::string old = old_pth();
    old.replace(old.size() - 32, 8, pickles::little_endian(kBytes / 4, 8));
    write_bytes(folder / "b.pth", old);
    fs::resize_file(folder / "b.pth", old.size() - 24 + kBytes);
    const auto begin = std::chrono::steady_clock::now();
    for (int i = 0; i < 50; ++i) {
        EXPECT_EQ(read_model_header(folder / "a.safetensors").shapes.at("a")[0], kBytes);
        EXPECT_EQ(read_model_header(folder / "b.pth").shapes.count("a.weight"), 1U);
    }
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
    EXPECT_LT(seconds.count(), 1);
}

}  // namespace
}  // namespace sisr::test
