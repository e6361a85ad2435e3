#include "nn/strips/strip_buffers.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <new>
#include <numeric>

namespace sisr::nn {
namespace {

constexpr std::size_t kAlignment = 64;

// Kernels that work on several pixels at once read so far behind the last one.
constexpr std::size_t kReadBehind = 32;

std::size_t aligned(std::size_t bytes) {
    return (bytes + kAlignment - 1) / kAlignment * kAlignment;
}

}  // namespace

StripBuffers::StripBuffers(const Program& program, const StripPlan& plan, const StripRoom& room,
                           std::int64_t width)
    : program_(program), plan_(plan), memories_(plan.storages.size()) {
    for (std::size_t i = 0; i < memories_.size(); ++i) {
        const Storage& storage = plan.storages[i];
        Memory& memory = memories_[i];
        memory.element_bytes = storage.type == torch::kFloat32 ? 4 : 2;
        memory.width = width * storage.resolution.times / storage.resolution.over;
        memory.row_elements =
            static_cast<std::size_t>((memory.width + 2 * storage.margin) * storage.channels);
        memory.fresh = room.fresh[i];
        memory.is_shared = room.kept[i] <= memory.fresh;
        memory.capacity =
            room.rows[i] + (memory.is_shared ? 0 : std::max(memory.fresh, room.kept[i] / 2));
        memory.first_row = -storage.margin;
        memory.kept = storage.margin;
        const std::int64_t rows = memory.is_shared
                                      ? std::max<std::int64_t>(room.kept[i], storage.margin)
                                      : memory.capacity;
        const auto behind = kReadBehind * static_cast<std::size_t>(storage.channels);
        memory.own_bytes =
            (static_cast<std::size_t>(rows) * memory.row_elements + behind) * memory.element_bytes;
        bytes_ += memory.own_bytes;
    }
    find_uses();
    place_shared();
}

void StripBuffers::find_uses() {
    const auto steps = static_cast<int>(plan_.steps.size());
    for (Memory& memory : memories_) memory.opens = steps;
    const auto use = [&](Value value, int step) {
        if (plan_.place(value).storage < 0) return;  // the output, where the caller wants it
        Memory& memory = memories_[static_cast<std::size_t>(plan_.place(value).storage)];
        memory.opens = std::min(memory.opens, step);
        memory.closes = std::max(memory.closes, step);
    };
    use(0, -1);
    for (int i = 0; i < steps; ++i) {
        const Step& step = plan_.steps[static_cast<std::size_t>(i)];
        use(step.result, i);
        for (const Read& read : step.reads) use(read.value, i);
    }
    use(plan_.output, steps);
}

/// Each where none that is open at the same time is, the largest first.
void StripBuffers::place_shared() {
    std::vector<std::size_t> order(memories_.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    const auto bytes = [this](std::size_t i) {
        const Memory& memory = memories_[i];
        const auto channels = static_cast<std::size_t>(plan_.storages[i].channels);
        const auto rows = static_cast<std::size_t>(memory.capacity);
        return aligned((rows * memory.row_elements + kReadBehind * channels) *
                       memory.element_bytes);
    };
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return bytes(a) > bytes(b); });
    std::vector<std::size_t> placed;
    std::size_t ends[2] = {0, 0};
    for (const std::size_t i : order) {
        Memory& memory = memories_[i];
        if (!memory.is_shared) continue;
        std::vector<std::pair<std::size_t, std::size_t>> taken;
        for (const std::size_t other : placed) {
            const Memory& there = memories_[other];
            if (there.element_bytes == memory.element_bytes && there.opens <= memory.closes &&
                memory.opens <= there.closes) {
                taken.emplace_back(there.offset, there.offset + bytes(other));
            }
        }
        std::sort(taken.begin(), taken.end());
        for (const auto& [begin, end] : taken) {
            if (memory.offset + bytes(i) <= begin) break;
            memory.offset = std::max(memory.offset, end);
        }
        std::size_t& end = ends[memory.element_bytes == 4 ? 0 : 1];
        end = std::max(end, memory.offset + bytes(i));
        placed.push_back(i);
    }
    for (int i = 0; i < 2; ++i) {
        shared_bytes_[i] = ends[i] + kAlignment;
        bytes_ += shared_bytes_[i];
    }
}

