/// The stack machine that a pickle is a program for.
#pragma once

#include "formats/pickle.h"

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace sisr::pickle {

enum class Kind { nothing, number, text, tuple, list, dict, global, storage, tensor, object };

/// Containers, objects, storages and tensors live in the machine's lists; a value holds their
/// index. So no nesting is too deep, and a container that holds itself leaks nothing.
struct Value {
    Kind kind = Kind::nothing;
    std::int64_t number = 0;  ///< or the index
    std::string_view text{};  ///< in the pickle's bytes; of a global "module name"
};

/// A container, or an object of a class that is not known.
struct Node {
    Kind kind = Kind::object;
    std::string_view name{};     ///< of what would make the object: "module name"
    std::vector<Value> items{};  ///< keys and values in turn, but for tuples and lists
    Value state{};               ///< what the object would be given: its attributes
};

struct Storage {
    std::string key;
    std::string type;
    std::int64_t offset = 0;  ///< of a view of it, in elements
};

class Machine {
public:
    /// bytes: must stay as long as the machine.
    Machine(std::string_view bytes, std::size_t position, std::string subject)
        : bytes_(bytes), position_(position), subject_(std::move(subject)) {}

    /// What the pickle holds. Throws Error{bad_model} about the subject; TruncatedPickle.
    Value run();

    std::size_t position() const { return position_; }
    const Node& node(const Value& value) const {
        return nodes_[static_cast<std::size_t>(value.number)];
    }
    const PickledTensor& tensor(const Value& value) const {
        return tensors_[static_cast<std::size_t>(value.number)];
    }
    const std::vector<Storage>& storages() const { return storages_; }
    [[noreturn]] void fail(const std::string& reason) const;

private:
    std::string_view take(std::uint64_t count);
    std::uint64_t take_unsigned(std::size_t count);
    std::string_view take_line();
    std::string_view take_quoted();

    void count_step();
    void push(Value value);
    void push_number(std::int64_t number) { push({Kind::number, number}); }
    void push_text(std::string_view text) { push({Kind::text, 0, text}); }
    void push_long(std::string_view bytes);
    void push_decimal(std::string_view line);
    void push_global(std::string_view module, std::string_view name);
    void push_node(Kind kind, std::vector<Value> items, std::string_view name = {});
    Value pop();
    std::vector<Value> pop_to_mark();
    std::vector<Value> pop_some(std::size_t count);
    Value& top();

    bool push_constant(unsigned char opcode);
    bool push_words(unsigned char opcode);
    bool change_stack(unsigned char opcode);
    bool memoize(unsigned char opcode);
    bool build_container(unsigned char opcode);
    bool make_object(unsigned char opcode);

    void remember(std::uint64_t key);
    void recall(std::uint64_t key);
    void append(std::vector<Value> items, bool is_pairs);
    void set_state();
    void load_persistent(const Value& id);
    void load_storage(const std::vector<Value>& id);
    void call(const Value& callable, const Value& arguments, int depth = 0);
    bool call_for_container(std::string_view name, const Value& arguments);
    bool call_for_tensor(std::string_view name, const Value& arguments, int depth);
    void fill_dict(const Value& arguments);
    void rebuild(const std::vector<Value>& arguments, std::string type);
    std::vector<std::int64_t> numbers(const Value& tuple) const;
    const std::vector<Value>& expect_tuple(const Value& value, std::size_t least) const;

    std::string_view bytes_;
    std::size_t position_;
    std::string subject_;
    std::vector<Value> stack_;
    std::vector<std::size_t> marks_;
    std::map<std::uint64_t, Value> memo_;
    std::set<std::string> names_;  ///< of globals; values point into it
    std::size_t name_bytes_ = 0;
    std::vector<Node> nodes_;
    std::size_t items_ = 0;  ///< in all nodes
    int steps_ = 0;
    std::vector<Storage> storages_;
    std::vector<PickledTensor> tensors_;
};

/// Most bytes of a tensor's name that are looked at, and of the keys above it.
constexpr std::size_t kMaxNameLength = 512;

/// Whether a global is known for what only an attack wants of it: to run commands or code. Nothing
/// is ever called, but whoever opens such a file should be told.
bool is_harmful(std::string_view module, std::string_view name);

}  // namespace sisr::pickle
