/// What a file's parts say, as OpenImageIO would tell it.
#pragma once

#include "files/metadata/parts.h"

#include <OpenImageIO/paramlist.h>

namespace sisr {

/// Adds EXIF, IPTC and XMP for formats that have no place for parts. Damage is left out.
void describe(const MetadataParts& parts, OIIO::ParamValueList& attributes);

}  // namespace sisr
