/// The record of a run: JSON lines, one event each.
#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>

namespace sisr::training {

class RunLog {
public:
    /// Appends to the file. Throws Error{io} when it cannot be opened.
    explicit RunLog(const std::filesystem::path& file);

    /// {"event": ..., "step": ..., "time": seconds since 1970, values...}, flushed at once.
    /// Throws Error{io} when it cannot be written.
    void write(const std::string& event, std::int64_t step,
               const std::map<std::string, double>& values,
               const std::map<std::string, std::string>& texts = {});

private:
    std::string file_;
    std::ofstream stream_;
};

}  // namespace sisr::training
