#include "record/report_html.h"

#include "base/numbers.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <ctime>

namespace sisr::training {
namespace {

std::string two_digits(std::int64_t value) {
    return (value < 10 ? "0" : "") + std::to_string(value);
}

}  // namespace

std::string escape_html(const std::string& text) {
    std::string escaped;
    escaped.reserve(text.size());
    for (const char c : text) {
        switch (c) {
            case '&': escaped += "&amp;"; break;
            case '<': escaped += "&lt;"; break;
            case '>': escaped += "&gt;"; break;
            case '"': escaped += "&quot;"; break;
            case '\'': escaped += "&#39;"; break;
            default: escaped += c;
        }
    }
    return escaped;
}

std::string format_brief(double value, int digits) {
    std::string text = format_significant(value, digits);
    const std::size_t exponent = text.find('e');
    if (exponent == std::string::npos) return text;
    std::size_t first = exponent + 1;
    if (text[first] == '-') ++first;
    const std::size_t digit = std::min(text.find_first_not_of("+0", first), text.size() - 1);
    return text.erase(first, digit - first);
}

std::string format_step(std::int64_t step) {
    std::string text = std::to_string(step);
    const std::size_t sign = step < 0 ? 1 : 0;
    for (std::size_t place = text.size(); place > sign + 3;) text.insert(place -= 3, ",");
    return text;
}

std::string format_time(double seconds) {
    const auto time = static_cast<std::time_t>(std::clamp(seconds, 0.0, 1e11));
    std::tm parts{};
    std::array<char, 64> buffer{};
    if (::gmtime_r(&time, &parts) == nullptr) return {};
    std::strftime(buffer.data(), buffer.size(), "%Y-%m-%d %H:%M UTC", &parts);
    return buffer.data();
}

std::string format_duration(double seconds) {
    const auto whole = static_cast<std::int64_t>(std::clamp(seconds, 0.0, 1e11));
    if (whole < 60) return std::to_string(whole) + " s";
    const std::int64_t minutes = whole / 60;
    if (minutes < 60) return std::to_string(minutes) + " min";
    return std::to_string(minutes / 60) + " h " + two_digits(minutes % 60) + " min";
}

std::string base64(const std::string& bytes) {
    static constexpr char kDigits[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string text;
    text.reserve((bytes.size() + 2) / 3 * 4);
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        const std::size_t count = std::min<std::size_t>(3, bytes.size() - i);
        std::uint32_t group = 0;
        for (std::size_t k = 0; k < 3; ++k) {
            group = group << 8 | (k < count ? static_cast<unsigned char>(bytes[i + k]) : 0U);
        }
        for (std::size_t k = 0; k < 4; ++k) {
            text += k <= count ? kDigits[group >> (18 - 6 * k) & 63] : '=';
        }
    }
    return text;
}

}  // namespace sisr::training
