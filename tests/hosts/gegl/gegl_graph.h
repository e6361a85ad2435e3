/// The operation in graphs of GEGL's API, and pictures as its buffers.
#pragma once

#include "support/images.h"

#include <gegl.h>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace sisr::test {

struct Unref {
    void operator()(gpointer object) const { g_object_unref(object); }
};
using Buffer = std::unique_ptr<GeglBuffer, Unref>;
using Graph = std::unique_ptr<GeglNode, Unref>;

/// Float of the same channels and encoding as `format`; the rows of an Image.
inline const Babl* rows_format(const ImageShape& shape, const char* colour) {
    return babl_format((std::string(colour) + (shape.has_alpha ? "A float" : " float")).c_str());
}

/// A buffer in `format` at (x, y); `colour` names what the image's samples are: "R'G'B'", "Y"...
inline Buffer to_buffer(const Image& image, const char* colour, const Babl* format, int x = 0,
                        int y = 0) {
    const GeglRectangle area{x, y, image.width(), image.height()};
    Buffer buffer(gegl_buffer_new(&area, format));
    gegl_buffer_set(buffer.get(), &area, 0, rows_format(image.shape(), colour), image.row(0),
                    GEGL_AUTO_ROWSTRIDE);
    return buffer;
}

/// gegl:buffer-source, operations one after the other, and the last one to ask.
class Pipeline {
public:
    explicit Pipeline(GeglBuffer* input)
        : graph_(gegl_node_new()),
          last_(gegl_node_new_child(graph_.get(), "operation", "gegl:buffer-source", "buffer",
                                    input, nullptr)) {}

    /// Starts with an operation that needs no input.
    explicit Pipeline(const char* source)
        : graph_(gegl_node_new()),
          last_(gegl_node_new_child(graph_.get(), "operation", source, nullptr)) {}

    /// sisr:upscale with the shipped default model in fp32, which is exact to compare with.
    GeglNode* add_upscale(double scale, const std::string& model = "photo") {
        return append(gegl_node_new_child(graph_.get(), "operation", "sisr:upscale", "scale", scale,
                                          "model", model.c_str(), "precision", 1, nullptr));
    }

    GeglNode* append(GeglNode* node) {
        gegl_node_link(last_, node);
        return last_ = node;
    }

    GeglNode* last() const { return last_; }
    GeglRectangle box() const { return gegl_node_get_bounding_box(last_); }

    Image render(const char* colour, bool has_alpha) const {
        return render_part(box(), colour, has_alpha);
    }
    Image render_part(const GeglRectangle& area, const char* colour, bool has_alpha) const {
        const std::string name = colour;
        const int channels = name[0] == 'Y' ? 1 : 3;
        Image image({area.width, area.height, channels, has_alpha, Encoding::display});
        gegl_node_blit(last_, 1.0, &area, rows_format(image.shape(), colour), image.row(0),
                       GEGL_AUTO_ROWSTRIDE, GEGL_BLIT_DEFAULT);
        return image;
    }

    /// The format that comes out.
    const Babl* format() {
        GeglBuffer* buffer = nullptr;
        GeglNode* sink = gegl_node_new_child(graph_.get(), "operation", "gegl:buffer-sink",
                                             "buffer", &buffer, nullptr);
        gegl_node_link(last_, sink);
        gegl_node_process(sink);
        const Babl* format = gegl_buffer_get_format(buffer);
        g_object_unref(buffer);
        gegl_node_remove_child(graph_.get(), sink);
        return format;
    }

private:
    Graph graph_;
    GeglNode* last_;
};

/// What is logged in GEGL's domain while it lives, as GIMP shows it to the user.
class Messages {
public:
    Messages() : handler_(g_log_set_handler("GEGL", G_LOG_LEVEL_MESSAGE, &Messages::take, this)) {}
    ~Messages() { g_log_remove_handler("GEGL", handler_); }
    Messages(const Messages&) = delete;
    Messages& operator=(const Messages&) = delete;

    std::vector<std::string> lines() const {
        const std::lock_guard<std::mutex> lock(mutex_);
        return lines_;
    }

private:
    static void take(const gchar* /*domain*/, GLogLevelFlags /*level*/, const gchar* message,
                     gpointer user) {
        auto& self = *static_cast<Messages*>(user);
        const std::lock_guard<std::mutex> lock(self.mutex_);
        self.lines_.emplace_back(message);
    }

    mutable std::mutex mutex_;
    std::vector<std::string> lines_;
    guint handler_;
};

}  // namespace sisr::test
