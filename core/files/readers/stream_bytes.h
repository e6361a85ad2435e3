/// Numbers out of a file's head; what lies beyond its end reads as 0.
#pragma once

#include <cstddef>
#include <cstdint>
#include <istream>
#include <string>

namespace sisr {

/// `count` bytes of a stream from `at` on; fewer at its end.
inline std::string read_at(std::istream& stream, std::uint64_t at, std::size_t count) {
    std::string bytes(count, '\0');
    stream.clear();
    stream.seekg(static_cast<std::streamoff>(at));
    stream.read(bytes.data(), static_cast<std::streamsize>(count));
    bytes.resize(static_cast<std::size_t>(stream.gcount()));
    return bytes;
}

inline std::uint32_t byte_at(const std::string& bytes, std::size_t at) {
    return at < bytes.size() ? static_cast<unsigned char>(bytes[at]) : 0U;
}

/// A number of up to 8 bytes, the most significant first.
inline std::uint64_t big_endian(const std::string& bytes, std::size_t at, std::size_t count) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < count; ++i) value = value << 8 | byte_at(bytes, at + i);
    return value;
}

/// The same, the least significant first.
inline std::uint64_t little_endian(const std::string& bytes, std::size_t at, std::size_t count) {
    std::uint64_t value = 0;
    for (std::size_t i = count; i > 0; --i) value = value << 8 | byte_at(bytes, at + i - 1);
    return value;
}

}  // namespace sisr
