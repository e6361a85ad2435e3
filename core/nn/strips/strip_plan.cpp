#include "nn/strips/strip_plan.h"

#include "nn/program_facts.h"

#include <algorithm>
#include <numeric>

namespace sisr::nn {
namespace {

// A value that is needed for so many layers after a concatenation's last use is not kept in its
// wide rows; copying it once is less.
constexpr int kLongAfter = 12;

template <class Kind>
const Kind* as(const Layer& layer) {
    return std::get_if<Kind>(&layer.operation);
}

bool is_by_slopes(const Activate& activate) {
    return activate.kind == Activation::relu || activate.kind == Activation::leaky_relu ||
           activate.kind == Activation::prelu;
}

class Planner {
public:
    Planner(const Program& program, torch::ScalarType precision)
        : program_(program),
          count_(static_cast<Value>(program.layers.size())),
          users_(program.layers.size()),
          last_uses_(last_uses(program)),
          is_inside_(program.layers.size(), false),
          types_(program.layers.size(), precision) {
        for (Value v = 0; v < count_; ++v) {
            for (const Value input : program.at(v).inputs) users_[index(input)].push_back(v);
        }
        plan_.places.resize(program.layers.size());
        plan_.output = program.output;
    }

    StripPlan run() {
        keep_pictures_in_float();
        for (Value v = 1; v < count_; ++v) {
            if (as<Convolution>(program_.at(v)) != nullptr) fuse(v);
        }
        for (Value v = 1; v < count_; ++v) {
            if (as<PixelShuffle>(program_.at(v)) != nullptr) order(v);
        }
        plan_.writes_output = may_write_output();
        place_concatenations();
        place_others();
        make_steps();
        find_margins();
        return std::move(plan_);
    }

private:
    /// Of a value into a concatenation.
    struct Copy {
        Value value;
        Place place;
        Value maker;  ///< the first concatenation that wants it
    };

    static std::size_t index(Value value) { return static_cast<std::size_t>(value); }

    /// What no convolution made, or none reads any more.
    void keep_pictures_in_float() {
        std::vector<bool> is_made(program_.layers.size(), false);
        std::vector<bool> is_read(program_.layers.size(), false);
        for (Value v = 0; v < count_; ++v) {
            const Layer& layer = program_.at(v);
            is_made[index(v)] = as<Convolution>(layer) != nullptr;
            for (const Value input : layer.inputs) {
                is_made[index(v)] = is_made[index(v)] || is_made[index(input)];
            }
        }
        for (Value v = count_ - 1; v > 0; --v) {
            const Layer& layer = program_.at(v);
            const bool reads = is_read[index(v)] || as<Convolution>(layer) != nullptr;
            for (const Value input : layer.inputs) {
                is_read[index(input)] = is_read[index(input)] || reads;
            }
        }
        for (std::size_t v = 0; v < types_.size(); ++v) {
            if (!is_made[v] || !is_read[v]) types_[v] = torch::kFloat32;
        }
    }

    /// The only layer that reads a value; none for the output.
    Value only_user(Value value) const {
        const auto& users = users_[index(value)];
        return users.size() == 1 && value != program_.output ? users.front() : -1;
    }

    /// Takes what follows a convolution into its step.
    void fuse(Value convolution) {
        Step step;
        step.layer = convolution;
        step.result = convolution;
        step.reads.push_back({program_.at(convolution).inputs[0], convolution, 0});
        Value next = only_user(convolution);
        const auto* const activate = next < 0 ? nullptr : as<Activate>(program_.at(next));
        if (activate != nullptr && is_by_slopes(*activate)) {
            is_inside_[index(convolution)] = true;
            step.activation = next;
            step.result = next;
            next = -1;
        }
        for (; next >= 0 && fuse_sum(next, step); next = only_user(step.result)) {
        }
        fused_.push_back(std::move(step));
    }

    bool fuse_sum(Value sum, Step& step) {
        const Layer& layer = program_.at(sum);
        const auto* const factors = as<Sum>(layer);
        if (factors == nullptr || layer.inputs[0] == layer.inputs[1]) return false;
        if (is_inside_[index(sum)] || is_fused(sum)) return false;  // another convolution took it
        const bool is_first = layer.inputs[0] == step.result;
        const std::size_t other = is_first ? 1 : 0;
        if (program_.at(layer.inputs[other]).is_one_pixel) return false;
        const double own = is_first ? factors->first : factors->second;
        step.factor *= own;
        for (Addend& addend : step.addends) addend.factor *= own;
        step.addends.push_back({layer.inputs[other], is_first ? factors->second : factors->first});
        step.reads.push_back({layer.inputs[other], sum, other});
        is_inside_[index(step.result)] = true;
        step.result = sum;
        return true;
    }

    Step* find_fused(Value result) {
        const auto found = std::find_if(fused_.begin(), fused_.end(), [result](const Step& step) {
            return step.result == result;
        });
        return found == fused_.end() ? nullptr : &*found;
    }
    bool is_fused(Value result) { return find_fused(result) != nullptr; }

