/// The work itself, the same for every GIMP.
#pragma once

#include "plan.h"

namespace sisr::gimp {

/// Enlarges as `settings` say. All pixels are made before the image is touched, and it is changed
/// in one undo group: a run that fails, is cancelled or killed before leaves the image as it was,
/// and one that is killed while it changes the image leaves each layer whole, one undo away from
/// before. An image that was changed in the meantime is left as it is. Returns the image that holds
/// the result. Throws Failure.
Id upscale(const Selection& selection, const Settings& settings);

}  // namespace sisr::gimp
