/// What the plug-in asks of GIMP. gimp2_*.cpp and gimp3_*.cpp answer, each for its libgimp, and
/// host_common.cpp where both have the same words: the only files that know which GIMP runs them.
/// Images and items go by the numbers that GIMP gives them; -1 is none.
#pragma once

#include <gegl.h>
#include <gtk/gtk.h>
#include <memory>
#include <string>
#include <vector>

namespace sisr::gimp {

using Id = int;

struct Size {
    int width = 0;
    int height = 0;
};
inline bool operator==(Size a, Size b) { return a.width == b.width && a.height == b.height; }
inline bool operator!=(Size a, Size b) { return !(a == b); }

/// Pixels each way from the canvas' upper left corner.
struct Place {
    int x = 0;
    int y = 0;
    Size size;
};
inline bool operator==(const Place& a, const Place& b) {
    return a.x == b.x && a.y == b.y && a.size == b.size;
}

struct Resolution {
    double x = 0;  ///< pixels per inch
    double y = 0;
};

/// What the user has locked of an item by itself, whatever the groups that it is in have locked.
struct Locks {
    bool pixels = false;
    bool position = false;
};

struct Unref {
    void operator()(gpointer object) const { g_object_unref(object); }
};
using BufferPtr = std::unique_ptr<GeglBuffer, Unref>;
using PixbufPtr = std::unique_ptr<GdkPixbuf, Unref>;

/// What GIMP refuses comes to us by last_error, and is not shown beside what we say of it.
void take_errors_over();
/// Why GIMP refused the last call; may be empty.
std::string last_error();

/// The largest width and height that GIMP takes, in pixels.
int max_image_side();

/// False for what the user has closed or deleted, after which nothing else may be asked of it.
bool image_exists(Id image);
bool item_exists(Id item);

Size image_size(Id image);
bool is_indexed(Id image);
bool is_grey(Id image);
bool has_floating_selection(Id image);
/// Does nothing with resolutions beyond what GIMP takes.
void set_resolution(Id image, Resolution resolution);
Resolution resolution(Id image);

/// From top to bottom; those in groups are their groups' children.
std::vector<Id> top_layers(Id image);
std::vector<Id> group_children(Id group);
std::vector<Id> channels(Id image);
/// The selection as a channel of the canvas' size.
Id selection(Id image);
bool is_group(Id layer);
Place place_of(Id drawable);
/// The layer itself, a layer mask's layer, or -1 for what is neither.
Id layer_of(Id drawable);
/// Its mask, or -1.
Id mask_of(Id layer);
/// The group that it is in, or -1.
Id parent_of(Id item);
std::string item_name(Id item);
Locks locks_of(Id item);
void set_locks(Id item, Locks locks);

BufferPtr pixels_of(Id drawable);
/// What is written here reaches the drawable by merge_shadow.
BufferPtr shadow_of(Id drawable);
/// At once and undoably: inside of the selection, what is not locked. False where GIMP refuses.
bool merge_shadow(Id drawable);

/// The following are undoable and return false where GIMP refuses.
bool convert_to_rgb(Id image);
/// Colours of its own, as many as there are but no more than 256.
bool convert_to_indexed(Id image);
/// Scales canvas, layers, masks, channels, selection, paths and guides, pixels by cubic filtering.
bool scale_image(Id image, Size size);
/// Scales a layer and its mask round the layer's centre, as GIMP's Scale Layer does.
bool scale_layer(Id layer, Size size);
/// Moves the lower right border of a layer and its mask.
bool crop_layer(Id layer, Size size);
bool move_layer(Id layer, int x, int y);

/// While alive, merge_shadow reaches all pixels of the image's layers: nothing is selected, all
/// colour channels are active, no layer's transparency is locked.
class Unhindered {
public:
    /// layers: whose transparency may be locked.
    Unhindered(Id image, const std::vector<Id>& layers);
    ~Unhindered();
    Unhindered(const Unhindered&) = delete;
    Unhindered& operator=(const Unhindered&) = delete;

    /// The selection that will be there again, as a channel; -1 if nothing is selected.
    Id selection() const { return selection_; }

private:
    Id image_;
    Id selection_ = -1;
    std::vector<int> components_;  ///< that were not active
    std::vector<Id> layers_;       ///< whose transparency was locked
};

/// An empty image with the precision, profile and resolution of another; grey if that is, else RGB.
Id new_image_like(Id image, Size size);
/// With all that it holds, and no undo. GIMP shares the pixels until one of both changes.
Id duplicate_image(Id image);
void delete_image(Id image);
/// Puts a copy of a layer, or an empty layer of a group's size and name, into another image:
/// opaque, without locks, in the image's usual mode. Returns -1 where GIMP refuses.
Id copy_layer(Id layer, Id image);
void show_image(Id image);

void begin_undo_group(Id image);
void end_undo_group(Id image);
void set_undo_enabled(Id image, bool enabled);
/// Redraws what is displayed.
void flush_displays();

/// A text that GIMP keeps for us from session to session; empty if there is none.
std::string kept_text();
void keep_text(const std::string& text);

/// Starts GTK for the dialog.
void start_widgets();
GtkWidget* new_box(GtkOrientation orientation, int spacing);
GtkWidget* new_grid();
void put_in_grid(GtkWidget* grid, GtkWidget* widget, int column, int row, int columns);
/// Text on the left, which GTK 2 and 3 say differently. An underscore before a letter is a
/// mnemonic.
GtkWidget* new_label(const char* text);
/// The screen's pixels per unit of the widget's size, each way.
int device_pixels(GtkWidget* widget);
/// Calls `paint` with a context in the widget's units whenever the widget is to be seen anew.
using Paint = void (*)(cairo_t* context, gpointer user);
void connect_paint(GtkWidget* widget, Paint paint, gpointer user);

}  // namespace sisr::gimp
