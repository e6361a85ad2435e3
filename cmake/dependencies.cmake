# What everything is built from, but for libtorch (torch.cmake).
find_package(Threads REQUIRED)
find_package(Boost CONFIG REQUIRED COMPONENTS program_options)
find_package(nlohmann_json REQUIRED)
find_package(JPEG REQUIRED)
find_package(Protobuf REQUIRED)
find_package(ZLIB REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(ZIP REQUIRED IMPORTED_TARGET libzip)
if(NOT SISR_ONLY_TRAINER)
    find_package(GIF REQUIRED)
    # Debian 12's OpenImageIOConfig.cmake names files of packages it does not depend on;
    # pkg-config's description works on Debian 12 and 13.
    pkg_check_modules(OIIO REQUIRED IMPORTED_TARGET OpenImageIO)
    pkg_check_modules(HEIF REQUIRED IMPORTED_TARGET libheif)
    pkg_check_modules(PUGIXML REQUIRED IMPORTED_TARGET pugixml)
    pkg_check_modules(LCMS REQUIRED IMPORTED_TARGET lcms2)
    pkg_check_modules(TIFF REQUIRED IMPORTED_TARGET libtiff-4)
    pkg_check_modules(WEBP REQUIRED IMPORTED_TARGET libwebp libwebpdemux)
    pkg_check_modules(ISAL REQUIRED IMPORTED_TARGET libisal)
endif()
if(SISR_BUILD_PLUGINS)
    pkg_check_modules(GEGL REQUIRED IMPORTED_TARGET gegl-0.4)
endif()

find_program(SISR_GZIP gzip REQUIRED)
mark_as_advanced(SISR_GZIP)
find_program(SISR_CCACHE ccache)
mark_as_advanced(SISR_CCACHE)
if(SISR_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
    # A precompiled header carries time stamps and macros that ccache must be told to forgive.
    set(launcher ${CMAKE_COMMAND} -E env
        CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
        ${SISR_CCACHE})
    set(CMAKE_C_COMPILER_LAUNCHER ${launcher})
    set(CMAKE_CXX_COMPILER_LAUNCHER ${launcher})
endif()
