/// GEGL is started once for all cases, with our module among its own.
#include <clocale>
#include <gegl.h>
#include <gtest/gtest.h>

int main(int argc, char** argv) {
    testing::InitGoogleTest(&argc, argv);
    std::setlocale(LC_ALL, "");  // as GEGL's command and GIMP do
    g_setenv("GEGL_PATH", SISR_GEGL_PATH, TRUE);
    gegl_init(nullptr, nullptr);
    const int result = RUN_ALL_TESTS();
    gegl_exit();
    return result;
}
