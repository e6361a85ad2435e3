/// From GIMP's call to its answer.
#pragma once

#include "upscale.h"

namespace sisr::gimp {

struct Outcome {
    enum class Kind { done, cancelled, failed };
    Kind kind = Kind::failed;
    Id image = -1;        ///< holds the result, when done
    std::string message;  ///< one line, when failed
};

/// Where the settings come from.
enum class Ask {
    user,       ///< the dialog, which starts from those of the last time
    last_time,  ///< those that the user chose last
    nobody      ///< as given
};

/// Leaves what was chosen in `settings`; what the user chose is kept before the work begins, so
/// that it is there again also when that fails. Throws nothing.
Outcome run(const Selection& selection, Settings& settings, Ask ask) noexcept;

}  // namespace sisr::gimp
