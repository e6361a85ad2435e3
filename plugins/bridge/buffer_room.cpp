#include "buffer_room.h"

#include "base/numbers.h"

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string_view>

namespace sisr::bridge {
namespace {

namespace fs = std::filesystem;

struct Room {
    std::uint64_t bytes;
    std::string place;
};

std::uint64_t available_memory() {
    std::ifstream file("/proc/meminfo");
    std::string line;
    while (std::getline(file, line)) {
        if (line.rfind("MemAvailable:", 0) != 0) continue;
        std::string_view rest(line);
        rest.remove_prefix(std::min(line.find_first_of("0123456789"), line.size()));
        const auto kilobytes = take_number<std::uint64_t>(rest);
        return kilobytes ? *kilobytes << 10 : UINT64_MAX;
    }
    return UINT64_MAX;
}

/// GEGL makes the folder at its first use, so it may not be there yet.
std::uint64_t free_on_disk(fs::path folder) {
    std::error_code status;
    while (!fs::exists(folder, status) && folder.has_relative_path()) folder = folder.parent_path();
    const fs::space_info space = fs::space(folder, status);
    return status ? UINT64_MAX : static_cast<std::uint64_t>(space.available);
}

Room gegl_room() {
    gchar* swap = nullptr;
    guint64 cache = 0;
    g_object_get(gegl_config(), "swap", &swap, "tile-cache-size", &cache, nullptr);
    const std::string folder = swap == nullptr ? "" : swap;
    g_free(swap);
    if (folder.empty() || g_ascii_strcasecmp(folder.c_str(), "ram") == 0) {
        return {available_memory(), "memory"};
    }
    const std::uint64_t disk = free_on_disk(folder);
    return {disk > UINT64_MAX - cache ? UINT64_MAX : disk + cache, "GEGL's swap folder " + folder};
}

std::string gigabytes(std::uint64_t bytes) {
    return format_number(static_cast<double>(bytes) / 1e9, 1) + " GB";
}

}  // namespace

std::string lack_of_room(GeglBuffer* buffer, const GeglRectangle& area) {
    GeglRectangle written;
    if (!gegl_rectangle_intersect(&written, &area, gegl_buffer_get_extent(buffer))) return {};
    const auto pixel =
        static_cast<std::uint64_t>(babl_format_get_bytes_per_pixel(gegl_buffer_get_format(buffer)));
    const std::uint64_t needed = pixel * static_cast<std::uint64_t>(written.width) *
                                 static_cast<std::uint64_t>(written.height);
    const std::string lack = lack_of_room(needed);
    if (lack.empty()) return {};
    return "size: the result of " + std::to_string(area.width) + "x" + std::to_string(area.height) +
           " pixels " + lack;
}

std::string lack_of_room(std::uint64_t bytes) {
    constexpr std::uint64_t kNotWorthAsking = std::uint64_t{256} << 20;
    if (bytes < kNotWorthAsking) return {};
    const Room room = gegl_room();
    if (bytes <= room.bytes) return {};
    return "needs " + gigabytes(bytes) + ", and there is room for " + gigabytes(room.bytes) +
           " in " + room.place;
}

}  // namespace sisr::bridge
