#include "formats/canonical_names.h"

#include <algorithm>
#include <array>
#include <set>
#include <string_view>
#include <utility>

namespace sisr {
namespace {

using Indices = std::vector<std::size_t>;

// What holds a generator's weights, the best first: averaged ones are what a training gives out.
constexpr std::array<std::string_view, 31> kWrappers{"params_ema",
                                                     "params-ema",
                                                     "ema_params",
                                                     "ema_model",
                                                     "model_ema",
                                                     "g_ema",
                                                     "net_g_ema",
                                                     "netG_ema",
                                                     "generator_ema",
                                                     "G_ema",
                                                     "ema",
                                                     "params",
                                                     "state_dict",
                                                     "model_state_dict",
                                                     "model_state",
                                                     "net_g",
                                                     "netG",
                                                     "net_G",
                                                     "generator",
                                                     "generator_state_dict",
                                                     "gen",
                                                     "gen_state_dict",
                                                     "G",
                                                     "model_g",
                                                     "model_G",
                                                     "network",
                                                     "net",
                                                     "weights",
                                                     "module",
                                                     "sr_model",
                                                     "model"};

// First parts of names that belong to no generator.
constexpr std::array<std::string_view, 16> kOthers{
    "discriminator",   "net_d",     "netD",  "net_D",  "disc", "D",
    "critic",          "vgg",       "netF",  "net_f",  "loss", "cri",
    "perceptual_loss", "criterion", "lpips", "loss_fn"};

// What may stand before every name of a file.
constexpr std::array<std::string_view, 21> kPrefixes{
    "module.", "_orig_mod.", "params_ema.", "params.", "state_dict.", "ema_model.",
    "g_ema.",  "net_g_ema.", "net_g.",      "netG.",   "net_G.",      "generator.",
    "gen.",    "G.",         "network.",    "net.",    "sr_model.",   "online_model.",
    "_model.", "model_ema.", "model."};

bool starts_with(std::string_view text, std::string_view prefix) {
    return text.substr(0, prefix.size()) == prefix;
}

bool is_digit(char letter) { return letter >= '0' && letter <= '9'; }

std::string_view first_part(std::string_view name) { return name.substr(0, name.find('.')); }

/// What is no weight of a network but a count that an average or a training keeps.
bool is_count(std::string_view name) { return name.find('.') == std::string_view::npos; }

/// Those below the dictionary of that key.
Indices below(const std::vector<TensorPath>& paths, const Indices& from, std::size_t depth,
              std::string_view key) {
    Indices found;
    for (const std::size_t i : from) {
        if (paths[i].size() > depth + 1 && paths[i][depth] == key) found.push_back(i);
    }
    return found;
}

/// The dictionary to enter at this depth; empty where the weights are in this one, or where it
/// cannot be told which.
Indices enter(const std::vector<TensorPath>& paths, const Indices& from, std::size_t depth) {
    std::vector<Indices> candidates;
    std::size_t most = 0;
    for (const std::string_view key : kWrappers) {
        candidates.push_back(below(paths, from, depth, key));
        most = std::max(most, candidates.back().size());
    }
    for (Indices& found : candidates) {
        // Not a mere count of steps that is called "ema".
        if (!found.empty() && found.size() * 2 >= most) return std::move(found);
    }
    std::set<std::string_view> keys;
    for (const std::size_t i : from) {
        if (paths[i].size() == depth + 1) return {};
        keys.insert(paths[i][depth]);
    }
    return keys.size() == 1 ? from : Indices{};
}

std::string joined(const TensorPath& path, std::size_t depth) {
    std::string name = path[depth];
    for (std::size_t i = depth + 1; i < path.size(); ++i) name += "." + path[i];
    return name;
}

using Names = std::map<std::string, std::size_t>;

/// Where one dictionary holds several networks, told apart by the first parts of the names: the
/// generator's.
Names choose_network(const Names& names) {
    std::set<std::string_view> parts;
    for (const auto& item : names) {
        if (!is_count(item.first)) parts.insert(first_part(item.first));
    }
    const auto is_one_of = [](const auto& list, std::string_view part) {
        return std::find(list.begin(), list.end(), part) != list.end();
    };
    const bool are_networks = std::all_of(parts.begin(), parts.end(), [&](std::string_view part) {
        return is_one_of(kWrappers, part) || is_one_of(kOthers, part);
    });
    if (parts.size() < 2 || !are_networks) return names;
    const auto best = std::find_if(kWrappers.begin(), kWrappers.end(),
                                   [&](std::string_view part) { return parts.count(part) != 0; });
    if (best == kWrappers.end()) return names;
    Names chosen;
    for (const auto& [name, index] : names) {
        if (!is_count(name) && first_part(name) == *best) {
            chosen.emplace(name.substr(best->size() + 1), index);
        }
    }
    return chosen;
}

/// Takes off what is before all names.
class PrefixStripper {
public:
    /// names: must stay as long as this.
    explicit PrefixStripper(const Names& names) {
        for (const auto& [name, index] : names) {
            (is_count(name) ? counts_ : weights_).emplace_back(name, index);
        }
    }

