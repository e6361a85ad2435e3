/// Pickles by themselves: in a zip archive a checksum keeps most of what is damaged from them.
#include "model_target.h"

#include "core/formats/model_files.h"
#include "formats/pickle.h"

using namespace sisr;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes = test::view_of(data, size);
    test::expect_model_or_error("x", [&] {
        const PickledModel model = unpickle_model(bytes, 0, "x");
        if (model.bytes > size || model.tensors.empty()) std::abort();
    });
    test::expect_model_or_error("x", [&] {
        std::size_t position = 0;
        unpickle_number(bytes, position, "x");
        unpickle_texts(bytes, position, "x");
        if (position > size) std::abort();
    });
    return 0;
}

SISR_FUZZ_MAIN([](const std::filesystem::path& folder) {
    test::write_bytes(folder / "a.pkl", test::model_files::state_dict());
    test::write_bytes(
        folder / "b.pkl",
        test::pickles::whole(test::pickles::object(
            "their.code", "Net",
            {{"_parameters", test::pickles::dict({{"weight", test::pickles::tensor("0")}})}})));
})
