/// All that a run leaves for people to watch: JSON lines, TensorBoard events, samples, a report.
#pragma once

#include "record/event_writer.h"
#include "record/run_log.h"

#include <sisr/image.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace sisr::training {

class RunRecord {
public:
    /// `name`: of the run in TensorBoard. Throws Error{io}, as all functions here do.
    RunRecord(const std::filesystem::path& run_folder, const std::string& name);

    /// Into the log, and as scalars "EVENT/NAME" into the events.
    void values(const std::string& event, std::int64_t step,
                const std::map<std::string, double>& values);

    /// Into the log only.
    void note(const std::string& event, std::int64_t step,
              const std::map<std::string, std::string>& texts);

    /// Pictures of the fixed places, as PNG files in samples/ and into the events.
    void samples(std::int64_t step, const std::vector<Image>& strips);

    /// Writes report.html anew.
    void refresh_report() const;

private:
    std::filesystem::path folder_;
    RunLog log_;
    EventWriter events_;
};

}  // namespace sisr::training
