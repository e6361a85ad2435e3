#include "record/report_log.h"

#include <sisr/error.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>

namespace sisr::training {
namespace {

using Json = nlohmann::ordered_json;

/// Event, step and time of an entry, which all have; the rest is what the event is about.
struct Entry {
    std::string event;
    std::int64_t step = 0;
    double time = 0;
    Json values;
};

std::optional<Entry> parse_entry(const std::string& line) {
    Json json = Json::parse(line, nullptr, false);
    if (!json.is_object()) return std::nullopt;
    const auto event = json.find("event");
    const auto step = json.find("step");
    const auto time = json.find("time");
    if (event == json.end() || !event->is_string() || step == json.end() ||
        !step->is_number_integer() || time == json.end() || !time->is_number()) {
        return std::nullopt;
    }
    Entry entry{event->get<std::string>(), step->get<std::int64_t>(), time->get<double>(), {}};
    if (entry.step < 0) return std::nullopt;
    for (const char* name : {"event", "step", "time"}) json.erase(name);
    entry.values = std::move(json);
    return entry;
}

std::map<std::string, double> numbers(const Json& values) {
    std::map<std::string, double> found;
    for (const auto& [name, value] : values.items()) {
        if (value.is_number() && std::isfinite(value.get<double>())) found[name] = value;
    }
    return found;
}

/// Texts speak for themselves, numbers need their names.
std::string describe(const Json& values) {
    std::string text;
    for (const auto& [name, value] : values.items()) {
        if (!text.empty()) text += ", ";
        text += value.is_string() ? value.get<std::string>() : name + " " + value.dump();
    }
    return text;
}

void add(const Entry& entry, LogContents& log) {
    if (log.first_time == 0) log.first_time = entry.time;
    log.last_time = entry.time;
    log.last_step = std::max(log.last_step, entry.step);
    if (entry.event == "train" || entry.event == "validation") {
        auto& metrics = entry.event == "train" ? log.training : log.validation;
        for (const auto& [name, value] : numbers(entry.values)) metrics[name][entry.step] = value;
    } else if (entry.event == "bicubic") {
        for (const auto& [name, value] : numbers(entry.values)) log.bicubic[name] = value;
    } else if (entry.event == "start" || entry.event == "resume") {
        if (entry.event == "resume") ++log.resumes;
        const auto data = entry.values.find("data");
        if (data != entry.values.end() && data->is_string()) log.data = *data;
    } else if (entry.event == "skipped" || entry.event == "warning") {
        log.notices.push_back({entry.event, entry.step, entry.time, describe(entry.values)});
    }
}

}  // namespace

LogContents read_log(const std::filesystem::path& file) {
    std::ifstream stream(file);
    if (!stream) throw Error(ErrorKind::io, file.string(), "cannot be read");
    LogContents log;
    for (std::string line; std::getline(stream, line);) {
        if (const auto entry = parse_entry(line)) add(*entry, log);
    }
    if (stream.bad()) throw Error(ErrorKind::io, file.string(), "cannot be read");
    return log;
}

}  // namespace sisr::training
