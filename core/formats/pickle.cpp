#include "formats/pickle.h"

#include <sisr/error.h>

#include <algorithm>
#include <utility>

namespace sisr {
namespace {

// Far above what any model has, far below what hurts.
constexpr std::size_t kMaxValues = 4'000'000;
constexpr std::size_t kMaxText = 1 << 16;

enum class Kind { nothing, number, text, tuple, list, dict, global, storage, tensor };

/// Containers, storages and tensors live in the unpickler's lists; a value holds their index. So no
/// nesting is too deep, and a container that holds itself leaks nothing.
struct Value {
    Kind kind = Kind::nothing;
    std::int64_t number = 0;  ///< or the index
    std::string text{};       ///< of a global: "module name"
};

struct Storage {
    std::string key;
    std::string type;
};

class Unpickler {
public:
    Unpickler(const std::string& bytes, std::size_t position, std::string subject)
        : bytes_(bytes), position_(position), subject_(std::move(subject)) {}

    Value run() {
        while (true) {
            const auto opcode = static_cast<unsigned char>(take(1)[0]);
            if (opcode == '.') return pop();
            if (!push_scalar(opcode) && !memoize(opcode) && !build_container(opcode)) {
                execute(opcode);
            }
            if (stack_.size() + memo_.size() + containers_.size() > kMaxValues)
                fail("is too large");
        }
    }

    std::size_t position() const { return position_; }
    const std::vector<Value>& items(const Value& container) const {
        return containers_[static_cast<std::size_t>(container.number)];
    }
    const PickledTensor& tensor(const Value& value) const {
        return tensors_[static_cast<std::size_t>(value.number)];
    }
    std::map<std::string, std::string> storage_types() const {
        std::map<std::string, std::string> types;
        for (const Storage& storage : storages_) types[storage.key] = storage.type;
        return types;
    }
    [[noreturn]] void fail(const std::string& reason) const {
        throw Error(ErrorKind::bad_model, subject_, "the pickled model " + reason);
    }

private:
    const char* take(std::size_t count) {
        if (count > bytes_.size() - position_) fail("is truncated");
        const char* at = bytes_.data() + position_;
        position_ += count;
        return at;
    }

    std::uint64_t take_unsigned(std::size_t count) {
        const char* at = take(count);
        std::uint64_t value = 0;
        for (std::size_t i = count; i-- > 0;)
            value = value << 8 | static_cast<unsigned char>(at[i]);
        return value;
    }

    std::string take_text(std::uint64_t length) {
        if (length > kMaxText) fail("holds a text of " + std::to_string(length) + " bytes");
        return {take(length), static_cast<std::size_t>(length)};
    }

    std::string take_line() {
        const auto end = bytes_.find('\n', position_);
        if (end == std::string::npos || end - position_ > kMaxText) fail("is truncated");
        std::string line = bytes_.substr(position_, end - position_);
        position_ = end + 1;
        return line;
    }

    void push(Value value) { stack_.push_back(std::move(value)); }
    void push_number(std::int64_t number) { push({Kind::number, number}); }
    void push_text(std::string text) { push({Kind::text, 0, std::move(text)}); }
    void push_container(Kind kind, std::vector<Value> items) {
        push({kind, static_cast<std::int64_t>(containers_.size())});
        containers_.push_back(std::move(items));
    }

    Value pop() {
        if (stack_.empty()) fail("takes from an empty stack");
        Value value = std::move(stack_.back());
        stack_.pop_back();
        return value;
    }

    /// What was pushed since the last mark.
    std::vector<Value> pop_to_mark() {
        if (marks_.empty() || marks_.back() > stack_.size()) fail("lacks a mark");
        const auto begin = stack_.begin() + static_cast<std::ptrdiff_t>(marks_.back());
        std::vector<Value> items(std::make_move_iterator(begin),
                                 std::make_move_iterator(stack_.end()));
        stack_.erase(begin, stack_.end());
        marks_.pop_back();
        return items;
    }

    std::vector<Value> pop_some(std::size_t count) {
        std::vector<Value> items(count);
        for (std::size_t i = count; i-- > 0;) items[i] = pop();
        return items;
    }

