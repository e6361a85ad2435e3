/// Typed access to options that were given as text.
#pragma once

#include "base/numbers.h"

#include <sisr/error.h>

#include <boost/program_options.hpp>

#include <initializer_list>
#include <string>
#include <utility>

namespace sisr::cli {

/// Throws Error{usage} about `option` unless the whole text is a number from `least` to `most`.
template <class Number>
Number number_option(const std::string& option, const std::string& text, Number least,
                     Number most) {
    const auto value = parse_number<Number>(text);
    // Written so that NaN fails.
    if (value && *value >= least && *value <= most) return *value;
    throw Error(ErrorKind::usage, option,
                "must be a " + std::string(std::is_integral_v<Number> ? "whole " : "") +
                    "number from " + format_number(static_cast<double>(least)) + " to " +
                    format_number(static_cast<double>(most)) + ", not \"" + text + "\"");
}

/// A view: the map must outlive it. Options are std::string, or bool_switch for flag().
class OptionValues {
public:
    explicit OptionValues(const boost::program_options::variables_map& values) : values_(values) {}

    bool has(const char* name) const { return values_.count(name) != 0; }
    bool flag(const char* name) const { return values_[name].as<bool>(); }

    /// Empty for an option that was not given.
    std::string text(const char* name) const {
        return has(name) ? values_[name].as<std::string>() : std::string();
    }

    /// Throws Error{usage} about "--name" unless it is a number from `least` to `most`.
    template <class Number>
    Number number(const char* name, Number least, Number most) const {
        return number_option("--" + std::string(name), text(name), least, most);
    }

    /// Throws Error{usage} that lists the words when the text is none of them.
    template <class Value>
    Value choice(const char* name,
                 std::initializer_list<std::pair<const char*, Value>> choices) const {
        std::string known;
        for (const auto& [word, value] : choices) {
            if (text(name) == word) return value;
            known += (known.empty() ? "" : ", ") + std::string(word);
        }
        throw Error(ErrorKind::usage, "--" + std::string(name),
                    "must be one of " + known + ", not \"" + text(name) + "\"");
    }

private:
    const boost::program_options::variables_map& values_;
};

}  // namespace sisr::cli
