#include "formats/input_file.h"
#include "formats/onnx/onnx_graph.h"
#include "formats/onnx/onnx_limits.h"
#include "formats/open_model.h"
#include "onnx.pb.h"

#include <sisr/error.h>

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/wire_format_lite.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <set>

namespace sisr {
namespace {

namespace pb = google::protobuf;
using pb::internal::WireFormatLite;

// Tensors of at most so many numbers may be sizes, which are needed before the weights are.
constexpr std::size_t kShort = 16;
// Of the graph without its weights.
constexpr std::size_t kMostBytes = std::size_t{64} << 20;

/// For protobuf's streams.
class FileBytes final : public pb::io::CopyingInputStream {
public:
    explicit FileBytes(const InputFile& file) : file_(file) {}

    int Read(void* buffer, int size) override {
        const std::size_t some = std::min(static_cast<std::size_t>(size), file_.size() - position_);
        file_.read(position_, static_cast<char*>(buffer), some);
        position_ += some;
        return static_cast<int>(some);
    }

    int Skip(int count) override {
        const std::size_t some =
            std::min(static_cast<std::size_t>(count), file_.size() - position_);
        position_ += some;
        return static_cast<int>(some);
    }

private:
    const InputFile& file_;
    std::size_t position_ = 0;
};

/// A tensor's numbers: where they lie in the file, or they themselves.
struct Numbers {
    std::size_t position = 0;
    std::size_t size = 0;
    std::string bytes;  ///< where there is no place in the file
};

struct FoundTensor {
    onnx::Tensor head;  ///< all but its numbers
    Numbers numbers;
};

/// Copies a message's fields as they are, but for those that hold many bytes.
class Walker {
public:
    Walker(const InputFile& file, pb::io::CodedInputStream& stream)
        : file_(file), stream_(stream) {}

    /// Calls on_field(number) for each field; true: it has read the field. Others are appended to
    /// `rest`, tag and all.
    template <typename OnField>
    void walk(std::string& rest, const OnField& on_field) {
        // One stream for all fields: each new one would fill what the text may grow to.
        pb::io::StringOutputStream target(&rest);
        pb::io::CodedOutputStream out(&target);
        for (std::uint32_t tag = stream_.ReadTag(); tag != 0; tag = stream_.ReadTag()) {
            const int number = WireFormatLite::GetTagFieldNumber(tag);
            const bool has_length =
                WireFormatLite::GetTagWireType(tag) == WireFormatLite::WIRETYPE_LENGTH_DELIMITED;
            if (has_length && on_field(number)) continue;
            if (!WireFormatLite::SkipField(&stream_, tag, &out)) fail();
            if (static_cast<std::size_t>(out.ByteCount()) > kMostBytes) {
                fail("is larger without its weights than any network");
            }
        }
        if (!stream_.ConsumedEntireMessage()) fail();
    }

    /// The length of the field that comes next, which lies within the file.
    int length() {
        int bytes = 0;
        if (!stream_.ReadVarintSizeAsInt(&bytes) ||
            static_cast<std::size_t>(bytes) > file_.size() - position()) {
            fail();
        }
        return bytes;
    }

    std::size_t position() const { return static_cast<std::size_t>(stream_.CurrentPosition()); }

    void skip(int bytes) {
        if (!stream_.Skip(bytes)) fail();
    }

    /// Reads a message within by `read`.
    template <typename Read>
    void within(const Read& read) {
        const auto limit = stream_.PushLimit(length());
        read();
        stream_.PopLimit(limit);
    }