    /// Has the convolution before a PixelShuffle make its channels in the order in which they are
    /// needed, and takes an enlarged picture that is added into the same step.
    void order(Value shuffle) {
        Step step;
        step.layer = shuffle;
        step.result = shuffle;
        const Value input = program_.at(shuffle).inputs[0];
        step.reads.push_back({input, shuffle, 0});
        Step* const maker = only_user(input) == shuffle ? find_fused(input) : nullptr;
        if (maker != nullptr && maker->addends.empty()) {
            maker->shuffled_by = as<PixelShuffle>(program_.at(shuffle))->factor;
            step.is_ordered = true;
        }
        add_enlarged(step);
        fused_.push_back(std::move(step));
    }

    void add_enlarged(Step& step) {
        const Value sum = only_user(step.result);
        if (sum < 0 || is_inside_[index(sum)] || is_fused(sum)) return;
        const Layer& layer = program_.at(sum);
        const auto* const factors = as<Sum>(layer);
        if (factors == nullptr || factors->first != 1 || factors->second != 1) return;
        const std::size_t other = layer.inputs[0] == step.result ? 1 : 0;
        const Value enlarged = layer.inputs[other];
        const Layer& added = program_.at(enlarged);
        const auto* const enlarge = as<Enlarge>(added);
        if (enlarge == nullptr || enlarge->kind != Enlarge::Kind::nearest) return;
        const int factor = as<PixelShuffle>(program_.at(step.layer))->factor;
        if (enlarge->factor != factor || only_user(enlarged) != sum) return;
        if (types_[index(added.inputs[0])] != torch::kFloat32) return;
        is_inside_[index(step.result)] = true;
        is_inside_[index(enlarged)] = true;
        step.enlarged = enlarged;
        step.reads.push_back({added.inputs[0], enlarged, 0});
        step.result = sum;
    }

    int new_storage(Value value) {
        const Layer& layer = program_.at(value);
        plan_.storages.push_back({layer.channels, types_[index(value)], layer.resolution, 0});
        return static_cast<int>(plan_.storages.size()) - 1;
    }

    Place& place(Value value) { return plan_.places[index(value)]; }

    /// The widest first: the others are often its beginnings.
    void place_concatenations() {
        std::vector<Value> concatenations;
        for (Value v = 1; v < count_; ++v) {
            if (as<Concat>(program_.at(v)) != nullptr) concatenations.push_back(v);
        }
        std::stable_sort(concatenations.begin(), concatenations.end(), [&](Value a, Value b) {
            return program_.at(a).channels > program_.at(b).channels;
        });
        for (const Value v : concatenations) {
            if (!is_view(v)) place_parts(v);
        }
    }

    bool is_view(Value concatenation) {
        if (place(concatenation).storage >= 0) return false;
        const auto& inputs = program_.at(concatenation).inputs;
        for (const Place& start : places_of(inputs.front())) {
            Place next = start;
            const bool fits = std::all_of(inputs.begin(), inputs.end(), [&](Value input) {
                const bool is_there = lies_at(input, next);
                next.channel += program_.at(input).channels;
                return is_there;
            });
            if (!fits) continue;
            place(concatenation) = start;
            return true;
        }
        return false;
    }

    /// Where a value is, its copies in concatenations included.
    std::vector<Place> places_of(Value value) {
        std::vector<Place> places;
        if (place(value).storage >= 0) places.push_back(place(value));
        for (const Copy& copy : copies_) {
            if (copy.value == value) places.push_back(copy.place);
        }
        return places;
    }

    bool lies_at(Value value, const Place& wanted) {
        const auto places = places_of(value);
        return std::any_of(places.begin(), places.end(), [&](const Place& there) {
            return there.storage == wanted.storage && there.channel == wanted.channel;
        });
    }

    void place_parts(Value concatenation) {
        if (place(concatenation).storage < 0) {
            place(concatenation) = {new_storage(concatenation), 0};
        }
        const Place whole = place(concatenation);
        int channel = whole.channel;
        for (const Value input : program_.at(concatenation).inputs) {
            if (may_be_part(input, concatenation)) {
                place(input) = {whole.storage, channel};
            } else if (!lies_at(input, {whole.storage, channel})) {
                copies_.push_back({input, {whole.storage, channel}, -1});
            }
            channel += program_.at(input).channels;
        }
    }

    bool may_be_part(Value value, Value concatenation) {
        return value != 0 && value != program_.output && place(value).storage < 0 &&
               !is_inside_[index(value)] && as<Slice>(program_.at(value)) == nullptr &&
               types_[index(value)] == types_[index(concatenation)] &&
               last_uses_[index(value)] - last_uses_[index(concatenation)] <= kLongAfter;
    }

