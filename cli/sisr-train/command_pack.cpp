#include "base/numbers.h"
#include "commands.h"
#include "common/option_values.h"
#include "data/audit.h"
#include "data/patch_source.h"
#include "option_parser.h"
#include "training_options.h"

#include <cstdio>
#include <thread>

namespace sisr::cli {
namespace {

namespace po = boost::program_options;

po::options_description describe_options() {
    const auto list = po::value<std::vector<std::string>>()->composing()->value_name("DIR");
    po::options_description options("Options", 100);
    // clang-format off
    options.add_options()
        ("data", list->required(), "folder of photographs, or a pack; may be repeated")
        ("output,o", text_option("FILE")->required(), "the pack to write");
    // clang-format on
    return options;
}

}  // namespace

ExitCode run_pack(const Arguments& arguments) {
    const auto map =
        parse_arguments("pack", "--data DIR... -o FILE", describe_options(), arguments);
    if (!map) return ExitCode::done;
    const OptionValues values(*map);
    std::vector<std::filesystem::path> folders;
    for (const auto& folder : (*map)["data"].as<std::vector<std::string>>()) {
        folders.emplace_back(folder);
    }
    const auto tell = [](const std::string& line) {
        std::fprintf(stderr, "sisr-train: %s\n", line.c_str());
    };
    training::PatchSourceOptions options;
    options.patch = 1;
    options.threads = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
    const training::PatchSource source(folders, options, tell);
    for (const std::string& line : describe(training::audit(source.audited(), {}))) {
        tell("training data: " + line);
    }
    source.pack(values.text("output"));
    std::printf("%s: %zu images, %s megapixels\n", values.text("output").c_str(),
                source.image_count(), format_number(source.megapixels(), 1).c_str());
    return ExitCode::done;
}

}  // namespace sisr::cli
