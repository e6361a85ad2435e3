/// What libgimp's functions want for an image or item: its number in GIMP 2.10, an object in
/// GIMP 3. With it one text calls both where their functions have the same names.
#pragma once

#include "host.h"

#include <libgimp/gimp.h>

namespace sisr::gimp {

#if GIMP_MAJOR_VERSION < 3

inline Id image_at(Id id) { return id; }
inline Id item_at(Id id) { return id; }
inline Id drawable_at(Id id) { return id; }
inline Id layer_at(Id id) { return id; }
inline Id channel_at(Id id) { return id; }
inline Id id_of(Id id) { return id; }

#else

// libgimp owns what these return, and answers NULL for a number that is nothing.
inline GimpImage* image_at(Id id) { return gimp_image_get_by_id(id); }
inline GimpItem* item_at(Id id) { return gimp_item_get_by_id(id); }
inline GimpDrawable* drawable_at(Id id) { return gimp_drawable_get_by_id(id); }
inline GimpLayer* layer_at(Id id) { return gimp_layer_get_by_id(id); }
inline GimpChannel* channel_at(Id id) { return gimp_channel_get_by_id(id); }
inline Id id_of(GimpImage* image) { return image == nullptr ? -1 : gimp_image_get_id(image); }
template <class Item>
Id id_of(Item* item) {
    return item == nullptr ? -1 : gimp_item_get_id(GIMP_ITEM(item));
}

#endif

/// Remembers which layers and channels are active, and makes them so again at its end.
class ActiveItems {
public:
    explicit ActiveItems(Id image);
    ~ActiveItems();
    ActiveItems(const ActiveItems&) = delete;
    ActiveItems& operator=(const ActiveItems&) = delete;

private:
    Id image_;
    std::vector<Id> layers_;
    std::vector<Id> channels_;
};

}  // namespace sisr::gimp
