#include "files/readers/described.h"

#include "files/openimageio_files.h"

#include <OpenImageIO/imageio.h>
#include <OpenImageIO/tiffutils.h>

namespace sisr {

void describe(const MetadataParts& parts, OIIO::ParamValueList& attributes) {
    const auto lock = lock_heads();
    OIIO::ImageSpec spec;
    if (!parts.exif.empty()) OIIO::decode_exif(OIIO::string_view(parts.exif), spec);
    if (!parts.iptc.empty()) {
        OIIO::decode_iptc_iim(parts.iptc.data(), static_cast<int>(parts.iptc.size()), spec);
    }
    if (!parts.xmp.empty()) OIIO::decode_xmp(OIIO::string_view(parts.xmp), spec);
    for (const OIIO::ParamValue& told : spec.extra_attribs) attributes.add_or_replace(told);
}

}  // namespace sisr
