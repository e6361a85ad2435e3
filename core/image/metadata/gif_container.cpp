#include "image/metadata/containers.h"

#include <algorithm>

namespace sisr {
namespace {

constexpr int kExtension = 0x21;
constexpr int kImage = 0x2C;

/// Bytes of the colour table that a field of flags announces.
std::streamsize table_bytes(int flags) {
    return (flags & 0x80) != 0 ? std::streamsize{3} << ((flags & 7) + 1) : 0;
}

void skip_blocks(std::istream& stream) {
    for (int bytes = stream.get(); stream && bytes > 0; bytes = stream.get()) {
        stream.ignore(bytes);
    }
}

}  // namespace

int count_gif_frames(std::istream& stream) {
    int frames = 0;
    stream.ignore(4);  // width and height
    const int screen_flags = stream.get();
    stream.ignore(2 + table_bytes(screen_flags));
    for (int block = stream.get(); stream; block = stream.get()) {
        if (block == kExtension) {
            stream.ignore(1);  // its label
        } else if (block == kImage) {
            stream.ignore(8);  // place and size
            const int flags = stream.get();
            stream.ignore(table_bytes(flags) + 1);  // and the size of the first code
        } else {
            break;
        }
        skip_blocks(stream);
        if (block == kImage && stream) ++frames;
    }
    return std::max(1, frames);
}

}  // namespace sisr
