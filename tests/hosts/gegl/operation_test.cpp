/// The operation as a part of graphs: regions, repetition, threads, refusals.
#include "gegl_graph.h"
#include "support/plain_model.h"
#include "support/temp_dir.h"

#include <gtest/gtest.h>
#include <thread>

namespace sisr::test {
namespace {

constexpr double kSame = 1e-4;  ///< tiles meet to this

Buffer small_picture(int width = 20, int height = 14) {
    return to_buffer(quantised(scene({width, height, 3, false, Encoding::display})), "R'G'B'",
                     babl_format("R'G'B' u8"));
}

std::string mapped_files() { return read_bytes("/proc/self/maps"); }

/// The arguments of GEGL's "progress" signal.
void count_start(GeglNode* /*node*/, gdouble fraction, gpointer starts) {
    if (fraction == 0) ++*static_cast<int*>(starts);
}

void count_starts(GeglNode* node, int& starts) {
    g_signal_connect(node, "progress", G_CALLBACK(count_start), &starts);
}

TEST(Operation, AnswersWithoutTheCore) {
    if (testing::UnitTest::GetInstance()->test_to_run_count() > 1) {
        GTEST_SKIP() << "other tests of this process load the core; ctest runs each alone";
    }
    const Buffer buffer = to_buffer(random_rgb(10, 7), "R'G'B'", babl_format("R'G'B' u8"), 4, -6);
    Pipeline pipeline(buffer.get());
    pipeline.add_upscale(3.5);
    const GeglRectangle box = pipeline.box();
    EXPECT_EQ(box.x, 14);
    EXPECT_EQ(box.y, -21);
    EXPECT_EQ(box.width, 35);
    EXPECT_EQ(box.height, 25);  // 24.5, as sisr::Upscaler rounds
    EXPECT_EQ(mapped_files().find("libsisr"), std::string::npos);
    pipeline.render("R'G'B'", false);
    EXPECT_NE(mapped_files().find("libsisr"), std::string::npos);
}

TEST(Operation, IsInTheMenuOfHosts) {
    // GIMP 3 leaves out what is among the transforms.
    EXPECT_STREQ(gegl_operation_get_key("sisr:upscale", "categories"), "enhance");
    EXPECT_STREQ(gegl_operation_get_key("sisr:upscale", "gimp:menu-path"),
                 "<Image>/Filters/Enhance");
}

TEST(Operation, PositionChangesNothing) {
    const Image image = quantised(scene({12, 9, 3, false, Encoding::display}));
    const Buffer here = to_buffer(image, "R'G'B'", babl_format("R'G'B' u8"));
    const Buffer there = to_buffer(image, "R'G'B'", babl_format("R'G'B' u8"), -30, 17);
    Pipeline first(here.get());
    Pipeline second(there.get());
    first.add_upscale(4);
    second.add_upscale(4);
    EXPECT_EQ(second.box().x, -120);
    EXPECT_LT(max_difference(first.render("R'G'B'", false), second.render("R'G'B'", false)), kSame);
}

TEST(Operation, TwiceAndInPartsByManyThreads) {
    g_object_set(gegl_config(), "threads", 4, nullptr);
    const Buffer buffer = small_picture(64, 48);
    Pipeline pipeline(buffer.get());
    GeglNode* node = pipeline.add_upscale(4);
    int starts = 0;
    count_starts(node, starts);
    const Image whole = pipeline.render("R'G'B'", false);
    EXPECT_EQ(max_difference(whole, pipeline.render("R'G'B'", false)), 0);

    Pipeline parts(buffer.get());
    int part_starts = 0;
    count_starts(parts.add_upscale(4), part_starts);
    for (int y = 0; y < whole.height(); y += 64) {
        for (int x = 0; x < whole.width(); x += 64) {
            const Image part = parts.render_part({x, y, 64, 64}, "R'G'B'", false);
            for (int row = 0; row < 64; ++row) {
                for (int i = 0; i < 64 * 3; ++i) {
                    ASSERT_NEAR(part.row(row)[i], whole.row(y + row)[x * 3 + i], kSame);
                }
            }
        }
    }
    EXPECT_EQ(starts, 1);
    EXPECT_EQ(part_starts, 1);  // what a preview shows in pieces is computed once
}

TEST(Operation, TwiceInOneGraph) {
    const TempDir folder;
    const auto model = write_repeating_model(folder / "repeat-x2.safetensors", 2).string();
    const Image image = quantised(scene({9, 7, 3, false, Encoding::display}));
    const Buffer buffer = to_buffer(image, "R'G'B'", babl_format("R'G'B' u8"));
    Pipeline pipeline(buffer.get());
    pipeline.add_upscale(2, model);
    pipeline.add_upscale(2, model);
    const Image result = pipeline.render("R'G'B'", false);
    ASSERT_EQ(result.width(), 36);
    for (int y = 0; y < result.height(); ++y) {
        for (int x = 0; x < result.width(); ++x) {
            ASSERT_NEAR(result.at(x, y, 1), image.at(x / 4, y / 4, 1), kSame);
        }
    }
}

TEST(Operation, TwoAtOnce) {
    const Buffer buffer = small_picture(48, 40);
    Pipeline alone(buffer.get());
    alone.add_upscale(4);
    const Image expected = alone.render("R'G'B'", false);
    std::vector<Image> results(4);
    std::vector<std::thread> threads;
    for (Image& result : results) {
        threads.emplace_back([&] {
            Pipeline pipeline(buffer.get());
            pipeline.add_upscale(4);
            result = pipeline.render("R'G'B'", false);
        });
    }
    for (auto& thread : threads) thread.join();
    for (const Image& result : results) EXPECT_LT(max_difference(result, expected), kSame);
}

TEST(Operation, OnePixel) {
    const Buffer buffer = small_picture(1, 1);
    Pipeline pipeline(buffer.get());
    pipeline.add_upscale(4);
    const Image result = pipeline.render("R'G'B'", false);
    EXPECT_EQ(result.width(), 4);
    EXPECT_EQ(result.height(), 4);
    EXPECT_GT(result.at(2, 2, 0), 0.1F);
}

TEST(Operation, InfinitePlaneIsPassedThrough) {
    const Messages messages;
    Pipeline plain("gegl:checkerboard");
    Pipeline pipeline("gegl:checkerboard");
    pipeline.add_upscale(4);
    const GeglRectangle part{-8, -8, 40, 40};
    EXPECT_EQ(max_difference(plain.render_part(part, "R'G'B'", true),
                             pipeline.render_part(part, "R'G'B'", true)),
              0);
    ASSERT_EQ(messages.lines().size(), 1U);
    EXPECT_NE(messages.lines()[0].find("infinite"), std::string::npos);
}

TEST(Operation, NoInputIsNoPicture) {
    const Graph graph(gegl_node_new());
    GeglNode* node = gegl_node_new_child(graph.get(), "operation", "sisr:upscale", nullptr);
    const GeglRectangle box = gegl_node_get_bounding_box(node);
    EXPECT_EQ(box.width, 0);
    gegl_node_process(node);
}

// 400 megapixels in, at 8 times 410 GB out: more than there is memory.
TEST(Operation, WhatHasNoRoomIsRefusedBeforeItStarts) {
    g_object_set(gegl_config(), "swap", "RAM", nullptr);
    const Messages messages;
    const GeglRectangle huge{0, 0, 20000, 20000};
    const Buffer buffer(gegl_buffer_new(&huge, babl_format("R'G'B'A u8")));
    Pipeline pipeline(buffer.get());
    GeglNode* node = pipeline.add_upscale(8);
    EXPECT_EQ(pipeline.box().width, 160000);
    const Image part = pipeline.render_part({0, 0, 16, 16}, "R'G'B'", true);
    EXPECT_EQ(part.at(8, 8, 3), 0);
    ASSERT_GE(messages.lines().size(), 1U);
    EXPECT_NE(messages.lines()[0].find("160000x160000"), std::string::npos) << messages.lines()[0];
    EXPECT_NE(messages.lines()[0].find("room"), std::string::npos) << messages.lines()[0];
    gegl_node_set(node, "scale", 1e-9, nullptr);  // out of range: GObject keeps it in
}

TEST(Operation, FailureLeavesNothingThatLooksDone) {
    const Messages messages;
    const TempDir folder;
    const std::string missing = (folder / "missing.safetensors").string();
    const std::string broken = (folder / "broken.safetensors").string();
    write_bytes(broken, "broken");
    const Buffer buffer = small_picture();
    Pipeline pipeline(buffer.get());
    GeglNode* node = pipeline.add_upscale(4, missing);
    for (const std::string& file : {missing, broken}) {
        gegl_node_set(node, "model", file.c_str(), nullptr);
        const Image result = pipeline.render("R'G'B'", true);
        EXPECT_LE(*std::max_element(result.samples().begin(), result.samples().begin() + 3), 0);
        ASSERT_FALSE(messages.lines().empty());
        EXPECT_NE(messages.lines().back().find(file), std::string::npos) << messages.lines().back();
    }
    const std::size_t told = messages.lines().size();
    gegl_node_set(node, "model", "photo", nullptr);
    Pipeline good(buffer.get());
    good.add_upscale(4);
    EXPECT_LT(max_difference(pipeline.render("R'G'B'", false), good.render("R'G'B'", false)),
              kSame);
    EXPECT_EQ(messages.lines().size(), told);
}

}  // namespace
}  // namespace sisr::test
