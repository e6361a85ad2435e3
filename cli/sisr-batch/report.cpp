#include "report.h"

#include <sisr/error.h>

#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

namespace sisr::cli {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail_to_write(const fs::path& file) {
    throw Error(ErrorKind::io, file.string(), "the report cannot be written");
}

/// What is written and then gets the report's name; the name itself where what has it is no file to
/// be replaced: a pipe, a device, /dev/stdout or another link.
fs::path written_first(const fs::path& file) {
    std::error_code ignored;
    const fs::file_status status = fs::symlink_status(file, ignored);
    if (fs::exists(status) && !fs::is_regular_file(status)) return file;
    fs::path temporary = file;
    temporary += ".partial";
    return temporary;
}

void save(const fs::path& file, const std::string& text) {
    const fs::path written = written_first(file);
    std::ofstream stream(written, std::ios::binary);
    stream << text;
    stream.close();
    if (written == file) return stream ? void() : fail_to_write(file);
    std::error_code status;
    if (stream) fs::rename(written, file, status);
    if (stream && !status) return;
    fs::remove(written, status);
    fail_to_write(file);
}

ReportedFile reported_file(const nlohmann::json& entry) {
    return {entry.at("input").get<std::string>(),
            entry.at("output").get<std::string>(),
            entry.at("status").get<std::string>(),
            entry.value("message", ""),
            entry.value("width", 0),
            entry.value("height", 0),
            entry.value("seconds", 0.0),
            entry.value("input_is", "")};
}

BatchReport read_report(const fs::path& file) {
    std::ifstream stream(file, std::ios::binary);
    if (!stream) throw Error(ErrorKind::io, file.string(), "cannot be read");
    try {
        const auto json = nlohmann::json::parse(stream);
        BatchReport report;
        report.model = json.at("model").get<std::string>();
        report.seconds = json.at("seconds").get<double>();
        report.interrupted = json.at("interrupted").get<bool>();
        for (const auto& entry : json.at("files")) report.files.push_back(reported_file(entry));
        return report;
    } catch (const nlohmann::json::exception&) {
        throw Error(ErrorKind::bad_image, file.string(), "is not a report of sisr-batch");
    }
}

}  // namespace

BatchReport merge_reports(const std::vector<fs::path>& files) {
    BatchReport merged;
    std::map<std::string, ReportedFile> by_input;
    for (const auto& file : files) {
        const BatchReport part = read_report(file);
        if (&file != &files.front() && part.model != merged.model) {
            throw Error(ErrorKind::usage, file.string(),
                        "is of model " + part.model + ", the others are of " + merged.model);
        }
        merged.model = part.model;
        merged.seconds += part.seconds;
        merged.interrupted = merged.interrupted || part.interrupted;
        for (const ReportedFile& reported : part.files) {
            ReportedFile& known = by_input[reported.input.string()];
            if (known.status != "done") known = reported;
        }
    }
    for (auto& [input, reported] : by_input) merged.files.push_back(std::move(reported));
    return merged;
}

bool is_complete(const BatchReport& report) {
    if (report.interrupted) return false;
    for (const ReportedFile& file : report.files) {
        if (file.status != "done" && file.status != "skipped") return false;
    }
    return true;
}

void write_report(const fs::path& file, const BatchReport& report) {
    nlohmann::ordered_json json;
    json["program"] = "sisr-batch " SISR_VERSION;
    json["model"] = report.model;
    json["seconds"] = report.seconds;
    json["interrupted"] = report.interrupted;
    std::map<std::string, int> counts{{"done", 0}, {"skipped", 0}, {"failed", 0}};
    json["counts"] = nullptr;  // keeps its place at the top
    json["files"] = nlohmann::ordered_json::array();
    for (const ReportedFile& reported : report.files) {
        ++counts[reported.status];
        nlohmann::ordered_json entry{{"input", reported.input.string()},
                                     {"output", reported.output.string()},
                                     {"status", reported.status}};
        if (!reported.message.empty()) entry["message"] = reported.message;
        if (reported.width > 0) {
            entry["width"] = reported.width;
            entry["height"] = reported.height;
            entry["seconds"] = reported.seconds;
            if (!reported.input_is.empty()) entry["input_is"] = reported.input_is;
        }
        json["files"].push_back(std::move(entry));
    }
    json["counts"] = counts;

    save(file, json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
}

bool is_replaced(const fs::path& file) { return written_first(file) != file; }

void check_report(const fs::path& file) {
    if (fs::is_directory(file)) fail_to_write(file);
    const fs::path written = written_first(file);
    if (written == file) return;
    if (!std::ofstream(written, std::ios::binary)) fail_to_write(file);
    std::error_code ignored;
    fs::remove(written, ignored);
}

}  // namespace sisr::cli
