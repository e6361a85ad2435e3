#include "architectures/ncnn/layer_sizes.h"

#include <sisr/error.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <set>

namespace sisr::ncnn {
namespace {

constexpr int kMostChannels = 1 << 16;
constexpr int kLargestFactor = 64;
// "As much as there is", in ncnn's words.
constexpr int kRest = -233;

bool is_convolution(const NcnnLayer& layer) {
    return layer.type == "Convolution" || layer.type == "ConvolutionDepthWise";
}

/// Channels that a convolution takes; 0 where its sizes contradict one another.
std::int64_t taken_channels(const NcnnLayer& layer) {
    const std::int64_t width = layer.whole(1, 0);
    const std::int64_t height = layer.whole(11, layer.whole(1, 0));
    const std::int64_t outputs = layer.whole(0, 0);
    constexpr std::int64_t kLargestKernel = 1024;
    const bool is_possible = width > 0 && width <= kLargestKernel && height > 0 &&
                             height <= kLargestKernel && outputs > 0;
    if (!is_possible) return 0;
    const int groups = layer.type == "Convolution" ? 1 : std::max(1, layer.whole(7, 1));
    return layer.whole(6, 0) / (width * height * outputs) * groups;
}

int factor_of(const NcnnLayer& layer) {
    const int factor = layer.whole(0, 1);
    if (factor < 1 || factor > kLargestFactor) refuse(layer, "has an impossible factor");
    return factor;
}

class Sizes {
public:
    explicit Sizes(const std::vector<NcnnLayer>& layers) {
        const int channels = input_channels(layers);
        for (const NcnnLayer& layer : layers) {
            if (layer.type == "Input") {
                for (const auto& blob : layer.outputs) sizes_[blob] = {channels};
            } else if (!layer.inputs.empty()) {
                follow(layer);
            }
        }
    }

    BlobSize of(const std::string& blob) const {
        const auto found = sizes_.find(blob);
        return found == sizes_.end() ? BlobSize{} : found->second;
    }

private:
    void follow(const NcnnLayer& layer) {
        BlobSize size = of(layer.inputs[0]);
        // Of two that are added or multiplied one may be a constant, or one channel for all.
        for (const auto& blob : layer.inputs) {
            if (of(blob).channels > size.channels) size = of(blob);
        }
        if (is_convolution(layer)) {
            size.channels = layer.whole(0, 0);
        } else if (layer.type == "PixelShuffle") {
            const int factor = factor_of(layer);
            scale(size, layer, factor, 1);
            size.channels /= factor * factor;
        } else if (layer.type == "Reorg") {
            const int factor = factor_of(layer);
            scale(size, layer, 1, factor);
            if (size.channels > kMostChannels / (factor * factor)) refuse(layer, "has no sizes");
            size.channels *= factor * factor;
        } else if (layer.type == "Interp") {
            scale(size, layer, enlargement(layer), 1);
        } else if (layer.type == "Concat") {
            size.channels = 0;
            for (const auto& blob : layer.inputs) size.channels += of(blob).channels;
        }
        if (size.channels < 0 || size.channels > kMostChannels) refuse(layer, "has no sizes");
        define(layer, size);
    }

    void define(const NcnnLayer& layer, BlobSize size) {
        const bool is_cut = layer.type == "Slice" || layer.type == "Crop";
        const auto ranges =
            is_cut ? channel_ranges(layer, size.channels) : std::vector<ChannelRange>{};
        for (std::size_t i = 0; i < layer.outputs.size(); ++i) {
            sizes_[layer.outputs[i]] = size;
            if (i < ranges.size()) sizes_[layer.outputs[i]].channels = ranges[i].count;
        }
    }

    static void scale(BlobSize& size, const NcnnLayer& layer, int times, int over) {
        const int up = size.times * times;
        const int down = size.over * over;
        const int common = std::gcd(up, down);
        size.times = up / common;
        size.over = down / common;
        if (std::max(size.times, size.over) > kLargestFactor) refuse(layer, "enlarges too much");
    }

