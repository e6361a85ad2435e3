#include "record/run_record.h"

#include "degradation/codec.h"
#include "record/report.h"

#include <sisr/image_file.h>

#include <cinttypes>
#include <cstdio>

namespace sisr::training {
namespace {

constexpr const char* kSampleFolder = "samples";

std::string sample_name(std::int64_t step, std::size_t crop) {
    char name[64];
    std::snprintf(name, sizeof name, "step-%09" PRId64 "-crop-%zu.png", step, crop);
    return name;
}

}  // namespace

RunRecord::RunRecord(const std::filesystem::path& run_folder, const std::string& name)
    : folder_(run_folder),
      log_(run_folder / "log.jsonl"),
      events_(run_folder / "tensorboard" / name) {}

void RunRecord::values(const std::string& event, std::int64_t step,
                       const std::map<std::string, double>& values) {
    log_.write(event, step, values);
    const std::string group = event + "/";
    for (const auto& [name, value] : values) events_.scalar(group + name, step, value);
}

void RunRecord::note(const std::string& event, std::int64_t step,
                     const std::map<std::string, std::string>& texts) {
    log_.write(event, step, {}, texts);
}

void RunRecord::samples(std::int64_t step, const std::vector<Image>& strips) {
    if (!has_image_codecs()) return;
    std::filesystem::create_directories(folder_ / kSampleFolder);
    for (std::size_t i = 0; i < strips.size(); ++i) {
        write_image(folder_ / kSampleFolder / sample_name(step, i), strips[i]);
        events_.image("crop " + std::to_string(i), step, strips[i]);
    }
}

void RunRecord::refresh_report() const { write_report(folder_); }

}  // namespace sisr::training