    void place_others() {
        for (Value v = 0; v < count_; ++v) {
            if (is_inside_[index(v)] || place(v).storage >= 0) continue;
            if (plan_.writes_output && v == program_.output) continue;
            const Layer& layer = program_.at(v);
            if (const auto* const slice = as<Slice>(layer)) {
                const Place& from = place(layer.inputs[0]);
                place(v) = {from.storage, from.channel + slice->first};
            } else if (is_in_place(v)) {
                place(v) = place(layer.inputs[0]);
            } else if (const Step* const step = find_fused(v); step && adds_in_place(*step)) {
                place(v) = place(step->addends[0].value);
            } else {
                place(v) = {new_storage(v), 0};
            }
        }
    }

    /// Where no layer reads it, and one makes it by computing.
    bool may_write_output() const {
        const Layer& layer = program_.at(program_.output);
        return program_.output != 0 && users_[index(program_.output)].empty() &&
               types_[index(program_.output)] == torch::kFloat32 && as<Slice>(layer) == nullptr &&
               as<Concat>(layer) == nullptr;
    }

    bool is_in_place(Value value) {
        const Layer& layer = program_.at(value);
        if (as<Activate>(layer) == nullptr && as<Affine>(layer) == nullptr) return false;
        const Value input = layer.inputs[0];
        return input != 0 && only_user(input) == value && !is_fused(value) &&
               as<Slice>(program_.at(input)) == nullptr &&
               types_[index(input)] == types_[index(value)];
    }

    /// Whether a residual block may add to its input where that lies: the block's first
    /// convolution, which alone reads it besides, is by its second one's reach further down than
    /// the rows that are added to.
    bool adds_in_place(const Step& step) {
        if (step.addends.size() != 1 || step.addends[0].factor != 1) return false;
        const Value input = step.addends[0].value;
        const Place& there = place(input);
        if (input == 0 || there.storage < 0 || last_uses_[index(input)] != step.result)
            return false;
        const Storage& storage = plan_.storages[static_cast<std::size_t>(there.storage)];
        if (storage.channels != program_.at(step.result).channels ||
            storage.type != types_[index(step.result)]) {
            return false;
        }
        const auto& users = users_[index(input)];
        if (users.size() != 2) return false;
        const Value first = users[0] == step.result ? users[1] : users[0];
        const Step* const before = find_fused(program_.at(step.layer).inputs[0]);
        return before != nullptr && before->layer == first &&
               reach_of(step.layer) >= reach_of(first);
    }

    /// Rows below that a layer reads.
    std::int64_t reach_of(Value layer) const {
        return rows_needed(program_.at(layer), 0, 0).end - 1;
    }

    void make_steps() {
        for (Value v = 1; v < count_; ++v) {
            if (is_inside_[index(v)]) continue;
            const Step* const fused = find_fused(v);
            plan_.steps.push_back(fused != nullptr ? *fused : plain_step(v));
        }
    }

    Step plain_step(Value value) {
        Step step;
        step.layer = value;
        step.result = value;
        const Layer& layer = program_.at(value);
        int channel = place(value).channel;
        for (std::size_t i = 0; i < layer.inputs.size(); ++i) {
            const Value input = layer.inputs[i];
            Read read{input, value, i};
            if (as<Concat>(layer) != nullptr) {
                Copy* const copy = copy_at(input, {place(value).storage, channel});
                if (copy != nullptr && copy->maker < 0) {
                    copy->maker = value;
                    step.copied.push_back(i);
                } else if (copy != nullptr) {
                    read.value = copy->maker;  // whose copy is there already
                }
                channel += program_.at(input).channels;
            }
            step.reads.push_back(read);
        }
        return step;
    }

    Copy* copy_at(Value value, const Place& there) {
        for (Copy& copy : copies_) {
            if (copy.value == value && copy.place.storage == there.storage &&
                copy.place.channel == there.channel) {
                return &copy;
            }
        }
        return nullptr;
    }

    void find_margins() {
        for (const Step& step : plan_.steps) {
            const auto* const convolution = as<Convolution>(program_.at(step.layer));
            if (convolution == nullptr) continue;
            const auto& weight = convolution->weight;
            const auto reach = std::max(weight.size(2), weight.size(3)) / 2 * convolution->dilation;
            auto& storage = plan_.storages[static_cast<std::size_t>(
                place(program_.at(step.layer).inputs[0]).storage)];
            storage.margin = std::max(storage.margin, static_cast<int>(reach));
        }
    }

    const Program& program_;
    Value count_;
    std::vector<std::vector<Value>> users_;
    std::vector<Value> last_uses_;
    std::vector<bool> is_inside_;  ///< a fused step's, never in memory
    std::vector<torch::ScalarType> types_;
    std::vector<Step> fused_;
    std::vector<Copy> copies_;
    StripPlan plan_;
};

}  // namespace

StripPlan plan_strips(const Program& program, torch::ScalarType precision) {
    return Planner(program, precision).run();
}

}  // namespace sisr::nn
