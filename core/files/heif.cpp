#include "files/heif.h"

#include "files/metadata/exif.h"
#include "files/readers/stream_bytes.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <future>
#include <new>
#include <system_error>
#include <thread>
#include <vector>

namespace sisr {
namespace {

bool is_good(const heif_error& error) { return error.code == heif_error_Ok; }

std::string block_bytes(const heif_image_handle* handle, heif_item_id id) {
    std::string bytes(heif_image_handle_get_metadata_size(handle, id), '\0');
    if (bytes.empty() || !is_good(heif_image_handle_get_metadata(handle, id, bytes.data()))) {
        return "";
    }
    return bytes;
}

/// Behind four bytes that tell where the TIFF stream begins.
std::string exif_of_block(const std::string& block) {
    if (block.size() < 8) return "";
    std::size_t offset = 0;
    for (std::size_t i = 0; i < 4; ++i) {
        offset = offset << 8 | static_cast<unsigned char>(block[i]);
    }
    return offset < block.size() - 4 ? block.substr(4 + offset) : "";
}

void read_blocks(const heif_image_handle* handle, MetadataParts& parts) {
    const int count = heif_image_handle_get_number_of_metadata_blocks(handle, nullptr);
    std::vector<heif_item_id> ids(static_cast<std::size_t>(std::max(0, count)));
    heif_image_handle_get_list_of_metadata_block_IDs(handle, nullptr, ids.data(), count);
    for (const heif_item_id id : ids) {
        const std::string type = heif_image_handle_get_metadata_type(handle, id);
        if (type == "Exif" && parts.exif.empty()) {
            parts.exif = exif_of_block(block_bytes(handle, id));
        } else if (type == "mime" && parts.xmp.empty() &&
                   std::strcmp(heif_image_handle_get_metadata_content_type(handle, id),
                               "application/rdf+xml") == 0) {
            parts.xmp = block_bytes(handle, id);
        }
    }
}

void read_colour(const heif_image_handle* handle, MetadataParts& parts) {
    const std::size_t bytes = heif_image_handle_get_raw_color_profile_size(handle);
    if (bytes > 0) {
        parts.icc.resize(bytes);
        if (!is_good(heif_image_handle_get_raw_color_profile(handle, parts.icc.data()))) {
            parts.icc.clear();
        }
    }
    heif_color_profile_nclx* told = nullptr;
    if (!is_good(heif_image_handle_get_nclx_color_profile(handle, &told))) return;
    const HeifProfile profile(told);
    parts.signal =
        ColourSignal{static_cast<int>(profile->color_primaries),
                     static_cast<int>(profile->transfer_characteristics),
                     static_cast<int>(profile->matrix_coefficients), profile->full_range_flag != 0};
}

void read_auxiliaries(const heif_image_handle* handle, MetadataParts& parts) {
    if (heif_image_handle_has_depth_image(handle) != 0) parts.left_out.emplace_back("a depth map");
    constexpr int kFilter =
        LIBHEIF_AUX_IMAGE_FILTER_OMIT_ALPHA | LIBHEIF_AUX_IMAGE_FILTER_OMIT_DEPTH;
    const int count = heif_image_handle_get_number_of_auxiliary_images(handle, kFilter);
    std::vector<heif_item_id> ids(static_cast<std::size_t>(std::max(0, count)));
    heif_image_handle_get_list_of_auxiliary_image_IDs(handle, kFilter, ids.data(), count);
    bool has_other = false;
    for (const heif_item_id id : ids) {
        heif_image_handle* opened = nullptr;
        if (!is_good(heif_image_handle_get_auxiliary_image_handle(handle, id, &opened))) continue;
        const HeifHandle auxiliary(opened);
        const char* type = nullptr;
        heif_image_handle_get_auxiliary_type(auxiliary.get(), &type);
        const std::string name = type == nullptr ? "" : type;
        heif_image_handle_free_auxiliary_types(auxiliary.get(), &type);
        if (name.find("gainmap") != std::string::npos) {
            parts.left_out.emplace_back("a gain map (HDR)");
        } else {
            has_other = true;
        }
    }
    if (has_other) parts.left_out.emplace_back("auxiliary pictures");
}

/// The number of samples of the first track that a film's "moov" box tells of; 0: there is none.
int frames_of_film(std::istream& stream, std::uint64_t begin, std::uint64_t end) {
    constexpr std::size_t kHeadBytes = 8;
    constexpr std::size_t kCountAt = 16;  // behind the head, version, flags and a sample's size
    const char* const kAround[] = {"moov", "trak", "mdia", "minf", "stbl"};
    while (begin + kHeadBytes <= end) {
        const std::string head = read_at(stream, begin, kHeadBytes + 8);
        const std::uint64_t told = big_endian(head, 0, 4);
        const std::uint64_t bytes = told == 0   ? end - begin
                                    : told == 1 ? big_endian(head, kHeadBytes, 8)
                                                : told;
        if (bytes < kHeadBytes || bytes > end - begin) return 0;
        const std::string name = head.substr(4, 4);
        if (name == "stsz" || name == "stz2") {
            const std::string count = read_at(stream, begin + kCountAt, 4);
            return static_cast<int>(std::min<std::uint64_t>(big_endian(count, 0, 4), 1U << 24));
        }
        if (std::find(std::begin(kAround), std::end(kAround), name) != std::end(kAround)) {
            const int frames = frames_of_film(stream, begin + kHeadBytes, begin + bytes);
            if (frames > 0) return frames;
        }
        begin += bytes;
    }
    return 0;
}

/// Pictures of a collection, or of an animation, which libheif does not count.
int count_frames(heif_context* context, const std::filesystem::path& file) {
    std::ifstream stream(file, std::ios::binary);
    const int of_film = frames_of_film(stream, 0, std::filesystem::file_size(file));
    return std::max({1, of_film, heif_context_get_number_of_top_level_images(context)});
}

}  // namespace

bool begins_as_heif(const std::string& head) {
    if (head.size() < 12 || head.compare(4, 4, "ftyp") != 0) return false;
    const std::string brand = head.substr(8, 4);
    const char* const kBrands[] = {"heic", "heix", "heim", "heis", "hevc", "hevx", "avif",
                                   "avis", "mif1", "msf1", "mif2", "MiHE", "miaf"};
    return std::any_of(std::begin(kBrands), std::end(kBrands),
                       [&brand](const char* known) { return brand == known; });
}

bool begins_as_avif(const std::string& head) {
    if (!begins_as_heif(head)) return false;
    // The first brand, or one of the compatible ones.
    return head.find("avif") != std::string::npos || head.find("avis") != std::string::npos;
}

std::unique_lock<std::mutex> lock_heif_threads() {
    constexpr unsigned kBesidesOnePerCore = 4;
    static std::mutex mutex;
    std::unique_lock lock(mutex);
    std::promise<void> end;
    const std::shared_future<void> is_ended = end.get_future().share();
    // All at once; their stacks are kept for those that come.
    std::vector<std::thread> threads;
    bool are_all_there = true;
    try {
        const unsigned count = std::thread::hardware_concurrency() + kBesidesOnePerCore;
        while (threads.size() < count) threads.emplace_back([is_ended] { is_ended.wait(); });
    } catch (const std::system_error&) {
        are_all_there = false;
    } catch (const std::bad_alloc&) {
        are_all_there = false;
    }
    end.set_value();
    for (std::thread& thread : threads) thread.join();
    if (!are_all_there) throw std::bad_alloc();
    return lock;
}

bool can_encode_heif(bool is_avif) {
    return heif_have_encoder_for_format(is_avif ? heif_compression_AV1 : heif_compression_HEVC) !=
           0;
}

HeifHandle open_heif_picture(heif_context* context, const std::filesystem::path& file,
                             std::string& reason) {
    heif_image_handle* handle = nullptr;
    heif_error error = heif_context_read_from_file(context, file.c_str(), nullptr);
    if (is_good(error)) error = heif_context_get_primary_image_handle(context, &handle);
    if (!is_good(error)) reason = error.message;
    return HeifHandle(is_good(error) ? handle : nullptr);
}

void read_heif_parts(const std::filesystem::path& file, MetadataParts& parts) {
    const HeifContext context(heif_context_alloc());
    std::string reason;
    const HeifHandle handle = open_heif_picture(context.get(), file, reason);
    if (!handle) return;
    parts.frames = count_frames(context.get(), file);
    parts.bits = heif_image_handle_get_luma_bits_per_pixel(handle.get());
    read_blocks(handle.get(), parts);
    read_colour(handle.get(), parts);
    read_auxiliaries(handle.get(), parts);
    if (exif_orientation(parts.exif) <= 1) return;
    MetadataChanges upright;
    upright.size = {heif_image_handle_get_width(handle.get()),
                    heif_image_handle_get_height(handle.get())};
    upright.is_turned = true;
    update_exif(parts.exif, upright);
}

}  // namespace sisr
