#include "formats/model_file.h"

#include "formats/safetensors.h"

#include "support/python.h"
#include "support/shared_data.h"
#include "support/temp_dir.h"

#include <sisr/error.h>

#include <gtest/gtest.h>
#include <random>

namespace sisr::test {
namespace {

namespace fs = std::filesystem;
using Shape = std::vector<std::int64_t>;

/// One network's weights in the containers that training programs use, old and new.
constexpr const char* kScript = R"(
import argparse, collections, json, struct, torch, numpy, zipfile
torch.manual_seed(1)
net = torch.nn.Sequential(collections.OrderedDict(
    first=torch.nn.Conv2d(3, 4, 3), act=torch.nn.PReLU(4), last=torch.nn.Conv2d(4, 3, 3)))
weights = net.state_dict()
optimizer = torch.optim.Adam(net.parameters(), lr=numpy.float64(0.1))
net(torch.rand(1, 3, 9, 9)).sum().backward()
optimizer.step()
weights = collections.OrderedDict((k, v.clone()) for k, v in net.state_dict().items())
weights._metadata = {'': {'version': 1}}
other = collections.OrderedDict((k, v + 1) for k, v in weights.items())
def prefixed(prefix, d): return collections.OrderedDict((prefix + k, v) for k, v in d.items())
class Late(collections.OrderedDict): pass
checkpoints = {
    'plain': weights,
    'basicsr': {'params': other, 'params_ema': weights},
    'parallel': {'state_dict': prefixed('module.', weights), 'epoch': 3},
    'lightning': {'state_dict': prefixed('net.', weights), 'optimizer_states': [optimizer.state_dict()],
                  'callbacks': {'x': argparse.Namespace(a=numpy.float32(1), b=numpy.arange(3))},
                  'hyper_parameters': argparse.Namespace(model=slice(1, 2)), 'lr': numpy.float64(0.5)},
    'gan': {'generator': weights, 'discriminator': other, 'date': __import__('datetime').date(2024, 1, 1)},
    'trainer': {'model': net, 'ema': None, 'optimizer': optimizer},
    'module': net,
    'parameters': dict(net.named_parameters()),
}
for name, content in checkpoints.items():
    for protocol in range(2, 6):
        for is_new in (True, False):
            torch.save(content, '%s-%d-%s.pth' % (name, protocol, 'new' if is_new else 'old'),
                       pickle_protocol=protocol, _use_new_zipfile_serialization=is_new)
with zipfile.ZipFile('plain-2-new.pth') as a, zipfile.ZipFile('plain-packed.pth', 'w', zipfile.ZIP_DEFLATED) as b:
    for i in a.infolist(): b.writestr(i.filename, a.read(i))
header, data = {'__metadata__': {'format': 'pt'}}, b''
for name, t in weights.items():
    raw = t.numpy().tobytes()
    header['net_g.' + name] = {'dtype': 'F32', 'shape': list(t.shape), 'data_offsets': [len(data), len(data) + len(raw)]}
    data += raw
text = json.dumps(header).encode()
open('plain.safetensors', 'wb').write(struct.pack('<Q', len(text)) + text + data)
shared = torch.rand(10)
torch.save({'a': shared[:4], 'b': shared[4:], 'c': shared.t(), 'd': torch.ones(1).expand(5)}, 'views.pth')
torch.save({'t%d' % i: torch.arange(2).to(d) for i, d in enumerate(
    (torch.float32, torch.float16, torch.bfloat16, torch.float64, torch.int64, torch.int32,
     torch.int16, torch.int8, torch.uint8, torch.bool, torch.complex64, torch.complex128))}, 'types.pth')
torch.jit.script(net).save('script.pt')
torch.save({'a.weight': torch.quantize_per_tensor(torch.rand(4), 0.1, 0, torch.qint8)}, 'quantised.pth')
torch.save({'a': numpy.arange(3)}, 'numpy.pth')
torch.save({'params': weights, 'x': print}, 'builtin.pth')
weights_of_old = '\n'.join('%s %.9g' % (k, v.double().sum()) for k, v in weights.items())
open('sums.txt', 'w').write(weights_of_old)
)";

class ModelFileTest : public ::testing::Test {
protected:
    // Made once: Python takes seconds.
    static void SetUpTestSuite() {
        folder_ = new TempDir;
        if (has_python_module("torch")) run_python(folder_->path(), kScript);
    }
    static void TearDownTestSuite() {
        delete folder_;
        folder_ = nullptr;
    }
    void SetUp() override { SISR_SKIP_WITHOUT_PYTHON("torch"); }

    static std::vector<fs::path> files(const std::string& ending) {
        std::vector<fs::path> found;
        for (const auto& entry : fs::directory_iterator(folder_->path())) {
            const std::string name = entry.path().filename().string();
            const bool ends = name.size() >= ending.size() &&
                              name.compare(name.size() - ending.size(), ending.size(), ending) == 0;
            if (ends) found.push_back(entry.path());
        }
        return found;
    }

