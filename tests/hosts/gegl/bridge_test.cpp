/// The bridge by itself: what GIMP's plug-in calls.
#include "bridge.h"
#include "core_loader.h"
#include "gegl_graph.h"

#include <sisr/image_file.h>

#include <gtest/gtest.h>

#include <filesystem>

namespace sisr::test {
namespace {

Buffer picture(int width, int height) {
    return to_buffer(quantised(scene({width, height, 3, false, Encoding::display})), "R'G'B'",
                     babl_format("R'G'B' u8"));
}

/// The error's code, which is freed; -1 for none.
int take_code(GError*& error) {
    const int code = error == nullptr ? -1 : error->code;
    if (error != nullptr) {
        EXPECT_EQ(error->domain, SISR_BRIDGE_ERROR);
    }
    g_clear_error(&error);
    return code;
}

const bridge::Core& core() {
    std::string reason;
    const bridge::Core* core = bridge::load_core(reason);
    if (core == nullptr) throw std::runtime_error(reason);
    return *core;
}

/// What the core itself would make.
sisr_image_shape core_shape(const SisrBridgeSettings& settings, int width, int height) {
    sisr_options options{};
    options.struct_size = sizeof options;
    options.width = settings.width;
    options.height = settings.height;
    options.scale = settings.scale;
    sisr_upscaler* upscaler = nullptr;
    EXPECT_EQ(core().upscaler_create(nullptr, &options, &upscaler, nullptr), SISR_OK);
    const sisr_image_shape input{width, height, 3, 0, SISR_ENCODING_DISPLAY};
    sisr_image_shape output{};
    EXPECT_EQ(core().upscaler_output_shape(upscaler, &input, &output, nullptr), SISR_OK);
    core().upscaler_destroy(upscaler);
    return output;
}

/// The result for a picture without alpha, whose size must be the one that `settings` make.
Image upscaled(GeglBuffer* input, const SisrBridgeSettings& settings, int width, int height) {
    const Babl* format = babl_format("R'G'B' float");
    Image image({width, height, 3, false, Encoding::display});
    const GeglRectangle area{0, 0, width, height};
    const Buffer result(gegl_buffer_new(&area, format));
    EXPECT_TRUE(sisr_bridge_upscale(input, nullptr, result.get(), 0, 0, &settings, nullptr, nullptr,
                                    nullptr));
    gegl_buffer_get(result.get(), nullptr, 1, format, image.row(0), GEGL_AUTO_ROWSTRIDE,
                    GEGL_ABYSS_NONE);
    return image;
}

TEST(Bridge, SizeIsTheCoresSize) {
    const struct {
        double scale;
        int width, height;
    } table[] = {{4, 0, 0},  {1, 0, 0},  {3.5, 0, 0}, {1.01, 0, 0}, {7.77, 0, 0},
                 {1, 40, 0}, {1, 0, 33}, {1, 50, 20}, {1, 3, 0},    {0, 40, 0}};
    const int sizes[][2] = {{1, 1}, {7, 5}, {1, 300}, {641, 479}};
    for (const auto& item : table) {
        for (const auto& size : sizes) {
            SisrBridgeSettings settings = SISR_BRIDGE_SETTINGS_INIT;
            settings.scale = item.scale;
            settings.width = item.width;
            settings.height = item.height;
            int width = 0;
            int height = 0;
            ASSERT_TRUE(
                sisr_bridge_output_size(&settings, size[0], size[1], &width, &height, nullptr));
            const sisr_image_shape expected = core_shape(settings, size[0], size[1]);
            EXPECT_EQ(width, expected.width) << item.scale << " of " << size[0];
            EXPECT_EQ(height, expected.height) << item.scale << " of " << size[1];
        }
    }
}

TEST(Bridge, SettingsOutOfRangeAreRefused) {
    const Buffer input = picture(8, 6);
    const Buffer output(gegl_buffer_new(GEGL_RECTANGLE(0, 0, 32, 24), babl_format("R'G'B' u8")));
    const auto refused = [&](auto change) {
        SisrBridgeSettings settings = SISR_BRIDGE_SETTINGS_INIT;
        change(settings);
        GError* error = nullptr;
        EXPECT_FALSE(sisr_bridge_upscale(input.get(), nullptr, output.get(), 0, 0, &settings,
                                         nullptr, nullptr, &error));
        return take_code(error);
    };
    using Settings = SisrBridgeSettings;
    EXPECT_EQ(refused([](Settings& s) { s.scale = 9; }), SISR_BRIDGE_ERROR_SETTINGS);
    EXPECT_EQ(refused([](Settings& s) { s.scale = NAN; }), SISR_BRIDGE_ERROR_SETTINGS);
    EXPECT_EQ(refused([](Settings& s) { s.width = -1; }), SISR_BRIDGE_ERROR_SETTINGS);
    EXPECT_EQ(refused([](Settings& s) { s.strength = 2; }), SISR_BRIDGE_ERROR_SETTINGS);
    EXPECT_EQ(refused([](Settings& s) { s.memory_mb = -5; }), SISR_BRIDGE_ERROR_SETTINGS);
    EXPECT_EQ(refused([](Settings& s) { s.model = "nonesuch"; }), SISR_BRIDGE_ERROR_MODEL);
    EXPECT_EQ(refused([](Settings& s) { s.width = 1 << 25; }), SISR_BRIDGE_ERROR_TOO_LARGE);
}

TEST(Bridge, CancelEndsTheRun) {
    const Buffer input = picture(60, 60);
    const Buffer output(gegl_buffer_new(GEGL_RECTANGLE(0, 0, 240, 240), babl_format("R'G'B' u8")));
    SisrBridgeSettings settings = SISR_BRIDGE_SETTINGS_INIT;
    settings.tile = 16;
    int calls = 0;
    const auto stop_at_third = [](gpointer user, gdouble fraction) -> gboolean {
        EXPECT_GE(fraction, 0);
        EXPECT_LE(fraction, 1);
        return ++*static_cast<int*>(user) < 3;
    };
    GError* error = nullptr;
    EXPECT_FALSE(sisr_bridge_upscale(input.get(), nullptr, output.get(), 0, 0, &settings,
                                     stop_at_third, &calls, &error));
    EXPECT_EQ(take_code(error), SISR_BRIDGE_ERROR_CANCELLED);
    EXPECT_EQ(calls, 3);
    // The upscaler that was stopped works again.
    EXPECT_TRUE(sisr_bridge_upscale(input.get(), nullptr, output.get(), 0, 0, &settings, nullptr,
                                    nullptr, &error));
}

/// A host may render from within a progress report: no lock must wait for itself.
TEST(Bridge, RunsWithinAProgressReport) {
    const Buffer input = picture(20, 20);
    const Buffer output(gegl_buffer_new(GEGL_RECTANGLE(0, 0, 80, 80), babl_format("R'G'B' u8")));
    struct Nested {
        GeglBuffer* input;
        Buffer output;
        bool done;
    } nested{input.get(),
             Buffer(gegl_buffer_new(GEGL_RECTANGLE(0, 0, 80, 80), babl_format("R'G'B' u8"))),
             false};
    const auto render = [](gpointer user, gdouble) -> gboolean {
        auto& inner = *static_cast<Nested*>(user);
        if (inner.done) return TRUE;
        inner.done = true;
        return sisr_bridge_upscale(inner.input, nullptr, inner.output.get(), 0, 0, nullptr, nullptr,
                                   nullptr, nullptr);
    };
    EXPECT_TRUE(sisr_bridge_upscale(input.get(), nullptr, output.get(), 0, 0, nullptr, render,
                                    &nested, nullptr));
    EXPECT_TRUE(nested.done);
}

TEST(Bridge, PartOfABufferToAPlaceInAnother) {
    const Image image = quantised(scene({40, 30, 3, false, Encoding::display}));
    const Buffer whole = to_buffer(image, "R'G'B'", babl_format("R'G'B' u8"));
    const GeglRectangle part{10, 8, 12, 9};
    const Buffer cut(gegl_buffer_new(GEGL_RECTANGLE(0, 0, 12, 9), babl_format("R'G'B' u8")));
    gegl_buffer_copy(whole.get(), &part, GEGL_ABYSS_NONE, cut.get(), GEGL_RECTANGLE(0, 0, 0, 0));
    const Babl* format = babl_format("R'G'B' float");
    const Buffer here(gegl_buffer_new(GEGL_RECTANGLE(0, 0, 48, 36), format));
    const Buffer there(gegl_buffer_new(GEGL_RECTANGLE(-5, 7, 48, 36), format));
    ASSERT_TRUE(sisr_bridge_upscale(cut.get(), nullptr, here.get(), 0, 0, nullptr, nullptr, nullptr,
                                    nullptr));
    ASSERT_TRUE(sisr_bridge_upscale(whole.get(), &part, there.get(), -5, 7, nullptr, nullptr,
                                    nullptr, nullptr));
    Image a({48, 36, 3, false, Encoding::display});
    Image b = a;
    gegl_buffer_get(here.get(), nullptr, 1, format, a.row(0), GEGL_AUTO_ROWSTRIDE, GEGL_ABYSS_NONE);
    gegl_buffer_get(there.get(), nullptr, 1, format, b.row(0), GEGL_AUTO_ROWSTRIDE,
                    GEGL_ABYSS_NONE);
    EXPECT_EQ(max_difference(a, b), 0);
    EXPECT_GT(a.at(20, 20, 1), 0);
}

TEST(Bridge, JudgesThePictureAsTheCoreDoes) {
    // A photograph: what is drawn by a formula looks damaged to a model that was shown photographs.
    const std::filesystem::path samples = std::filesystem::path(SISR_SOURCE_DIR) / "docs/samples";
    const Image photograph = read_image(samples / "trees.png");
    const Buffer clean = to_buffer(photograph, "R'G'B'", babl_format("R'G'B' u8"));
    const Buffer noise = to_buffer(random_rgb(200, 150), "R'G'B'", babl_format("R'G'B' u8"));
    SisrBridgeSettings settings = SISR_BRIDGE_SETTINGS_INIT;
    const auto judge = [&settings](const Buffer& buffer) {
        SisrBridgeInput kind = SISR_BRIDGE_INPUT_AUTO;
        EXPECT_TRUE(sisr_bridge_judge(buffer.get(), nullptr, &settings, &kind, nullptr));
        return kind;
    };
    EXPECT_EQ(judge(clean), SISR_BRIDGE_INPUT_CLEAN);
    EXPECT_NE(judge(noise), SISR_BRIDGE_INPUT_CLEAN);
    settings.input = SISR_BRIDGE_INPUT_DAMAGED;
    EXPECT_EQ(judge(clean), SISR_BRIDGE_INPUT_DAMAGED) << "is what was asked for";

    const auto upscale = [&](SisrBridgeInput input) {
        settings.input = input;
        return upscaled(clean.get(), settings, 4 * photograph.width(), 4 * photograph.height());
    };
    const Image by_itself = upscale(SISR_BRIDGE_INPUT_AUTO);
    EXPECT_EQ(max_difference(by_itself, upscale(SISR_BRIDGE_INPUT_CLEAN)), 0);
    EXPECT_GT(max_difference(by_itself, upscale(SISR_BRIDGE_INPUT_DAMAGED)), 0.01);

    GError* error = nullptr;
    settings.model = "/no/such/model.safetensors";
    SisrBridgeInput kind = SISR_BRIDGE_INPUT_AUTO;
    EXPECT_FALSE(sisr_bridge_judge(clean.get(), nullptr, &settings, &kind, &error));
    EXPECT_EQ(take_code(error), SISR_BRIDGE_ERROR_MODEL);
}

TEST(Bridge, ListsTheModels) {
    GError* error = nullptr;
    GPtrArray* models = sisr_bridge_list_models(&error);
    ASSERT_NE(models, nullptr) << error->message;
    bool has_photo = false;
    for (guint i = 0; i < models->len; ++i) {
        const auto* model = static_cast<const SisrBridgeModel*>(g_ptr_array_index(models, i));
        if (std::string(model->name) != "photo-x4") continue;
        has_photo = true;
        EXPECT_EQ(model->scale, 4);
        EXPECT_NE(std::string(model->trained_for), "");
    }
    EXPECT_TRUE(has_photo);
    g_ptr_array_unref(models);
}

/// The name of the model that is found, else the error's sentence.
std::string found_name(const char* model, double scale) {
    GError* error = nullptr;
    SisrBridgeModel* found = sisr_bridge_find_model(model, scale, &error);
    if (found == nullptr) {
        std::string sentence = error == nullptr ? "no reason" : error->message;
        g_clear_error(&error);
        return sentence;
    }
    EXPECT_EQ(error, nullptr);
    std::string name = found->name;
    sisr_bridge_model_free(found);
    return name;
}

TEST(Bridge, FindsAFamilysMemberByTheScale) {
    EXPECT_EQ(found_name("photo", 1.5), "photo-x2");
    EXPECT_EQ(found_name("photo", 2), "photo-x2");
    EXPECT_EQ(found_name("photo", 2.1), "photo-x4");
    EXPECT_EQ(found_name("photo", 8), "photo-x4");
    EXPECT_EQ(found_name(nullptr, 4), "photo-x4") << "the default";
    EXPECT_EQ(found_name("photo-x4", 2), "photo-x4");
    EXPECT_NE(found_name("no-such-model", 2).find("unknown model"), std::string::npos);
}

TEST(Bridge, AFamilysMemberAlsoForASize) {
    const Buffer input = picture(20, 12);
    const auto upscale = [&](const char* model) {
        SisrBridgeSettings settings = SISR_BRIDGE_SETTINGS_INIT;
        settings.model = model;
        settings.scale = 2;
        settings.width = 40;
        settings.height = 24;
        return upscaled(input.get(), settings, 40, 24);
    };
    EXPECT_EQ(max_difference(upscale("photo"), upscale("photo-x2")), 0);
}

}  // namespace
}  // namespace sisr::test
