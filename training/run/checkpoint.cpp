#include "run/checkpoint.h"

#include "formats/safetensors.h"
#include "formats/torch_errors.h"

#include <algorithm>
#include <sstream>

namespace sisr::training {
namespace {

namespace fs = std::filesystem;

constexpr const char* kPrefix = "step-";
constexpr const char* kExtension = ".safetensors";

std::string file_name(std::int64_t step) {
    std::string digits = std::to_string(step);
    digits.insert(0, digits.size() < 9 ? 9 - digits.size() : 0, '0');  // names sort as numbers
    return kPrefix + digits + kExtension;
}

}  // namespace

void put_tensors(TensorFile& checkpoint, const std::string& prefix, const Tensors& tensors) {
    for (const auto& [name, tensor] : tensors) checkpoint.tensors[prefix + name] = tensor;
}

Tensors take_tensors(const TensorFile& checkpoint, const std::string& prefix) {
    Tensors tensors;
    for (const auto& [name, tensor] : checkpoint.tensors) {
        if (name.compare(0, prefix.size(), prefix) == 0)
            tensors[name.substr(prefix.size())] = tensor;
    }
    return tensors;
}

void put_optimizer(TensorFile& checkpoint, const std::string& name,
                   const torch::optim::Optimizer& optimizer) {
    std::ostringstream stream;
    torch::save(optimizer, stream);
    const std::string bytes = stream.str();
    auto tensor = torch::empty({static_cast<std::int64_t>(bytes.size())}, torch::kUInt8);
    std::copy(bytes.begin(), bytes.end(), static_cast<char*>(tensor.data_ptr()));
    checkpoint.tensors[name] = tensor;
}

void take_optimizer(const TensorFile& checkpoint, const std::string& name,
                    torch::optim::Optimizer& optimizer, torch::Device device) {
    const auto found = checkpoint.tensors.find(name);
    if (found == checkpoint.tensors.end()) {
        throw Error(ErrorKind::bad_model, "checkpoint", "holds no \"" + name + "\"");
    }
    const auto* bytes = static_cast<const char*>(found->second.data_ptr());
    std::istringstream stream(std::string(bytes, found->second.nbytes()));
    translate_torch_errors(ErrorKind::bad_model, "checkpoint", [&] {
        torch::load(optimizer, stream, device);
        return 0;
    });
}

CheckpointStore::CheckpointStore(fs::path folder, int keep)
    : folder_(std::move(folder)), keep_(keep) {}

std::vector<fs::path> CheckpointStore::files() const {
    std::vector<fs::path> files;
    std::error_code status;
    for (const auto& entry : fs::directory_iterator(folder_, status)) {
        const std::string name = entry.path().filename().string();
        if (name.rfind(kPrefix, 0) == 0 && entry.path().extension() == kExtension) {
            files.push_back(entry.path());
        }
    }
    std::sort(files.begin(), files.end());
    return files;
}

void CheckpointStore::save(std::int64_t step, const TensorFile& checkpoint) const {
    fs::create_directories(folder_);
    write_safetensors(folder_ / file_name(step), checkpoint);
    const auto all = files();
    for (std::size_t i = 0; i + static_cast<std::size_t>(keep_) < all.size(); ++i) {
        std::error_code ignored;
        fs::remove(all[i], ignored);
    }
}

void CheckpointStore::save_best(const TensorFile& checkpoint) const {
    fs::create_directories(folder_);
    write_safetensors(folder_ / "best.safetensors", checkpoint);
}

std::optional<TensorFile> CheckpointStore::load_newest(
    const std::function<void(const std::string&)>& warn) const {
    auto candidates = files();
    for (auto file = candidates.rbegin(); file != candidates.rend(); ++file) {
        try {
            return read_safetensors(*file);
        } catch (const Error& error) {
            warn(std::string(error.what()) + ": trying the checkpoint before");
        }
    }
    return std::nullopt;
}

}  // namespace sisr::training
