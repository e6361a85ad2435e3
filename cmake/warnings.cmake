# sisr_warnings: linked privately by every target of ours, so that no consumer inherits a flag.
add_library(sisr_warnings INTERFACE)
target_compile_options(sisr_warnings INTERFACE
    $<$<COMPILE_LANG_AND_ID:CXX,GNU,Clang>:-Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor
        -Woverloaded-virtual -Wcast-qual>
    $<$<COMPILE_LANG_AND_ID:C,GNU,Clang>:-Wall -Wextra -Wpedantic>)
# Nobody asks for floating-point traps; with them no comparison of samples becomes a vector's.
target_compile_options(sisr_warnings INTERFACE
    $<$<COMPILE_LANG_AND_ID:CXX,GNU,Clang>:-fno-trapping-math>)
if(SISR_WARNINGS_AS_ERRORS)
    target_compile_options(sisr_warnings INTERFACE -Werror)
endif()
