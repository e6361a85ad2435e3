/// Damaged copies of good files.
#pragma once

#include <algorithm>
#include <random>
#include <string>

namespace sisr::test {

/// A few bytes changed, a stretch zeroed, removed or repeated, or the end cut off: mostly near the
/// begin, where files tell of sizes. The same for the same seed.
inline std::string mutated(std::string bytes, unsigned seed) {
    if (bytes.empty()) return bytes;
    std::mt19937 random(seed);
    const auto below = [&random](std::size_t limit) {
        return static_cast<std::size_t>(random() % std::max<std::size_t>(1, limit));
    };
    const auto place = [&] {
        return below(random() % 2 == 0 ? std::min<std::size_t>(bytes.size(), 256) : bytes.size());
    };
    const std::size_t changes = 1 + below(8);
    for (std::size_t i = 0; i < changes; ++i) {
        const std::size_t at = place();
        const std::size_t length = std::min(bytes.size() - at, 1 + below(32));
        switch (random() % 6) {
            case 0: bytes[at] = static_cast<char>(random()); break;
            case 1: bytes[at] = static_cast<char>(bytes[at] ^ (1 << random() % 8)); break;
            case 2: bytes[at] = random() % 2 == 0 ? '\xFF' : '\0'; break;
            case 3: std::fill_n(bytes.begin() + static_cast<long>(at), length, '\0'); break;
            case 4: bytes.insert(at, bytes.substr(at, length)); break;
            default: bytes.erase(at, random() % 4 == 0 ? bytes.size() : length); break;
        }
        if (bytes.empty()) return bytes;
    }
    return bytes;
}

}  // namespace sisr::test
