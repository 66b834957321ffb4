# `cmake --install build/release`: programs, the runtime, its header, and how CMake and pkg-config find them.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

install(TARGETS vyrec vyre-opt vyre-run RUNTIME)
install(TARGETS vyrert_static vyrert_shared)
install(FILES ${PROJECT_SOURCE_DIR}/runtime-stub/vyrert.h TYPE INCLUDE)

configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/vyre-config.cmake.in ${PROJECT_BINARY_DIR}/vyre-config.cmake
    INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/vyre
    PATH_VARS CMAKE_INSTALL_BINDIR CMAKE_INSTALL_LIBDIR CMAKE_INSTALL_INCLUDEDIR)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/vyre-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/vyre-config.cmake ${PROJECT_BINARY_DIR}/vyre-config-version.cmake
    DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/vyre)

configure_file(${CMAKE_CURRENT_LIST_DIR}/vyre.pc.in ${PROJECT_BINARY_DIR}/vyre.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/vyre.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
