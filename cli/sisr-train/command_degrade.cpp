#include "commands.h"
#include "common/option_values.h"
#include "data/patch_pair.h"
#include "degradation/degradation.h"
#include "option_parser.h"
#include "record/contact_sheet.h"
#include "training_options.h"

#include <sisr/error.h>
#include <sisr/image_file.h>
#include <sisr/resize.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace sisr::cli {
namespace {

namespace po = boost::program_options;

po::options_description describe_options() {
    const auto list = po::value<std::vector<std::string>>()->composing()->value_name("DIR");
    po::options_description options("Options", 100);
    // clang-format off
    options.add_options()
        ("data", list->required(), "folder of photographs; may be repeated")
        ("output,o", text_option("FILE")->required(), "the picture to write")
        ("degrade", preset_option("photo", "SPEC"), "as for training")
        ("scale", preset_option("4"), "1 to 8")
        ("patch", preset_option("48"), "width and height of a low-resolution patch")
        ("count", preset_option("64"), "samples")
        ("seed", preset_option("1"), "of the samples");
    // clang-format on
    return options;
}

/// A degraded patch, each of its pixels a square, beside the truth.
std::vector<Image> make_pair(const training::PatchSource& source,
                             const training::Degradation& degradation, int size,
                             training::Rng rng) {
    const auto [reduced, truth] = training::draw_pair(source, degradation, size, rng);
    return {resize(reduced, truth.shape().size(), Kernel::nearest), truth};
}

}  // namespace

ExitCode run_degrade(const Arguments& arguments) {
    const auto map = parse_arguments("degrade", "--data DIR... --degrade SPEC -o FILE",
                                     describe_options(), arguments);
    if (!map) return ExitCode::done;
    const OptionValues values(*map);
    const int patch = values.number("patch", 8, 1024);
    const int count = values.number("count", 1, 10000);
    const auto seed = values.number<std::int64_t>("seed", 0, 1'000'000'000);
    const auto degradation =
        training::Degradation::parse(values.text("degrade"), values.number("scale", 1, 8));

    std::vector<std::filesystem::path> folders;
    for (const auto& folder : (*map)["data"].as<std::vector<std::string>>()) {
        folders.emplace_back(folder);
    }
    const auto options = training::pair_source_options(degradation, patch);
    const training::PatchSource source(folders, options, [](const std::string& line) {
        std::fprintf(stderr, "sisr-train: %s\n", line.c_str());
    });
    std::vector<std::vector<Image>> cells;
    for (int i = 0; i < count; ++i) {
        const auto rng = training::sample_rng(static_cast<std::uint64_t>(seed), 0, i);
        cells.push_back(make_pair(source, degradation, patch, rng));
    }
    const int columns = std::max(1, static_cast<int>(std::sqrt(count)));
    write_image(values.text("output"), training::contact_sheet(cells, columns));
    return ExitCode::done;
}

}  // namespace sisr::cli