    [[noreturn]] void fail(const std::string& reason = "is no ONNX file, or is truncated") const {
        throw Error(ErrorKind::bad_model, file_.subject(), reason);
    }

private:
    const InputFile& file_;
    pb::io::CodedInputStream& stream_;
};

/// One initializer, whose numbers stay where they are.
FoundTensor walk_tensor(Walker& walker, OnnxLimits& limits) {
    FoundTensor found;
    std::string head;
    walker.walk(head, [&](int number) {
        const bool is_in_place = number == onnx::Tensor::kRawDataFieldNumber ||
                                 number == onnx::Tensor::kFloatDataFieldNumber ||
                                 number == onnx::Tensor::kDoubleDataFieldNumber;
        if (!is_in_place) return false;
        const int bytes = walker.length();
        found.numbers.position = walker.position();
        found.numbers.size = static_cast<std::size_t>(bytes);
        walker.skip(bytes);
        return true;
    });
    limits.count_tensor(head);
    if (!found.head.ParseFromString(head)) walker.fail();
    return found;
}

struct WalkedFile {
    onnx::Model model;  ///< without initializers
    std::vector<FoundTensor> tensors;
};

WalkedFile walk_file(const InputFile& file) {
    if (file.size() > std::size_t{INT32_MAX}) {
        throw Error(ErrorKind::bad_model, file.subject(), "is larger than an ONNX file can be");
    }
    FileBytes bytes(file);
    pb::io::CopyingInputStreamAdaptor adaptor(&bytes);
    pb::io::CodedInputStream stream(&adaptor);
    Walker walker(file, stream);
    OnnxLimits limits(file.subject());
    WalkedFile result;
    std::string model;
    std::string graph;
    walker.walk(model, [&](int number) {
        if (number != onnx::Model::kGraphFieldNumber) return false;
        walker.within([&] {
            walker.walk(graph, [&](int part) {
                if (part != onnx::Graph::kInitializerFieldNumber) return false;
                walker.within([&] { result.tensors.push_back(walk_tensor(walker, limits)); });
                return true;
            });
        });
        return true;
    });
    limits.count_model(model);
    limits.count_graph(graph);
    const bool is_read =
        result.model.ParseFromString(model) && result.model.mutable_graph()->ParseFromString(graph);
    if (!is_read || result.model.graph().node_size() == 0) walker.fail();
    return result;
}

TensorType type_of(int data_type) {
    switch (data_type) {
        case 1: return TensorType::f32;
        case 2: return TensorType::u8;
        case 3: return TensorType::i8;
        case 6: return TensorType::i32;
        case 7: return TensorType::i64;
        case 9: return TensorType::boolean;
        case 10: return TensorType::f16;
        case 11: return TensorType::f64;
        case 16: return TensorType::bf16;
        default: return TensorType::other;
    }
}

template <typename To, typename From>
std::string bytes_of(const From& values) {
    std::string bytes;
    for (const auto value : values) {
        const auto number = static_cast<To>(value);
        bytes.append(reinterpret_cast<const char*>(&number), sizeof number);
    }
    return bytes;
}

/// Numbers that protobuf holds one by one.
std::string listed(const onnx::Tensor& tensor, TensorType type) {
    if (tensor.int64_data_size() > 0) return bytes_of<std::int64_t>(tensor.int64_data());
    if (tensor.float_data_size() > 0) return bytes_of<float>(tensor.float_data());
    if (tensor.double_data_size() > 0) return bytes_of<double>(tensor.double_data());
    switch (element_size(type)) {
        case 1: return bytes_of<std::uint8_t>(tensor.int32_data());
        case 2: return bytes_of<std::uint16_t>(tensor.int32_data());
        default: return bytes_of<std::int32_t>(tensor.int32_data());
    }
}

double number_at(const std::string& bytes, std::size_t index, TensorType type) {
    const auto as = [&](auto number) {
        std::memcpy(&number, bytes.data() + index * sizeof number, sizeof number);
        return static_cast<double>(number);
    };
    switch (type) {
        case TensorType::f32: return as(0.0F);
        case TensorType::f64: return as(0.0);
        case TensorType::i32: return as(std::int32_t{0});
        case TensorType::i64: return as(std::int64_t{0});
        default: return as(std::uint8_t{0});
    }
}

bool has_numbers(TensorType type) {
    return type == TensorType::f32 || type == TensorType::f64 || type == TensorType::i32 ||
           type == TensorType::i64;
}

/// Builds the opened model from what was found.
class Opened {
public:
    explicit Opened(std::shared_ptr<const InputFile> file) : file_(std::move(file)) {
        model_.subject = file_->subject();
    }

    void add(FoundTensor found) {
        const onnx::Tensor& head = found.head;
        if (head.data_location() != 0) fail(head, "lies in another file, which is not supported");
        StoredTensor tensor;
        tensor.type = type_of(head.data_type());
        tensor.shape.assign(head.dims().begin(), head.dims().end());
        for (const std::int64_t size : tensor.shape) {
            if (size < 0 || size > INT32_MAX) fail(head, "has a size that cannot be");
        }
        tensor.strides = contiguous_strides(tensor.shape);
        tensor.storage = model_.storages.size();
        Numbers& numbers = found.numbers;
        if (numbers.size == 0) {
            numbers.bytes = head.raw_data().empty() ? listed(head, tensor.type) : head.raw_data();
            numbers.size = numbers.bytes.size();
        }
        if (!model_.tensors.emplace(head.name(), tensor).second) fail(head, "is there twice");
        keep_short(head.name(), tensor, numbers);
        model_.storages.push_back(stored(std::move(numbers)));
    }

