/// The command line of sisr-batch.
#pragma once

#include <sisr/image_file.h>
#include <sisr/upscaler.h>

#include <filesystem>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace sisr::cli {

/// What to do when an output file is there already.
enum class Existing { skip, overwrite, error };

/// One of `count` parts of a batch, from 1.
struct Shard {
    int index = 1;
    int count = 1;
};

struct BatchOptions {
    std::vector<std::filesystem::path> inputs;
    std::filesystem::path output;  ///< empty: each result beside its input, told by the suffix
    std::string model;             ///< empty: the default family
    UpscaleOptions upscale;
    bool only_smaller = false;  ///< leave out what is as large as wanted already
    Shard shard;
    std::filesystem::path report;  ///< JSON file to write; empty: none
    bool recursive = false;
    std::string format;  ///< extension without the dot; empty: the input's
    std::optional<Depth> depth;
    int quality = 0;
    bool strip_metadata = false;
    bool keep_time = false;          ///< results have their inputs' time of change
    bool scales_resolution = false;  ///< pixels per inch grow with the picture
    double max_megapixels = 0;       ///< larger inputs are refused
    bool compare = false;            ///< write a before/after sheet beside each result
    std::string suffix;
    Existing existing = Existing::skip;
    bool dry_run = false;
    bool progress = false;  ///< tell percents on stdout, for programs
    bool quiet = false;
    bool verbose = false;
};

struct ListModels {
    bool as_json = false;
};

/// Reports of shards to be made one.
struct MergeReports {
    std::vector<std::filesystem::path> reports;
    std::filesystem::path output;
};

/// Text that was asked for, to be printed on stdout.
struct PrintText {
    std::string text;
};

/// Pure: looks at no file. Throws Error{usage} about the option that is wrong.
std::variant<BatchOptions, ListModels, MergeReports, PrintText> parse_options(
    int argc, const char* const* argv);

}  // namespace sisr::cli
