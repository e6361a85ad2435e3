/// Numbers as text, the same in every locale: a host sets its user's, whose decimal comma neither
/// files nor options know. Nothing else in the project reads or writes a floating-point number.
#pragma once

#include <array>
#include <charconv>
#include <cmath>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>

namespace sisr {

/// The number that `text` begins with, which is taken off it; nothing, and the text as it was, when
/// there is none or it is out of Number's range. No space and no plus sign may precede it.
template <class Number>
std::optional<Number> take_number(std::string_view& text, int base = 10) {
    Number value{};
    std::from_chars_result read{};
    if constexpr (std::is_integral_v<Number>) {
        read = std::from_chars(text.data(), text.data() + text.size(), value, base);
    } else {
        read = std::from_chars(text.data(), text.data() + text.size(), value);
    }
    if (read.ec != std::errc{}) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(read.ptr - text.data()));
    return value;
}

/// The number that the whole of `text` is, else nothing. "nan" and "inf" are floating-point
/// numbers.
template <class Number>
std::optional<Number> parse_number(std::string_view text, int base = 10) {
    const auto value = take_number<Number>(text, base);
    return text.empty() ? value : std::nullopt;
}

/// The shortest text that reads back as the same number: "0.5", "100000", "2e-07".
inline std::string format_number(double value) {
    const double size = std::abs(value);
    const bool is_plain = size == 0 || (size >= 1e-5 && size < 1e15);
    std::array<char, 64> text{};
    const auto end =
        std::to_chars(text.data(), text.data() + text.size(), value,
                      is_plain ? std::chars_format::fixed : std::chars_format::general);
    return {text.data(), end.ptr};
}

/// `decimals` digits after the point.
inline std::string format_number(double value, int decimals) {
    std::array<char, 400> text{};  // the largest double has 309 digits
    const auto end = std::to_chars(text.data(), text.data() + text.size(), value,
                                   std::chars_format::fixed, decimals);
    return {text.data(), end.ptr};
}

/// `digits` digits, with an exponent where that is shorter.
inline std::string format_significant(double value, int digits) {
    std::array<char, 400> text{};
    const auto end = std::to_chars(text.data(), text.data() + text.size(), value,
                                   std::chars_format::general, digits);
    return {text.data(), end.ptr};
}

}  // namespace sisr
