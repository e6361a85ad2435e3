#include "formats/input_file.h"
#include "formats/ncnn_param.h"
#include "formats/open_model.h"

#include <sisr/error.h>

#include <memory>

namespace sisr {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxParamBytes = 8 << 20;

/// Walks through the .bin, weight by weight.
class BinReader {
public:
    BinReader(std::shared_ptr<const InputFile> file, StoredModel& model)
        : file_(std::move(file)), model_(model) {}

    void add(const NcnnWeight& weight) {
        const TensorType type = weight.is_marked ? read_mark(weight) : TensorType::f32;
        const std::size_t width = element_size(type);
        const std::size_t most = (file_->size() - position_) / width;
        std::size_t count = 1;
        for (const std::int64_t size : weight.shape) {
            if (static_cast<std::uint64_t>(size) > most / count) fail_short();
            count *= static_cast<std::size_t>(size);
        }
        const StoredTensor tensor{type, weight.shape, contiguous_strides(weight.shape), 0,
                                  model_.storages.size()};
        if (!model_.tensors.emplace(weight.name, tensor).second) {
            fail("its .param has two layers of one name (\"" + weight.name + "\")");
        }
        const std::size_t bytes = count * width;
        model_.storages.push_back(
            {bytes, [file = file_, position = position_, bytes](char* target) {
                 file->read(position, target, bytes);
             }});
        constexpr std::size_t kAlignment = 4;
        position_ += (bytes + kAlignment - 1) / kAlignment * kAlignment;
        if (position_ > file_->size()) fail_short();
    }

    void finish() const {
        if (position_ != file_->size()) fail("is longer than the .param beside it tells");
    }

private:
    [[noreturn]] void fail(const std::string& reason) const {
        throw Error(ErrorKind::bad_model, file_->subject(), reason);
    }
    [[noreturn]] void fail_short() const {
        fail("is shorter than the .param beside it tells, or is truncated");
    }

    TensorType read_mark(const NcnnWeight& weight) {
        constexpr std::size_t kMarkBytes = 4;
        if (file_->size() - position_ < kMarkBytes) fail_short();
        const std::string bytes = file_->read_some(position_, kMarkBytes);
        position_ += kMarkBytes;
        std::uint32_t mark = 0;
        for (std::size_t i = kMarkBytes; i-- > 0;) {
            mark = mark << 8 | static_cast<unsigned char>(bytes[i]);
        }
        switch (mark) {
            case 0:
            case 0x0002C056: return TensorType::f32;
            case 0x01306B47: return TensorType::f16;
            case 0x01348B83: return TensorType::bf16;
            case 0x000D4B38: fail("\"" + weight.name + "\" is of 8 bits, which is not supported");
            default: fail("\"" + weight.name + "\" is quantised, which is not supported");
        }
    }

    std::shared_ptr<const InputFile> file_;
    StoredModel& model_;
    std::size_t position_ = 0;
};

std::string read_param(const fs::path& path) {
    const InputFile file(path);
    if (file.size() > kMaxParamBytes) {
        throw Error(ErrorKind::bad_model, file.subject(), "is no .param file of ncnn");
    }
    return file.read_some(0, file.size());
}

bool is_param(const fs::path& path) {
    return InputFile(path).read_some(0, kNcnnMagic.size()) == kNcnnMagic;
}

}  // namespace

StoredModel open_ncnn(const fs::path& param_or_bin) {
    fs::path param = param_or_bin;
    fs::path bin = param_or_bin;
    (is_param(param_or_bin) ? bin.replace_extension(".bin") : param.replace_extension(".param"));
    StoredModel model;
    model.subject = param_or_bin.string();
    const std::string text = read_param(param);
    const auto layers = parse_ncnn_param(text, param.string());
    BinReader reader(std::make_shared<const InputFile>(bin), model);
    for (const NcnnLayer& layer : layers) {
        for (const NcnnWeight& weight : ncnn_weights(layer, param.string())) reader.add(weight);
    }
    reader.finish();
    model.metadata = {{"format", "ncnn"}, {"ncnn.param", text}};
    return model;
}

}  // namespace sisr
