#include "sisr-batch/options.h"

#include <sisr/error.h>

#include <gtest/gtest.h>
#include <locale>

namespace sisr::cli {
namespace {

using Words = std::vector<std::string>;

auto parse(const Words& words) {
    std::vector<const char*> arguments{"sisr-batch"};
    for (const std::string& word : words) arguments.push_back(word.c_str());
    return parse_options(static_cast<int>(arguments.size()), arguments.data());
}

/// With an input and an output, so that a case shows only what it is about.
BatchOptions parse_batch(Words words) {
    words.insert(words.end(), {"in.png", "-o", "out"});
    return std::get<BatchOptions>(parse(words));
}

std::string usage_error(const Words& words) {
    try {
        parse(words);
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::usage);
        EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos) << error.what();
        return error.what();
    }
    return "no error";
}

TEST(Options, Defaults) {
    const BatchOptions options = parse_batch({});
    EXPECT_EQ(options.inputs, std::vector<std::filesystem::path>{"in.png"});
    EXPECT_EQ(options.output, "out");
    EXPECT_EQ(options.model, "");
    EXPECT_EQ(options.upscale.scale, 0);
    EXPECT_EQ(options.upscale.tile, 0);
    EXPECT_EQ(options.upscale.threads, 0);
    EXPECT_EQ(options.upscale.memory_bytes, UpscaleOptions().memory_bytes);
    EXPECT_EQ(options.upscale.precision, Precision::automatic);
    EXPECT_EQ(options.upscale.input, InputKind::automatic);
    EXPECT_EQ(options.upscale.device, "auto");
    EXPECT_FALSE(options.recursive);
    EXPECT_EQ(options.format, "");
    EXPECT_FALSE(options.depth);
    EXPECT_EQ(options.quality, 0);
    EXPECT_EQ(options.suffix, "");
    EXPECT_EQ(options.existing, Existing::skip);
    EXPECT_FALSE(options.strip_metadata || options.dry_run || options.quiet || options.verbose);
}

TEST(Options, EveryOptionByItsLongName) {
    const BatchOptions options = parse_batch({"--model",     "fidelity",
                                              "--scale",     "2.5",
                                              "--recursive", "--format",
                                              "webp",        "--quality",
                                              "80",          "--depth",
                                              "half",        "--suffix",
                                              "_x4",         "--strip-metadata",
                                              "--existing",  "overwrite",
                                              "--threads",   "3",
                                              "--tile",      "96",
                                              "--memory",    "256",
                                              "--precision", "bf16",
                                              "--device",    "cuda:1",
                                              "--dry-run",   "--quiet",
                                              "--verbose"});
    EXPECT_EQ(options.model, "fidelity");
    EXPECT_EQ(options.upscale.scale, 2.5);
    EXPECT_EQ(options.format, "webp");
    EXPECT_EQ(options.quality, 80);
    EXPECT_EQ(options.depth, Depth::half);
    EXPECT_EQ(options.suffix, "_x4");
    EXPECT_EQ(options.existing, Existing::overwrite);
    EXPECT_EQ(options.upscale.threads, 3);
    EXPECT_EQ(options.upscale.tile, 96);
    EXPECT_EQ(options.upscale.memory_bytes, 256U << 20);
    EXPECT_EQ(options.upscale.precision, Precision::bf16);
    EXPECT_EQ(options.upscale.device, "cuda:1");
    EXPECT_TRUE(options.recursive && options.strip_metadata && options.dry_run && options.quiet &&
                options.verbose);
}

TEST(Options, EveryOptionByItsLetter) {
    const BatchOptions options =
        parse_batch({"-m", "x.safetensors", "-s", "3", "-r", "-f", "jpg", "-t", "2", "-q", "-v"});
    EXPECT_EQ(options.model, "x.safetensors");
    EXPECT_EQ(options.upscale.scale, 3);
    EXPECT_EQ(options.format, "jpg");
    EXPECT_EQ(options.upscale.threads, 2);
    EXPECT_TRUE(options.recursive && options.quiet && options.verbose);
}

