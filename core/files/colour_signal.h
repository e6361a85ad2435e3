/// Colours told by code points, for files that can only hold a profile.
#pragma once

#include "files/metadata/parts.h"

#include <string>

namespace sisr {

/// An ICC profile of the same colours; empty for sRGB's, which need none, and for those that no
/// profile tells (PQ, HLG, unknown code points).
std::string profile_of_signal(const ColourSignal& signal);

}  // namespace sisr
