#include "formats/pickle.h"

#include "formats/pickle_machine.h"

#include <algorithm>
#include <array>
#include <utility>

namespace sisr {
namespace {

using pickle::Kind;
using pickle::Machine;
using pickle::Node;
using pickle::Value;

constexpr std::size_t kMaxTexts = 100'000;

/// What stands at one place of a checkpoint.
struct Entry {
    TensorPath path;
    Value value;  ///< a tensor, or an object in a weight's place
};

/// Goes through dictionaries, lists and the parts of modules, and notes the tensors.
class Walk {
public:
    explicit Walk(const Machine& machine) : machine_(machine) {}

    std::vector<Entry> run(const Value& root) {
        visit(root, "", 0);
        return std::move(entries_);
    }

private:
    // What refers to itself or to the same many times ends here; a checkpoint is far below that.
    static constexpr int kMaxDepth = 24;
    static constexpr int kMaxVisits = 1'000'000;
    static constexpr std::size_t kMaxEntries = 100'000;
    static constexpr std::size_t kMaxNameBytes = 16 << 20;

    /// name: since the dictionary above; of a module's parts with dots.
    void visit(const Value& value, const std::string& name, int depth) {
        if (depth > kMaxDepth) return;
        switch (value.kind) {
            case Kind::tensor: note(value, name); break;
            case Kind::dict:
            case Kind::list:
            case Kind::tuple: visit_container(value, name, depth); break;
            case Kind::object: visit_object(value, name, depth); break;
            default: break;
        }
    }

    /// Numbers and texts are most of what a checkpoint holds besides.
    bool is_of_interest(const Value& value) {
        if (++visits_ > kMaxVisits) machine_.fail("is too large");
        return value.kind == Kind::tensor || value.kind == Kind::dict || value.kind == Kind::list ||
               value.kind == Kind::tuple || value.kind == Kind::object;
    }

    void note(const Value& value, const std::string& name) {
        if (entries_.size() >= kMaxEntries) machine_.fail("is too large");
        if (name.empty()) return;
        entries_.push_back({path_, value});
        entries_.back().path.push_back(name);
        for (const std::string& part : entries_.back().path) name_bytes_ += part.size();
        if (name_bytes_ > kMaxNameBytes) machine_.fail("is too large");
    }

    void visit_container(const Value& value, const std::string& name, int depth) {
        if (!name.empty()) path_.push_back(name);
        if (value.kind == Kind::list || value.kind == Kind::tuple) {
            visit_list(value, depth);
        } else {
            visit_pairs(value, "", depth);
        }
        if (!name.empty()) path_.pop_back();
    }

    /// prefix: of a module's parts, whose names are joined by dots. What has a longer name than any
    /// weight is none.
    void visit_pairs(const Value& dict, const std::string& prefix, int depth) {
        const auto& items = machine_.node(dict).items;
        for (std::size_t i = 0; i + 1 < items.size(); i += 2) {
            const Value& key = items[i];
            if (!is_of_interest(items[i + 1])) continue;
            if (key.kind == Kind::number) {
                visit(items[i + 1], prefix + std::to_string(key.number), depth + 1);
            } else if (key.kind == Kind::text &&
                       prefix.size() + key.text.size() <= pickle::kMaxNameLength) {
                visit(items[i + 1], prefix + std::string(key.text), depth + 1);
            }
        }
    }

    void visit_list(const Value& list, int depth) {
        const auto& items = machine_.node(list).items;
        for (std::size_t i = 0; i < items.size(); ++i) {
            if (is_of_interest(items[i])) visit(items[i], std::to_string(i), depth + 1);
        }
    }

    /// A module's parts, a dictionary of another class, or what is in the place of a weight.
    void visit_object(const Value& object, const std::string& name, int depth) {
        const Node& node = machine_.node(object);
        if (visit_module(node, name, depth)) return;
        if (!node.items.empty()) return visit_container(object, name, depth);
        if (is_weight(name, node.name)) note(object, name);
    }

    bool visit_module(const Node& node, const std::string& name, int depth) {
        if (node.state.kind != Kind::dict) return false;
        const std::string prefix = name.empty() ? "" : name + ".";
        // A program of TorchScript holds its parts as plain attributes.
        constexpr std::string_view kScripted = "__torch__";
        if (node.name.substr(0, kScripted.size()) == kScripted) {
            visit_pairs(node.state, prefix, depth);
            return true;
        }
        bool is_module = false;
        const auto& items = machine_.node(node.state).items;
        for (std::size_t i = 0; i + 1 < items.size(); i += 2) {
            const std::string_view key = items[i].text;
            if (key != "_parameters" && key != "_buffers" && key != "_modules") continue;
            is_module = true;
            const Value& parts = items[i + 1];
            if (parts.kind == Kind::dict) visit_pairs(parts, prefix, depth);
        }
        return is_module;
    }

    static bool is_weight(std::string_view name, std::string_view maker) {
        const std::string_view last = name.substr(name.rfind('.') + 1);
        return last == "weight" || last == "bias" || maker.substr(0, 13) == "torch._utils " ||
               maker.substr(0, 14) == "torch._tensor ";
    }

