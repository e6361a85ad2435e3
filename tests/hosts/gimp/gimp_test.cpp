/// The plug-in in the real GIMP, without a display: one start runs all cases, then each is checked.
#include "gimp_pictures.h"

#include "support/plain_model.h"

#include <OpenImageIO/imageio.h>
#include <fstream>
#include <gtest/gtest.h>
#include <memory>
#include <sstream>
#include <tuple>

namespace sisr::test {
namespace {

using Numbers = std::vector<double>;

/// Input files, one start of GIMP over all cases, and what sisr-batch makes of the same files.
class Session {
public:
    Session() : host(g_version) {
        write_inputs();
        CommandOptions patient;
        patient.timeout = std::chrono::seconds(900);
        patient.environment = user_folder();
        result = host.run("(all-cases)", patient);
        facts = host.facts();
        upscale_by_command("reference", {"-m", "photo-x4", "-s", "4"});
        upscale_by_command("restored", {"-m", "photo-x4", "-s", "1"});
        upscale_by_command("clean", {"-m", "photo-x4", "-s", "4", "--input-is", "clean"});
        upscale_by_command("twice", {"-m", "photo-x2", "-s", "2"});
        upscale_by_command("published", {"-m", "4x-tiny"});
    }

    Image reference(const std::string& name) const {
        return read_image(host.folder() / "reference" / name);
    }

    Numbers numbers(const std::string& subject) const {
        const auto found = facts.find(subject);
        if (found == facts.end()) return {};
        std::istringstream values(found->second);
        Numbers read;
        for (double value = 0; values >> value;) read.push_back(value);
        return read;
    }

    std::string text(const std::string& subject) const {
        const auto found = facts.find(subject);
        return found == facts.end() ? "" : found->second;
    }

    GimpHost host;
    CommandResult result;
    std::map<std::string, std::string> facts;

private:
    std::vector<std::pair<std::string, std::string>> user_folder() const {
        return {{"XDG_DATA_HOME", (host.folder() / "data").string()}};
    }

    void write_inputs() const {
        std::filesystem::create_directories(host.folder() / "data/sisr/models");
        write_esrgan_model(host.folder() / "data/sisr/models/4x-tiny.safetensors");
        const Image scene_rgb = scene(rgb_shape(40, 30));
        write_at(host.in("rgb.png"), scene_rgb, Depth::u8);
        write_at(host.in("small.png"), scene(rgb_shape(13, 9)), Depth::u8);
        write_at(host.in("single.png"), scene(rgb_shape(1, 1)), Depth::u8);
        write_at(host.in("deep.png"), scene_rgb, Depth::u16);
        write_at(host.in("grey.png"), scene({40, 30, 1, false, Encoding::display}), Depth::u8);
        write_at(host.in("alpha.png"), scene(rgb_shape(21, 17, true)), Depth::u8);
        Image bright = scene({40, 30, 3, false, Encoding::linear});
        for (float& sample : bright.samples()) sample *= 2;
        write_at(host.in("float.exr"), bright, Depth::f32);
        // Half a model file is not a model.
        const std::string model = read_bytes(SISR_SOURCE_DIR "/core/weights/photo-x4.safetensors");
        write_bytes(host.in("broken.safetensors"), model.substr(0, model.size() / 2));
    }

    void upscale_by_command(const std::string& folder,
                            const std::vector<std::string>& options) const {
        CommandOptions patient;
        patient.timeout = std::chrono::seconds(300);
        patient.environment = user_folder();
        std::filesystem::remove(host.in("broken.safetensors"));
        std::vector<std::string> words{g_version.sisr_batch.string(), host.in("").string(), "-o",
                                       (host.folder() / folder).string(), "-q"};
        words.insert(words.end(), options.begin(), options.end());
        const auto made = run_command(words, patient);
        EXPECT_EQ(made.exit_code, 0) << made.err;
    }
};

class Gimp : public ::testing::Test {
protected:
    static void SetUpTestSuite() { session_ = std::make_unique<Session>(); }
    static void TearDownTestSuite() { session_.reset(); }

