# Sanitizers must cover every object of a program, so these flags are global.
if(SISR_SANITIZE)
    add_compile_options(-fsanitize=${SISR_SANITIZE} -fno-omit-frame-pointer
        -fno-sanitize-recover=all)
    add_link_options(-fsanitize=${SISR_SANITIZE})
endif()
