#include "parity.h"

#include "architectures/shape_reader.h"
#include "base/numbers.h"
#include "formats/pth.h"
#include "formats/safetensors.h"
#include "support/python.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace sisr::test {
namespace {

ParityCase read_case(const std::filesystem::path& folder) {
    ParityCase item;
    item.name = folder.filename().string();
    item.folder = folder;
    const TensorFile file = read_safetensors(folder / "case.safetensors");
    item.input = file.tensors.at("input");
    item.expected = file.tensors.at("expected");
    const auto told = [&file](const char* key) { return metadata_value(file.metadata, key); };
    item.architecture = told("id");
    const auto number = [&told](const char* key) { return parse_number<int>(told(key)).value(); };
    item.spec.scale = number("scale");
    item.spec.input_channels = number("inputs");
    item.spec.output_channels = number("outputs");
    item.spec.exactness = told("exact") == "yes" ? Exactness::exact : Exactness::approximate;
    const std::string prefix = "given.";
    for (const auto& [key, value] : file.metadata) {
        if (key.compare(0, prefix.size(), prefix) == 0) {
            item.given[key.substr(prefix.size())] = value;
        }
    }
    return item;
}

}  // namespace

std::vector<ParityCase> make_cases(const std::filesystem::path& folder, const std::string& family,
                                   int seed) {
    const auto script =
        std::filesystem::path(SISR_SOURCE_DIR) / "tests/core/architectures/reference/make_cases.py";
    CommandOptions options;
    options.environment = {{"PYTHONDONTWRITEBYTECODE", "1"}};
    options.timeout = std::chrono::seconds(600);
    const CommandResult result = run_command(
        {python(), script.string(), folder.string(), std::to_string(seed), family}, options);
    EXPECT_EQ(result.exit_code, 0) << result.err;
    std::vector<ParityCase> cases;
    if (result.exit_code != 0) return cases;
    for (const auto& entry : std::filesystem::directory_iterator(folder / family)) {
        cases.push_back(read_case(entry.path()));
    }
    std::sort(cases.begin(), cases.end(),
              [](const ParityCase& a, const ParityCase& b) { return a.name < b.name; });
    return cases;
}

Tensors read_model(const std::filesystem::path& file) {
    return file.extension() == ".pth" ? read_pth(file).tensors : read_safetensors(file).tensors;
}

Built build_case(const ParityCase& item, const Tensors& tensors) {
    const auto found = find_architecture(shapes_of(tensors), item.given);
    if (!found) {
        ADD_FAILURE() << item.name << " is of no known architecture";
        return {};
    }
    EXPECT_EQ(found->architecture->id, item.architecture);
    EXPECT_EQ(found->spec.scale, item.spec.scale);
    EXPECT_EQ(found->spec.input_channels, item.spec.input_channels);
    EXPECT_EQ(found->spec.output_channels, item.spec.output_channels);
    EXPECT_EQ(found->spec.exactness, item.spec.exactness);
    EXPECT_FALSE(found->spec.words.empty());
    return found->architecture->build(tensors, item.given);
}

torch::Tensor parity_errors(const ParityCase& item, const nn::Program& program,
                            const RunProgram& run) {
    const auto output = run(program, item.input);
    EXPECT_EQ(output.sizes(), item.expected.sizes());
    if (output.sizes() != item.expected.sizes()) return torch::ones({1});
    const auto range = item.expected.max() - item.expected.min();
    return (output.to(torch::kFloat32) - item.expected).abs().flatten() / range;
}

}  // namespace sisr::test
