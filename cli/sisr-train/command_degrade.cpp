#include "commands.h"
#include "common/option_values.h"
#include "data/patch_pair.h"
#include "data/sample.h"
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
        ("seed", preset_option("1"), "of the samples")
        ("step", preset_option("0"), "of the training whose samples are drawn")
        ("index", text_option("I"), "of one sample of that step, counted from 0; default: all")
        ("flat-retries", preset_option("3"), "as for training")
        ("validation", text_option("DIR"), "as for training: without it, parts of pictures are kept apart");
    // clang-format on
    return options;
}

Image to_image(const torch::Tensor& pixels) {
    const auto rows = pixels.permute({1, 2, 0}).contiguous();
    Image image({static_cast<int>(rows.size(1)), static_cast<int>(rows.size(0)), 3, false,
                 Encoding::display});
    std::copy_n(rows.data_ptr<float>(), image.samples().size(), image.row(0));
    return image;
}

/// A degraded patch, each of its pixels a square, beside the truth.
std::vector<Image> side_by_side(const training::Sample& sample) {
    const Image truth = to_image(sample.hr);
    return {resize(to_image(sample.lr), truth.shape().size(), Kernel::nearest), truth};
}

}  // namespace

ExitCode run_degrade(const Arguments& arguments) {
    const auto map = parse_arguments("degrade", "--data DIR... --degrade SPEC -o FILE",
                                     describe_options(), arguments);
    if (!map) return ExitCode::done;
    const OptionValues values(*map);
    const int patch = values.number("patch", 8, 1024);
    // One that is asked for by its number is looked at alone.
    const bool is_one = values.has("index");
    const int first = is_one ? values.number("index", 0, 1'000'000) : 0;
    const int count = is_one ? 1 : values.number("count", 1, 10000);
    const auto step = values.number<std::int64_t>("step", 0, 1'000'000'000);
    const auto seed = values.number<std::int64_t>("seed", 0, 1'000'000'000);
    const auto degradation =
        training::Degradation::parse(values.text("degrade"), values.number("scale", 1, 8));

    std::vector<std::filesystem::path> folders;
    for (const auto& folder : (*map)["data"].as<std::vector<std::string>>()) {
        folders.emplace_back(folder);
    }
    auto options = training::pair_source_options(degradation, patch);
    options.flat_retries = values.number("flat-retries", 0, 1000);
    options.kept_apart = values.has("validation") ? 0 : training::kPicturesKeptApart;
    const training::PatchSource source(folders, options, [](const std::string& line) {
        std::fprintf(stderr, "sisr-train: %s\n", line.c_str());
    });
    std::vector<std::vector<Image>> cells;
    for (int i = 0; i < count; ++i) {
        cells.push_back(side_by_side(training::sample(
            source, degradation, patch, static_cast<std::uint64_t>(seed), step, first + i)));
    }
    const int columns = std::max(1, static_cast<int>(std::sqrt(count)));
    write_image(values.text("output"), training::contact_sheet(cells, columns));
    return ExitCode::done;
}

}  // namespace sisr::cli
