// In place of the readers and writers in a trainer that was built without them.
#include <sisr/error.h>
#include <sisr/image_file.h>

namespace sisr {
namespace {

[[noreturn]] void fail(const std::filesystem::path& file) {
    throw Error(ErrorKind::unsupported, file.string(),
                "this trainer was built without image files (SISR_ONLY_TRAINER): train from a "
                "pack, which `sisr-train pack` of a whole one makes");
}

}  // namespace

Image read_image(const std::filesystem::path& file) { fail(file); }

void write_image(const std::filesystem::path& file, const Image& /*image*/,
                 const WriteOptions& /*options*/) {
    fail(file);
}

bool has_image_extension(const std::filesystem::path& file) { fail(file); }

}  // namespace sisr
