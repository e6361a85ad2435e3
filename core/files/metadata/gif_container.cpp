#include "files/metadata/containers.h"

#include <algorithm>

namespace sisr {
namespace {

constexpr int kExtension = 0x21;
constexpr int kImage = 0x2C;
constexpr int kControl = 0xF9;
constexpr int kApplication = 0xFF;
constexpr int kToBackground = 2;  // what is done with a frame when it has been shown

/// Bytes of the colour table that a field of flags announces.
std::streamsize table_bytes(int flags) {
    return (flags & 0x80) != 0 ? std::streamsize{3} << ((flags & 7) + 1) : 0;
}

int number(std::istream& stream) {
    const int low = stream.get();
    return low | stream.get() << 8;
}

/// The next block of data; empty at the end.
std::string read_block(std::istream& stream) {
    const int bytes = stream.get();
    if (!stream || bytes <= 0) return "";
    std::string block(static_cast<std::size_t>(bytes), '\0');
    stream.read(block.data(), bytes);
    return stream ? block : "";
}

void skip_blocks(std::istream& stream) {
    for (int bytes = stream.get(); stream && bytes > 0; bytes = stream.get()) {
        stream.ignore(bytes);
    }
}

int byte_of(const std::string& block, std::size_t at) {
    return at < block.size() ? static_cast<unsigned char>(block[at]) : 0;
}

/// What the extension before a frame says of it.
struct Control {
    int delay = 0;
    int disposal = 0;
    bool has_transparent = false;
};

Control control_of(const std::string& block) {
    const int flags = byte_of(block, 0);
    return {byte_of(block, 1) | byte_of(block, 2) << 8, flags >> 2 & 7, (flags & 1) != 0};
}

void read_extension(std::istream& stream, Control& control, GifOutline& outline) {
    const int label = stream.get();
    const std::string first = read_block(stream);
    if (first.empty()) return;
    if (label == kControl) control = control_of(first);
    if (label == kApplication && (first == "NETSCAPE2.0" || first == "ANIMEXTS1.0")) {
        const std::string loop = read_block(stream);
        if (loop.empty()) return;
        if (byte_of(loop, 0) == 1) outline.loops = byte_of(loop, 1) | byte_of(loop, 2) << 8;
    }
    skip_blocks(stream);
}

}  // namespace

GifOutline read_gif_outline(std::istream& stream) {
    GifOutline outline;
    const int width = number(stream);
    const int height = number(stream);
    const int screen_flags = stream.get();
    stream.ignore(2 + table_bytes(screen_flags));
    Control control;
    for (int block = stream.get(); stream; block = stream.get()) {
        if (block == kExtension) {
            read_extension(stream, control, outline);
            continue;
        }
        if (block != kImage) break;
        const int left = number(stream);
        const int top = number(stream);
        const bool covers = left == 0 && top == 0 && number(stream) >= width;
        if (left != 0 || top != 0) stream.ignore(2);
        const bool is_whole = number(stream) >= height && covers;
        const int flags = stream.get();
        stream.ignore(table_bytes(flags) + 1);  // and the size of the first code
        skip_blocks(stream);
        if (!stream) {
            outline.is_cut_off = true;
            break;
        }
        const bool is_first = outline.delays.empty();
        outline.may_be_transparent = outline.may_be_transparent || control.has_transparent ||
                                     control.disposal == kToBackground || (is_first && !is_whole);
        outline.delays.push_back(control.delay);
        control = Control();
    }
    return outline;
}

int count_gif_frames(std::istream& stream) {
    return std::max(1, static_cast<int>(read_gif_outline(stream).delays.size()));
}

}  // namespace sisr