    static Numbers numbers(const std::string& subject) { return session_->numbers(subject); }
    static std::string text(const std::string& subject) { return session_->text(subject); }

    /// What GIMP saved against what sisr-batch made of the input of that name.
    static void expect_as_command(const std::string& result, const std::string& input,
                                  double tolerance) {
        const Image ours = visible(read_image(session_->host.out(result)));
        const Image reference = visible(session_->reference(input));
        EXPECT_LE(max_difference(ours, reference), tolerance) << result;
        EXPECT_GT(mean_difference(ours, quantised(ours, 3)), 1e-3) << result << " is flat";
    }

    static void expect_untouched(const std::string& name) {
        EXPECT_EQ(numbers(name + " canvas"), (Numbers{40, 30}));
        EXPECT_EQ(numbers(name + " dirty"), (Numbers{0})) << "something can be undone";
        EXPECT_EQ(numbers(name + " layer:masked"), (Numbers{7, -3, 21, 17}));
        EXPECT_EQ(numbers(name + " layer:base"), (Numbers{0, 0, 40, 30}));
        EXPECT_EQ(numbers(name + " selection"), (Numbers{1, 3, 0, 12, 21}));
        EXPECT_EQ(max_difference(read_image(session_->host.out(name + "-masked.png")),
                                 read_image(session_->host.in("alpha.png"))),
                  0);
    }

    static void expect_refused(const std::string& name, const std::string& sentence) {
        EXPECT_NE(text(name + " message").find(sentence), std::string::npos)
            << text(name + " message");
        expect_untouched(name);
    }

