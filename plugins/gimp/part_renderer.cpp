#include "part_renderer.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <exception>
#include <utility>

namespace sisr::gimp {
namespace {

int scaled(int length, double scale) {
    return std::max(1, static_cast<int>(std::lround(length * scale)));
}

/// Where a part of the enlarged lies that begins `offset` source pixels after its begin.
std::pair<int, int> enlarged(int offset, int length, double scale, int whole) {
    const int size = std::min(whole, scaled(length, scale));
    const int begin = static_cast<int>(std::lround(offset * scale));
    return {std::min(begin, whole - size), size};
}

SurfacePtr enlarge(const PartRequest& request, SisrBridgeProgress progress, gpointer user) {
    const GeglRectangle room{0, 0, scaled(request.read.width, request.across),
                             scaled(request.read.height, request.down)};
    const Babl* format = sisr_bridge_working_format(gegl_buffer_get_format(request.pixels.get()));
    const BufferPtr result(gegl_buffer_new(&room, format));
    SisrBridgeSettings bridge =
        bridge_settings(request.settings, {room.width, room.height}, request.settings.scale);
    bridge.input = request.input;
    GError* error = nullptr;
    if (!sisr_bridge_upscale(request.pixels.get(), nullptr, result.get(), 0, 0, &bridge, progress,
                             user, &error)) {
        throw_failure(error);
    }
    GeglRectangle shown{};
    std::tie(shown.x, shown.width) = enlarged(request.wanted.x - request.read.x,
                                              request.wanted.width, request.across, room.width);
    std::tie(shown.y, shown.height) = enlarged(request.wanted.y - request.read.y,
                                               request.wanted.height, request.down, room.height);
    return to_surface(result.get(), shown);
}

Part make_part(const PartRequest& request, SisrBridgeProgress progress, gpointer user) {
    const auto start = std::chrono::steady_clock::now();
    Part part;
    try {
        part.pixels = enlarge(request, progress, user);
    } catch (const Failure& failure) {
        if (!failure.cancelled()) part.failure = failure.what();
    } catch (const std::bad_alloc&) {
        part.failure = "Out of memory";
    } catch (const std::exception& error) {
        part.failure = error.what();
    }
    part.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    return part;
}

}  // namespace

PartRenderer::~PartRenderer() {
    cancel();
    if (thread_.joinable()) thread_.join();
    if (idle_ != 0) g_source_remove(idle_);
}

void PartRenderer::start(PartRequest request) {
    request_ = std::move(request);
    cancelled_ = false;
    thread_ = std::thread([this] {
        part_ = make_part(request_, on_progress, this);
        idle_ = g_idle_add(on_done, this);
    });
}

gboolean PartRenderer::on_done(gpointer self) {
    auto* renderer = static_cast<PartRenderer*>(self);
    renderer->thread_.join();
    renderer->idle_ = 0;
    const PartRequest request = std::move(renderer->request_);
    renderer->done_(request, std::move(renderer->part_));
    return G_SOURCE_REMOVE;
}

gboolean PartRenderer::on_progress(gpointer self, gdouble /*fraction*/) {
    return static_cast<const PartRenderer*>(self)->cancelled_ ? FALSE : TRUE;
}

}  // namespace sisr::gimp