    bool push_scalar(unsigned char opcode) {
        switch (opcode) {
            case 'N': push({}); return true;
            case 0x88: push_number(1); return true;
            case 0x89: push_number(0); return true;
            case 'K': push_number(static_cast<std::int64_t>(take_unsigned(1))); return true;
            case 'M': push_number(static_cast<std::int64_t>(take_unsigned(2))); return true;
            case 'J': push_number(static_cast<std::int32_t>(take_unsigned(4))); return true;
            case 0x8a: push_long(take_unsigned(1)); return true;
            case 'G':
                take(8);
                push({});
                return true;  // no tensor's place is a real number
            case 'X': push_text(take_text(take_unsigned(4))); return true;
            case 'U':
            case 0x8c: push_text(take_text(take_unsigned(1))); return true;
            case 'T': push_text(take_text(take_unsigned(4))); return true;
            case 'c': {
                const std::string module = take_line();
                push({Kind::global, 0, module + " " + take_line()});
                return true;
            }
            case 0x93: {
                const auto names = pop_some(2);
                push({Kind::global, 0, names[0].text + " " + names[1].text});
                return true;
            }
            default: return false;
        }
    }

    /// Little-endian two's complement of any length; more than 8 bytes is no size of ours.
    void push_long(std::uint64_t length) {
        const char* at = take(length);
        if (length > 8) return push({});
        std::uint64_t value = length > 0 && (at[length - 1] & 0x80) != 0 ? ~std::uint64_t{0} : 0;
        for (std::size_t i = length; i-- > 0;)
            value = value << 8 | static_cast<unsigned char>(at[i]);
        push_number(static_cast<std::int64_t>(value));
    }

    bool memoize(unsigned char opcode) {
        const auto remember = [this](std::uint64_t key) {
            if (stack_.empty()) fail("takes from an empty stack");
            memo_[key] = stack_.back();
        };
        const auto recall = [this](std::uint64_t key) {
            const auto found = memo_.find(key);
            if (found == memo_.end()) fail("recalls what it has not remembered");
            push(found->second);
        };
        switch (opcode) {
            case 'q': remember(take_unsigned(1)); return true;
            case 'r': remember(take_unsigned(4)); return true;
            case 0x94: remember(memo_.size()); return true;
            case 'h': recall(take_unsigned(1)); return true;
            case 'j': recall(take_unsigned(4)); return true;
            default: return false;
        }
    }

    bool build_container(unsigned char opcode) {
        switch (opcode) {
            case '}': push_container(Kind::dict, {}); return true;
            case ']': push_container(Kind::list, {}); return true;
            case ')': push_container(Kind::tuple, {}); return true;
            case 't': push_container(Kind::tuple, pop_to_mark()); return true;
            case 0x85: push_container(Kind::tuple, pop_some(1)); return true;
            case 0x86: push_container(Kind::tuple, pop_some(2)); return true;
            case 0x87: push_container(Kind::tuple, pop_some(3)); return true;
            case 'a': append(pop_some(1), Kind::list); return true;
            case 'e': append(pop_to_mark(), Kind::list); return true;
            case 's': append(pop_some(2), Kind::dict); return true;
            case 'u': append(pop_to_mark(), Kind::dict); return true;
            default: return false;
        }
    }

    /// A dictionary holds its keys and values in turn.
    void append(const std::vector<Value>& items, Kind kind) {
        if (stack_.empty() || stack_.back().kind != kind) fail("adds to what is no container");
        auto& target = containers_[static_cast<std::size_t>(stack_.back().number)];
        if (target.size() + items.size() > kMaxValues) fail("is too large");
        target.insert(target.end(), items.begin(), items.end());
    }

    void execute(unsigned char opcode) {
        switch (opcode) {
            case 0x80: take(1); return;  // the protocol's number
            case 0x95: take(8); return;  // a frame's length
            case '(': marks_.push_back(stack_.size()); return;
            case 'Q': return load_storage(pop());
            case 'R': {
                const auto call = pop_some(2);
                return reduce(call[0], call[1]);
            }
            case 'b': pop(); return;  // attributes, such as the versions in _metadata
            default:
                fail("uses the opcode " + std::to_string(opcode) + ", which models do not need");
        }
    }

    /// ("storage", type, key, place, count).
    void load_storage(const Value& id) {
        const std::vector<Value>& items = expect(id, Kind::tuple, 5);
        const std::string prefix = "torch ";
        const std::string& type = items[1].text;
        if (items[0].text != "storage" || items[1].kind != Kind::global ||
            type.compare(0, prefix.size(), prefix) != 0) {
            fail("names a storage in an unknown way");
        }
        const std::string& key = items[2].text;
        push({Kind::storage, static_cast<std::int64_t>(storages_.size())});
        storages_.push_back({key, type.substr(prefix.size())});
    }

