/// Images that are changed or closed while the plug-in runs, and steps that fail in mid-change.
#include "gimp_pictures.h"

#include <gtest/gtest.h>
#include <memory>

namespace sisr::test {
namespace {

/// One start of GIMP over all that can be done to an image while the plug-in runs.
class GimpMeddling : public ::testing::Test {
protected:
    static void SetUpTestSuite() {
        host_ = std::make_unique<GimpHost>(g_version, true);
        write_at(host_->in("rgb.png"), scene(rgb_shape(40, 30)), Depth::u8);
        write_at(host_->in("small.png"), scene(rgb_shape(13, 9)), Depth::u8);
        write_at(host_->in("alpha.png"), scene(rgb_shape(21, 17, true)), Depth::u8);
        CommandOptions patient;
        patient.timeout = std::chrono::seconds(900);
        host_->run("(meddling)", patient);
        facts_ = host_->facts();
    }
    static void TearDownTestSuite() { host_.reset(); }

    static std::string text(const std::string& subject) { return facts_[subject]; }

    static void expect_told(const std::string& name, const std::string& sentence) {
        EXPECT_NE(text(name + " message").find(sentence), std::string::npos)
            << name << ": " << text(name + " message");
        EXPECT_EQ(text(name + " error"), "");
    }

    /// A saved layer is what its file was.
    static void expect_input(const std::string& saved, const std::string& input) {
        EXPECT_EQ(max_difference(read_image(host_->out(saved)), read_image(host_->in(input))), 0)
            << saved;
    }

    static void expect_layers_as_they_were(const std::string& name) {
        EXPECT_EQ(text(name + " canvas"), "40 30 ");
        EXPECT_EQ(text(name + " layer:masked"), "7 -3 21 17 ");
        EXPECT_EQ(text(name + " layer:inner"), "5 11 13 9 ");
        expect_input(name + "-masked.png", "alpha.png");
        expect_input(name + "-inner.png", "small.png");
    }

    static std::unique_ptr<GimpHost> host_;
    static std::map<std::string, std::string> facts_;
};

std::unique_ptr<GimpHost> GimpMeddling::host_;
std::map<std::string, std::string> GimpMeddling::facts_;

TEST_F(GimpMeddling, AnImageThatWasClosed) {
    // GIMP 3 ends a plug-in with its image, and has nobody left to tell it.
    expect_told("close", g_version.number == "2" ? "The image was closed" : "");
}

TEST_F(GimpMeddling, AnImageThatWasChangedStaysAsTheUserLeftIt) {
    for (const char* deed : {"delete", "move", "lock", "add"}) {
        expect_told(deed, "changed while it was enlarged");
        expect_layers_as_they_were(deed);
    }
    expect_told("lock", "\"base\" has its pixels locked");
    expect_told("crop", "changed while it was enlarged");
    EXPECT_EQ(text("crop canvas"), "10 10 ");
}

TEST_F(GimpMeddling, PaintIsNotOverwritten) {
    // Of the whole image the first layer was read already, what comes later is read with the paint.
    expect_told("paint", "\"inner\" was changed while it was enlarged");
    expect_told("paint-one", "\"base\" was changed while it was enlarged");
    for (const std::string name : {"paint", "paint-one"}) {
        EXPECT_EQ(text(name + " canvas"), "40 30 ");
        EXPECT_EQ(text(name + " layer:masked"), "7 -3 21 17 ");
        const Image base = read_image(host_->out(name + "-base.png"));
        const Image inner = read_image(host_->out(name + "-inner.png"));
        for (int channel = 0; channel < 3; ++channel) {
            EXPECT_NEAR(base.at(39, 29, channel), (channel + 1) / 255.0, 1e-6);
            EXPECT_NEAR(inner.at(12, 8, channel), (channel + 1) / 255.0, 1e-6);
        }
    }
}

TEST_F(GimpMeddling, AStepThatFailsTakesAllBack) {
    for (const std::string name : {"refuse", "lock-late"}) {
        expect_told(name, "GIMP could not change a layer's pixels");
        expect_layers_as_they_were(name);
        expect_input(name + "-base.png", "rgb.png");
        EXPECT_EQ(text(name + " selection"), "1 3 0 12 21 ");
        for (const char* what : {" mask:masked", " channel", " resolution"}) {
            EXPECT_EQ(text(name + what), text(std::string("add") + what)) << name;
        }
    }
    expect_told("refuse-indexed", "GIMP could not change a layer's pixels");
    EXPECT_EQ(text("refuse-indexed type"), "2 ");
    EXPECT_EQ(text("refuse-indexed canvas"), "40 30 ");
    EXPECT_EQ(max_difference(read_image(host_->out("refuse-indexed.png")),
                             read_image(host_->out("indexed-before.png"))),
              0);
}

TEST_F(GimpMeddling, AKillInMidChangeLeavesEachLayerWhole) {
    EXPECT_NE(text("kill message"), "");
    EXPECT_EQ(text("kill canvas"), "160 120 ");
    EXPECT_EQ(text("kill layer:masked"), "28 -12 84 68 ");
    EXPECT_EQ(text("kill layer:base"), "0 0 160 120 ");
    const auto command =
        run_command({g_version.sisr_batch.string(), host_->in("").string(), "-o",
                     (host_->folder() / "made").string(), "-q", "-m", "photo-x4", "-s", "4"});
    ASSERT_EQ(command.exit_code, 0) << command.err;
    const auto difference = [](const char* saved, const char* made) {
        return mean_difference(visible(read_image(host_->out(saved))),
                               visible(read_image(host_->folder() / "made" / made)));
    };
    EXPECT_LE(difference("kill-inner.png", "small.png"), kLevel) << "the network's";
    EXPECT_GT(difference("kill-base.png", "rgb.png"), kLevel) << "GIMP's own";
    // Its rows are all of one kind.
    const Image base = read_image(host_->out("kill-base.png"));
    const Image small = read_image(host_->in("rgb.png"));
    for (const int y : {0, 64, 116}) {
        EXPECT_NEAR(base.at(80, y + 2, 1), small.at(20, y / 4, 1), 0.25) << y;
    }
}

}  // namespace
}  // namespace sisr::test
