/// libheif's objects, owned; HEIC and AVIF files as containers.
#pragma once

#include "files/metadata/parts.h"

#include <filesystem>
#include <libheif/heif.h>
#include <memory>
#include <mutex>
#include <string>

namespace sisr {

template <auto release>
struct HeifRelease {
    template <class T>
    void operator()(T* object) const {
        release(object);
    }
};
using HeifContext = std::unique_ptr<heif_context, HeifRelease<heif_context_free>>;
using HeifHandle = std::unique_ptr<heif_image_handle, HeifRelease<heif_image_handle_release>>;
using HeifImage = std::unique_ptr<heif_image, HeifRelease<heif_image_release>>;
using HeifEncoder = std::unique_ptr<heif_encoder, HeifRelease<heif_encoder_release>>;
using HeifProfile =
    std::unique_ptr<heif_color_profile_nclx, HeifRelease<heif_nclx_color_profile_free>>;
using HeifEncodingOptions =
    std::unique_ptr<heif_encoding_options, HeifRelease<heif_encoding_options_free>>;

/// True for the first bytes (twelve or more) of a HEIC or AVIF file.
bool begins_as_heif(const std::string& head);
/// True where the picture is packed as AV1.
bool begins_as_avif(const std::string& head);

/// To be held while libheif's codecs work: x265 and libde265 wait for ever for threads that they
/// could not start. Throws std::bad_alloc when there is no room for theirs.
std::unique_lock<std::mutex> lock_heif_threads();

/// Whether this system's libheif has an encoder for HEIC, or for AVIF.
bool can_encode_heif(bool is_avif);

/// The main picture of a file. Null, with a reason, where there is none that can be read.
HeifHandle open_heif_picture(heif_context* context, const std::filesystem::path& file,
                             std::string& reason);

/// Adds what the file tells beside its pixels; damage leaves things out. libheif turns the pixels
/// upright, so the EXIF data are made to say so.
void read_heif_parts(const std::filesystem::path& file, MetadataParts& parts);

}  // namespace sisr
