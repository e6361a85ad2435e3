#include "base/numbers.h"
#include "base/ascii.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace sisr {
namespace {

TEST(Numbers, TheWholeTextMustBeOne) {
    EXPECT_EQ(parse_number<double>("0.5"), 0.5);
    EXPECT_EQ(parse_number<double>("-2.5e-3"), -0.0025);
    EXPECT_EQ(parse_number<int>("42"), 42);
    EXPECT_EQ(parse_number<unsigned>("fF", 16), 255U);
    for (const char* text : {"", " 1", "1 ", "0,5", "1.5.2", "+1", "1x", "x", ".", "-"}) {
        EXPECT_FALSE(parse_number<double>(text)) << text;
    }
    for (const char* text : {"", "1.5", "99999999999", "-", "0x10", "1,000"}) {
        EXPECT_FALSE(parse_number<int>(text)) << text;
    }
    EXPECT_FALSE(parse_number<unsigned>("-1"));
    EXPECT_FALSE(parse_number<double>("1e999"));
}

TEST(Numbers, OneIsTakenOffTheBeginning) {
    std::string_view text = "0.25-4.5:any";
    EXPECT_EQ(take_number<double>(text), 0.25);
    EXPECT_EQ(text, "-4.5:any");
    text.remove_prefix(1);
    EXPECT_EQ(take_number<double>(text), 4.5);
    EXPECT_EQ(text, ":any");
    EXPECT_FALSE(take_number<double>(text));
    EXPECT_EQ(text, ":any");
}

TEST(Numbers, TextReadsBackAsTheSameNumber) {
    const double most = std::numeric_limits<double>::max();
    const double least = std::numeric_limits<double>::denorm_min();
    for (const double value : {0.0, 0.1, 1.0 / 3, 100000.0, 1e-5, 2e-7, 1e15, -4.75, most, least}) {
        EXPECT_EQ(parse_number<double>(format_number(value)), value) << format_number(value);
    }
    EXPECT_TRUE(std::isinf(*parse_number<double>(format_number(INFINITY))));
}

TEST(Numbers, AsPeopleReadThem) {
    EXPECT_EQ(format_number(0.5), "0.5");
    EXPECT_EQ(format_number(100000), "100000");
    EXPECT_EQ(format_number(2e-7), "2e-07");
    EXPECT_EQ(format_number(2.0, 2), "2.00");
    EXPECT_EQ(format_number(1234567.891, 1), "1234567.9");
    EXPECT_EQ(format_significant(0.00032, 5), "0.00032");
    EXPECT_EQ(format_significant(28.43219, 4), "28.43");
}

TEST(Ascii, OnlyLettersOfAscii) {
    EXPECT_EQ(ascii_lower("TIFF i\xC3\x84 1_9"), "tiff i\xC3\x84 1_9");
    EXPECT_EQ(lower_extension("A.B/C.TIF"), ".tif");
    EXPECT_EQ(lower_extension("A.B/C"), "");
}

}  // namespace
}  // namespace sisr
