/// The trainer as its users run it: as a process, on a few small pictures.
#pragma once

#include "support/images.h"
#include "support/run_command.h"
#include "support/temp_dir.h"

#include <sisr/image_file.h>

#include <map>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

namespace sisr::test {

namespace fs = std::filesystem;

class SisrTrain : public ::testing::Test {
protected:
    void SetUp() override {
        fs::create_directory(folder_ / "data");
        for (unsigned i = 0; i < 4; ++i) {
            write_image(folder_ / ("data/" + std::to_string(i) + ".png"), random_rgb(120, 100, i));
        }
        fs::create_directory(folder_ / "validation");
        write_image(folder_ / "validation/v.png", scene({64, 48, 3, false, Encoding::display}));
    }

    std::vector<std::string> command(const std::string& run, int iterations,
                                     const std::vector<std::string>& more = {}) {
        std::vector<std::string> words{SISR_TRAIN_PATH,
                                       "pretrain",
                                       "--data",
                                       (folder_ / "data").string(),
                                       "--output",
                                       (folder_ / run).string(),
                                       "--channels",
                                       "8",
                                       "--blocks",
                                       "1",
                                       "--batch",
                                       "2",
                                       "--patch",
                                       "12",
                                       "--iterations",
                                       std::to_string(iterations),
                                       "--name",
                                       "test",
                                       "--warmup",
                                       "10",
                                       "--log-every",
                                       "1",
                                       "--threads",
                                       "1",
                                       "--validate-every",
                                       "1000",
                                       "--checkpoint-every",
                                       "20"};
        words.insert(words.end(), more.begin(), more.end());
        return words;
    }

    /// The loss of each step, the last one where a step was done twice.
    std::map<std::int64_t, double> losses(const std::string& run) const {
        std::map<std::int64_t, double> result;
        std::istringstream lines(read_bytes(folder_ / run / "log.jsonl"));
        for (std::string line; std::getline(lines, line);) {
            const auto json = nlohmann::json::parse(line, nullptr, false);
            if (json.is_object() && json["event"] == "train") result[json["step"]] = json["mae"];
        }
        return result;
    }

    TempDir folder_;
};

}  // namespace sisr::test