    static TempDir* folder_;
};

TempDir* ModelFileTest::folder_ = nullptr;

Shapes shapes_of(const Tensors& tensors) {
    Shapes shapes;
    for (const auto& [name, tensor] : tensors) shapes[name] = tensor.sizes().vec();
    return shapes;
}

TEST_F(ModelFileTest, TheSameWeightsFromEveryContainer) {
    const Tensors expected = read_model_file(*folder_ / "plain.safetensors").tensors;
    ASSERT_EQ(shapes_of(expected), (Shapes{{"act.weight", {4}},
                                           {"first.bias", {4}},
                                           {"first.weight", {4, 3, 3, 3}},
                                           {"last.bias", {3}},
                                           {"last.weight", {3, 4, 3, 3}}}));
    auto all = files("-new.pth");
    for (const auto& file : files("-old.pth")) all.push_back(file);
    all.push_back(*folder_ / "plain-packed.pth");
    all.push_back(*folder_ / "script.pt");
    ASSERT_EQ(all.size(), 8U * 4 * 2 + 2);
    for (const auto& file : all) {
        const Tensors tensors = read_model_file(file).tensors;
        ASSERT_EQ(shapes_of(tensors), shapes_of(expected)) << file;
        for (const auto& [name, tensor] : tensors) {
            EXPECT_TRUE(torch::equal(tensor, expected.at(name))) << file << " " << name;
            EXPECT_TRUE(tensor.is_contiguous());
        }
        EXPECT_EQ(read_model_header(file).shapes, shapes_of(expected)) << file;
    }
}

TEST_F(ModelFileTest, ViewsOfOneStorageBecomeTensorsOfTheirOwn) {
    Tensors tensors = read_model_file(*folder_ / "views.pth").tensors;
    EXPECT_TRUE(torch::equal(torch::cat({tensors.at("a"), tensors.at("b")}), tensors.at("c")));
    EXPECT_EQ(tensors.at("d").sizes().vec(), Shape{5});
    const auto before = tensors.at("c").clone();
    tensors.at("a").zero_();
    EXPECT_TRUE(torch::equal(tensors.at("c"), before));
    EXPECT_EQ(tensors.at("a").storage().nbytes(), 4 * sizeof(float));
}

TEST_F(ModelFileTest, EveryTypeOfNumber) {
    const Tensors tensors = read_model_file(*folder_ / "types.pth").tensors;
    EXPECT_EQ(tensors.size(), 11U);  // complex128 is no weight of any network
    EXPECT_EQ(tensors.count("t11"), 0U);
    for (const auto& [name, tensor] : tensors) {
        const auto real = tensor.is_complex() ? torch::real(tensor) : tensor;
        EXPECT_EQ(real.to(torch::kFloat32).sum().item<float>(), 1) << name;
    }
}

TEST_F(ModelFileTest, WhatCannotBeReadIsToldInALine) {
    const auto expect = [](const char* name, const std::string& words) {
        try {
            read_model_file(*folder_ / name);
            ADD_FAILURE() << name;
        } catch (const Error& error) {
            EXPECT_EQ(error.kind(), ErrorKind::bad_model);
            EXPECT_EQ(error.subject(), (*folder_ / name).string());
            EXPECT_NE(std::string(error.what()).find(words), std::string::npos) << error.what();
        }
    };
    expect("quantised.pth", "makes \"a.weight\" by \"torch._utils _rebuild_qtensor\"");
    expect("numpy.pth", "holds no tensors");
    read_model_file(*folder_ / "builtin.pth");
}

/// 200 truncations and 500 changed bytes of one file: errors that name it, or tensors.
void expect_no_crash(const fs::path& good, const fs::path& damaged) {
    std::mt19937 random(1);
    const std::string bytes = read_bytes(good);
    for (int round = 0; round < 700; ++round) {
        std::string content = bytes;
        if (round < 200) {
            content.resize(random() % bytes.size());
        } else {
            content[random() % bytes.size()] = static_cast<char>(random());
        }
        write_bytes(damaged, content);
        try {
            read_model_file(damaged);
            EXPECT_GE(round, 200) << "a truncated file was read: " << content.size();
        } catch (const Error& error) {
            EXPECT_EQ(fs::path(error.subject()).stem(), damaged.stem()) << error.what();
            EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos) << error.what();
        }
    }
}

TEST_F(ModelFileTest, DamageIsToldAndNeverCrashes) {
    for (const char* name : {"lightning-2-new.pth", "lightning-4-old.pth", "trainer-5-new.pth",
                             "module-2-old.pth", "plain-packed.pth", "plain.safetensors"}) {
        SCOPED_TRACE(name);
        expect_no_crash(*folder_ / name, *folder_ / "damaged.x");
    }
}

