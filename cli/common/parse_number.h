/// Numbers of command lines: strict, and the same in every locale.
#pragma once

#include <sisr/error.h>

#include <charconv>
#include <cmath>
#include <sstream>
#include <string>

namespace sisr::cli {

/// Throws Error{usage} about `option` unless the whole text is a number from `least` to `most`.
template <class Number>
Number parse_number(const std::string& option, const std::string& text, Number least, Number most) {
    Number value{};
    const char* end = text.data() + text.size();
    const auto [stop, status] = std::from_chars(text.data(), end, value);
    // Written so that NaN fails.
    if (status == std::errc{} && stop == end && value >= least && value <= most) return value;
    std::ostringstream range;
    range.imbue(std::locale::classic());
    range << "from " << least << " to " << most;
    throw Error(ErrorKind::usage, option,
                "must be a " + std::string(std::is_integral_v<Number> ? "whole " : "") + "number " +
                    range.str() + ", not \"" + text + "\"");
}

}  // namespace sisr::cli
