/// Everything that an operation goes through, small enough for valgrind (lifecycle_test).
#include "bridge.h"
#include "gegl_graph.h"
#include "support/plain_model.h"
#include "support/temp_dir.h"

#include <gtest/gtest.h>

namespace sisr::test {
namespace {

TEST(LifeCycle, MadeRenderedFailedCancelledAndLetGo) {
    const TempDir folder;
    const auto model = write_repeating_model(folder / "repeat-x2.safetensors", 2).string();
    write_bytes(folder / "broken.safetensors", "broken");
    const Image image = quantised(scene({6, 5, 3, true, Encoding::display}));
    const Buffer buffer = to_buffer(image, "R'G'B'", babl_format("R'G'B'A u8"));
    const Messages messages;
    {
        Pipeline pipeline(buffer.get());
        GeglNode* node = pipeline.add_upscale(2, model);
        const Image first = pipeline.render("R'G'B'", true);
        gegl_node_set(node, "scale", 3.0, nullptr);
        EXPECT_EQ(pipeline.render("R'G'B'", true).width(), 18);
        gegl_node_set(node, "model", (folder / "broken.safetensors").c_str(), nullptr);
        pipeline.render("R'G'B'", true);
        EXPECT_EQ(messages.lines().size(), 1U);
        gegl_node_set(node, "scale", 2.0, "model", model.c_str(), nullptr);
        EXPECT_EQ(max_difference(first, pipeline.render("R'G'B'", true)), 0);
    }
    SisrBridgeSettings settings = SISR_BRIDGE_SETTINGS_INIT;
    settings.model = model.c_str();
    const Buffer output(gegl_buffer_new(GEGL_RECTANGLE(0, 0, 24, 20), babl_format("RGBA float")));
    const auto stop = [](gpointer, gdouble) -> gboolean { return FALSE; };
    GError* error = nullptr;
    EXPECT_FALSE(sisr_bridge_upscale(buffer.get(), nullptr, output.get(), 0, 0, &settings, stop,
                                     nullptr, &error));
    EXPECT_TRUE(g_error_matches(error, SISR_BRIDGE_ERROR, SISR_BRIDGE_ERROR_CANCELLED));
    g_clear_error(&error);
}

}  // namespace
}  // namespace sisr::test
