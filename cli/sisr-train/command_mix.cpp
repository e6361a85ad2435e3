#include "commands.h"
#include "common/option_values.h"
#include "optimise/grow.h"
#include "option_parser.h"
#include "ship/export.h"
#include "training_options.h"

#include "formats/safetensors.h"

#include <sisr/error.h>
#include <sisr/model.h>

#include <cstdio>
#include <optional>

namespace sisr::cli {
namespace {

namespace po = boost::program_options;

constexpr double kMostFactor = 100;

po::options_description describe_options() {
    po::options_description options("Options", 100);
    // clang-format off
    options.add_options()
        ("model", po::value<std::vector<std::string>>()->composing()->required()
                      ->value_name("MODEL=FACTOR"),
         "a model of one stage, and what its weights are multiplied by; repeated; later ones may be "
         "narrower or shallower than the first")
        ("output,o", text_option("FILE")->required(),
         "the model file to write: the sum, else as the first one");
    // clang-format on
    return options;
}

struct Term {
    TensorFile file;
    Tensors weights;
    double factor;
};

Term read_term(const std::string& text) {
    const std::size_t sign = text.rfind('=');
    if (sign == std::string::npos) {
        throw Error(ErrorKind::usage, text, "needs a factor: MODEL=FACTOR");
    }
    const std::string name = text.substr(0, sign);
    const double factor = number_option(text, text.substr(sign + 1), -kMostFactor, kMostFactor);
    Term term{read_own_model(find_model(name).info().path), {}, factor};
    term.weights = training::weights_to_export(term.file);
    if (term.weights.empty()) {
        throw Error(ErrorKind::usage, name, "holds two stages: export one of them first");
    }
    return term;
}

/// Adds `term` to `sum`; a narrower or shallower network is grown by zeros, so that it computes as
/// before.
void add(Tensors& sum, const Term& term) {
    Tensors zeros;
    for (const auto& [name, values] : sum) zeros[name] = torch::zeros_like(values);
    for (const auto& [name, values] : training::grow_weights(zeros, term.weights)) {
        sum.at(name) += term.factor * values.to(torch::kFloat64);
    }
}

bool is_same_network(const Tensors& sum, const TensorFile& first, const Term& term) {
    const auto scale = [](const TensorFile& file) {
        const auto found = file.metadata.find("sisr.scale");
        return found == file.metadata.end() ? std::string() : found->second;
    };
    return scale(first) == scale(term.file) && training::can_grow(sum, term.weights);
}

}  // namespace

ExitCode run_mix(const Arguments& arguments) {
    const auto map =
        parse_arguments("mix", "MODEL=FACTOR... -o FILE", describe_options(), arguments, {"model"});
    if (!map) return ExitCode::done;
    const std::filesystem::path target = OptionValues(*map).text("output");
    std::optional<TensorFile> result;
    Tensors sum;
    for (const std::string& text : (*map)["model"].as<std::vector<std::string>>()) {
        Term term = read_term(text);
        if (!result) {
            result = TensorFile{{}, term.file.metadata};
            for (const auto& [name, values] : term.weights) {
                sum[name] = torch::zeros_like(values, torch::kFloat64);
            }
        }
        if (!is_same_network(sum, *result, term)) {
            throw Error(ErrorKind::usage, text,
                        "is of another network than the first one, or larger");
        }
        add(sum, term);
    }
    training::put_weights(*result, sum);
    write_safetensors(target, *result);
    Model::load(target);  // what we hand out can be read
    std::printf("%s\n", target.c_str());
    return ExitCode::done;
}

}  // namespace sisr::cli