    /// The few calls that make tensors and their dictionaries.
    void reduce(const Value& callable, const Value& arguments) {
        const std::string& name = callable.text;
        if (callable.kind != Kind::global) fail("calls what is no function");
        if (name == "collections OrderedDict") return push_container(Kind::dict, {});
        if (name == "torch Size") return push(expect(arguments, Kind::tuple, 1)[0]);
        if (name == "torch._utils _rebuild_parameter") {
            return push(expect(arguments, Kind::tuple, 1)[0]);
        }
        if (name == "torch._utils _rebuild_tensor_v2" || name == "torch._utils _rebuild_tensor") {
            return rebuild(expect(arguments, Kind::tuple, 4));
        }
        fail("calls \"" + name + "\", which is not allowed");
    }

    void rebuild(const std::vector<Value>& arguments) {
        if (arguments[0].kind != Kind::storage || arguments[1].kind != Kind::number) {
            fail("builds a tensor from what is no storage");
        }
        const Storage& storage = storages_[static_cast<std::size_t>(arguments[0].number)];
        PickledTensor tensor{storage.key, storage.type, arguments[1].number, numbers(arguments[2]),
                             numbers(arguments[3])};
        push({Kind::tensor, static_cast<std::int64_t>(tensors_.size())});
        tensors_.push_back(std::move(tensor));
    }

    std::vector<std::int64_t> numbers(const Value& tuple) {
        std::vector<std::int64_t> result;
        for (const Value& item : expect(tuple, Kind::tuple, 0)) {
            if (item.kind != Kind::number) fail("has a shape of what are no numbers");
            result.push_back(item.number);
        }
        return result;
    }

    const std::vector<Value>& expect(const Value& value, Kind kind, std::size_t least) const {
        if (value.kind != kind || items(value).size() < least) fail("has the wrong arguments");
        return items(value);
    }

    const std::string& bytes_;
    std::size_t position_;
    std::string subject_;
    std::vector<Value> stack_;
    std::vector<std::size_t> marks_;
    std::map<std::uint64_t, Value> memo_;
    std::vector<std::vector<Value>> containers_;
    std::vector<Storage> storages_;
    std::vector<PickledTensor> tensors_;
};

/// The dictionary inside the containers that trainers put round it.
Value unwrap(const Unpickler& unpickler, Value value) {
    for (const char* key : {"params_ema", "params", "state_dict", "model"}) {
        if (value.kind != Kind::dict) return value;
        const auto& items = unpickler.items(value);
        for (std::size_t i = 0; i + 1 < items.size(); i += 2) {
            if (items[i].text == key && items[i + 1].kind == Kind::dict) return items[i + 1];
        }
    }
    return value;
}

}  // namespace

StateDict unpickle_state_dict(const std::string& bytes, std::size_t position,
                              const std::string& subject) {
    Unpickler unpickler(bytes, position, subject);
    const Value value = unwrap(unpickler, unpickler.run());
    if (value.kind != Kind::dict) unpickler.fail("is no dictionary of tensors");
    const std::string prefix = "module.";
    StateDict result;
    const auto& items = unpickler.items(value);
    for (std::size_t i = 0; i + 1 < items.size(); i += 2) {
        if (items[i].kind != Kind::text || items[i + 1].kind != Kind::tensor) continue;
        const bool is_wrapped = items[i].text.compare(0, prefix.size(), prefix) == 0;
        result.tensors[items[i].text.substr(is_wrapped ? prefix.size() : 0)] =
            unpickler.tensor(items[i + 1]);
    }
    if (result.tensors.empty()) unpickler.fail("holds no tensors");
    result.storage_types = unpickler.storage_types();
    result.bytes = unpickler.position() - position;
    return result;
}

std::vector<std::string> unpickle_texts(const std::string& bytes, std::size_t& position,
                                        const std::string& subject) {
    Unpickler unpickler(bytes, position, subject);
    const Value value = unpickler.run();
    if (value.kind != Kind::list) unpickler.fail("lacks the list of its storages");
    std::vector<std::string> texts;
    for (const Value& item : unpickler.items(value)) texts.push_back(item.text);
    position = unpickler.position();
    return texts;
}

void skip_pickle(const std::string& bytes, std::size_t& position, const std::string& subject) {
    Unpickler unpickler(bytes, position, subject);
    unpickler.run();
    position = unpickler.position();
}

}  // namespace sisr
