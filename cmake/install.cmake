# Installation, and the package that find_package(sisr) reads.
include(CMakePackageConfigHelpers)

install(TARGETS sisr EXPORT sisrTargets LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY ${PROJECT_SOURCE_DIR}/core/include/sisr
        DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(DIRECTORY ${PROJECT_SOURCE_DIR}/core/weights/
        DESTINATION ${CMAKE_INSTALL_DATADIR}/sisr/models
        FILES_MATCHING PATTERN "*.safetensors" PATTERN "*.md")

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/sisr)
install(EXPORT sisrTargets NAMESPACE sisr:: DESTINATION ${package_dir})
configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/sisrConfig.cmake.in
    ${PROJECT_BINARY_DIR}/sisrConfig.cmake INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/sisrConfigVersion.cmake
    COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/sisrConfig.cmake ${PROJECT_BINARY_DIR}/sisrConfigVersion.cmake
        DESTINATION ${package_dir})

# What is installed, without the tests: `cmake --build build/release --target installed`.
add_custom_target(installed)
foreach(target sisr sisr-batch sisr-train sisr_completions sisr_manuals sisr-upscale sisr-gimp2
        sisr-gimp3)
    if(TARGET ${target})
        add_dependencies(installed ${target})
    endif()
endforeach()
