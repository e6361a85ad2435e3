/// Pickles written by hand, opcode by opcode.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace sisr::test::pickles {

inline std::string little_endian(std::uint64_t value, int bytes) {
    std::string text;
    for (int i = 0; i < bytes; ++i) text += static_cast<char>(value >> (8 * i));
    return text;
}

inline std::string text(const std::string& words) {
    return "X" + little_endian(words.size(), 4) + words;
}

inline std::string number(int value) {
    return "J" + little_endian(static_cast<unsigned>(value), 4);
}

inline std::string global(const std::string& module, const std::string& name) {
    return "c" + module + "\n" + name + "\n";
}

inline std::string tuple(const std::vector<std::string>& items) {
    std::string all = "(";
    for (const auto& item : items) all += item;
    return all + "t";
}

using Pairs = std::vector<std::pair<std::string, std::string>>;

/// Keys are texts.
inline std::string dict(const Pairs& pairs) {
    std::string all = "}(";
    for (const auto& [key, value] : pairs) all += text(key) + value;
    return all + "u";
}

inline std::string call(const std::string& function, const std::vector<std::string>& arguments) {
    return function + tuple(arguments) + "R";
}

inline std::string storage(const std::string& key, const std::string& type = "FloatStorage") {
    return tuple({text("storage"), global("torch", type), text(key), text("cpu"), number(6)}) + "Q";
}

/// [2,3] of a storage.
inline std::string tensor(const std::string& key = "0",
                          const std::string& function = "_rebuild_tensor_v2") {
    return call(
        global("torch._utils", function),
        {storage(key), number(0), tuple({number(2), number(3)}), tuple({number(3), number(1)}),
         "\x89", call(global("collections", "OrderedDict"), {})});
}

/// An object with attributes.
inline std::string object(const std::string& module, const std::string& name,
                          const Pairs& attributes) {
    return global(module, name) + ")\x81" + dict(attributes) + "b";
}

inline std::string whole(const std::string& value) { return "\x80\x02" + value + "."; }

}  // namespace sisr::test::pickles
