#include "common/nearest_option.h"

#include <algorithm>
#include <numeric>
#include <vector>

namespace sisr::cli {
namespace {

namespace po = boost::program_options;

/// Letters to be put in, taken out, changed, or exchanged with their neighbour.
std::size_t edits_between(const std::string& a, const std::string& b) {
    std::vector<std::vector<std::size_t>> edits(a.size() + 1,
                                                std::vector<std::size_t>(b.size() + 1));
    for (std::size_t i = 0; i <= a.size(); ++i) edits[i][0] = i;
    std::iota(edits[0].begin(), edits[0].end(), std::size_t{0});
    for (std::size_t i = 1; i <= a.size(); ++i) {
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const bool same = a[i - 1] == b[j - 1];
            edits[i][j] = std::min(
                {edits[i - 1][j] + 1, edits[i][j - 1] + 1, edits[i - 1][j - 1] + (same ? 0 : 1)});
            const bool exchanged = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
            if (exchanged) edits[i][j] = std::min(edits[i][j], edits[i - 2][j - 2] + 1);
        }
    }
    return edits[a.size()][b.size()];
}

/// Empty when none is near.
std::string nearest(const std::string& word, const po::options_description& options) {
    std::string best;
    std::size_t fewest = word.size() / 3 + 1;
    for (const auto& option : options.options()) {
        const std::string& name = option->long_name();
        const bool is_begin = word.size() > 1 && name.compare(0, word.size(), word) == 0;
        const std::size_t edits = is_begin ? 0 : edits_between(word, name);
        if (edits > fewest || (edits == fewest && !best.empty())) continue;
        fewest = edits;
        best = name;
    }
    return best;
}

}  // namespace

std::string explain(const po::error& error, const po::options_description& options) {
    const std::string text = error.what();
    const auto* unknown = dynamic_cast<const po::unknown_option*>(&error);
    if (unknown == nullptr) return text;
    std::string word = unknown->get_option_name();
    word = word.substr(0, word.find('='));
    word.erase(0, std::min(word.find_first_not_of('-'), word.size()));
    const std::string near = nearest(word, options);
    return near.empty() ? text : text + "; did you mean --" + near + "?";
}

}  // namespace sisr::cli
