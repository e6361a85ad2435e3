#include "report.h"

#include <sisr/error.h>

#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

namespace sisr::cli {

void write_report(const std::filesystem::path& file, const BatchReport& report) {
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
        }
        json["files"].push_back(std::move(entry));
    }
    json["counts"] = counts;

    std::filesystem::path temporary = file;
    temporary += ".partial";
    std::ofstream stream(temporary, std::ios::binary);
    stream << json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) << "\n";
    stream.close();
    std::error_code status;
    if (stream) std::filesystem::rename(temporary, file, status);
    if (!stream || status) {
        std::error_code ignored;
        std::filesystem::remove(temporary, ignored);
        throw Error(ErrorKind::io, file.string(), "the report cannot be written");
    }
}

}  // namespace sisr::cli