    Names run() {
        // Three are known from one file; a name of nothing but prefixes must not take hours.
        constexpr int kMostPrefixes = 8;
        for (int i = 0; i < kMostPrefixes; ++i) {
            const auto* prefix =
                std::find_if(kPrefixes.begin(), kPrefixes.end(),
                             [this](std::string_view candidate) { return can_strip(candidate); });
            if (prefix == kPrefixes.end()) break;
            strip(prefix->size());
        }
        Names stripped;
        for (const auto* items : {&weights_, &counts_}) {
            for (const auto& [name, index] : *items) stripped.emplace(name, index);
        }
        return stripped;
    }

private:
    /// Whether the prefix is before all names and none of them would begin with a number: those of
    /// a Sequential are told apart by what is before them.
    bool can_strip(std::string_view prefix) const {
        const bool is_wrapper = prefix == "module." || prefix == "_orig_mod.";
        return !weights_.empty() &&
               std::all_of(weights_.begin(), weights_.end(), [&](const auto& item) {
                   const std::string_view name = item.first;
                   if (!starts_with(name, prefix)) return false;
                   return is_wrapper || name.size() == prefix.size() ||
                          !is_digit(name[prefix.size()]);
               });
    }

    void strip(std::size_t bytes) {
        Items kept;
        Items become_counts;
        for (auto [name, index] : weights_) {
            name.remove_prefix(bytes);
            (is_count(name) ? become_counts : kept).emplace_back(name, index);
        }
        weights_ = std::move(kept);
        // Before those that had the name all along.
        counts_.insert(counts_.begin(), become_counts.begin(), become_counts.end());
    }

    using Items = std::vector<std::pair<std::string_view, std::size_t>>;
    Items weights_;
    Items counts_;  ///< and what else is no weight
};

}  // namespace

std::map<std::string, std::size_t> canonical_names(const std::vector<TensorPath>& paths) {
    Indices chosen(paths.size());
    for (std::size_t i = 0; i < paths.size(); ++i) chosen[i] = i;
    std::size_t depth = 0;
    for (Indices inner = enter(paths, chosen, 0); !inner.empty();
         inner = enter(paths, chosen, ++depth)) {
        chosen = std::move(inner);
    }
    const bool has_own = std::any_of(chosen.begin(), chosen.end(),
                                     [&](std::size_t i) { return paths[i].size() == depth + 1; });
    Names names;
    for (const std::size_t i : chosen) {
        // Beside the weights stand what is nested deeper, such as an optimiser's state.
        if (!has_own || paths[i].size() == depth + 1) names.emplace(joined(paths[i], depth), i);
    }
    const Names chosen_names = choose_network(names);
    return PrefixStripper(chosen_names).run();
}

}  // namespace sisr