    std::map<std::string, BlobSize> sizes_;
};

std::vector<ChannelRange> slice_ranges(const NcnnLayer& layer, int channels) {
    if (layer.whole(1, 0) != 0) refuse(layer, "cuts otherwise than by channels");
    const std::vector<double> sizes = layer.list(0);
    if (sizes.size() != layer.outputs.size()) refuse(layer, "has other outputs than sizes");
    std::vector<ChannelRange> ranges;
    int first = 0;
    for (std::size_t i = 0; i < sizes.size(); ++i) {
        const int left = static_cast<int>(sizes.size() - i);
        const bool is_share = sizes[i] == kRest;
        const double count = is_share ? (channels - first) / left : sizes[i];
        if (!(count >= 1 && count <= channels - first)) refuse(layer, "takes more than there is");
        ranges.push_back({first, static_cast<int>(count)});
        first += ranges.back().count;
    }
    return ranges;
}

std::vector<ChannelRange> crop_ranges(const NcnnLayer& layer, int channels) {
    const std::vector<double> starts = layer.list(9);
    const std::vector<double> ends = layer.list(10);
    double first = layer.whole(2, 0);
    double end = 0;
    if (!starts.empty()) {
        const bool is_channels = layer.list(11) == std::vector<double>{0};
        if (starts.size() != 1 || ends.size() != 1 || !is_channels) {
            refuse(layer, "cuts otherwise than by channels");
        }
        first = starts[0] < 0 ? starts[0] + channels : starts[0];
        end = ends[0] == kRest ? channels : ends[0] < 0 ? ends[0] + channels : ends[0];
    } else {
        const bool is_whole = layer.whole(0, 0) == 0 && layer.whole(1, 0) == 0 &&
                              layer.whole(3, 0) == kRest && layer.whole(4, 0) == kRest &&
                              layer.whole(6, 0) == 0 && layer.whole(7, 0) == 0;
        if (!is_whole || layer.inputs.size() != 1) refuse(layer, "cuts otherwise than by channels");
        const int count = layer.whole(5, 0);
        end = count == kRest ? channels - layer.whole(8, 0) : first + count;
    }
    if (!(first >= 0 && first < end && end <= channels)) refuse(layer, "takes more than there is");
    return {{static_cast<int>(first), static_cast<int>(end - first)}};
}

}  // namespace

void refuse(const NcnnLayer& layer, const std::string& reason) {
    throw Error(ErrorKind::bad_model, "model", describe(layer) + " " + reason);
}

int enlargement(const NcnnLayer& layer) {
    const double factor = layer.real(1, 1);
    const bool is_plain = layer.real(2, 1) == factor && layer.whole(3, 0) == 0 &&
                          layer.whole(4, 0) == 0 && layer.whole(5, 0) == 0 &&
                          layer.inputs.size() == 1;
    if (!is_plain) refuse(layer, "enlarges otherwise than by one constant factor");
    if (!(factor >= 1 && factor <= kLargestFactor) || factor != static_cast<int>(factor)) {
        refuse(layer, "enlarges by a factor that is no whole number");
    }
    return static_cast<int>(factor);
}

std::vector<ChannelRange> channel_ranges(const NcnnLayer& layer, int channels) {
    return layer.type == "Slice" ? slice_ranges(layer, channels) : crop_ranges(layer, channels);
}

int input_channels(const std::vector<NcnnLayer>& layers) {
    // Blobs that are the input but for its shape, and how many channels each of the input's is
    // there.
    std::map<std::string, std::int64_t> shares;
    for (const NcnnLayer& layer : layers) {
        if (layer.type == "Input") {
            const int given = layer.whole(2, 0);
            if (given > 0 && given <= kMostChannels) return given;
            for (const auto& blob : layer.outputs) shares[blob] = 1;
            continue;
        }
        const auto found = layer.inputs.empty() ? shares.end() : shares.find(layer.inputs.front());
        if (found == shares.end()) continue;
        std::int64_t share = found->second;
        if (is_convolution(layer)) {
            const std::int64_t taken = taken_channels(layer);
            if (taken > 0 && taken <= kMostChannels && taken % share == 0) {
                return static_cast<int>(taken / share);
            }
            continue;
        }
        if (layer.type == "Reorg") share *= std::int64_t{factor_of(layer)} * factor_of(layer);
        const bool is_changed = layer.type == "PixelShuffle" || layer.type == "Concat" ||
                                layer.type == "Slice" || layer.type == "Crop";
        if (is_changed || share > kMostChannels) continue;
        for (const auto& blob : layer.outputs) shares[blob] = share;
    }
    return 3;
}

std::string output_blob(const std::vector<NcnnLayer>& layers) {
    std::set<std::string> taken;
    for (const NcnnLayer& layer : layers) taken.insert(layer.inputs.begin(), layer.inputs.end());
    std::vector<std::string> left;
    for (const NcnnLayer& layer : layers) {
        for (const auto& blob : layer.outputs) {
            if (blob == "output" || blob == "out0") return blob;
            if (taken.count(blob) == 0) left.push_back(blob);
        }
    }
    if (left.size() != 1) {
        throw Error(ErrorKind::bad_model, "model",
                    "its layers have " + std::to_string(left.size()) + " results, not one");
    }
    return left.front();
}

BlobSize output_size(const std::vector<NcnnLayer>& layers) {
    return Sizes(layers).of(output_blob(layers));
}

}  // namespace sisr::ncnn
