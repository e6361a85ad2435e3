/// What a run will do, known and checked before it starts.
#pragma once

#include "settings.h"

#include <vector>

namespace sisr::gimp {

/// What the user pointed at.
struct Selection {
    Id image = -1;
    std::vector<Id> drawables;  ///< the active layer, or in GIMP 3 any number of them
};

struct PlannedLayer {
    Id layer = -1;
    Place before;
    Size after;
    double scale = 1;  ///< of the whole, at which a family's member is chosen
};

struct Plan {
    Mode mode = Mode::image;
    Id image = -1;
    Size canvas_before;
    Size canvas_after;
    /// Those whose pixels the network makes, each once, from top to bottom.
    std::vector<PlannedLayer> layers;

    /// False where pixels change and nothing else.
    bool resizes() const;
};
bool operator==(const Plan& a, const Plan& b);

/// Throws Failure for all that can be known to fail: settings out of range, what is no layer or
/// locked, results smaller than the input or larger than GIMP takes. Changes nothing and reads no
/// pixels.
Plan make_plan(const Selection& selection, const Settings& settings);

/// What the results, GIMP's own of them and what undo keeps take.
double needed_bytes(const Plan& plan);

/// Throws Failure when that has no room.
void require_room(const Plan& plan);

/// Why a mode cannot be used for what the user pointed at, whatever the sizes; empty if it can.
std::string obstacle(const Selection& selection, Mode mode);

/// The size of what is enlarged as a whole: canvas or layer. Throws Failure as make_plan does.
Size planned_input(const Selection& selection, Mode mode);

/// The layer whose pixels a preview shows: the active one, or the topmost. Throws Failure if the
/// image has no layer.
Id preview_layer(const Selection& selection);

/// What a layer holds after its image is no longer indexed.
const Babl* result_format(const Babl* format);

}  // namespace sisr::gimp
