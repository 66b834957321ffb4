# How every part of the project is built: C11, warnings as errors, sanitizers by option.
set(CMAKE_C_STANDARD 11)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS ON) # GNU C: attributes, statement-free; gcc 12 and clang 14 or later
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin)
set(CMAKE_ARCHIVE_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/lib)
set(CMAKE_LIBRARY_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/lib)

option(VYRE_SANITIZE "Build with AddressSanitizer and UndefinedBehaviorSanitizer" OFF)
option(VYRE_STATIC_LLVM "Link only the LLVM components needed, statically" OFF)

add_library(vyre_flags INTERFACE)
target_compile_options(vyre_flags INTERFACE -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes
    -Wvla -Wno-missing-field-initializers -fno-strict-aliasing -ffp-contract=off)
target_include_directories(vyre_flags INTERFACE ${PROJECT_SOURCE_DIR} ${PROJECT_BINARY_DIR})
if(VYRE_SANITIZE)
    target_compile_options(vyre_flags INTERFACE -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer)
    target_link_options(vyre_flags INTERFACE -fsanitize=address,undefined)
endif()

# vyre_library(NAME LINK lib...): a static library from this folder's .c files.
function(vyre_library name)
    cmake_parse_arguments(A "" "" "LINK;EXTRA_SOURCES" ${ARGN})
    file(GLOB sources CONFIGURE_DEPENDS *.c)
    add_library(${name} STATIC ${sources} ${A_EXTRA_SOURCES})
    target_link_libraries(${name} PUBLIC vyre_flags ${A_LINK})
endfunction()