    const Machine& machine_;
    std::vector<Entry> entries_;
    TensorPath path_;  ///< of the container that is gone through
    int visits_ = 0;
    std::size_t name_bytes_ = 0;
};

[[noreturn]] void fail_without_weights(const Machine& machine, const Value& root) {
    if (root.kind == Kind::object || root.kind == Kind::global) {
        const std::string_view maker =
            root.kind == Kind::object ? machine.node(root).name : root.text;
        machine.fail("holds a whole Python object (\"" + std::string(maker) +
                     "\"), not a state dict");
    }
    if (root.kind != Kind::dict) machine.fail("is no dictionary of tensors");
    machine.fail("holds no tensors");
}

}  // namespace

PickledModel unpickle_model(std::string_view bytes, std::size_t position,
                            const std::string& subject) {
    Machine machine(bytes, position, subject);
    const Value root = machine.run();
    const std::vector<Entry> entries = Walk(machine).run(root);
    if (entries.empty()) fail_without_weights(machine, root);
    std::vector<TensorPath> paths;
    paths.reserve(entries.size());
    for (const Entry& entry : entries) paths.push_back(entry.path);
    PickledModel model;
    for (const auto& [name, index] : canonical_names(paths)) {
        const Value& value = entries[index].value;
        if (value.kind == Kind::object) {
            machine.fail("makes \"" + name + "\" by \"" + std::string(machine.node(value).name) +
                         "\", which is not known");
        }
        model.tensors.emplace(name, machine.tensor(value));
    }
    for (const auto& storage : machine.storages()) model.storage_types[storage.key] = storage.type;
    model.bytes = machine.position() - position;
    return model;
}

std::vector<std::string> unpickle_texts(std::string_view bytes, std::size_t& position,
                                        const std::string& subject) {
    Machine machine(bytes, position, subject);
    const Value value = machine.run();
    if (value.kind != Kind::list) machine.fail("lacks the list of its storages");
    const auto& items = machine.node(value).items;
    if (items.size() > kMaxTexts) machine.fail("is too large");
    std::vector<std::string> texts;
    for (const Value& item : items) {
        texts.push_back(item.kind == Kind::number ? std::to_string(item.number)
                                                  : std::string(item.text.substr(0, 64)));
    }
    position = machine.position();
    return texts;
}

std::string unpickle_number(std::string_view bytes, std::size_t& position,
                            const std::string& subject) {
    Machine machine(bytes, position, subject);
    const Value value = machine.run();
    position = machine.position();
    if (value.kind == Kind::nothing) return std::string(value.text);
    if (value.kind != Kind::number) return {};
    return std::to_string(value.number);
}

void skip_pickle(std::string_view bytes, std::size_t& position, const std::string& subject) {
    Machine machine(bytes, position, subject);
    machine.run();
    position = machine.position();
}

TensorType pickled_type(std::string_view name) {
    struct Named {
        std::string_view name;
        TensorType type;
    };
    constexpr std::array<Named, 33> kTypes{{{"FloatStorage", TensorType::f32},
                                            {"HalfStorage", TensorType::f16},
                                            {"BFloat16Storage", TensorType::bf16},
                                            {"DoubleStorage", TensorType::f64},
                                            {"LongStorage", TensorType::i64},
                                            {"IntStorage", TensorType::i32},
                                            {"ShortStorage", TensorType::i16},
                                            {"CharStorage", TensorType::i8},
                                            {"ByteStorage", TensorType::u8},
                                            {"BoolStorage", TensorType::boolean},
                                            {"ComplexFloatStorage", TensorType::complex64},
                                            {"UntypedStorage", TensorType::u8},
                                            {"QInt8Storage", TensorType::i8},
                                            {"QUInt8Storage", TensorType::u8},
                                            {"QInt32Storage", TensorType::i32},
                                            {"float32", TensorType::f32},
                                            {"float", TensorType::f32},
                                            {"float16", TensorType::f16},
                                            {"half", TensorType::f16},
                                            {"bfloat16", TensorType::bf16},
                                            {"float64", TensorType::f64},
                                            {"double", TensorType::f64},
                                            {"float8_e4m3fn", TensorType::f8_e4m3},
                                            {"float8_e5m2", TensorType::f8_e5m2},
                                            {"int64", TensorType::i64},
                                            {"int32", TensorType::i32},
                                            {"int16", TensorType::i16},
                                            {"int8", TensorType::i8},
                                            {"uint64", TensorType::u64},
                                            {"uint32", TensorType::u32},
                                            {"uint16", TensorType::u16},
                                            {"uint8", TensorType::u8},
                                            {"bool", TensorType::boolean}}};
    const auto* found = std::find_if(kTypes.begin(), kTypes.end(),
                                     [name](const Named& entry) { return entry.name == name; });
    return found == kTypes.end() ? TensorType::other : found->type;
}

}  // namespace sisr
