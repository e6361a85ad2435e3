/// What the plug-in asks of GIMP. gimp2.cpp and gimp3.cpp answer, each for its libgimp: the only
/// files that know which GIMP runs them. Images and items go by the numbers that GIMP gives them.
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

struct Resolution {
    double x = 0;  ///< pixels per inch
    double y = 0;
};

struct Unref {
    void operator()(gpointer object) const { g_object_unref(object); }
};
using BufferPtr = std::unique_ptr<GeglBuffer, Unref>;
using PixbufPtr = std::unique_ptr<GdkPixbuf, Unref>;

/// The largest width and height that GIMP takes, in pixels.
int max_image_side();

Size image_size(Id image);
bool is_indexed(Id image);
bool has_floating_selection(Id image);
/// Does nothing with resolutions beyond what GIMP takes.
void set_resolution(Id image, Resolution resolution);
Resolution resolution(Id image);

/// From top to bottom; those in groups are their groups' children.
std::vector<Id> top_layers(Id image);
std::vector<Id> group_children(Id group);
bool is_group(Id layer);
Place layer_place(Id layer);
/// The layer itself, a layer mask's layer, or -1 for what is neither.
Id layer_of(Id drawable);
Id image_of(Id item);
std::string item_name(Id item);
/// Its pixels, or those of a group that it is in, are locked by the user.
bool is_locked(Id layer);

/// Writing goes straight to the layer, past undo and selection.
BufferPtr layer_pixels(Id layer);
/// What is written here reaches the layer by merge_shadow: with undo, inside of the selection.
BufferPtr shadow_pixels(Id layer);
void merge_shadow(Id layer);
/// GIMP looks at the layer's pixels again.
void update_layer(Id layer);

/// The following are undoable and return false where GIMP refuses.
bool convert_to_rgb(Id image);
/// Scales canvas, layers, masks, channels, selection, paths and guides, pixels by cubic filtering.
bool scale_image(Id image, Size size);
/// Scales a layer and its mask round the layer's centre, as GIMP's Scale Layer does.
bool scale_layer(Id layer, Size size);
/// Moves the lower right border of a layer and its mask.
bool crop_layer(Id layer, Size size);
bool move_layer(Id layer, int x, int y);

/// An empty image with the precision, profile and resolution of another; grey if that is, else RGB.
Id new_image_like(Id image, Size size);
void delete_image(Id image);
/// Puts a copy of a layer, or an empty layer of a group's size and name, into another image:
/// opaque, in the image's usual mode. Returns -1 where GIMP refuses.
Id copy_layer(Id layer, Id image);
void show_image(Id image);

void begin_undo_group(Id image);
void end_undo_group(Id image);
void set_undo_enabled(Id image, bool enabled);
/// Redraws what is displayed.
void flush_displays();

/// Starts GTK for the dialog.
void start_widgets();
GtkWidget* new_box(GtkOrientation orientation, int spacing);
GtkWidget* new_grid();
void put_in_grid(GtkWidget* grid, GtkWidget* widget, int column, int row, int columns);
/// Text on the left, which GTK 2 and 3 say differently.
GtkWidget* new_label(const char* text);

}  // namespace sisr::gimp
