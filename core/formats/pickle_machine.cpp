#include "formats/pickle_machine.h"

#include "base/numbers.h"

#include <algorithm>
#include <array>
#include <utility>

namespace sisr::pickle {
namespace {

// Far above what any model has, far below what hurts: some 150 MB all together.
constexpr std::size_t kMaxValues = 1'500'000;
constexpr std::size_t kMaxNodes = 400'000;
constexpr std::size_t kMaxRemembered = 500'000;
constexpr std::size_t kMaxNameBytes = 4 << 20;
// Opcodes, and what one of them goes through: well below a second.
constexpr int kMaxSteps = 5'000'000;

}  // namespace

bool is_harmful(std::string_view module, std::string_view name) {
    constexpr std::array<std::string_view, 17> kModules{
        "os",  "posix",     "nt",     "subprocess", "pty",    "socket", "shutil", "sys", "runpy",
        "imp", "importlib", "ctypes", "webbrowser", "popen2", "codeop", "pdb",    "bdb"};
    constexpr std::array<std::string_view, 12> kBuiltins{
        "eval",  "exec",  "execfile",   "compile", "open",    "__import__",
        "apply", "input", "breakpoint", "globals", "setattr", "delattr"};
    const auto is_one_of = [](const auto& list, std::string_view text) {
        return std::find(list.begin(), list.end(), text) != list.end();
    };
    const bool is_builtin = module == "builtins" || module == "__builtin__";
    if (is_one_of(kModules, module.substr(0, module.find('.')))) return true;
    if (is_builtin && is_one_of(kBuiltins, name)) return true;
    // A dotted name ("os.system" of any module) reaches into what the module has imported.
    for (auto dot = name.find('.'); dot != std::string_view::npos; dot = name.find('.')) {
        if (is_one_of(kModules, name.substr(0, dot))) return true;
        name.remove_prefix(dot + 1);
    }
    return false;
}

void Machine::fail(const std::string& reason) const {
    throw Error(ErrorKind::bad_model, subject_, "the pickled model " + reason);
}

void Machine::count_step() {
    if (++steps_ > kMaxSteps) fail("is too large");
}

Value Machine::run() {
    while (true) {
        count_step();
        const auto opcode = static_cast<unsigned char>(take(1)[0]);
        if (opcode == '.') return pop();
        const bool is_known = push_constant(opcode) || push_words(opcode) || memoize(opcode) ||
                              build_container(opcode) || make_object(opcode) ||
                              change_stack(opcode);
        if (!is_known) {
            fail("uses the opcode " + std::to_string(opcode) + ", which models do not need");
        }
    }
}

std::string_view Machine::take(std::uint64_t count) {
    if (count > bytes_.size() - position_) {
        throw TruncatedPickle(ErrorKind::bad_model, subject_, "the pickled model is truncated");
    }
    const auto taken = bytes_.substr(position_, static_cast<std::size_t>(count));
    position_ += taken.size();
    return taken;
}

std::uint64_t Machine::take_unsigned(std::size_t count) {
    const std::string_view taken = take(count);
    std::uint64_t value = 0;
    for (std::size_t i = count; i-- > 0;) value = value << 8 | static_cast<unsigned char>(taken[i]);
    return value;
}

std::string_view Machine::take_line() {
    const auto end = bytes_.find('\n', position_);
    const std::string_view line =
        take((end == std::string_view::npos ? bytes_.size() + 1 : end + 1) - position_);
    return line.substr(0, line.size() - 1);
}

/// Of Python's quotes only; no name of a tensor has a character that is written otherwise.
std::string_view Machine::take_quoted() {
    const std::string_view line = take_line();
    if (line.size() < 2) fail("holds a text without quotes");
    return line.substr(1, line.size() - 2);
}

void Machine::push(Value value) {
    if (stack_.size() + items_ >= kMaxValues) fail("is too large");
    stack_.push_back(value);
}

/// Little-endian two's complement of any length; more than 8 bytes is no size of ours.
void Machine::push_long(std::string_view bytes) {
    if (bytes.size() > 8) return push({Kind::nothing, 0, bytes});
    const bool is_negative = !bytes.empty() && (bytes.back() & 0x80) != 0;
    std::uint64_t value = is_negative ? ~std::uint64_t{0} : 0;
    for (std::size_t i = bytes.size(); i-- > 0;)
        value = value << 8 | static_cast<unsigned char>(bytes[i]);
    push_number(static_cast<std::int64_t>(value));
}

/// "12", "-3", "00" and "01" (which are False and True), "12L".
void Machine::push_decimal(std::string_view line) {
    if (!line.empty() && line.back() == 'L') line.remove_suffix(1);
    const auto number = parse_number<std::int64_t>(line);
    if (number) return push_number(*number);
    push({Kind::nothing, 0, line});
}

void Machine::push_global(std::string_view module, std::string_view name) {
    if (module.size() + name.size() > kMaxNameLength) fail("names a class of a very long name");
    const std::string whole = std::string(module) + " " + std::string(name);
    if (is_harmful(module, name)) fail("asks for \"" + whole + "\", which would do harm");
    const auto [place, is_new] = names_.insert(whole);
    if (is_new) name_bytes_ += whole.size();
    if (name_bytes_ > kMaxNameBytes) fail("is too large");
    push({Kind::global, 0, *place});
}

void Machine::push_node(Kind kind, std::vector<Value> items, std::string_view name) {
    if (nodes_.size() >= kMaxNodes) fail("is too large");
    push({kind, static_cast<std::int64_t>(nodes_.size()), name});
    items_ += items.size();
    nodes_.push_back({kind, name, std::move(items), {}});
}

Value Machine::pop() {
    if (stack_.empty()) fail("takes from an empty stack");
    const Value value = stack_.back();
    stack_.pop_back();
    return value;
}

Value& Machine::top() {
    if (stack_.empty()) fail("takes from an empty stack");
    return stack_.back();
}

/// What was pushed since the last mark.
std::vector<Value> Machine::pop_to_mark() {
    if (marks_.empty() || marks_.back() > stack_.size()) fail("lacks a mark");
    const auto begin = stack_.begin() + static_cast<std::ptrdiff_t>(marks_.back());
    std::vector<Value> items(begin, stack_.end());
    stack_.erase(begin, stack_.end());
    marks_.pop_back();
    return items;
}

std::vector<Value> Machine::pop_some(std::size_t count) {
    std::vector<Value> items(count);
    for (std::size_t i = count; i-- > 0;) items[i] = pop();
    return items;
}

bool Machine::push_constant(unsigned char opcode) {
    switch (opcode) {
        case 'N': push({}); return true;
        case 0x88: push_number(1); return true;
        case 0x89: push_number(0); return true;
        case 'K': push_number(static_cast<std::int64_t>(take_unsigned(1))); return true;
        case 'M': push_number(static_cast<std::int64_t>(take_unsigned(2))); return true;
        case 'J': push_number(static_cast<std::int32_t>(take_unsigned(4))); return true;
        case 0x8a: push_long(take(take_unsigned(1))); return true;
        case 0x8b: push_long(take(take_unsigned(4))); return true;
        case 'I':
        case 'L': push_decimal(take_line()); return true;
        // No tensor's place is a real number.
        case 'F':
            take_line();
            push({});
            return true;
        case 'G':
            take(8);
            push({});
            return true;
        default: return false;
    }
}

bool Machine::push_words(unsigned char opcode) {
    switch (opcode) {
        case 'U':
        case 0x8c:
        case 'C': push_text(take(take_unsigned(1))); return true;
        case 'T':
        case 'X':
        case 'B': push_text(take(take_unsigned(4))); return true;
        case 0x8d:
        case 0x8e:
        case 0x96: push_text(take(take_unsigned(8))); return true;
        case 'S': push_text(take_quoted()); return true;
        case 'V': push_text(take_line()); return true;
        case 'c': {
            const std::string_view module = take_line();
            push_global(module, take_line());
            return true;
        }
        case 0x93: {
            const auto names = pop_some(2);
            if (names[0].kind != Kind::text || names[1].kind != Kind::text) {
                fail("names a class by what is no text");
            }
            push_global(names[0].text, names[1].text);
            return true;
        }
        default: return false;
    }
}

bool Machine::change_stack(unsigned char opcode) {
    switch (opcode) {
        case 0x80: take(1); return true;  // the protocol's number
        case 0x95: take(8); return true;  // a frame's length
        case '0': pop(); return true;
        case '1': pop_to_mark(); return true;
        case '2': push(Value(top())); return true;
        case '(':
            if (marks_.size() >= kMaxRemembered) fail("is too large");
            marks_.push_back(stack_.size());
            return true;
        default: return false;
    }
}

void Machine::remember(std::uint64_t key) {
    memo_[key] = top();
    if (memo_.size() > kMaxRemembered) fail("is too large");
}

void Machine::recall(std::uint64_t key) {
    const auto found = memo_.find(key);
    if (found == memo_.end()) fail("recalls what it has not remembered");
    push(found->second);
}

bool Machine::memoize(unsigned char opcode) {
    const auto key_of_line = [this] {
        const auto key = parse_number<std::uint64_t>(take_line());
        if (!key) fail("remembers by what is no number");
        return *key;
    };
    switch (opcode) {
        case 'q': remember(take_unsigned(1)); return true;
        case 'r': remember(take_unsigned(4)); return true;
        case 'p': remember(key_of_line()); return true;
        case 0x94: remember(memo_.size()); return true;
        case 'h': recall(take_unsigned(1)); return true;
        case 'j': recall(take_unsigned(4)); return true;
        case 'g': recall(key_of_line()); return true;
        default: return false;
    }
}

bool Machine::build_container(unsigned char opcode) {
    switch (opcode) {
        case '}': push_node(Kind::dict, {}); return true;
        case 'd': push_node(Kind::dict, pop_to_mark()); return true;
        case ']': push_node(Kind::list, {}); return true;
        case 'l': push_node(Kind::list, pop_to_mark()); return true;
        case ')': push_node(Kind::tuple, {}); return true;
        case 't': push_node(Kind::tuple, pop_to_mark()); return true;
        case 0x85: push_node(Kind::tuple, pop_some(1)); return true;
        case 0x86: push_node(Kind::tuple, pop_some(2)); return true;
        case 0x87: push_node(Kind::tuple, pop_some(3)); return true;
        case 0x8f: push_node(Kind::list, {}); return true;  // a set
        case 0x91: push_node(Kind::list, pop_to_mark()); return true;
        case 'a': append(pop_some(1), false); return true;
        case 'e':
        case 0x90: append(pop_to_mark(), false); return true;
        case 's': append(pop_some(2), true); return true;
        case 'u': append(pop_to_mark(), true); return true;
        default: return false;
    }
}

/// To a list, a dictionary, or an object that is one of these by its class.
void Machine::append(std::vector<Value> items, bool is_pairs) {
    const Value target = top();
    const Kind wanted = is_pairs ? Kind::dict : Kind::list;
    if (target.kind == Kind::object && !is_pairs) return;  // nobody asks what is in it
    if (target.kind != wanted && target.kind != Kind::object) fail("adds to what is no container");
    auto& present = nodes_[static_cast<std::size_t>(target.number)].items;
    items_ += items.size();
    if (stack_.size() + items_ > kMaxValues) fail("is too large");
    present.insert(present.end(), items.begin(), items.end());
}

}  // namespace sisr::pickle
