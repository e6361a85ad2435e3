#include "run.h"

#include "base/numbers.h"
#include "dialog.h"

#include <chrono>
#include <exception>
#include <new>

namespace sisr::gimp {
namespace {

using Kind = Outcome::Kind;

Outcome ask_and_upscale(const Selection& selection, Settings& settings, Ask ask) {
    if (ask != Ask::nobody) settings = settings_from_text(kept_text());
    if (ask == Ask::user) {
        start_widgets();
        if (!ask_user(selection, settings)) return {Kind::cancelled, -1, ""};
        keep_text(to_text(settings));
    }
    const auto start = std::chrono::steady_clock::now();
    const Id image = upscale(selection, settings);
    const std::chrono::duration<double> time = std::chrono::steady_clock::now() - start;
    g_debug("took: %s s", format_number(time.count(), 2).c_str());
    if (ask == Ask::user && image != selection.image) show_image(image);
    return {Kind::done, image, ""};
}

}  // namespace

Outcome run(const Selection& selection, Settings& settings, Ask ask) noexcept {
    try {
        return ask_and_upscale(selection, settings, ask);
    } catch (const Failure& failure) {
        return {failure.cancelled() ? Kind::cancelled : Kind::failed, -1, failure.what()};
    } catch (const std::bad_alloc&) {
        return {Kind::failed, -1, "Out of memory"};
    } catch (const std::exception& error) {
        return {Kind::failed, -1, error.what()};
    }
}

}  // namespace sisr::gimp