    StoredModel finish(OnnxGraph graph, const onnx::Model& told) {
        check_views(model_);
        graph.constants = std::move(constants_);
        for (const auto& property : told.metadata_props()) {
            model_.metadata[property.key()] = property.value();
        }
        model_.metadata["format"] = "onnx";
        model_.metadata[kOnnxGraphKey] = to_text(graph);
        return std::move(model_);
    }

private:
    [[noreturn]] void fail(const onnx::Tensor& tensor, const std::string& reason) const {
        throw Error(ErrorKind::bad_model, file_->subject(),
                    "tensor \"" + tensor.name() + "\" " + reason);
    }

    StoredBytes stored(Numbers numbers) const {
        const std::size_t size = numbers.size;
        if (!numbers.bytes.empty()) {
            return {size, [bytes = std::move(numbers.bytes)](char* target) {
                        std::copy(bytes.begin(), bytes.end(), target);
                    }};
        }
        return {size, [file = file_, position = numbers.position, size](char* target) {
                    file->read(position, target, size);
                }};
    }

    void keep_short(const std::string& name, const StoredTensor& tensor, const Numbers& numbers) {
        const std::size_t width = element_size(tensor.type);
        if (!has_numbers(tensor.type) || numbers.size > kShort * width) return;
        const std::string bytes = numbers.bytes.empty()
                                      ? file_->read_some(numbers.position, numbers.size)
                                      : numbers.bytes;
        auto& values = constants_[name];
        for (std::size_t i = 0; i < bytes.size() / width; ++i) {
            values.push_back(number_at(bytes, i, tensor.type));
        }
    }

    std::shared_ptr<const InputFile> file_;
    StoredModel model_;
    std::map<std::string, std::vector<double>> constants_;
};

OnnxNode node_of(const onnx::Node& told) {
    OnnxNode node;
    node.op = told.op_type();
    if (!told.domain().empty() && told.domain() != "ai.onnx") {
        node.op = told.domain() + "." + told.op_type();
    }
    node.inputs.assign(told.input().begin(), told.input().end());
    node.outputs.assign(told.output().begin(), told.output().end());
    node.name = told.name();
    if (node.name.empty() && !node.outputs.empty()) node.name = node.outputs.front();
    for (const onnx::Attribute& attribute : told.attribute()) {
        std::vector<double> numbers(attribute.ints().begin(), attribute.ints().end());
        numbers.insert(numbers.end(), attribute.floats().begin(), attribute.floats().end());
        if (attribute.has_i()) numbers.push_back(static_cast<double>(attribute.i()));
        if (attribute.has_f()) numbers.push_back(attribute.f());
        if (attribute.has_s()) node.words[attribute.name()] = attribute.s();
        if (!numbers.empty()) node.numbers[attribute.name()] = std::move(numbers);
    }
    return node;
}

int channels_of(const onnx::ValueInfo& value) {
    const auto& shape = value.type().tensor_type().shape();
    const bool is_told = shape.dim_size() == 4 && shape.dim(1).dim_value() > 0 &&
                         shape.dim(1).dim_value() < (1 << 20);
    return is_told ? static_cast<int>(shape.dim(1).dim_value()) : 0;
}

}  // namespace

StoredModel open_onnx(const std::filesystem::path& path) {
    const auto file = std::make_shared<const InputFile>(path);
    WalkedFile walked = walk_file(*file);
    Opened opened(file);
    std::set<std::string> weights;
    for (FoundTensor& tensor : walked.tensors) {
        weights.insert(tensor.head.name());
        opened.add(std::move(tensor));
    }
    OnnxGraph graph;
    for (onnx::Node& told : *walked.model.mutable_graph()->mutable_node()) {
        if (told.op_type() == "Constant" && told.attribute_size() == 1 &&
            told.attribute(0).has_t() && told.output_size() == 1) {
            FoundTensor constant;
            constant.head.Swap(told.mutable_attribute(0)->mutable_t());
            constant.head.set_name(told.output(0));
            opened.add(std::move(constant));
        } else {
            graph.nodes.push_back(node_of(told));
        }
    }
    for (const auto& value : walked.model.graph().input()) {
        if (weights.count(value.name()) != 0) continue;  // with a weight as its usual value
        if (!graph.input.empty()) {
            throw Error(ErrorKind::bad_model, file->subject(),
                        "takes more than a picture: \"" + value.name() + "\" too");
        }
        graph.input = value.name();
        graph.input_channels = channels_of(value);
    }
    if (graph.input.empty() || walked.model.graph().output_size() != 1) {
        throw Error(ErrorKind::bad_model, file->subject(), "does not make one picture of one");
    }
    graph.output = walked.model.graph().output(0).name();
    return opened.finish(std::move(graph), walked.model);
}

}  // namespace sisr
