# `cmake --install build/release`: programs, the runtime, its header, and how CMake and pkg-config find them.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

install(TARGETS vyrec vyre-opt vyre-run vyre-objdump vyre-reduce vyre-plan vyre-gen RUNTIME)
install(TARGETS vyrert_static vyrert_shared vyrec_static vyrec_shared)
install(FILES ${PROJECT_SOURCE_DIR}/runtime-stub/vyrert.h ${PROJECT_SOURCE_DIR}/library/vyrec.h TYPE INCLUDE)

configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/vyre-config.cmake.in ${PROJECT_BINARY_DIR}/vyre-config.cmake
    INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/vyre
    PATH_VARS CMAKE_INSTALL_BINDIR CMAKE_INSTALL_LIBDIR CMAKE_INSTALL_INCLUDEDIR)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/vyre-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/vyre-config.cmake ${PROJECT_BINARY_DIR}/vyre-config-version.cmake
    DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/vyre)

configure_file(${CMAKE_CURRENT_LIST_DIR}/vyre.pc.in ${PROJECT_BINARY_DIR}/vyre.pc @ONLY)
execute_process(COMMAND ${VYRE_LLVM_CONFIG} --libdir OUTPUT_VARIABLE llvm_libdir OUTPUT_STRIP_TRAILING_WHITESPACE)
configure_file(${CMAKE_CURRENT_LIST_DIR}/vyrec.pc.in ${PROJECT_BINARY_DIR}/vyrec.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/vyre.pc ${PROJECT_BINARY_DIR}/vyrec.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

# Manual pages and completions, printed by the tools themselves.
set(printed)
foreach(tool vyrec vyre-opt vyre-run vyre-objdump vyre-reduce vyre-plan vyre-gen)
    set(folder ${PROJECT_BINARY_DIR}/share)
    add_custom_command(OUTPUT ${folder}/${tool}.1 ${folder}/${tool}.bash ${folder}/_${tool} ${folder}/${tool}.fish
        COMMAND ${CMAKE_COMMAND} -E make_directory ${folder}
        COMMAND ${tool} --print-man > ${folder}/${tool}.1
        COMMAND ${tool} --print-completion=bash > ${folder}/${tool}.bash
        COMMAND ${tool} --print-completion=zsh > ${folder}/_${tool}
        COMMAND ${tool} --print-completion=fish > ${folder}/${tool}.fish
        DEPENDS ${tool} VERBATIM)
    list(APPEND printed ${folder}/${tool}.1 ${folder}/${tool}.bash ${folder}/_${tool} ${folder}/${tool}.fish)
    install(FILES ${folder}/${tool}.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
    install(FILES ${folder}/${tool}.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME ${tool})
    install(FILES ${folder}/_${tool} DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions)
    install(FILES ${folder}/${tool}.fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)
endforeach()
add_custom_target(manuals ALL DEPENDS ${printed})
