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

/// Asks the user first if `interactive`, and leaves the answers in `settings`. Throws nothing.
Outcome run(const Selection& selection, Settings& settings, bool interactive) noexcept;

}  // namespace sisr::gimp
