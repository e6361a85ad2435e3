/// Bounds for what becomes of an ONNX file's messages. Torch-free.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace sisr {

/// Two bytes of a message may be an object of a hundred, and in the list of nodes of a thousand.
/// So its fields are counted before anybody makes objects of them. Counts add up over a file.
class OnnxLimits {
public:
    /// subject: the file, as errors name it; must stay as long as this.
    explicit OnnxLimits(const std::string& subject) : subject_(subject) {}

    /// All but the graph; the graph but its initializers; one initializer but its numbers. They
    /// throw Error{bad_model} about the subject for more than any network has, and for what is
    /// cut off.
    void count_model(std::string_view message);
    void count_graph(std::string_view message);
    void count_tensor(std::string_view message);

private:
    enum class Kind {
        model,
        property,
        graph,
        value,
        node,
        attribute,
        tensor,
        numbers,
        text,
        other
    };

    /// What a field with a length holds; `other`: nothing that is made into anything.
    static Kind part_of(Kind kind, int field);
    void count(std::string_view message, Kind kind);
    void count_bytes(std::string_view bytes, Kind kind, bool is_name);
    [[noreturn]] void fail(const std::string& reason) const;

    const std::string& subject_;
    std::size_t nodes_ = 0;
    std::size_t tensors_ = 0;
    std::size_t fields_ = 0;
    std::size_t numbers_ = 0;
    std::size_t text_bytes_ = 0;
};

}  // namespace sisr
