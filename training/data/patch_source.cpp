#include "data/patch_source.h"

#include "base/machine_memory.h"
#include "data/pack.h"

#include <sisr/error.h>
#include <sisr/image_file.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <mutex>
#include <optional>
#include <thread>

namespace sisr::training {
namespace {

namespace fs = std::filesystem;

// A 30-megapixel wallpaper should not count as much as two hundred small photographs.
constexpr double kMaxWeightPixels = 4e6;
constexpr double kFlatDeviation = 5;  // of 8-bit values
constexpr int kKeptRows = 192;        // high enough for all measures of quality
constexpr int kMostKeptColumns = 384;
constexpr int kFlatStride = 7;  // samples enough of a patch, and no regular grid of a texture

std::string first_of(const std::vector<std::string>& reasons) {
    if (reasons.empty()) return "";
    return " (" + std::to_string(reasons.size()) + " left out, the first: " + reasons.front() + ")";
}

int draw_multiple(Rng& rng, int limit, int grid) {
    return grid * std::uniform_int_distribution<int>(0, limit / grid)(rng);
}

}  // namespace

std::vector<std::uint8_t> to_8_bit_rgb(const Image& image) {
    const int channels = image.channels();
    const bool is_grey = image.shape().colour_channels == 1;
    const std::size_t pixels = image.samples().size() / static_cast<std::size_t>(channels);
    std::vector<std::uint8_t> rgb(pixels * 3);
    for (std::size_t i = 0; i < pixels; ++i) {
        const float* pixel = image.samples().data() + i * static_cast<std::size_t>(channels);
        for (int c = 0; c < 3; ++c) {
            const float value = std::clamp(pixel[is_grey ? 0 : c], 0.0F, 1.0F);
            rgb[i * 3 + static_cast<std::size_t>(c)] =
                static_cast<std::uint8_t>(std::lround(255 * value));
        }
    }
    return rgb;
}

std::vector<fs::path> list_images(const fs::path& folder) {
    std::error_code status;
    if (fs::is_regular_file(folder, status)) return {folder};
    if (!fs::is_directory(folder, status)) {
        throw Error(ErrorKind::not_found, folder.string(), "no such folder");
    }
    std::vector<fs::path> files;
    const auto options = fs::directory_options::follow_directory_symlink |
                         fs::directory_options::skip_permission_denied;
    for (const auto& entry : fs::recursive_directory_iterator(folder, options)) {
        const bool is_hidden = entry.path().filename().string().front() == '.';
        if (!is_hidden && has_image_extension(entry.path()) && !entry.is_directory(status)) {
            files.push_back(entry.path());
        }
    }
    std::sort(files.begin(), files.end());
    return files;
}

PatchSource::PatchSource(const std::vector<fs::path>& folders, const PatchSourceOptions& options,
                         const std::function<void(const std::string&)>& warn)
    : options_(options) {
    if (options_.memory_bytes == 0) options_.memory_bytes = machine_memory() / 2;
    std::vector<std::string> reasons;
    for (const fs::path& folder : folders) {
        const auto left_out = is_pack(folder) ? load_pack(folder) : load(list_images(folder));
        reasons.insert(reasons.end(), left_out.begin(), left_out.end());
    }
    if (images_.empty()) {
        throw Error(ErrorKind::not_found, folders.empty() ? "data" : folders.front().string(),
                    "holds no image that can be trained on" + first_of(reasons));
    }
    for (const std::string& reason : reasons) warn(reason + ": left out");
    keep_apart();
    double sum = 0;
    for (const Picture& picture : images_) {
        sum += std::min(kMaxWeightPixels, static_cast<double>(picture.width) * picture.height);
        cumulative_weight_.push_back(sum);
    }
}

void PatchSource::keep_apart() {
    std::vector<std::size_t> fitting;
    for (std::size_t i = 0; i < images_.size(); ++i) {
        const Picture& picture = images_[i];
        if (picture.height - kKeptRows >= options_.patch + options_.margin &&
            picture.width >= kKeptRows) {
            fitting.push_back(i);
        }
    }
    const auto count = std::min<std::size_t>(fitting.size(), options_.kept_apart);
    for (std::size_t i = 0; i < count; ++i) {
        kept_.push_back(fitting[i * fitting.size() / count]);
        images_[kept_.back()].height -= kKeptRows;
    }
}

std::vector<KeptPicture> PatchSource::kept_apart() const {
    std::vector<KeptPicture> kept;
    for (const std::size_t index : kept_) {
        const Picture& picture = images_[index];
        const int width = std::min(picture.width, kMostKeptColumns);
        Image pixels({width, kKeptRows, 3, false, Encoding::display});
        for (int y = 0; y < kKeptRows; ++y) {
            const std::size_t row = static_cast<std::size_t>(picture.height + y) * picture.width;
            std::transform(picture.rgb + row * 3, picture.rgb + (row + width) * 3, pixels.row(y),
                           [](std::uint8_t value) { return static_cast<float>(value) / 255; });
        }
        kept.push_back({audited_[index].file, std::move(pixels)});
    }
    return kept;
}

std::vector<std::string> PatchSource::load(const std::vector<fs::path>& files) {
    std::vector<std::optional<Picture>> loaded(files.size());
    std::vector<AuditedImage> audited(files.size());
    std::vector<std::string> reasons(files.size());
    std::atomic<std::size_t> next{0};
    std::atomic<std::size_t> used_bytes{held_bytes_};
    const auto decode = [&](std::size_t i) {
        const Image image = read_image(files[i]);
        const std::size_t bytes = static_cast<std::size_t>(image.width()) * image.height() * 3;
        reasons[i] = too_small(files[i], image.width(), image.height());
        if (!reasons[i].empty()) return;
        if (used_bytes.fetch_add(bytes) + bytes > options_.memory_bytes) {
            reasons[i] =
                files[i].string() + ": does not fit into the memory for images; a pack needs none";
            return;
        }
        const auto rgb = std::make_shared<const std::vector<std::uint8_t>>(to_8_bit_rgb(image));
        loaded[i] = Picture{image.width(), image.height(), rgb->data(), rgb};
        audited[i] = audit_image(files[i], image.width(), image.height(), rgb->data());
    };
    const auto work = [&] {
        for (std::size_t i = next++; i < files.size(); i = next++) {
            try {
                decode(i);
            } catch (const std::exception& error) {
                reasons[i] = error.what();
            }
        }
    };
    std::vector<std::thread> threads;
    for (int i = 1; i < options_.threads; ++i) threads.emplace_back(work);
    work();
    for (std::thread& thread : threads) thread.join();
    for (std::size_t i = 0; i < files.size(); ++i) {
        if (!loaded[i]) continue;
        images_.push_back(std::move(*loaded[i]));
        audited_.push_back(std::move(audited[i]));
    }
    held_bytes_ = used_bytes;
    reasons.erase(std::remove(reasons.begin(), reasons.end(), ""), reasons.end());
    return reasons;
}

std::vector<std::string> PatchSource::load_pack(const fs::path& file) {
    const Pack pack = open_pack(file);
    std::vector<std::string> reasons;
    for (const PackedPicture& picture : pack.pictures) {
        const AuditedImage& audited = picture.audited;
        const std::string reason = too_small(audited.file, audited.width, audited.height);
        if (!reason.empty()) {
            reasons.push_back(reason);
            continue;
        }
        images_.push_back({audited.width, audited.height, picture.rgb, pack.owner});
        audited_.push_back(audited);
    }
    return reasons;
}

std::string PatchSource::too_small(const fs::path& file, int width, int height) const {
    if (std::min(width, height) >= options_.patch) return "";
    return file.string() + ": is smaller than a patch of " + std::to_string(options_.patch) +
           " pixels";
}

void PatchSource::pack(const fs::path& file) const {
    std::vector<PackedPicture> pictures;
    for (std::size_t i = 0; i < images_.size(); ++i) {
        pictures.push_back({audited_[i], images_[i].rgb});
    }
    write_pack(file, pictures);
}

double PatchSource::megapixels() const {
    double sum = 0;
    for (const Picture& picture : images_) sum += 1e-6 * picture.width * picture.height;
    return sum;
}

PatchSource::Position PatchSource::draw(Rng& rng) const {
    const double at = std::uniform_real_distribution<>(0, cumulative_weight_.back())(rng);
    const auto found = std::upper_bound(cumulative_weight_.begin(), cumulative_weight_.end(), at);
    const auto index =
        std::min<std::size_t>(found - cumulative_weight_.begin(), images_.size() - 1);
    const Picture& picture = images_[index];
    const int x = draw_multiple(rng, picture.width - options_.patch, options_.grid);
    const int y = draw_multiple(rng, picture.height - options_.patch, options_.grid);
    return {&picture, x, y};
}

bool PatchSource::is_flat(const Position& position) const {
    double sum = 0;
    double squares = 0;
    int count = 0;
    for (int y = position.y; y < position.y + options_.patch; y += kFlatStride) {
        for (int x = position.x; x < position.x + options_.patch; x += kFlatStride) {
            const std::size_t pixel = static_cast<std::size_t>(y) * position.picture->width + x;
            const double green = position.picture->rgb[pixel * 3 + 1];
            sum += green;
            squares += green * green;
            ++count;
        }
    }
    const double variance = squares / count - sum / count * (sum / count);
    return variance < kFlatDeviation * kFlatDeviation;
}

Patch PatchSource::patch(Rng& rng) const {
    Position position = draw(rng);
    for (int i = 0; i < options_.flat_retries && is_flat(position); ++i) position = draw(rng);

    const Picture& picture = *position.picture;
    // Cut to the grid, as test images are, so that a reduced patch has whole pixels only.
    const int width = picture.width / options_.grid * options_.grid;
    const int height = picture.height / options_.grid * options_.grid;
    const int x0 = std::max(position.x - options_.margin, 0);
    const int y0 = std::max(position.y - options_.margin, 0);
    const int x1 = std::min(position.x + options_.patch + options_.margin, width);
    const int y1 = std::min(position.y + options_.patch + options_.margin, height);
    Patch patch;
    patch.left = position.x - x0;
    patch.top = position.y - y0;
    patch.pixels = Image({x1 - x0, y1 - y0, 3, false, Encoding::display});
    for (int y = y0; y < y1; ++y) {
        const auto* row = picture.rgb + (static_cast<std::size_t>(y) * picture.width + x0) * 3;
        float* out = patch.pixels.row(y - y0);
        for (int i = 0; i < (x1 - x0) * 3; ++i) out[i] = static_cast<float>(row[i]) / 255;
    }
    return patch;
}

}  // namespace sisr::training
