/// ncnn's .param files: the layers, the sizes that they tell, and the places in a .bin.
#include "model_target.h"

#include "architectures/ncnn/layer_sizes.h"
#include "core/formats/model_files.h"
#include "formats/ncnn_param.h"
#include "formats/open_model.h"

using namespace sisr;

namespace {

/// Of a .param that is there anew each time, and a .bin of zeros.
const std::filesystem::path& pair() {
    static const test::TempDir folder;
    static const std::filesystem::path param = [] {
        test::write_bytes(folder / "x.bin", std::string(4096, '\0'));
        return folder / "x.param";
    }();
    return param;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text = test::view_of(data, size);
    test::expect_model_or_error("model", [&] {
        const auto layers = parse_ncnn_param(text, "model");
        for (const NcnnLayer& layer : layers) describe(layer);
        const ncnn::BlobSize output = ncnn::output_size(layers);
        const int channels = ncnn::input_channels(layers);
        if (output.times < 1 || output.over < 1 || channels < 1) std::abort();
    });
    const std::filesystem::path param = pair();
    test::write_bytes(param, std::string(text));
    try {
        test::read_weights(open_ncnn(param));
    } catch (const Error& error) {  // about either of the two
        if (std::filesystem::path(error.subject()).stem() != "x") std::abort();
    }
    return 0;
}

SISR_FUZZ_MAIN([](const std::filesystem::path& folder) {
    test::write_bytes(folder / "a.param", test::model_files::ncnn_param());
})
