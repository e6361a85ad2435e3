/// Parts of a layer, enlarged in a thread of their own, so that the dialog stays alive.
#pragma once

#include "settings.h"
#include "surface.h"

#include <atomic>
#include <functional>
#include <optional>
#include <string>
#include <thread>

namespace sisr::gimp {

struct PartRequest {
    std::string key;        ///< of all settings that change pixels; comes back with the result
    std::string model_key;  ///< of those that change the time
    Settings settings;      ///< scale: of the whole, at which a family's member is chosen
    SisrBridgeInput input = SISR_BRIDGE_INPUT_AUTO;  ///< what the whole was taken for
    double across = 1;                               ///< enlargement
    double down = 1;
    GeglRectangle wanted{};    ///< in source pixels
    GeglRectangle read{};      ///< with a margin, so that the network sees the surroundings
    BufferPtr pixels;          ///< of `read`, nobody else's
    bool is_for_time = false;  ///< asked for to learn what a pixel takes
};

struct Part {
    SurfacePtr pixels;    ///< `wanted` enlarged; null if there are none
    std::string failure;  ///< one line, or empty
    double seconds = 0;   ///< that it took
};

/// Makes one part at a time. All its functions are called in the thread of the dialog.
class PartRenderer {
public:
    /// Called in the dialog's thread, when the renderer is no longer busy.
    using Done = std::function<void(const PartRequest& request, Part part)>;

    explicit PartRenderer(Done done) : done_(std::move(done)) {}
    /// Waits for what is at work to give up.
    ~PartRenderer();
    PartRenderer(const PartRenderer&) = delete;
    PartRenderer& operator=(const PartRenderer&) = delete;

    bool is_busy() const { return thread_.joinable(); }
    /// Precondition: not busy.
    void start(PartRequest request);
    /// What is at work ends soon, with neither pixels nor failure.
    void cancel() { cancelled_ = true; }

private:
    static gboolean on_done(gpointer self);
    static gboolean on_progress(gpointer self, gdouble fraction);

    Done done_;
    PartRequest request_;
    Part part_;
    std::atomic<bool> cancelled_{false};
    std::thread thread_;
    guint idle_ = 0;  ///< written by the thread, read after it was joined
};

}  // namespace sisr::gimp
