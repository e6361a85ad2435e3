/// The real command, run on files of our own with a model that repeats pixels.
#pragma once

#include "support/images.h"
#include "support/plain_model.h"
#include "support/run_command.h"

#include <sisr/image_file.h>

#include <gtest/gtest.h>
#include <set>

namespace sisr::test {

class SisrBatch : public ::testing::Test {
protected:
    using Names = std::set<std::string>;
    static constexpr int kScale = 2;
    static constexpr double kExact = 1e-6;  ///< far below one level of 16 bits

    void SetUp() override {
        namespace fs = std::filesystem;
        // The model store is ours alone, and tests may run as another user.
        fs::permissions(folder_.path(), fs::perms::owner_all | fs::perms::group_exec |
                                            fs::perms::group_read | fs::perms::others_exec |
                                            fs::perms::others_read);
        fs::create_directory(folder_ / "models");
        write_repeating_model(folder_ / "models/repeat-x2.safetensors", kScale);
        fs::create_directory(folder_ / "in");
    }

    std::string path(const std::string& name) const { return (folder_ / name).string(); }

    Image make_image(const std::string& name, int width = 9, int height = 7) {
        const Image image = quantised(scene({width, height, 3, false, Encoding::display}));
        std::filesystem::create_directories((folder_ / name).parent_path());
        write_image(folder_ / name, image);
        return image;
    }

    CommandOptions command_options() const {
        CommandOptions options;
        options.environment = {
            {"SISR_MODEL_PATH", path("models")}, {"HOME", ""}, {"XDG_DATA_HOME", ""}};
        return options;
    }

    static std::vector<std::string> command(const std::vector<std::string>& words) {
        std::vector<std::string> all{SISR_BATCH_PATH};
        all.insert(all.end(), words.begin(), words.end());
        return all;
    }

    /// With nothing added.
    CommandResult run_plain(const std::vector<std::string>& words) const {
        return run_command(command(words), command_options());
    }

    /// With the model, in fp32 on one thread: exact, and light beside other work.
    std::vector<std::string> with_model(std::vector<std::string> words) const {
        words.insert(words.end(), {"-m", "repeat", "--precision", "fp32", "-t", "1"});
        return words;
    }
    CommandResult run(const std::vector<std::string>& words) const {
        return run_plain(with_model(words));
    }

    /// All entries, hidden ones too, so that nothing temporary is overlooked.
    Names names_in(const std::string& name) const {
        Names names;
        for (const auto& entry : std::filesystem::directory_iterator(folder_ / name)) {
            names.insert(entry.path().filename().string());
        }
        return names;
    }

    static Image repeated(const Image& image, int scale = kScale) {
        ImageShape shape = image.shape();
        shape.width *= scale;
        shape.height *= scale;
        Image result(shape);
        for (int y = 0; y < shape.height; ++y) {
            for (int x = 0; x < shape.width; ++x) {
                for (int c = 0; c < shape.channels(); ++c) {
                    result.at(x, y, c) = image.at(x / scale, y / scale, c);
                }
            }
        }
        return result;
    }

    TempDir folder_;
};

inline bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

}  // namespace sisr::test
