#include "formats/ncnn_param.h"

#include "base/numbers.h"

#include <sisr/error.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace sisr {
namespace {

// Ten times the largest that is published.
constexpr int kMaxLayers = 10'000;
constexpr int kMaxBlobs = 256;  // of one layer
constexpr int kMaxKey = 64;
constexpr std::size_t kMaxNameLength = 512;
// An array's key is this minus its number.
constexpr int kArrayKey = -23300;

class Parser {
public:
    Parser(std::string_view text, const std::string& subject) : rest_(text), subject_(subject) {}

    std::vector<NcnnLayer> run() {
        if (next_word() != kNcnnMagic) fail("is no .param file of ncnn");
        end_line();
        const int count = next_count(kMaxLayers);
        next_count(std::numeric_limits<int>::max());  // of blobs
        end_line();
        std::vector<NcnnLayer> layers;
        for (int i = 0; i < count; ++i) layers.push_back(read_layer());
        // What follows is left out by ncnn too: published files hold remains there.
        return layers;
    }

private:
    [[noreturn]] void fail(const std::string& reason) const {
        throw Error(ErrorKind::bad_model, subject_, reason);
    }

    /// The next word of this line; empty at its end.
    std::string_view next_word() {
        const std::size_t begin = std::min(rest_.find_first_not_of(" \t\r"), rest_.size());
        rest_.remove_prefix(begin);
        const std::size_t end = std::min(rest_.find_first_of(" \t\r\n"), rest_.size());
        const std::string_view word = rest_.substr(0, end);
        rest_.remove_prefix(end);
        return word;
    }

    /// A word that names something; empty at the end of the line.
    std::string_view next_name() {
        const std::string_view name = next_word();
        if (name.size() > kMaxNameLength) fail("is damaged: a layer has a very long name");
        return name;
    }

    void end_line() {
        const std::size_t end = rest_.find('\n');
        rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + 1);
    }

    int next_count(int most) {
        const auto count = parse_number<int>(next_word());
        if (!count || *count < 0 || *count > most) {
            fail("is a damaged .param file of ncnn, or is truncated");
        }
        return *count;
    }

    NcnnLayer read_layer() {
        NcnnLayer layer;
        layer.type = next_name();
        layer.name = next_name();
        if (layer.name.empty()) fail("is a .param file of fewer layers than it says");
        const int inputs = next_count(kMaxBlobs);
        const int outputs = next_count(kMaxBlobs);
        const auto blob = [this] {
            const std::string_view name = next_name();
            if (name.empty()) fail("is a damaged .param file of ncnn, or is truncated");
            return std::string(name);
        };
        for (int i = 0; i < inputs; ++i) layer.inputs.push_back(blob());
        for (int i = 0; i < outputs; ++i) layer.outputs.push_back(blob());
        for (std::string_view word = next_word(); !word.empty(); word = next_word()) {
            read_parameter(layer, word);
        }
        end_line();
        return layer;
    }

    void read_parameter(NcnnLayer& layer, std::string_view word) const {
        const auto refuse = [&] {
            fail("is damaged: " + describe(layer) + " has the parameter \"" +
                 std::string(word.substr(0, 40)) + "\"");
        };
        std::string_view text = word;
        const auto key = take_number<int>(text);
        if (!key || text.empty() || text[0] != '=') refuse();
        text.remove_prefix(1);
        const bool is_array = *key <= kArrayKey;
        const int number = is_array ? kArrayKey - *key : *key;
        if (number < 0 || number > kMaxKey) refuse();
        std::vector<double> values;
        while (!text.empty()) {
            const auto value = take_number<double>(text);
            if (!value) return;  // a text
            if (std::isnan(*value)) refuse();
            // They are float32 to ncnn.
            constexpr double kLargest = std::numeric_limits<float>::max();
            values.push_back(std::clamp(*value, -kLargest, kLargest));
            if (!text.empty() && text[0] != ',') return;
            text.remove_prefix(std::min<std::size_t>(1, text.size()));
        }
        if (is_array) {  // its length stands first
            if (values.empty() || values[0] != static_cast<double>(values.size() - 1)) refuse();
            values.erase(values.begin());
        }
        layer.parameters[number] = std::move(values);
    }

    std::string_view rest_;
    const std::string& subject_;
};

/// Collects what one layer has in the .bin.
class Weights {
public:
    Weights(const NcnnLayer& layer, const std::string& subject)
        : layer_(layer), subject_(subject) {}

