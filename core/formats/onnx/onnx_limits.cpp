#include "formats/onnx/onnx_limits.h"

#include "onnx.pb.h"

#include <sisr/error.h>

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/wire_format_lite.h>

#include <algorithm>
#include <array>

namespace sisr {
namespace {

using google::protobuf::internal::WireFormatLite;

// Several times what the largest published networks have.
constexpr std::size_t kMaxNodes = 50'000;
constexpr std::size_t kMaxTensors = 100'000;
constexpr std::size_t kMaxFields = 800'000;
constexpr std::size_t kMaxNumbers = 4'000'000;
constexpr std::size_t kMaxTextBytes = 8 << 20;
constexpr std::size_t kMaxNameLength = 512;

}  // namespace

void OnnxLimits::fail(const std::string& reason) const {
    throw Error(ErrorKind::bad_model, subject_, reason);
}

void OnnxLimits::count_model(std::string_view message) { count(message, Kind::model); }
void OnnxLimits::count_graph(std::string_view message) { count(message, Kind::graph); }
void OnnxLimits::count_tensor(std::string_view message) { count(message, Kind::tensor); }

OnnxLimits::Kind OnnxLimits::part_of(Kind kind, int field) {
    struct Part {
        Kind whole;
        int field;
        Kind part;
    };
    using onnx::Attribute;
    using onnx::Graph;
    using onnx::Model;
    using onnx::Node;
    using onnx::Tensor;
    static constexpr std::array<Part, 23> kParts{{
        {Kind::model, Model::kOpsetImportFieldNumber, Kind::property},
        {Kind::model, Model::kMetadataPropsFieldNumber, Kind::property},
        {Kind::property, onnx::Property::kKeyFieldNumber, Kind::text},
        {Kind::property, onnx::Property::kValueFieldNumber, Kind::text},
        {Kind::graph, Graph::kNodeFieldNumber, Kind::node},
        {Kind::graph, Graph::kInitializerFieldNumber, Kind::tensor},
        {Kind::graph, Graph::kInputFieldNumber, Kind::value},
        {Kind::graph, Graph::kOutputFieldNumber, Kind::value},
        {Kind::node, Node::kInputFieldNumber, Kind::text},
        {Kind::node, Node::kOutputFieldNumber, Kind::text},
        {Kind::node, Node::kNameFieldNumber, Kind::text},
        {Kind::node, Node::kOpTypeFieldNumber, Kind::text},
        {Kind::node, Node::kAttributeFieldNumber, Kind::attribute},
        {Kind::node, Node::kDomainFieldNumber, Kind::text},
        {Kind::attribute, Attribute::kNameFieldNumber, Kind::text},
        {Kind::attribute, Attribute::kSFieldNumber, Kind::text},
        {Kind::attribute, Attribute::kTFieldNumber, Kind::tensor},
        {Kind::attribute, Attribute::kFloatsFieldNumber, Kind::numbers},
        {Kind::attribute, Attribute::kIntsFieldNumber, Kind::numbers},
        {Kind::tensor, Tensor::kNameFieldNumber, Kind::text},
        {Kind::tensor, Tensor::kDimsFieldNumber, Kind::numbers},
        {Kind::tensor, Tensor::kInt32DataFieldNumber, Kind::numbers},
        {Kind::tensor, Tensor::kInt64DataFieldNumber, Kind::numbers},
    }};
    const auto* found = std::find_if(kParts.begin(), kParts.end(), [&](const Part& part) {
        return part.whole == kind && part.field == field;
    });
    return found == kParts.end() ? Kind::other : found->part;
}

void OnnxLimits::count(std::string_view message, Kind kind) {
    if (kind == Kind::node && ++nodes_ > kMaxNodes) fail("has more nodes than any network");
    if (kind == Kind::tensor && ++tensors_ > kMaxTensors) fail("has more tensors than any network");
    google::protobuf::io::CodedInputStream stream(
        reinterpret_cast<const std::uint8_t*>(message.data()), static_cast<int>(message.size()));
    // What is cut off or is no message is told by whoever parses it.
    for (std::uint32_t tag = stream.ReadTag(); tag != 0; tag = stream.ReadTag()) {
        if (++fields_ > kMaxFields) fail("is larger without its weights than any network");
        if (WireFormatLite::GetTagWireType(tag) != WireFormatLite::WIRETYPE_LENGTH_DELIMITED) {
            if (!WireFormatLite::SkipField(&stream, tag)) return;
            continue;
        }
        int bytes = 0;
        if (!stream.ReadVarintSizeAsInt(&bytes)) return;
        const auto begin = static_cast<std::size_t>(stream.CurrentPosition());
        if (!stream.Skip(bytes)) return;
        count_bytes(message.substr(begin, static_cast<std::size_t>(bytes)),
                    part_of(kind, WireFormatLite::GetTagFieldNumber(tag)), kind == Kind::node);
    }
}

void OnnxLimits::count_bytes(std::string_view bytes, Kind kind, bool is_name) {
    switch (kind) {
        case Kind::other: return;
        case Kind::text:
            if (is_name && bytes.size() > kMaxNameLength) fail("has a very long name");
            text_bytes_ += bytes.size();
            break;
        case Kind::numbers: numbers_ += bytes.size(); break;  // a byte each, at least
        case Kind::value: fields_ += bytes.size() / 2; break;
        default: count(bytes, kind);
    }
    if (fields_ > kMaxFields || numbers_ > kMaxNumbers || text_bytes_ > kMaxTextBytes) {
        fail("is larger without its weights than any network");
    }
}

}  // namespace sisr