TEST(ModelFile, TypesThatLibtorchHasNotBecomeWider) {
    const TempDir folder;
    const std::string json = R"({"a":{"dtype":"F8_E4M3","shape":[5],"data_offsets":[0,5]},)"
                             R"("b":{"dtype":"F8_E5M2","shape":[3],"data_offsets":[5,8]},)"
                             R"("c":{"dtype":"U16","shape":[2],"data_offsets":[8,12]},)"
                             R"("d":{"dtype":"U32","shape":[1],"data_offsets":[12,16]},)"
                             R"("e":{"dtype":"F4","shape":[4],"data_offsets":[16,18]},)"
                             R"("f":{"dtype":"BOOL","shape":[2],"data_offsets":[18,20]},)"
                             R"("g":{"dtype":"I8","shape":[1],"data_offsets":[20,21]}})";
    const std::string data(
        "\x38\xC0\x7E\x01\x00\x3C\x7B\x81\xFF\xFF\x01\x00\xFF\xFF\xFF\xFF\0\0\x00\x07\xFE", 21);
    std::string length(8, '\0');
    length[0] = static_cast<char>(json.size() & 0xFF);
    length[1] = static_cast<char>(json.size() >> 8);
    write_bytes(folder / "x.safetensors", length + json + data);
    const Tensors tensors = read_model_file(folder / "x.safetensors").tensors;
    EXPECT_TRUE(
        torch::equal(tensors.at("a"), torch::tensor({1.F, -2.F, 448.F, 0.001953125F, 0.F})));
    EXPECT_TRUE(torch::equal(tensors.at("b"), torch::tensor({1.F, 57344.F, -0.0000152587890625F})));
    EXPECT_TRUE(torch::equal(tensors.at("c"), torch::tensor({65535, 1}, torch::kInt32)));
    EXPECT_EQ(tensors.at("d")[0].item<std::int64_t>(), 4294967295);
    EXPECT_EQ(tensors.count("e"), 0U);
    EXPECT_TRUE(torch::equal(tensors.at("f"), torch::tensor({false, true})));
    EXPECT_EQ(tensors.at("g")[0].item<int>(), -2);
}

TEST(ModelFile, DamagedNcnnIsToldAndNeverCrashes) {
    const TempDir folder;
    const auto values = torch::rand({216 / 4 + 3});
    const std::string weights(static_cast<const char*>(values.data_ptr()), values.nbytes());
    const std::string param =
        "7767517\n3 3\nInput in 0 1 a\nConvolution c 1 1 a b 0=2 1=3 4=1 5=1 6=54\n"
        "PReLU p 1 1 b c 0=1\n";
    write_bytes(folder / "good.param", param);
    write_bytes(folder / "good.bin", std::string(4, '\0') + weights);
    EXPECT_EQ(read_model_file(folder / "good.bin").tensors.size(), 3U);
    write_bytes(folder / "cut.param", param);
    expect_no_crash(folder / "good.bin", folder / "cut.bin");
}

TEST(SharedDataModelFile, PublishedFilesOpen) {
    const fs::path models = shared_data() / "models";
    SISR_SKIP_WITHOUT(models);
    const TensorFile pth = read_model_file(models / "realesr-general-x4v3.pth");
    EXPECT_EQ(pth.tensors.at("body.0.weight").sizes().vec(), (Shape{64, 3, 3, 3}));
    const TensorFile ncnn = read_model_file(models / "RealESRGAN_General_x4_v3.bin");
    const auto first = ncnn.tensors.at("Conv_0.weight").to(torch::kFloat32);
    const auto difference = (first - pth.tensors.at("body.0.weight")).abs().max();
    EXPECT_LT(difference.item<float>(), 1e-3);  // float16
    EXPECT_EQ(ncnn.tensors.at("PRelu_1.slope").sizes().vec(), Shape{64});
}

TEST(SharedDataModelFile, DamageOfPublishedFiles) {
    const fs::path models = shared_data() / "models";
    SISR_SKIP_WITHOUT(models);
    const TempDir folder;
    std::mt19937 random(1);
    for (const char* name : {"realesr-general-x4v3.pth", "RealESRGAN_General_x4_v3.bin"}) {
        const std::string bytes = read_bytes(models / name);
        const fs::path damaged = folder / fs::path(name).filename();
        if (damaged.extension() == ".bin") {
            fs::path param = fs::path(name).replace_extension(".param");
            fs::copy_file(models / param, folder / param.string());
        }
        for (int round = 0; round < 200; ++round) {
            write_bytes(damaged, bytes.substr(0, random() % bytes.size()));
            EXPECT_THROW(read_model_file(damaged), Error) << name << " " << round;
        }
    }
}

}  // namespace
}  // namespace sisr::test
