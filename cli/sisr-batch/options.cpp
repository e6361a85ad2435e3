#include "options.h"

#include "common/input_kind.h"
#include "common/nearest_option.h"
#include "common/option_values.h"

#include <boost/program_options.hpp>

#include <sstream>

namespace sisr::cli {
namespace {

namespace po = boost::program_options;

constexpr const char* kHelpHead =
    "usage: sisr-batch [options] INPUT... [-o OUTPUT]\n\n"
    "Enlarges photographs. INPUT is files and folders; OUTPUT is a folder, or a file when there\n"
    "is one input file. Without it photo.jpg becomes photo-x4.jpg beside it.\n\n";

constexpr const char* kHelpTail =
    "\nExamples:\n"
    "  sisr-batch photo.jpg\n"
    "  sisr-batch holiday/ -o holiday-large/ --recursive --format webp --quality 90\n"
    "  sisr-batch scans/ -o out/ --model fidelity-x4 --scale 3 --depth 16 --format tif\n"
    "\nExit: 0 all done or skipped, 1 some files failed (one line each on stderr; the others are\n"
    "done), 2 wrong usage or nothing to do, 130 interrupted (finished files stay).\n";

constexpr int kMaxTile = 1 << 20;
constexpr int kMaxMemoryMb = 1 << 24;
constexpr int kMaxSide = 1 << 24;
constexpr int kMaxShards = 1'000'000;
constexpr double kDefaultMegapixels = 500;
constexpr double kMostMegapixels = 1e9;

po::options_description describe_options() {
    const auto text = [](const char* name) { return po::value<std::string>()->value_name(name); };
    po::options_description options("Options", 100);
    // clang-format off
    options.add_options()
        ("output,o", text("OUTPUT"), "folder or file to write; default: beside each input file")
        ("model,m", text("NAME|FILE"), "installed model, family, or model file")
        ("scale,s", text("N"), "1 to 16, may be a fraction; default: the model's")
        ("width", text("PIXELS"), "of the result; the height follows, unless it is given")
        ("height", text("PIXELS"), "of the result; the width follows, unless it is given")
        ("fit", text("WxH"), "largest result of the input's shape inside this box")
        ("only-smaller", po::bool_switch(), "skip what has the wanted size already, or more")
        ("recursive,r", po::bool_switch(), "enter sub-folders; the tree is kept")
        ("format,f", text("EXT"), "output format by extension; default: the input's")
        ("quality", text("N"),
         "1 to 100, for lossy formats; default: a JPEG's own, at least 75, else 95")
        ("depth", text("D"), "8, 16, half or float; default: the input's")
        ("suffix", text("TEXT"), "added to each output's name before the extension")
        ("strip-metadata", po::bool_switch(), "write no colour profile, EXIF, IPTC, XMP")
        ("keep-time", po::bool_switch(), "give results their inputs' time of change")
        ("dpi", text("DO")->default_value("keep"),
         "keep: prints grow with the picture; scale: they keep their size")
        ("existing", text("DO")->default_value("skip"), "skip, overwrite or error")
        ("threads,t", text("N"), "default: one per core")
        ("strength", text("S"),
         "0 (fidelity) to 1 (detail), for models that hold both stages; with others' models 0 is "
         "the plain enlargement and 1 the network's result; default: the model's")
        ("input-is", text("KIND")->default_value("auto"),
         "clean, damaged (JPEG, noise), heavy (much of it) or auto, for models that hold weights "
         "for several")
        ("tta", po::bool_switch(), "mean over 8 orientations: a little better, 8 times slower")
        ("no-color-lock", po::bool_switch(), "let the model change brightness and hue")
        ("tile", text("N|auto"), "width and height of a tile in input pixels")
        ("memory", text("MB"),
         "for tiles, 64 or more; default 768, or more for a network that sees far")
        ("precision", text("P")->default_value("auto"), "auto, fp32 or bf16")
        ("device", text("D")->default_value("auto"), "auto, cpu, cuda or cuda:N")
        ("compare", po::bool_switch(), "also write NAME-compare.png: before beside after")
        ("max-megapixels", text("N"), "refuse larger inputs; default 500")
        ("shard", text("I/N"), "do the I-th of N parts, of about as many pixels each")
        ("report", text("FILE"), "write what became of each file, as JSON")
        ("merge-reports", po::bool_switch(), "INPUTs are reports of shards; OUTPUT is one of all")
        ("progress", po::bool_switch(), "print \"percent N\" lines on stdout, for programs")
        ("dry-run", po::bool_switch(), "only tell what would be done")
        ("list-models", po::bool_switch(), "list the installed models")
        ("json", po::bool_switch(), "with --list-models: for programs")
        ("quiet,q", po::bool_switch(), "print errors only")
        ("verbose,v", po::bool_switch(), "print more")
        ("version", po::bool_switch(), "print the version")
        ("help,h", po::bool_switch(), "print this help");
    // clang-format on
    return options;
}

/// "-s -1" would be read as two options; the value is meant.
std::vector<std::string> join_negative_numbers(int argc, const char* const* argv) {
    std::vector<std::string> words;
    bool only_inputs = false;
    for (int i = 1; i < argc; ++i) {
        const std::string word = argv[i];
        only_inputs = only_inputs || word == "--";
        const bool is_negative =
            word.size() > 1 && word[0] == '-' && word.find_first_of("0123456789.") == 1;
        const bool follows_option = !only_inputs && !words.empty() && words.back().size() > 1 &&
                                    words.back()[0] == '-' &&
                                    words.back().find('=') == std::string::npos;
        if (is_negative && follows_option) {
            words.back() += (words.back()[1] == '-' ? "=" : "") + word;
        } else {
            words.push_back(word);
        }
    }
    return words;
}

po::variables_map parse_words(const po::options_description& visible, int argc,
                              const char* const* argv) {
    po::options_description all(visible);
    all.add_options()("input", po::value<std::vector<std::string>>());
    po::positional_options_description positional;
    positional.add("input", -1);
    po::variables_map values;
    // A guessed option would change its meaning with the first new one that begins alike.
    using namespace po::command_line_style;
    try {
        po::store(po::command_line_parser(join_negative_numbers(argc, argv))
                      .options(all)
                      .positional(positional)
                      .style(unix_style & ~allow_guessing)
                      .run(),
                  values);
    } catch (const po::error& error) {
        throw Error(ErrorKind::usage, "options", explain(error, visible) + " (see --help)");
    }
    return values;
}

UpscaleOptions read_upscale_options(const OptionValues& values) {
    UpscaleOptions options;
    if (values.has("scale")) options.scale = values.number("scale", kMinScale, kMaxScale);
    options.tta = values.flag("tta");
    if (values.flag("no-color-lock")) options.colour_lock = false;
    if (values.has("strength")) options.strength = values.number<double>("strength", 0, 1);
    options.input = read_input_kind(values);
    if (values.has("threads")) options.threads = values.number("threads", 1, 1024);
    if (values.has("tile") && values.text("tile") != "auto") {
        options.tile = values.number("tile", 1, kMaxTile);
    }
    if (values.has("memory")) {
        const int megabytes = values.number("memory", 64, kMaxMemoryMb);
        options.memory_bytes = static_cast<std::size_t>(megabytes) << 20;
    }
    options.precision = values.choice<Precision>(
        "precision",
        {{"auto", Precision::automatic}, {"fp32", Precision::fp32}, {"bf16", Precision::bf16}});
    options.device = values.text("device");
    return options;
}

/// "A<separator>B", two whole numbers.
std::pair<int, int> read_pair(const OptionValues& values, const char* name, char separator,
                              int most) {
    const std::string text = values.text(name);
    const auto middle = text.find(separator);
    const std::string option = "--" + std::string(name);
    if (middle == std::string::npos) {
        throw Error(ErrorKind::usage, option,
                    std::string("must be two numbers with \"") + separator +
                        "\" between them, not \"" + text + "\"");
    }
    return {number_option(option, text.substr(0, middle), 1, most),
            number_option(option, text.substr(middle + 1), 1, most)};
}

void read_size_options(const OptionValues& values, BatchOptions& options) {
    UpscaleOptions& upscale = options.upscale;
    if (values.has("width")) upscale.size.width = values.number("width", 1, kMaxSide);
    if (values.has("height")) upscale.size.height = values.number("height", 1, kMaxSide);
    const bool has_size = values.has("width") || values.has("height");
    if (values.has("fit")) {
        const auto [width, height] = read_pair(values, "fit", 'x', kMaxSide);
        upscale.size = {width, height};
        upscale.fit = true;
    }
    if ((has_size || values.has("scale")) &&
        (values.has("fit") || (has_size && values.has("scale")))) {
        throw Error(ErrorKind::usage, values.has("fit") ? "--fit" : "--scale",
                    "contradicts the other options of the size");
    }
    options.only_smaller = values.flag("only-smaller");
}

void read_shard(const OptionValues& values, BatchOptions& options) {
    if (!values.has("shard")) return;
    const auto [index, count] = read_pair(values, "shard", '/', kMaxShards);
    if (index > count) {
        throw Error(
            ErrorKind::usage, "--shard",
            "counts from 1 to " + std::to_string(count) + ", not to " + std::to_string(index));
    }
    options.shard = {index, count};
}

void read_output_options(const OptionValues& values, BatchOptions& options) {
    options.format = values.text("format");
    if (!options.format.empty() && options.format[0] == '.') options.format.erase(0, 1);
    if (values.has("format") && !can_write_extension(options.format)) {
        throw Error(ErrorKind::usage, "--format",
                    "files of type \"" + values.text("format") + "\" cannot be written");
    }
    options.suffix = values.text("suffix");
    if (options.suffix.find('/') != std::string::npos) {
        throw Error(ErrorKind::usage, "--suffix", "must not hold a \"/\"");
    }
    if (values.has("quality")) options.quality = values.number("quality", 1, 100);
    if (values.has("depth")) {
        options.depth = values.choice<Depth>(
            "depth",
            {{"8", Depth::u8}, {"16", Depth::u16}, {"half", Depth::half}, {"float", Depth::f32}});
    }
    options.existing = values.choice<Existing>(
        "existing",
        {{"skip", Existing::skip}, {"overwrite", Existing::overwrite}, {"error", Existing::error}});
    options.strip_metadata = values.flag("strip-metadata");
    options.keep_time = values.flag("keep-time");
    options.scales_resolution = values.choice<bool>("dpi", {{"keep", false}, {"scale", true}});
    options.max_megapixels =
        values.has("max-megapixels")
            ? values.number<double>("max-megapixels", 0.000001, kMostMegapixels)
            : kDefaultMegapixels;
    options.compare = values.flag("compare");
}

}  // namespace

std::variant<BatchOptions, ListModels, MergeReports, PrintText> parse_options(
    int argc, const char* const* argv) {
    const auto visible = describe_options();
    const auto map = parse_words(visible, argc, argv);
    const OptionValues values(map);
    if (values.flag("help")) {
        std::ostringstream text;
        text << kHelpHead << visible << kHelpTail;
        return PrintText{text.str()};
    }
    if (values.flag("version")) return PrintText{"sisr-batch " SISR_VERSION "\n"};
    if (values.flag("list-models")) return ListModels{values.flag("json")};
    if (values.flag("json")) throw Error(ErrorKind::usage, "--json", "is for --list-models");

    BatchOptions options;
    options.upscale = read_upscale_options(values);
    read_size_options(values, options);
    read_shard(values, options);
    read_output_options(values, options);
    options.report = values.text("report");
    options.model = values.text("model");
    if (values.has("model") && options.model.empty()) {
        throw Error(ErrorKind::usage, "--model", "must not be empty");
    }
    options.recursive = values.flag("recursive");
    options.dry_run = values.flag("dry-run");
    options.progress = values.flag("progress");
    options.quiet = values.flag("quiet");
    options.verbose = values.flag("verbose");
    options.output = values.text("output");
    if (!values.has("input")) {
        throw Error(ErrorKind::usage, "INPUT",
                    "is missing; usage: sisr-batch [options] INPUT... [-o OUTPUT] (see --help)");
    }
    for (const auto& input : map["input"].as<std::vector<std::string>>()) {
        options.inputs.emplace_back(input);
    }
    const bool merges = values.flag("merge-reports");
    if (options.output.empty() && (values.has("output") || merges)) {
        throw Error(ErrorKind::usage, "--output",
                    merges ? "is missing: where shall the report go?" : "must not be empty");
    }
    if (merges) return MergeReports{options.inputs, options.output};
    if (options.output == "-") {
        throw Error(ErrorKind::usage, "--output",
                    "\"-\" would be standard output, which holds no results; name a file or a "
                    "folder (./- for one of that name)");
    }
    return options;
}

}  // namespace sisr::cli
