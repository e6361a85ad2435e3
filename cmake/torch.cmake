# libtorch: found here, wrapped once, its slow headers precompiled once.
# libtorch 2.6's description warns when there is no static kineto, which Debian's library holds already.
add_library(sisr_no_kineto INTERFACE)
if(NOT DEFINED kineto_LIBRARY)
    set(kineto_LIBRARY sisr_no_kineto)
endif()
find_package(Torch REQUIRED)

# Torch's own target brings its include folders as plain ones, whose warnings are not ours.
add_library(sisr_torch INTERFACE)
get_target_property(torch_includes torch INTERFACE_INCLUDE_DIRECTORIES)
if(NOT torch_includes)
    set(torch_includes ${TORCH_INCLUDE_DIRS})
endif()
target_include_directories(sisr_torch SYSTEM INTERFACE ${torch_includes})
# oneDNN is the library that libtorch computes with; its own description wants OpenCL's headers.
find_path(DNNL_INCLUDE_DIR oneapi/dnnl/dnnl.hpp REQUIRED)
find_library(DNNL_LIBRARY dnnl REQUIRED)
mark_as_advanced(DNNL_INCLUDE_DIR DNNL_LIBRARY)
# Both compute with OpenMP's threads. at::parallel_for is a template, and without the compiler's
# option it is a plain loop.
find_package(OpenMP REQUIRED COMPONENTS CXX)
target_link_libraries(sisr_torch INTERFACE
    ${TORCH_LIBRARIES} ${DNNL_LIBRARY} OpenMP::OpenMP_CXX)
target_include_directories(sisr_torch SYSTEM INTERFACE ${DNNL_INCLUDE_DIR})

# sisr_uses_torch(TARGET): links libtorch and shares the one precompiled header. The first target
# builds it; the others must be compiled with the same flags and definitions.
function(sisr_uses_torch target)
    target_link_libraries(${target} PUBLIC sisr_torch)
    # GCC finds a dangling pointer and uninitialised members in libtorch's inlined code.
    target_compile_options(${target} PRIVATE
        $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized -Wno-array-bounds
            -Wno-stringop-overflow>)
    get_target_property(type ${target} TYPE)
    if(type STREQUAL "EXECUTABLE")
        # The header is compiled for libraries; a program must use the same code model.
        set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE OFF)
        target_compile_options(${target} PRIVATE -fPIC)
    endif()
    get_property(owner GLOBAL PROPERTY SISR_TORCH_PCH_OWNER)
    if(owner)
        target_precompile_headers(${target} REUSE_FROM ${owner})
    else()
        target_precompile_headers(${target} PRIVATE <torch/torch.h>)
        if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
            target_compile_options(${target} PRIVATE -fpch-preprocess)
        endif()
        set_property(GLOBAL PROPERTY SISR_TORCH_PCH_OWNER ${target})
    endif()
endfunction()