TEST(Options, Values) {
    EXPECT_EQ(parse_batch({"--tile", "auto"}).upscale.tile, 0);
    EXPECT_EQ(parse_batch({"--format", ".png"}).format, "png");
    EXPECT_EQ(parse_batch({"--suffix=-x4"}).suffix, "-x4");
    EXPECT_EQ(parse_batch({"--suffix", "-4x"}).suffix, "-4x");
    EXPECT_EQ(parse_batch({"--precision", "fp32"}).upscale.precision, Precision::fp32);
    EXPECT_EQ(parse_batch({"--input-is", "clean"}).upscale.input, InputKind::clean);
    EXPECT_EQ(parse_batch({"--input-is", "damaged"}).upscale.input, InputKind::damaged);
    EXPECT_EQ(parse_batch({"--existing", "error"}).existing, Existing::error);
    EXPECT_EQ(parse_batch({"-s", "1"}).upscale.scale, 1);
    EXPECT_EQ(parse_batch({"-s", "16"}).upscale.scale, 16);
    EXPECT_EQ(parse_batch({"-s", "1.6e1"}).upscale.scale, 16);
    EXPECT_EQ(parse_batch({"--depth", "8"}).depth, Depth::u8);
    EXPECT_EQ(parse_batch({"--depth", "16"}).depth, Depth::u16);
    EXPECT_EQ(parse_batch({"--depth", "float"}).depth, Depth::f32);
}

TEST(Options, InputsInTheirOrderAndBehindADoubleDash) {
    const auto options =
        std::get<BatchOptions>(parse({"b", "-o", "out", "a", "--", "-1.png", "-r"}));
    const std::vector<std::filesystem::path> expected{"b", "a", "-1.png", "-r"};
    EXPECT_EQ(options.inputs, expected);
    EXPECT_FALSE(options.recursive);
}

TEST(Options, AScaleThatIsNone) {
    for (const char* text : {"nan", "inf", "-inf", "4x", "x4", "-1", "-0.5", "0", "0.99", "16.01",
                             "1000", "1e999", " 4", "4 ", "+4", "0x4", "4,5", "1.5.2"}) {
        const std::string what = usage_error({"in.png", "-o", "out", "--scale", text});
        EXPECT_EQ(what,
                  "--scale: must be a number from 1 to 16, not \"" + std::string(text) + "\"");
        EXPECT_EQ(usage_error({"in.png", "-o", "out", std::string("--scale=") + text}), what);
    }
    EXPECT_NE(usage_error({"in.png", "-o", "out", "--scale", ""}).find("scale"), std::string::npos);
    EXPECT_NE(usage_error({"in.png", "-o", "out", "--scale="}).find("scale"), std::string::npos);
    EXPECT_EQ(usage_error({"in.png", "-o", "out", "-s", "-1"}),
              "--scale: must be a number from 1 to 16, not \"-1\"");
}

TEST(Options, OtherValuesThatAreNone) {
    const std::pair<const char*, const char*> kCases[] = {
        {"--threads", "0"},      {"--threads", "-1"},
        {"--threads", "2.5"},    {"--threads", "99999"},
        {"--tile", "0"},         {"--tile", "-3"},
        {"--tile", "big"},       {"--memory", "63"},
        {"--memory", "nan"},     {"--memory", "99999999999999999999"},
        {"--quality", "0"},      {"--quality", "101"},
        {"--quality", "95%"},    {"--depth", "12"},
        {"--depth", "32"},       {"--existing", "ask"},
        {"--precision", "fp64"}, {"--precision", "FP32"},
        {"--input-is", "dirty"}, {"--format", "xyz"},
        {"--format", "psd"},     {"--format", "png/x"},
        {"--suffix", "a/b"},     {"--width", "0"},
        {"--height", "-5"},      {"--fit", "100"},
        {"--fit", "100x"},       {"--fit", "0x5"},
        {"--shard", "0/3"},      {"--shard", "4/3"},
        {"--shard", "2"},        {"--strength", "1.1"},
        {"--strength", "nan"}};
    for (const auto& [option, value] : kCases) {
        const std::string what = usage_error({"in.png", "-o", "out", option, value});
        EXPECT_EQ(what.rfind(std::string(option) + ": ", 0), 0U) << option << " " << value << what;
    }
}

