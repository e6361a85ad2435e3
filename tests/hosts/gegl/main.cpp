/// GEGL is started once for all cases, with our module among its own.
#include <gegl.h>
#include <gtest/gtest.h>

int main(int argc, char** argv) {
    testing::InitGoogleTest(&argc, argv);
    g_setenv("GEGL_PATH", SISR_GEGL_PATH, TRUE);
    gegl_init(nullptr, nullptr);
    const int result = RUN_ALL_TESTS();
    gegl_exit();
    return result;
}
