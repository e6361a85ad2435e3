/// XMP packets, where more is changed in them than a number.
#pragma once

#include "files/metadata/parts.h"

#include <string>
#include <vector>

namespace sisr {

/// What the packet announces to stand behind or beside the picture: a gain map, a motion photo's
/// video.
std::vector<std::string> announced_by_xmp(const std::string& xmp);

/// The packet without what it announces; as it is when it announces nothing.
std::string without_announcements(const std::string& xmp);

/// The packet, or a new one when it is empty, with these texts too: title, description, author,
/// copyright, software and comment by their own names, where the packet has none; others by their
/// keywords. As it is when it cannot be understood.
std::string with_texts(const std::string& xmp, const std::vector<KeyedText>& texts);

}  // namespace sisr