TEST(Options, TheLocaleChangesNothing) {
    struct German : std::numpunct<char> {
        char do_decimal_point() const override { return ','; }
        char do_thousands_sep() const override { return '.'; }
        std::string do_grouping() const override { return "\3"; }
    };
    const std::locale before = std::locale::global(std::locale(std::locale(), new German));
    EXPECT_EQ(parse_batch({"-s", "2.5"}).upscale.scale, 2.5);
    EXPECT_EQ(usage_error({"in.png", "-o", "out", "-s", "2,5"}),
              "--scale: must be a number from 1 to 16, not \"2,5\"");
    EXPECT_EQ(usage_error({"in.png", "-o", "out", "-t", "0"}),
              "--threads: must be a whole number from 1 to 1024, not \"0\"");
    std::locale::global(before);
}

TEST(Options, UnknownOnesAndShortenedOnes) {
    for (const char* option : {"--colour", "-z", "--rec", "--list", "--color-lock"}) {
        const std::string what = usage_error({"in.png", "-o", "out", option});
        EXPECT_NE(what.find(option), std::string::npos) << what;
    }
    EXPECT_NE(usage_error({"in.png", "-o", "out", "-s"}).find("--scale"), std::string::npos);
    for (const auto& [wrong, right] : {std::pair("--sclae=2", "--scale?"),
                                       {"--rec", "--recursive?"},
                                       {"--formt", "--format?"},
                                       {"--qualitiy", "--quality?"},
                                       {"--no-colour-lock", "--no-color-lock?"}}) {
        const std::string what = usage_error({"in.png", "-o", "out", wrong});
        EXPECT_NE(what.find(std::string("did you mean ") + right), std::string::npos) << what;
    }
    EXPECT_EQ(usage_error({"in.png", "-o", "out", "--xyzzy"}).find("did you"), std::string::npos);
    EXPECT_NE(usage_error({"in.png", "-o", "a", "-o", "b"}).find("--output"), std::string::npos);
}

TEST(Options, WhatIsMissing) {
    EXPECT_NE(usage_error({}).find("INPUT"), std::string::npos);
    EXPECT_NE(usage_error({"-o", "out"}).find("INPUT"), std::string::npos);
    EXPECT_NE(usage_error({"a.json", "--merge-reports"}).find("--output"), std::string::npos);
    EXPECT_TRUE(parse_batch({}).output == "out");
    EXPECT_NE(usage_error({"in.png", "-o", ""}).find("--output"), std::string::npos);
}

TEST(Options, HelpVersionAndModelsNeedNothingElse) {
    const std::string help = std::get<PrintText>(parse({"--help"})).text;
    for (const char* option :
         {"--output",  "--model",       "--scale",  "--recursive",      "--format",
          "--quality", "--depth",       "--suffix", "--strip-metadata", "--existing",
          "--threads", "--tile",        "--memory", "--precision",      "--device",
          "--dry-run", "--list-models", "--quiet",  "--verbose",        "--version",
          "--help",    "Examples",      "130"}) {
        EXPECT_NE(help.find(option), std::string::npos) << option;
    }
    EXPECT_EQ(std::get<PrintText>(parse({"--version"})).text.rfind("sisr-batch ", 0), 0U);
    EXPECT_TRUE(std::holds_alternative<ListModels>(parse({"--list-models"})));
}

}  // namespace
}  // namespace sisr::cli