    static std::unique_ptr<Session> session_;
};

std::unique_ptr<Session> Gimp::session_;

TEST_F(Gimp, EndsWell) {
    EXPECT_EQ(session_->result.exit_code, 0);
    for (const auto& [subject, value] : session_->facts) {
        EXPECT_EQ(subject.find(" error"), std::string::npos) << subject << ": " << value;
    }
}

TEST_F(Gimp, WholeImage) {
    EXPECT_EQ(numbers("rgb canvas"), (Numbers{160, 120}));
    EXPECT_EQ(numbers("rgb resolution"), (Numbers{576, 288})) << "the print size is kept";
    expect_as_command("rgb.png", "rgb.png", kLevel);
}

TEST_F(Gimp, InputTakenForWhatTheUserSays) {
    const Image ours = read_image(session_->host.out("clean.png"));
    const Image reference = read_image(session_->host.folder() / "clean/rgb.png");
    EXPECT_LE(max_difference(ours, reference), kLevel);
    EXPECT_GT(max_difference(ours, session_->reference("rgb.png")), 2 * kLevel)
        << "as it looks, it is not";
}

TEST_F(Gimp, AFamilysMemberFollowsFromTheScale) {
    const Image ours = read_image(session_->host.out("twice.png"));
    const Image reference = read_image(session_->host.folder() / "twice/rgb.png");
    // In bf16 the sums may be rounded otherwise too; another member differs by much more.
    EXPECT_LE(max_difference(ours, reference), 3 * kLevel);
    EXPECT_LE(mean_difference(ours, reference), kLevel / 2);
}

// One of others, by the name of its file in the user's folder.
TEST_F(Gimp, AnothersModel) {
    const Image ours = read_image(session_->host.out("published.png"));
    const Image reference = read_image(session_->host.folder() / "published/rgb.png");
    EXPECT_LE(max_difference(ours, reference), kLevel);
    EXPECT_GT(mean_difference(ours, quantised(ours, 3)), 1e-3) << "is flat";
}

TEST_F(Gimp, Transparency) {
    EXPECT_EQ(numbers("alpha canvas"), (Numbers{84, 68}));
    expect_as_command("alpha.png", "alpha.png", kLevel);
}

TEST_F(Gimp, Grey) {
    EXPECT_EQ(numbers("grey type"), (Numbers{1})) << "still grey";
    EXPECT_EQ(numbers("grey resolution"), (Numbers{144, 72})) << "kept where it was asked for";
    expect_as_command("grey.png", "grey.png", kLevel);
}

TEST_F(Gimp, SixteenBits) {
    EXPECT_EQ(FileSource(session_->host.out("deep.png")).depth(), Depth::u16);
    expect_as_command("deep.png", "deep.png", kFine);
}

TEST_F(Gimp, LinearFloat) {
    EXPECT_EQ(numbers("float precision"), (Numbers{600})) << "32-bit linear float";
    const Image ours = read_image(session_->host.out("float.exr"));
    const Image reference = session_->reference("float.exr");
    EXPECT_LE(max_difference(ours, reference), kFine);
    const auto& samples = ours.samples();
    EXPECT_GT(*std::max_element(samples.begin(), samples.end()), 1.2F) << "brighter than white";
}

TEST_F(Gimp, IndexedBecomesRgb) {
    EXPECT_EQ(numbers("indexed type"), (Numbers{0}));
    EXPECT_NE(session_->result.err.find("was indexed"), std::string::npos) << "the user is told";
    expect_as_command("indexed.png", "indexed.png", kLevel);
}

TEST_F(Gimp, ColourProfileIsKept) {
    if (!std::filesystem::exists(kWideGamut)) GTEST_SKIP() << kWideGamut << " is not there";
    const auto saved = OIIO::ImageInput::open(session_->host.out("profile.png").string());
    ASSERT_TRUE(saved);
    const auto* profile = saved->spec().find_attribute("ICCProfile");
    ASSERT_NE(profile, nullptr);
    const std::string bytes(static_cast<const char*>(profile->data()), profile->datasize());
    EXPECT_TRUE(bytes == read_bytes(kWideGamut)) << "another profile";
    // The network works on the numbers as they are, whatever space they are in.
    expect_as_command("profile.png", "rgb.png", kLevel);
}

TEST_F(Gimp, OnePixel) {
    EXPECT_EQ(numbers("single canvas"), (Numbers{4, 4}));
    EXPECT_LE(max_difference(read_image(session_->host.out("single.png")),
                             session_->reference("single.png")),
              kLevel);
}

TEST_F(Gimp, AllLayersAndWhatBelongsToThem) {
    EXPECT_EQ(numbers("layered canvas"), (Numbers{160, 120}));
    EXPECT_EQ(numbers("layered layer:base"), (Numbers{0, 0, 160, 120}));
    EXPECT_EQ(numbers("layered layer:masked"), (Numbers{28, -12, 84, 68}));
    EXPECT_EQ(numbers("layered layer:inner"), (Numbers{20, 44, 52, 36}));
    EXPECT_EQ(numbers("layered layer:group"), (Numbers{20, 44, 52, 36}));
    expect_as_command("layered-base.png", "rgb.png", kLevel);
    expect_as_command("layered-masked.png", "alpha.png", kLevel);
    expect_as_command("layered-inner.png", "small.png", kLevel);
}

TEST_F(Gimp, MasksChannelsSelectionGuidesPaths) {
    const Numbers mask = numbers("layered mask:masked");
    const Numbers mask_before = numbers("layered-before mask:masked");
    ASSERT_EQ(mask.size(), 3U);
    ASSERT_EQ(mask_before.size(), 3U);
    EXPECT_EQ(mask[0], 84);
    EXPECT_EQ(mask[1], 68);
    // GIMP interpolates in linear light, which moves a border between black and white outwards.
    constexpr double kMeans = 6;  // of 255
    EXPECT_NEAR(mask[2], mask_before[2], kMeans);
    const Numbers channel = numbers("layered channel");
    const Numbers channel_before = numbers("layered-before channel");
    ASSERT_EQ(channel.size(), 3U);
    ASSERT_EQ(channel_before.size(), 3U);
    EXPECT_EQ(channel[0], 160);
    EXPECT_NEAR(channel[2], channel_before[2], kMeans);
    // Cubic filtering widens the border of a selection by its kernel.
    const Numbers selection = numbers("layered selection");
    ASSERT_EQ(selection.size(), 5U);
    EXPECT_NEAR(selection[1], 4 * 3, 4);
    EXPECT_NEAR(selection[3], 4 * 12, 4);
    EXPECT_NEAR(selection[4], 4 * 21, 4);
    EXPECT_EQ(numbers("layered guide:0"), (Numbers{40}));
    EXPECT_EQ(numbers("layered guide:1"), (Numbers{60}));
    EXPECT_EQ(numbers("layered path"), (Numbers{4, 8, 4, 8, 4, 8, 32, 36, 32, 36, 32, 36}));
}

TEST_F(Gimp, AnyScaleAndTargetSize) {
    EXPECT_EQ(numbers("fraction canvas"), (Numbers{92, 69}));
    EXPECT_EQ(numbers("fraction layer:base"), (Numbers{0, 0, 92, 69}));
    EXPECT_EQ(numbers("fraction layer:masked"), (Numbers{16, -7, 48, 39}));
    EXPECT_EQ(numbers("target canvas"), (Numbers{100, 75}));
    EXPECT_EQ(numbers("target layer:base"), (Numbers{0, 0, 100, 75}));
}

TEST_F(Gimp, OneLayerOfSeveral) {
    EXPECT_EQ(numbers("one canvas"), (Numbers{40, 30})) << "the canvas stays";
    EXPECT_EQ(numbers("one layer:masked"), (Numbers{-24, -28, 84, 68})) << "round its centre";
    EXPECT_EQ(numbers("one mask:masked")[0], 84);
    EXPECT_EQ(numbers("one layer:base"), (Numbers{0, 0, 40, 30}));
    EXPECT_EQ(numbers("one selection"), (Numbers{1, 3, 0, 12, 21}));
    expect_as_command("one-masked.png", "alpha.png", kLevel);
    for (const auto& [saved, input] :
         {std::pair{"one-base.png", "rgb.png"}, std::pair{"one-inner.png", "small.png"}}) {
        EXPECT_EQ(max_difference(read_image(session_->host.out(saved)),
                                 read_image(session_->host.in(input))),
                  0)
            << "the others stay";
    }
}

TEST_F(Gimp, LayerToNewImage) {
    EXPECT_EQ(numbers("source dirty"), (Numbers{0})) << "the image itself is not touched";
    EXPECT_EQ(numbers("source canvas"), (Numbers{40, 30}));
    EXPECT_EQ(numbers("new canvas"), (Numbers{84, 68}));
    EXPECT_EQ(numbers("new layer:masked"), (Numbers{0, 0, 84, 68}));
    EXPECT_EQ(numbers("new mask:masked")[0], 84);
    expect_as_command("new.png", "alpha.png", kLevel);
}

TEST_F(Gimp, GroupToNewImage) {
    EXPECT_EQ(numbers("group canvas"), (Numbers{52, 36}));
    // A group's pixels have an alpha channel.
    EXPECT_EQ(read_image(session_->host.out("group.png")).channels(), 4);
}

TEST_F(Gimp, TextLayer) {
    const Numbers before = numbers("text-before layer:text");
    const Numbers after = numbers("text layer:text");
    ASSERT_EQ(before.size(), 4U);
    ASSERT_EQ(after.size(), 4U);
    for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(after[i], 4 * before[i]);
    expect_as_command("text.png", "text.png", kLevel);
}

TEST_F(Gimp, ScaleOneChangesWhatIsSelected) {
    const Image before = read_image(session_->host.in("rgb.png"));
    const Image after = read_image(session_->host.out("restore.png"));
    const Image restored = read_image(session_->host.folder() / "restored/rgb.png");
    EXPECT_EQ(numbers("restore canvas"), (Numbers{40, 30}));
    for (int x = 0; x < 40; ++x) {
        const Image& expected = x < 20 ? restored : before;
        EXPECT_NEAR(after.at(x, 15, 1), expected.at(x, 15, 1), kLevel) << x;
    }
}

TEST_F(Gimp, LastValues) { EXPECT_EQ(numbers("last canvas"), (Numbers{4 * 13, 4 * 9})); }

TEST_F(Gimp, RefusesWithAMessage) {
    expect_refused("smaller", "smaller than what there is");
    expect_refused("wide", "321 x 241 pixels: more than 8 times what there is");
    // GIMP 3 itself asks what is in range, in the user's language.
    expect_refused("scale", g_version.number == "2" ? "from 1 to 8" : "24");
    expect_refused("unknown", "no-such-model: unknown model");
    expect_refused("broken", "broken.safetensors");
    expect_refused("channel", "is not a layer");
    expect_refused("group-in-place", "\"group\" is a layer group");
}

TEST_F(Gimp, RefusesWhatIsLocked) {
    expect_refused("locked", "\"masked\" has its pixels locked");
    expect_refused("locked-image", "\"masked\" has its pixels locked");
    expect_refused("locked-once", "\"masked\" has its pixels locked");
    expect_refused("locked-group", "\"group\", the group that \"inner\" is in");
    expect_refused("locked-outer", "\"outer\", the group that \"inner\" is in");
    expect_refused("locked-position", "\"masked\" has its position locked");
}

TEST_F(Gimp, RefusesSizesBeforeAnyWork) {
    for (const auto& [name, sentence, canvas] :
         {std::tuple{"huge", "there is room for", Numbers{60000, 60000}},
          std::tuple{"limit", "GIMP takes no more than 524288", Numbers{524288, 1}},
          std::tuple{"limit-layer", "GIMP takes no more than 524288", Numbers{524288, 1}}}) {
        const std::string subject = name;
        EXPECT_NE(text(subject + " message").find(sentence), std::string::npos)
            << text(subject + " message");
        EXPECT_EQ(numbers(subject + " canvas"), canvas);
        EXPECT_EQ(numbers(subject + " dirty"), (Numbers{0}));
    }
}

TEST_F(Gimp, WhatHoldsChangesBackStaysAsItIs) {
    EXPECT_EQ(numbers("hindered canvas"), (Numbers{160, 120}));
    EXPECT_EQ(numbers("hindered layer:inner"), (Numbers{20, 44, 52, 36}));
    expect_as_command("hindered-base.png", "rgb.png", kLevel);
    expect_as_command("hindered-masked.png", "alpha.png", kLevel);
    expect_as_command("hindered-inner.png", "small.png", kLevel);
    EXPECT_EQ(text("hindered active"), "masked ");
    EXPECT_EQ(numbers("hindered red"), (Numbers{0})) << "still switched off";
    EXPECT_EQ(numbers("hindered alpha-lock"), (Numbers{1}));
    EXPECT_EQ(numbers("hindered position-lock"), (Numbers{1}));
    EXPECT_EQ(numbers("hindered selection"), numbers("layered selection"));
}

TEST_F(Gimp, LockedLayerToNewImage) { expect_as_command("locked-new.png", "alpha.png", kLevel); }

/// What /proc tells of a process, or less: it may end while we read, which read_bytes throws for.
std::string read_proc(const std::filesystem::path& file) {
    std::ostringstream text;
    text << std::ifstream(file, std::ios::binary).rdbuf();
    return text.str();
}

/// The process of our plug-in in mid-run, started by the GIMP that has `folder`: it has loaded the
/// library and works. The test of the window runs the same plug-in, maybe at the same time.
pid_t working_plug_in(const std::filesystem::path& plug_in, const std::filesystem::path& folder) {
    for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
        const std::string name = entry.path().filename();
        if (name.find_first_not_of("0123456789") != std::string::npos) continue;
        std::error_code status;
        const auto program = std::filesystem::read_symlink(entry.path() / "exe", status);
        if (status || program != plug_in) continue;
        if (read_proc(entry.path() / "environ").find(folder.string()) == std::string::npos)
            continue;
        if (read_proc(entry.path() / "maps").find("libsisr") != std::string::npos) {
            return std::stoi(name);
        }
    }
    return 0;
}

TEST(GimpFaults, CancelInMidRunLeavesTheImage) {
    GimpHost host(g_version);
    write_at(host.in("large.png"), scene(rgb_shape(1600, 1200)), Depth::u8);
    const auto plug_in = std::filesystem::canonical(g_version.own_plug_in / "plug-in-sisr-upscale");
    int seen = 0;
    CommandOptions options;
    options.timeout = std::chrono::seconds(300);
    options.while_running = [&](pid_t) {
        // GIMP's cancel button does the same to the process.
        const pid_t process = working_plug_in(plug_in, host.folder());
        if (process != 0 && ++seen == 100) ::kill(process, SIGKILL);
    };
    const auto result = host.run("(killed)", options);
    EXPECT_EQ(result.exit_code, 0);
    ASSERT_GE(seen, 100) << "it was over before it could be cancelled";
    auto facts = host.facts();
    EXPECT_NE(facts["killed message"], "");
    EXPECT_EQ(facts["killed canvas"], "1600 1200 ");
    EXPECT_EQ(facts["killed dirty"], "0 ");
    EXPECT_EQ(max_difference(read_image(host.out("killed.png")), read_image(host.in("large.png"))),
              0);
}

TEST(GimpFilter, IsAddedEditedAndRemoved) {
    if (g_version.number == "2") GTEST_SKIP() << "GIMP 2.10 has no filters that stay editable";
    GimpHost host(g_version);
    write_at(host.in("rgb.png"), scene(rgb_shape(40, 30)), Depth::u8);
    const auto result = host.run("(live-filter)");
    EXPECT_EQ(result.exit_code, 0);
    auto facts = host.facts();
    EXPECT_EQ(facts["filter error"], "");
    EXPECT_EQ(facts["filter count"], "1 ");
    EXPECT_EQ(facts["filter count-after"], "0 ");
    EXPECT_EQ(read_image(host.out("filter-before.png")).width(), 2 * 40);
    EXPECT_EQ(read_image(host.out("filter-edited.png")).width(), 3 * 40);
    EXPECT_EQ(
        max_difference(read_image(host.out("filter-removed.png")), read_image(host.in("rgb.png"))),
        0)
        << "the layer's first state";
}

TEST(GimpFaults, MissingLibrary) {
    GimpHost host(g_version);
    write_at(host.in("rgb.png"), scene(rgb_shape(40, 30)), Depth::u8);
    write_at(host.in("small.png"), scene(rgb_shape(13, 9)), Depth::u8);
    write_at(host.in("alpha.png"), scene(rgb_shape(21, 17, true)), Depth::u8);
    CommandOptions options;
    options.environment = {{"SISR_LIBRARY", "/nowhere/libsisr.so"}};
    const auto result = host.run("(library-missing)", options);
    EXPECT_EQ(result.exit_code, 0);
    auto facts = host.facts();
    EXPECT_NE(facts["library message"].find("/nowhere/libsisr.so"), std::string::npos)
        << facts["library message"];
    EXPECT_EQ(facts["library canvas"], "40 30 ");
    EXPECT_EQ(facts["library dirty"], "0 ");
}

}  // namespace
}  // namespace sisr::test

/// VERSION PLUG-IN-FOLDER GEGL-FOLDER SISR-BATCH MISCHIEF
int main(int count, char** words) {
    constexpr int kSkipped = 77;
    ::testing::InitGoogleTest(&count, words);
    if (count != 6) return 2;
    auto& version = sisr::test::g_version;
    version.number = words[1];
    version.own_plug_in = words[2];
    version.gegl_folder = words[3];
    version.sisr_batch = words[4];
    version.mischief = words[5];
    version.scripts = SISR_SOURCE_DIR "/tests/hosts/gimp";
    const std::string console = version.number == "2" ? "gimp-console-2.10" : "gimp-console-3.0";
    version.console = sisr::test::find_program(console);
    const char* missing = version.console.empty() ? "it is not installed"
                          : !std::filesystem::exists(version.own_plug_in / "plug-in-sisr-upscale")
                              ? "the plug-in for it was not built"
                              : nullptr;
    if (missing != nullptr) {
        std::printf("SKIPPED: %s: %s\n", console.c_str(), missing);
        return kSkipped;
    }
    return RUN_ALL_TESTS();
}
