# Installation, and what find_package(sisr) and pkg-config read. The components are named as the
# distribution's packages are (packages.cmake, debian/control).
include(CMakePackageConfigHelpers)

if(SISR_ONLY_TRAINER)
    return()
endif()

install(TARGETS sisr EXPORT sisrTargets
        LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
        COMPONENT libsisr0 NAMELINK_COMPONENT libsisr-dev)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/core/include/sisr
        DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT libsisr-dev)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/core/weights/
        DESTINATION ${CMAKE_INSTALL_DATADIR}/sisr/models COMPONENT sisr-models
        FILES_MATCHING PATTERN "*.safetensors" PATTERN "*.md")

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/sisr)
install(EXPORT sisrTargets NAMESPACE sisr:: DESTINATION ${package_dir} COMPONENT libsisr-dev)
configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/sisrConfig.cmake.in
    ${PROJECT_BINARY_DIR}/sisrConfig.cmake INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/sisrConfigVersion.cmake
    COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/sisrConfig.cmake ${PROJECT_BINARY_DIR}/sisrConfigVersion.cmake
        DESTINATION ${package_dir} COMPONENT libsisr-dev)
# Of where the file lies, so that the whole may be moved.
file(RELATIVE_PATH prefix_of_description
    ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
configure_file(${PROJECT_SOURCE_DIR}/cmake/sisr.pc.in ${PROJECT_BINARY_DIR}/sisr.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/sisr.pc
        DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT libsisr-dev)

# Where the loader looks anyway, distributions want no search path.
function(drop_search_path component folder file)
    install(CODE "
        if(CMAKE_INSTALL_PREFIX STREQUAL \"/usr\")
            file(RPATH_REMOVE FILE \"\$ENV{DESTDIR}/usr/${folder}/${file}\")
        endif()" COMPONENT ${component})
endfunction()
drop_search_path(libsisr0 ${CMAKE_INSTALL_LIBDIR} $<TARGET_FILE_NAME:sisr>)
drop_search_path(sisr-tools ${CMAKE_INSTALL_BINDIR} sisr-batch)
if(SISR_BUILD_TRAINING)
    drop_search_path(sisr-train ${CMAKE_INSTALL_BINDIR} sisr-train)
endif()

# What is installed, without the tests: `cmake --build build/release --target installed`.
add_custom_target(installed)
foreach(target sisr sisr-batch sisr-train sisr_completions sisr_manuals sisr-upscale sisr-gimp2
        sisr-gimp3)
    if(TARGET ${target})
        add_dependencies(installed ${target})
    endif()
endforeach()
