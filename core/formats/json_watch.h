/// Goes through JSON without keeping any of it, to tell whether it may be parsed.
#pragma once

#include <nlohmann/json.hpp>

#include <cstddef>
#include <set>
#include <string>
#include <vector>

namespace sisr {

/// What is nested takes a hundred times its text in memory; what is told twice is one thing to one
/// reader and another to the next. In linear time, which nlohmann's parser with a callback is not.
class JsonWatch : public nlohmann::json_sax<nlohmann::json> {
public:
    struct Limits {
        std::size_t values = 0;
        std::size_t depth = 0;
        std::size_t name_length = 0;
    };

    explicit JsonWatch(Limits limits) : limits_(limits) {}

    /// Why the text should not be parsed; empty where it may, and where it is no JSON.
    static std::string fault_of(const std::string& text, Limits limits) {
        JsonWatch watch(limits);
        nlohmann::json::sax_parse(text, &watch);
        return watch.fault_;
    }

    bool null() override { return count(); }
    bool boolean(bool /*value*/) override { return count(); }
    bool number_integer(number_integer_t /*value*/) override { return count(); }
    bool number_unsigned(number_unsigned_t /*value*/) override { return count(); }
    bool number_float(number_float_t /*value*/, const string_t& /*text*/) override {
        return count();
    }
    bool string(string_t& /*value*/) override { return count(); }
    bool binary(binary_t& /*value*/) override { return count(); }
    bool start_array(std::size_t /*size*/) override { return enter(); }
    bool end_array() override { return leave(); }
    bool start_object(std::size_t /*size*/) override { return enter(); }
    bool end_object() override { return leave(); }

    bool key(string_t& name) override {
        if (name.size() > limits_.name_length) return fail("has a very long name");
        if (!names_.back().insert(name).second) return fail("tells \"" + name + "\" twice");
        return count();
    }

    bool parse_error(std::size_t /*position*/, const std::string& /*token*/,
                     const nlohmann::json::exception& /*error*/) override {
        return false;
    }

private:
    bool fail(const std::string& reason) {
        fault_ = reason;
        return false;
    }
    bool count() { return ++values_ <= limits_.values || fail("is too large"); }
    bool enter() {
        if (names_.size() >= limits_.depth) return fail("is too large");
        names_.emplace_back();
        return count();
    }
    bool leave() {
        names_.pop_back();
        return true;
    }

    Limits limits_;
    std::string fault_;
    std::size_t values_ = 0;
    std::vector<std::set<std::string>> names_;  ///< of the objects round this place
};

}  // namespace sisr
