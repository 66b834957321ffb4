# Registering tests. A test passes with exit status 0, is skipped with 77, and fails with anything else or after its time.
set(VYRE_LLVM_BIN /usr/lib/llvm-22/bin CACHE PATH "Where lit, FileCheck, not and split-file are")

# vyre_test(NAME COMMAND command... [TIMEOUT seconds]): registers a command.
function(vyre_test name)
    cmake_parse_arguments(A "" "TIMEOUT" "COMMAND" ${ARGN})
    if(NOT A_TIMEOUT)
        set(A_TIMEOUT 120)
    endif()
    add_test(NAME ${name} COMMAND ${A_COMMAND})
    set_tests_properties(${name} PROPERTIES TIMEOUT ${A_TIMEOUT} SKIP_RETURN_CODE 77)
endfunction()

# vyre_test_program(NAME [SOURCES file...] [LINK library...] [ARGS argument...] [TIMEOUT seconds]):
# builds NAME from NAME.c or SOURCES and registers it.
function(vyre_test_program name)
    cmake_parse_arguments(A "" "TIMEOUT" "SOURCES;LINK;ARGS" ${ARGN})
    if(NOT A_SOURCES)
        set(A_SOURCES ${name}.c)
    endif()
    add_executable(${name} ${A_SOURCES})
    set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR})
    target_link_libraries(${name} PRIVATE vyre_flags ${A_LINK})
    vyre_test(${name} COMMAND ${name} ${A_ARGS} TIMEOUT ${A_TIMEOUT})
endfunction()

# vyre_without_drivers(NAME): the test finds no driver of NVIDIA's or AMD's, also where there is one: files of their names that are no libraries.
function(vyre_without_drivers name)
    set(folder ${PROJECT_BINARY_DIR}/tests/no-drivers)
    foreach(library libcuda.so.1 libhsa-runtime64.so.1)
        file(WRITE ${folder}/${library} "")
    endforeach()
    set_property(TEST ${name} APPEND PROPERTY ENVIRONMENT LD_LIBRARY_PATH=${folder})
endfunction()
