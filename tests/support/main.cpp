/// What runs the cases: in the user's locale, as a host that has set it does.
#include <clocale>
#include <gtest/gtest.h>
#include <locale>

int main(int argc, char** argv) {
    // C's, and C++'s, which streams follow.
    if (std::setlocale(LC_ALL, "") != nullptr) std::locale::global(std::locale(""));
    testing::InitGoogleTest(&argc, argv);
    return RUN_ALL_TESTS();
}
