/// What a pickle calls: the functions that make tensors are known by their names, and nothing is
/// run.
#include "formats/pickle_machine.h"

#include <algorithm>
#include <array>
#include <utility>

namespace sisr::pickle {
namespace {

// A tensor made by a function that is an argument of another, and so on.
constexpr int kMaxCallDepth = 8;
constexpr std::size_t kMaxTensors = 100'000;
constexpr std::size_t kMaxKeyLength = 64;

std::string_view name_of_class(std::string_view global) {
    return global.substr(global.rfind(' ') + 1);
}

std::string_view module_of(std::string_view global) { return global.substr(0, global.find(' ')); }

bool is_dict_class(std::string_view name) {
    constexpr std::array<std::string_view, 6> kNames{
        "collections OrderedDict", "collections defaultdict",   "builtins dict",
        "__builtin__ dict",        "torch._C _jit_OrderedDict", "odict odict"};
    return std::find(kNames.begin(), kNames.end(), name) != kNames.end();
}

}  // namespace

bool Machine::make_object(unsigned char opcode) {
    switch (opcode) {
        case 'Q': load_persistent(pop()); return true;
        case 'R':
        case 0x81: {
            const auto made = pop_some(2);
            call(made[0], made[1]);
            return true;
        }
        case 0x92: {
            const auto made = pop_some(3);  // the last are arguments by name
            call(made[0], made[1]);
            return true;
        }
        case 'i': {
            const std::string_view module = take_line();
            push_global(module, take_line());
            const Value made = pop();
            pop_to_mark();
            push_node(Kind::object, {}, made.text);
            return true;
        }
        case 'o': {
            const auto made = pop_to_mark();
            if (made.empty() || made[0].kind != Kind::global) fail("makes an object of no class");
            push_node(Kind::object, {}, made[0].text);
            return true;
        }
        case 'b': set_state(); return true;
        default: return false;
    }
}

/// Attributes; those of a dictionary, such as the versions in _metadata, say nothing of its
/// tensors.
void Machine::set_state() {
    const Value state = pop();
    const Value& target = top();
    if (target.kind == Kind::object) nodes_[static_cast<std::size_t>(target.number)].state = state;
}

void Machine::load_persistent(const Value& id) {
    const std::vector<Value>& items = expect_tuple(id, 2);
    if (items[0].text == "storage") return load_storage(items);
    if (items[0].text != "module") fail("names a storage in an unknown way");
    push(Value(items[1]));  // a class, followed by its source text, which is not looked at
}

/// ("storage", type, key, place, count), and in old files a view: None or (key, offset, count).
void Machine::load_storage(const std::vector<Value>& id) {
    if (id.size() < 5 || id[1].kind != Kind::global ||
        module_of(id[1].text).substr(0, 5) != "torch") {
        fail("names a storage in an unknown way");
    }
    Storage storage;
    storage.key =
        id[2].kind == Kind::number ? std::to_string(id[2].number) : std::string(id[2].text);
    if (storage.key.size() > kMaxKeyLength) fail("names a storage in an unknown way");
    storage.type = std::string(name_of_class(id[1].text));
    if (id.size() > 5 && id[5].kind == Kind::tuple) {
        const std::vector<Value>& view = expect_tuple(id[5], 3);
        if (view[1].kind != Kind::number) fail("has a view of a storage without a place");
        storage.offset = view[1].number;
    }
    if (storages_.size() >= kMaxTensors) fail("is too large");
    push({Kind::storage, static_cast<std::int64_t>(storages_.size())});
    storages_.push_back(std::move(storage));
}

void Machine::call(const Value& callable, const Value& arguments, int depth) {
    // What an unknown function would have made may be called too.
    if (callable.kind == Kind::object) return push_node(Kind::object, {}, callable.text);
    if (callable.kind != Kind::global) fail("calls what is no function");
    if (depth > kMaxCallDepth) fail("is nested too deeply");
    if (call_for_container(callable.text, arguments)) return;
    if (call_for_tensor(callable.text, arguments, depth)) return;
    push_node(Kind::object, {}, callable.text);
}

bool Machine::call_for_container(std::string_view name, const Value& arguments) {
    if (is_dict_class(name)) {
        push_node(Kind::dict, {});
        fill_dict(arguments);
        return true;
    }
    if (name == "torch Size") {
        push(Value(expect_tuple(arguments, 1)[0]));
        return true;
    }
    if (name == "copy_reg _reconstructor" || name == "copyreg _reconstructor") {
        const Value& made = expect_tuple(arguments, 1)[0];
        if (made.kind != Kind::global) fail("makes an object of no class");
        push_node(is_dict_class(made.text) ? Kind::dict : Kind::object, {}, made.text);
        return true;
    }
    return false;
}

/// From a list of pairs, as Python 2 wrote an OrderedDict.
void Machine::fill_dict(const Value& arguments) {
    if (arguments.kind != Kind::tuple || node(arguments).items.empty()) return;
    const Value& list = node(arguments).items[0];
    if (list.kind != Kind::list && list.kind != Kind::tuple) return;
    std::vector<Value> items;
    for (const Value& pair : node(list).items) {
        count_step();  // the same list may be given again and again
        if (pair.kind != Kind::list && pair.kind != Kind::tuple) return;
        const std::vector<Value>& both = node(pair).items;
        if (both.size() != 2) return;
        items.insert(items.end(), both.begin(), both.end());
    }
    append(std::move(items), true);
}

bool Machine::call_for_tensor(std::string_view name, const Value& arguments, int depth) {
    constexpr std::string_view kUtils = "torch._utils _rebuild_";
    if (name.substr(0, kUtils.size()) == kUtils) {
        const std::string_view what = name.substr(kUtils.size());
        if (what == "parameter" || what == "parameter_with_state") {
            push(Value(expect_tuple(arguments, 1)[0]));
            return true;
        }
        if (what == "tensor" || what == "tensor_v2") {
            rebuild(expect_tuple(arguments, 4), {});
            return true;
        }
        if (what == "tensor_v3") {
            const auto& items = expect_tuple(arguments, 7);
            rebuild(items, std::string(name_of_class(items[6].text)));
            return true;
        }
        return false;
    }
    if (name == "torch._tensor _rebuild_from_type_v2" ||
        name == "torch._tensor _rebuild_from_type") {
        const auto& items = expect_tuple(arguments, 3);
        const Value made = items[0];
        const Value its_arguments = items[2];
        call(made, its_arguments, depth + 1);
        return true;
    }
    return false;
}

/// (storage, offset, sizes, strides...)
void Machine::rebuild(const std::vector<Value>& arguments, std::string type) {
    if (arguments[0].kind != Kind::storage || arguments[1].kind != Kind::number) {
        fail("builds a tensor from what is no storage");
    }
    const Storage& storage = storages_[static_cast<std::size_t>(arguments[0].number)];
    PickledTensor tensor{storage.key, type.empty() ? storage.type : std::move(type), 0,
                         numbers(arguments[2]), numbers(arguments[3])};
    if (__builtin_add_overflow(storage.offset, arguments[1].number, &tensor.offset)) {
        fail("has a tensor at no possible place");
    }
    if (tensor.shape.size() != tensor.strides.size()) fail("has a tensor of contradictory sizes");
    if (tensors_.size() >= kMaxTensors) fail("is too large");
    push({Kind::tensor, static_cast<std::int64_t>(tensors_.size())});
    tensors_.push_back(std::move(tensor));
}

std::vector<std::int64_t> Machine::numbers(const Value& tuple) const {
    constexpr std::size_t kMostDimensions = 16;
    std::vector<std::int64_t> result;
    for (const Value& item : expect_tuple(tuple, 0)) {
        if (item.kind != Kind::number || item.number < 0) {
            fail("has a shape of what are no sizes");
        }
        result.push_back(item.number);
        if (result.size() > kMostDimensions) fail("has a tensor of too many dimensions");
    }
    return result;
}

const std::vector<Value>& Machine::expect_tuple(const Value& value, std::size_t least) const {
    const bool is_list = value.kind == Kind::tuple || value.kind == Kind::list;
    if (!is_list || node(value).items.size() < least) fail("has the wrong arguments");
    return node(value).items;
}

}  // namespace sisr::pickle