    std::vector<NcnnWeight> run() {
        const std::string& type = layer_.type;
        if (type == "Convolution" || type == "ConvolutionDepthWise") {
            add_convolution();
        } else if (type == "PReLU") {
            add("slope", {layer_.whole(0, 0)});
        } else if (type == "MemoryData") {
            add_memory();
        } else if (type == "Scale") {
            add("weight", {layer_.whole(0, 0)});
            if (layer_.whole(1, 0) != 0) add("bias", {layer_.whole(0, 0)});
        } else if (type == "BatchNorm") {
            for (const char* name : {"slope", "mean", "variance", "bias"}) {
                add(name, {layer_.whole(0, 0)});
            }
        } else if (type == "GroupNorm") {
            if (layer_.whole(3, 1) == 0) return {};
            add("weight", {layer_.whole(1, 0)});
            add("bias", {layer_.whole(1, 0)});
        } else if (type == "Padding") {
            if (layer_.whole(6, 0) != 0) fail("pads by channel, which is not supported");
        } else if (!is_weightless(type)) {
            fail("is of a type that is not supported");
        }
        return weights_;
    }

private:
    [[noreturn]] void fail(const std::string& reason) const {
        throw Error(ErrorKind::bad_model, subject_, describe(layer_) + " " + reason);
    }

    static bool is_weightless(const std::string& type) {
        constexpr std::array<std::string_view, 23> kTypes{
            "Input",        "Split",   "Noop",    "Dropout", "ReLU",     "LeakyReLU",
            "Sigmoid",      "Swish",   "TanH",    "GELU",    "Mish",     "Eltwise",
            "BinaryOp",     "UnaryOp", "Concat",  "Slice",   "Interp",   "Crop",
            "PixelShuffle", "Reorg",   "Pooling", "Clip",    "Reduction"};
        return std::find(kTypes.begin(), kTypes.end(), type) != kTypes.end();
    }

    void add(const std::string& name, std::vector<std::int64_t> shape, bool is_marked = false) {
        for (const std::int64_t size : shape) {
            if (size <= 0) fail("has weights of an impossible size");
        }
        weights_.push_back({layer_.name + "." + name, std::move(shape), is_marked});
    }

    void add_convolution() {
        const std::int64_t outputs = layer_.whole(0, 0);
        const std::int64_t width = layer_.whole(1, 0);
        const std::int64_t height = layer_.whole(11, layer_.whole(1, 0));
        constexpr std::int64_t kLargestKernel = 1024;
        if (layer_.whole(8, 0) != 0) fail("has weights of 8 bits, which are not supported");
        if (layer_.whole(19, 0) != 0) fail("has weights that are computed, which is not supported");
        if (outputs <= 0 || width <= 0 || height <= 0 || width > kLargestKernel ||
            height > kLargestKernel) {
            fail("has weights of an impossible size");
        }
        const std::int64_t of_one_input = outputs * width * height;
        const std::int64_t size = layer_.whole(6, 0);
        if (size <= 0 || size % of_one_input != 0) fail("has weights of an impossible size");
        add("weight", {outputs, size / of_one_input, height, width}, true);
        if (layer_.whole(5, 0) != 0) add("bias", {outputs});
    }

    void add_memory() {
        const std::int64_t width = layer_.whole(0, 0);
        const std::int64_t height = layer_.whole(1, 0);
        const std::int64_t channels = layer_.whole(2, 0);
        if (layer_.whole(11, 0) > 1) fail("has four dimensions, which is not supported");
        std::vector<std::int64_t> shape{width};
        if (height != 0) shape = {height, width};
        if (channels != 0) shape = {channels, height, width};
        add("data", shape, layer_.whole(21, 1) == 0);
    }

    const NcnnLayer& layer_;
    const std::string& subject_;
    std::vector<NcnnWeight> weights_;
};

}  // namespace

int NcnnLayer::whole(int key, int fallback) const {
    const double value = real(key, fallback);
    constexpr double kLimit = 2'147'483'647;
    return value >= -kLimit && value <= kLimit ? static_cast<int>(value) : 0;
}

double NcnnLayer::real(int key, double fallback) const {
    const auto found = parameters.find(key);
    return found == parameters.end() || found->second.empty() ? fallback : found->second[0];
}

std::vector<double> NcnnLayer::list(int key) const {
    const auto found = parameters.find(key);
    return found == parameters.end() ? std::vector<double>{} : found->second;
}

std::string describe(const NcnnLayer& layer) {
    return "layer \"" + layer.name + "\" (" + layer.type + ")";
}

std::vector<NcnnLayer> parse_ncnn_param(std::string_view text, const std::string& subject) {
    return Parser(text, subject).run();
}

std::vector<NcnnWeight> ncnn_weights(const NcnnLayer& layer, const std::string& subject) {
    return Weights(layer, subject).run();
}

}  // namespace sisr
