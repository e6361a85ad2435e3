/// PyTorch's files: zip archives, and the form before them.
#include "model_target.h"

#include "core/formats/model_files.h"
#include "formats/open_model.h"

using namespace sisr;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const test::MemoryFile file(test::view_of(data, size));
    test::expect_model_or_error(file.path().string(),
                                [&] { test::read_weights(open_pth(file.path())); });
    return 0;
}

SISR_FUZZ_MAIN([](const std::filesystem::path& folder) {
    test::write_bytes(folder / "new.pth", test::model_files::new_pth());
    test::write_bytes(folder / "old.pth", test::model_files::old_pth());
})
