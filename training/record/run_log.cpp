#include "record/run_log.h"

#include <sisr/error.h>

#include <chrono>
#include <nlohmann/json.hpp>

namespace sisr::training {

RunLog::RunLog(const std::filesystem::path& file)
    : file_(file.string()), stream_(file, std::ios::app) {
    if (!stream_) throw Error(ErrorKind::io, file_, "cannot be written");
}

void RunLog::write(const std::string& event, std::int64_t step,
                   const std::map<std::string, double>& values,
                   const std::map<std::string, std::string>& texts) {
    using Seconds = std::chrono::duration<double>;
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    nlohmann::ordered_json line{{"event", event}, {"step", step}, {"time", Seconds(now).count()}};
    for (const auto& [name, value] : values) line[name] = value;
    for (const auto& [name, text] : texts) line[name] = text;
    stream_ << line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) << std::endl;
    if (!stream_) throw Error(ErrorKind::io, file_, "cannot be written (is the disk full?)");
}

}  // namespace sisr::training
