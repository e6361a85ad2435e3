# `cpack` in the build folder makes Debian's packages of the components, from what is built there; their
# relations and words are those of debian/control, by which dpkg-buildpackage makes the same.
file(READ ${PROJECT_SOURCE_DIR}/debian/changelog changelog LIMIT 200)
string(REGEX MATCH "\\(([^)]+)\\)" _ "${changelog}")
set(CPACK_PACKAGE_VERSION ${CMAKE_MATCH_1})
file(READ ${PROJECT_SOURCE_DIR}/debian/control control)
string(REPLACE ";" "," control "${control}")
string(REGEX REPLACE "\\$\\{(binary:Version|source:Version)\\}" "${CPACK_PACKAGE_VERSION}"
    control "${control}")

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME sisr)
set(CPACK_DEBIAN_PACKAGE_SOURCE sisr)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_COMPONENTS_GROUPING IGNORE)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS ${CMAKE_LIBRARY_OUTPUT_DIRECTORY})
# Hosts look into folders with absolute names.
set(CPACK_SET_DESTDIR ON)
set(CPACK_INSTALL_PREFIX /usr)

# control_field(VARIABLE STANZA FIELD): with the lines that go on; empty where there is none.
function(control_field variable stanza field)
    string(REGEX MATCH "(^|\n)${field}: ([^\n]*(\n [^\n]*)*)" _ "${stanza}")
    set(${variable} "${CMAKE_MATCH_2}" PARENT_SCOPE)
endfunction()

# What Debian wants beside each package; `cmake --install` of everything leaves it out.
execute_process(COMMAND ${SISR_GZIP} -9nc ${PROJECT_SOURCE_DIR}/debian/changelog
    OUTPUT_FILE ${PROJECT_BINARY_DIR}/changelog.gz COMMAND_ERROR_IS_FATAL ANY)
function(add_package_documents package)
    install(FILES ${PROJECT_SOURCE_DIR}/debian/copyright ${PROJECT_BINARY_DIR}/changelog.gz
            DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/${package}
            COMPONENT ${package} EXCLUDE_FROM_ALL)
endfunction()

# As debhelper does for libraries: who is linked with it needs its package, and the loader's cache is
# made anew once, after all packages.
file(WRITE ${PROJECT_BINARY_DIR}/shlibs "libsisr 0 libsisr0 (>= ${CPACK_PACKAGE_VERSION})\n")
file(WRITE ${PROJECT_BINARY_DIR}/triggers "activate-noawait ldconfig\n")
set(CPACK_DEBIAN_LIBSISR0_PACKAGE_CONTROL_EXTRA
    ${PROJECT_BINARY_DIR}/shlibs ${PROJECT_BINARY_DIR}/triggers)

control_field(CPACK_PACKAGE_CONTACT "${control}" Maintainer)
control_field(CPACK_DEBIAN_PACKAGE_SECTION "${control}" Section)
string(REPLACE "\n\n" ";" stanzas "${control}")
list(REMOVE_AT stanzas 0)
foreach(stanza IN LISTS stanzas)
    control_field(package "${stanza}" Package)
    if(package STREQUAL sisr-train AND NOT SISR_BUILD_TRAINING)
        continue()
    endif()
    list(APPEND CPACK_COMPONENTS_ALL ${package})
    add_package_documents(${package})
    string(TOUPPER ${package} name)
    set(CPACK_DEBIAN_${name}_PACKAGE_NAME ${package})
    control_field(depends "${stanza}" Depends)
    if(depends MATCHES "shlibs:Depends")
        set(CPACK_DEBIAN_${name}_PACKAGE_SHLIBDEPS ON)
    else()
        set(CPACK_DEBIAN_${name}_PACKAGE_ARCHITECTURE all)
    endif()
    string(REGEX REPLACE "\\$\\{[a-z]+:Depends\\}(, )?" "" depends "${depends}")
    set(CPACK_DEBIAN_${name}_PACKAGE_DEPENDS "${depends}")
    control_field(CPACK_DEBIAN_${name}_PACKAGE_RECOMMENDS "${stanza}" Recommends)
    control_field(section "${stanza}" Section)
    if(section)
        set(CPACK_DEBIAN_${name}_PACKAGE_SECTION ${section})
    endif()
    control_field(description "${stanza}" Description)
    string(REPLACE "\n " "\n" CPACK_COMPONENT_${name}_DESCRIPTION "${description}")
endforeach()
include(CPack)
