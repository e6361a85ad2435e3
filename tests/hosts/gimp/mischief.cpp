/// What users do to an image while the plug-in runs, at a moment that is always the same: preloaded
/// into the plug-in, it acts from within one of its calls. For GIMP it is all the same who calls.
///
/// The file that SISR_MISCHIEF names says what: one of the deeds below, at the first progress;
/// "refuse", "lock-late" or "kill", at the second layer that is changed.
#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <dlfcn.h>
#include <fstream>
#include <handles.h>
#include <string>
#include <unistd.h>
#include <vector>

#define SHOWN extern "C" __attribute__((visibility("default")))

using namespace sisr::gimp;

namespace {

std::string wanted() {
    const char* file = std::getenv("SISR_MISCHIEF");
    std::string word;
    if (file != nullptr) std::ifstream(file) >> word;
    return word;
}

/// The one that was there first; the plug-in makes others.
Id first_image() {
    std::vector<Id> ids;
#if GIMP_MAJOR_VERSION < 3
    gint count = 0;
    gint* images = gimp_image_list(&count);
    ids.assign(images, images + count);
#else
    GimpImage** images = gimp_get_images();
    for (int i = 0; images[i] != nullptr; ++i) ids.push_back(id_of(images[i]));
#endif
    g_free(images);
    return *std::min_element(ids.begin(), ids.end());
}

void paint_corner(Id layer) {
    const BufferPtr pixels = pixels_of(layer);
    const GeglRectangle corner{gegl_buffer_get_width(pixels.get()) - 1,
                               gegl_buffer_get_height(pixels.get()) - 1, 1, 1};
    const guchar colour[] = {1, 2, 3};
    gegl_buffer_set(pixels.get(), &corner, 0, babl_format("R'G'B' u8"), colour,
                    GEGL_AUTO_ROWSTRIDE);
    gegl_buffer_flush(pixels.get());
}

std::vector<Id> all_layers(const std::vector<Id>& layers) {
    std::vector<Id> found;
    for (const Id layer : layers) {
        const std::vector<Id> inner =
            is_group(layer) ? all_layers(group_children(layer)) : std::vector<Id>{layer};
        found.insert(found.end(), inner.begin(), inner.end());
    }
    return found;
}

void act(const std::string& deed) {
    const Id image = first_image();
    const Id layer = top_layers(image).back();
    if (deed == "close") gimp_image_delete(image_at(image));
    if (deed == "delete") gimp_image_remove_layer(image_at(image), layer_at(layer));
    if (deed == "crop") gimp_image_crop(image_at(image), 10, 10, 3, 3);
    if (deed == "move") gimp_layer_set_offsets(layer_at(layer), 1, 0);
    if (deed == "lock") gimp_item_set_lock_content(item_at(layer), TRUE);
    if (deed == "add") {
        const Id added = id_of(gimp_layer_copy(layer_at(layer)));
        gimp_image_insert_layer(image_at(image), layer_at(added), layer_at(-1), 0);
    }
    if (deed == "paint") {
        // A single pixel in the last corner of each layer.
        for (const Id painted : all_layers(top_layers(image))) paint_corner(painted);
    }
}

template <class Function>
Function* next(const char* name) {
    return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

}  // namespace

SHOWN gboolean gimp_progress_update(gdouble fraction) {
    static bool is_done = false;
    if (!is_done) {
        is_done = true;
        act(wanted());
    }
    return next<gboolean(gdouble)>("gimp_progress_update")(fraction);
}

#if GIMP_MAJOR_VERSION < 3
SHOWN gboolean gimp_drawable_merge_shadow(gint32 drawable, gboolean undo) {
    using Function = gboolean(gint32, gboolean);
#else
SHOWN gboolean gimp_drawable_merge_shadow(GimpDrawable* drawable, gboolean undo) {
    using Function = gboolean(GimpDrawable*, gboolean);
#endif
    static int calls = 0;
    constexpr int kSecond = 2;
    if (++calls == kSecond) {
        if (wanted() == "kill") ::kill(::getpid(), SIGKILL);
        if (wanted() == "refuse") return FALSE;
        if (wanted() == "lock-late") {
            gimp_item_set_lock_content(item_at(top_layers(first_image()).back()), TRUE);
        }
    }
    return next<Function>("gimp_drawable_merge_shadow")(drawable, undo);
}
