#include "base/numbers.h"
#include "commands.h"
#include "common/option_values.h"
#include "data/patch_pair.h"
#include "option_parser.h"
#include "ship/export.h"
#include "ship/judge_fit.h"
#include "training_options.h"

#include "formats/safetensors.h"

#include <sisr/error.h>
#include <sisr/model.h>

#include <cstdio>

namespace sisr::cli {
namespace {

namespace po = boost::program_options;
using training::JudgedPicture;

constexpr int kToldEach = 100;  // pictures

po::options_description describe_options() {
    const auto list = po::value<std::vector<std::string>>()->composing()->value_name("DIR");
    po::options_description options("Options", 100);
    // clang-format off
    options.add_options()
        ("model", text_option("NAME|FILE")->required(),
         "model that holds weights for several kinds of input")
        ("data", list->required(), "folder of photographs; may be repeated")
        ("validation", text_option("DIR")->required(),
         "photographs that are not fitted to: they tell how good the choice is")
        ("output,o", text_option("FILE")->required(), "the model file to write")
        ("degrade", preset_option("photo", "SPEC"), "inputs of all kinds, as for training")
        ("patch", preset_option("128"), "width and height of an input in pixels")
        ("count", preset_option("1500"), "inputs that are fitted to; a fifth as many to validate")
        ("decay", preset_option("1e-4", "X"), "of the layer's squared weights")
        ("seed", preset_option("1"), "of the inputs")
        ("threads", preset_option("0"), "for reading photographs; 0: one per core");
    // clang-format on
    return options;
}

/// The part of the options that both sets of pictures share.
struct Sampling {
    const training::JudgeSampler& sampler;
    training::PatchSourceOptions source;
    std::uint64_t seed;
};

std::vector<JudgedPicture> collect(const Sampling& sampling,
                                   const std::vector<std::filesystem::path>& folders, int count) {
    const training::PatchSource source(folders, sampling.source, [](const std::string& line) {
        std::fprintf(stderr, "sisr-train: %s\n", line.c_str());
    });
    std::vector<JudgedPicture> pictures;
    for (int i = 0; i < count; ++i) {
        const auto rng = training::sample_rng(sampling.seed, 0, i);
        if (auto picture = sampling.sampler.sample(source, rng)) {
            pictures.push_back(std::move(*picture));
        }
        if ((i + 1) % kToldEach == 0) {
            std::printf("%d of %d inputs\n", i + 1, count);
            std::fflush(stdout);
        }
    }
    if (pictures.empty()) {
        throw Error(ErrorKind::usage, folders.front().string(), "holds nothing with texture");
    }
    return pictures;
}

void print_losses(const std::vector<JudgedPicture>& pictures, const std::vector<InputKind>& kinds,
                  const Tensors& judge) {
    std::printf("dB below the best choice, mean over %zu other inputs:\n", pictures.size());
    for (const InputKind kind : kinds) {
        double sum = 0;
        for (const JudgedPicture& picture : pictures) sum += picture.loss.at(judge_row(kind));
        std::printf("  always %-16s %s\n", training::name_of(kind),
                    format_number(sum / static_cast<double>(pictures.size()), 3).c_str());
    }
    std::printf("  %-23s %s\n", "as the layer chooses",
                format_number(training::mean_loss(pictures, kinds, judge), 3).c_str());
}

}  // namespace

ExitCode run_judge(const Arguments& arguments) {
    const auto map =
        parse_arguments("judge", "MODEL --data DIR... --validation DIR --degrade SPEC -o FILE",
                        describe_options(), arguments, {"model"});
    if (!map) return ExitCode::done;
    const OptionValues values(*map);
    const Model model = find_model(values.text("model"));
    const auto kinds = training::kinds_of(model);
    if (kinds.size() < 2) {
        throw Error(ErrorKind::usage, model.info().path.string(),
                    "holds weights for one kind of input only: nothing to choose");
    }
    const int patch = values.number("patch", 8, 1024);
    const int count = values.number("count", 2, 1'000'000);
    const double decay = values.number<double>("decay", 0, 1);
    const auto degradation =
        training::Degradation::parse(values.text("degrade"), model.info().scale);
    const training::JudgeSampler sampler(model, degradation, patch);
    Sampling sampling{sampler, training::pair_source_options(degradation, patch),
                      static_cast<std::uint64_t>(step_count(values, "seed", 0))};
    sampling.source.threads = values.number("threads", 0, 1024);
    if (sampling.source.threads == 0) sampling.source.threads = physical_cores();

    std::vector<std::filesystem::path> folders;
    for (const auto& folder : (*map)["data"].as<std::vector<std::string>>()) {
        folders.emplace_back(folder);
    }
    const Tensors judge = training::fit_judge(collect(sampling, folders, count), kinds, decay);
    ++sampling.seed;
    print_losses(collect(sampling, {values.text("validation")}, std::max(1, count / 5)), kinds,
                 judge);

    const std::filesystem::path target = values.text("output");
    TensorFile content = read_safetensors(model.info().path);
    training::put_judge(content, judge);
    write_safetensors(target, content);
    Model::load(target);  // what we hand out can be read
    std::printf("%s\n", target.c_str());
    return ExitCode::done;
}

}  // namespace sisr::cli