void StripBuffers::allocate() {
    const auto zeros = [](std::size_t bytes) {
        Bytes result(static_cast<char*>(std::calloc(bytes, 1)));
        if (!result) throw std::bad_alloc();
        return result;
    };
    for (Memory& memory : memories_) memory.own = zeros(memory.own_bytes);
    for (int i = 0; i < 2; ++i) shared_[i] = zeros(shared_bytes_[i]);
}

char* StripBuffers::data(const Memory& memory) const {
    if (!memory.is_shared) return memory.own.get();
    char* const shared = shared_[memory.element_bytes == 4 ? 0 : 1].get();
    const auto start = reinterpret_cast<std::uintptr_t>(shared);
    const std::size_t skipped = (kAlignment - start % kAlignment) % kAlignment;
    return shared + skipped + memory.offset;
}

void StripBuffers::clear_margins(const Memory& memory, const Storage& storage) const {
    const std::size_t row = memory.row_elements * memory.element_bytes;
    const std::size_t side = static_cast<std::size_t>(storage.margin) *
                             static_cast<std::size_t>(storage.channels) * memory.element_bytes;
    if (side == 0) return;
    char* at = data(memory);
    for (std::int64_t y = 0; y < memory.capacity; ++y, at += row) {
        std::memset(at, 0, side);
        std::memset(at + row - side, 0, side);
    }
}

void StripBuffers::open(int step) {
    for (std::size_t i = 0; i < memories_.size(); ++i) {
        Memory& memory = memories_[i];
        if (memory.opens != step || !memory.is_shared) continue;
        const std::size_t row = memory.row_elements * memory.element_bytes;
        clear_margins(memory, plan_.storages[i]);
        std::memcpy(data(memory), memory.own.get(), static_cast<std::size_t>(memory.kept) * row);
    }
}

void StripBuffers::close(int step, const StripSchedule& after) {
    for (std::size_t i = 0; i < memories_.size(); ++i) {
        Memory& memory = memories_[i];
        if (memory.closes != step) continue;
        const std::size_t row = memory.row_elements * memory.element_bytes;
        const std::int64_t base = after.base(i);
        const std::int64_t end = after.end(i);
        const auto from = static_cast<std::size_t>(base - memory.first_row) * row;
        const auto kept = static_cast<std::size_t>(end - base) * row;
        if (memory.is_shared) {
            std::memcpy(memory.own.get(), data(memory) + from, kept);
            memory.first_row = base;
            memory.kept = end - base;
            continue;
        }
        // Moved up when the next strip might find no room.
        if (memory.capacity - (end - memory.first_row) >= memory.fresh) continue;
        std::memmove(data(memory), data(memory) + from, kept);
        memory.first_row = base;
    }
}

Rows StripBuffers::view(Value value, std::int64_t row) const {
    const Place& place = plan_.place(value);
    const auto index = static_cast<std::size_t>(place.storage);
    const Storage& storage = plan_.storages[index];
    const Memory& memory = memories_[index];
    Rows rows;
    rows.type = storage.type;
    rows.width = memory.width;
    rows.channels = program_.at(value).channels;
    rows.pixel_step = storage.channels;
    rows.row_step = static_cast<std::int64_t>(memory.row_elements);
    rows.margin = storage.margin;
    const std::int64_t element =
        (row - memory.first_row) * rows.row_step + storage.margin * rows.pixel_step + place.channel;
    rows.data = data(memory) + element * static_cast<std::int64_t>(memory.element_bytes);
    return rows;
}

void StripBuffers::clear_below(Value value, std::int64_t height) const {
    const Rows rows = view(value, height);
    const auto bytes = static_cast<std::size_t>(rows.channels * rows.element_bytes());
    for (std::int64_t y = 0; y < rows.margin; ++y) {
        for (std::int64_t x = 0; x < rows.width; ++x) {
            const std::int64_t at = y * rows.row_step + x * rows.pixel_step;
            std::memset(static_cast<char*>(rows.data) + at * rows.element_bytes(), 0, bytes);
        }
    }
}

}  // namespace sisr::nn
