#include "made_with.h"

#include "base/numbers.h"
#include "common/input_kind.h"

#include <sisr/error.h>

#include <array>
#include <cstdint>
#include <fstream>
#include <sys/stat.h>
#include <sys/xattr.h>

namespace sisr::cli {
namespace {

namespace fs = std::filesystem;

constexpr const char* kAttribute = "user.sisr.made";

/// FNV-1a: tells files apart that nobody made alike on purpose.
std::uint64_t hash_of(const fs::path& file) {
    std::ifstream stream(file, std::ios::binary);
    std::uint64_t hash = 0xcbf29ce484222325;
    std::array<char, 1 << 16> part{};
    while (stream.read(part.data(), part.size()) || stream.gcount() > 0) {
        for (std::streamsize i = 0; i < stream.gcount(); ++i) {
            hash ^= static_cast<unsigned char>(part[static_cast<std::size_t>(i)]);
            hash *= 0x100000001b3;
        }
    }
    if (stream.bad() || !stream.eof()) throw Error(ErrorKind::io, file.string(), "cannot be read");
    return hash;
}

/// Bytes and time of the last change; empty when it cannot be told.
std::string state_of(const fs::path& input) {
    struct stat info {};
    if (::stat(input.c_str(), &info) != 0) return "";
    return std::to_string(info.st_size) + " " + std::to_string(info.st_mtime);
}

std::string recall(const fs::path& result) {
    std::string text(1024, '\0');
    const ssize_t bytes = ::getxattr(result.c_str(), kAttribute, text.data(), text.size());
    text.resize(bytes > 0 ? static_cast<std::size_t>(bytes) : 0);
    return text;
}

}  // namespace

MadeWith::MadeWith(const BatchOptions& options, const ModelInfo& model) {
    const UpscaleOptions& upscale = options.upscale;
    const auto add = [this](const char* name, const std::string& value) {
        options_ += (options_.empty() ? "" : ";") + std::string(name) + "=" + value;
    };
    const auto flag = [](bool value) { return std::string(value ? "1" : "0"); };
    add("model", std::to_string(hash_of(model.path)));
    add("scale", format_number(upscale.scale > 0 ? upscale.scale : model.scale));
    add("size", std::to_string(upscale.size.width) + "x" + std::to_string(upscale.size.height));
    add("fit", flag(upscale.fit));
    add("strength", upscale.strength ? format_number(*upscale.strength) : "");
    add("input", word_of(upscale.input));
    add("lock", upscale.colour_lock ? flag(*upscale.colour_lock) : "");
    add("tta", flag(upscale.tta));
    add("depth", options.depth ? std::to_string(static_cast<int>(*options.depth)) : "");
    add("quality", std::to_string(options.quality));
    add("strip", flag(options.strip_metadata));
    add("dpi", flag(options.scales_resolution));
    add("compare", flag(options.compare));
}

MadeWith::Match MadeWith::match(const fs::path& input, const fs::path& result) const {
    const std::string found = recall(result);
    const auto line_end = found.find('\n');
    if (line_end == std::string::npos) return Match::unknown;
    if (found.substr(0, line_end) != options_) return Match::other_options;
    return found.substr(line_end + 1) == state_of(input) ? Match::same : Match::other_input;
}

void MadeWith::remember(const fs::path& input, const fs::path& result) const {
    const std::string text = options_ + "\n" + state_of(input);
    ::setxattr(result.c_str(), kAttribute, text.data(), text.size(), 0);
}

}  // namespace sisr::cli
