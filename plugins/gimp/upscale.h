/// The work itself, the same for every GIMP.
#pragma once

#include "settings.h"

namespace sisr::gimp {

/// What the user pointed at.
struct Selection {
    Id image = -1;
    std::vector<Id> drawables;  ///< the active layer, or in GIMP 3 any number of them
};

/// Enlarges as `settings` say. All pixels are made before the image is touched, and it is changed
/// in one undo group: a run that fails, is cancelled or killed leaves the image as it was. Returns
/// the image that holds the result. Throws Failure.
Id upscale(const Selection& selection, const Settings& settings);

/// The layer whose pixels a preview shows: the active one, or the topmost. Throws Failure if the
/// image has no layer.
Id preview_layer(const Selection& selection);

}  // namespace sisr::gimp
