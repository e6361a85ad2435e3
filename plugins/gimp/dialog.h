/// The dialog: what to enlarge, by which model, how far, with a live preview.
#pragma once

#include "plan.h"

namespace sisr::gimp {

/// Starts from `settings` and leaves the answers there. Returns false if the user cancels. A
/// missing library or a broken model is told in the dialog. Throws Failure if there is no layer.
bool ask_user(const Selection& selection, Settings& settings);

}  // namespace sisr::gimp
