/// Real-CUGAN (Bilibili 2022): two U-Nets in a row, whose channels are weighed by what their means
/// over the whole picture tell.
#pragma once

#include "architectures/architecture.h"

namespace sisr {

const Architecture& realcugan_architecture();

}  // namespace sisr
