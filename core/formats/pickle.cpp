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
        visit(root, {}, "", 0);
        return std::move(entries_);
    }

private:
    // What refers to itself or to the same many times ends here; a checkpoint is a tenth of that.
    static constexpr int kMaxDepth = 24;
    static constexpr int kMaxVisits = 2'000'000;
    static constexpr std::size_t kMaxNameLength = 512;
    static constexpr std::size_t kMaxEntries = 100'000;
    static constexpr std::size_t kMaxNameBytes = 16 << 20;

    void visit(const Value& value, const TensorPath& above, const std::string& name, int depth) {
        if (++visits_ > kMaxVisits) machine_.fail("is too large");
        if (depth > kMaxDepth) return;
        switch (value.kind) {
            case Kind::tensor: note(value, above, name); break;
            case Kind::dict: visit_pairs(value, below(above, name), "", depth); break;
            case Kind::list:
            case Kind::tuple: visit_list(value, below(above, name), depth); break;
            case Kind::object: visit_object(value, above, name, depth); break;
            default: break;
        }
    }

    static TensorPath below(TensorPath above, const std::string& name) {
        if (!name.empty()) above.push_back(name);
        return above;
    }

    void note(const Value& value, const TensorPath& above, const std::string& name) {
        if (entries_.size() >= kMaxEntries) machine_.fail("is too large");
        if (name.empty()) return;
        entries_.push_back({below(above, name), value});
        for (const std::string& part : entries_.back().path) name_bytes_ += part.size();
        if (name_bytes_ > kMaxNameBytes) machine_.fail("is too large");
    }

    /// prefix: of a module's parts, whose names are joined by dots.
    void visit_pairs(const Value& dict, const TensorPath& above, const std::string& prefix,
                     int depth) {
        const auto& items = machine_.node(dict).items;
        for (std::size_t i = 0; i + 1 < items.size(); i += 2) {
            const Value& key = items[i];
            if (key.kind != Kind::text && key.kind != Kind::number) continue;
            const std::string name = key.kind == Kind::number
                                         ? std::to_string(key.number)
                                         : std::string(key.text.substr(0, kMaxNameLength));
            visit(items[i + 1], above, prefix + name, depth + 1);
        }
    }

    void visit_list(const Value& list, const TensorPath& above, int depth) {
        const auto& items = machine_.node(list).items;
        for (std::size_t i = 0; i < items.size(); ++i) {
            visit(items[i], above, std::to_string(i), depth + 1);
        }
    }

    /// A module's parts, a dictionary of another class, or what is in the place of a weight.
    void visit_object(const Value& object, const TensorPath& above, const std::string& name,
                      int depth) {
        const Node& node = machine_.node(object);
        if (visit_module(node, above, name, depth)) return;
        if (!node.items.empty()) return visit_pairs(object, below(above, name), "", depth);
        if (is_weight(name, node.name)) note(object, above, name);
    }

    bool visit_module(const Node& node, const TensorPath& above, const std::string& name,
                      int depth) {
        if (node.state.kind != Kind::dict) return false;
        const std::string prefix = name.empty() ? "" : name + ".";
        // A program of TorchScript holds its parts as plain attributes.
        constexpr std::string_view kScripted = "__torch__";
        if (node.name.substr(0, kScripted.size()) == kScripted) {
            visit_pairs(node.state, above, prefix, depth);
            return true;
        }
        bool is_module = false;
        const auto& items = machine_.node(node.state).items;
        for (std::size_t i = 0; i + 1 < items.size(); i += 2) {
            const std::string_view key = items[i].text;
            if (key != "_parameters" && key != "_buffers" && key != "_modules") continue;
            is_module = true;
            const Value& parts = items[i + 1];
            if (parts.kind == Kind::dict) visit_pairs(parts, above, prefix, depth);
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
    std::vector<std::string> texts;
    for (const Value& item : machine.node(value).items) {
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
