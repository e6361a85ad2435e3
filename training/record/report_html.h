/// Text, numbers and bytes as an HTML page takes them, whatever the locale.
#pragma once

#include <cstdint>
#include <string>

namespace sisr::training {

/// For element content and quoted attributes.
std::string escape_html(const std::string& text);

/// Significant digits, with an exponent where that is shorter: "0.00032", "2.5e-7".
std::string format_brief(double value, int digits = 5);

/// "150,000".
std::string format_step(std::int64_t step);

/// "2026-01-31 17:05 UTC" of seconds since 1970.
std::string format_time(double seconds);

/// "3 h 05 min", "12 min", "40 s".
std::string format_duration(double seconds);

std::string base64(const std::string& bytes);

}  // namespace sisr::training
