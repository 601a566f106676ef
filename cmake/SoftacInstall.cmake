# softac::softac over all modules, and an install tree that can be moved: headers, static libraries, the command with
# a relative RPATH, libmujoco beside them, and the package files for find_package(softac).
include(CMakePackageConfigHelpers)
set(softac_package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/softac)

# Every library that src/ and its subfolders declare.
function(softac_collect_libraries dir out)
  get_property(targets DIRECTORY ${dir} PROPERTY BUILDSYSTEM_TARGETS)
  get_property(subdirs DIRECTORY ${dir} PROPERTY SUBDIRECTORIES)
  set(found)
  foreach(target IN LISTS targets)
    get_target_property(type ${target} TYPE)
    if(type MATCHES "^(STATIC|OBJECT|INTERFACE)_LIBRARY$")
      list(APPEND found ${target})
    endif()
  endforeach()
  foreach(subdir IN LISTS subdirs)
    if(subdir MATCHES "^${PROJECT_SOURCE_DIR}/src/")
      softac_collect_libraries(${subdir} below)
      list(APPEND found ${below})
    endif()
  endforeach()
  set(${out} ${found} PARENT_SCOPE)
endfunction()

softac_collect_libraries(${PROJECT_SOURCE_DIR} softac_libraries)
list(REMOVE_ITEM softac_libraries softac_options softac_std)

add_library(softac_library INTERFACE)
add_library(softac::softac ALIAS softac_library)
set_target_properties(softac_library PROPERTIES EXPORT_NAME softac)
target_compile_features(softac_library INTERFACE cxx_std_20)

# Packages that a program linking the static libraries needs as well. Header-only ones and compile settings
# serve softac's own compilation, and are taken out of what is exported.
set(softac_find_dependencies "find_dependency(Threads)\n")
set(softac_has_mujoco FALSE)
foreach(library IN LISTS softac_libraries)
  get_target_property(interface ${library} INTERFACE_LINK_LIBRARIES)
  if(interface)
    list(FILTER interface EXCLUDE REGEX "LINK_ONLY:(softac_options|nlohmann_json|tomlplusplus|CLI11|fmt::fmt-header-only)")
    set_target_properties(${library} PROPERTIES INTERFACE_LINK_LIBRARIES "${interface}")
    if(interface MATCHES "fmt::fmt")
      string(APPEND softac_find_dependencies "find_dependency(fmt)\n")
    endif()
    if(interface MATCHES "MuJoCo::MuJoCo")
      set(softac_has_mujoco TRUE)
    endif()
  endif()
  get_target_property(type ${library} TYPE)
  if(NOT type STREQUAL "OBJECT_LIBRARY")  # objects are in the archive of their module already
    target_link_libraries(softac_library INTERFACE ${library})
  endif()
  string(REGEX REPLACE "^softac_" "" export_name ${library})
  set_target_properties(${library} PROPERTIES EXPORT_NAME ${export_name})
endforeach()

if(softac_has_mujoco)
  # The library is installed under its SONAME, the name that programs linked against it look for.
  get_target_property(softac_mujoco_file MuJoCo::MuJoCo IMPORTED_LOCATION)
  file(REAL_PATH ${softac_mujoco_file} softac_mujoco_file)
  execute_process(COMMAND ${CMAKE_OBJDUMP} -p ${softac_mujoco_file} OUTPUT_VARIABLE objdump_output COMMAND_ERROR_IS_FATAL ANY)
  string(REGEX MATCH "SONAME +([^\n]+)" unused "${objdump_output}")
  set(softac_mujoco_soname ${CMAKE_MATCH_1})
  install(FILES ${softac_mujoco_file} DESTINATION ${CMAKE_INSTALL_LIBDIR} RENAME ${softac_mujoco_soname})
endif()

if(TARGET softac_command)
  file(RELATIVE_PATH bin_to_lib /prefix/${CMAKE_INSTALL_BINDIR} /prefix/${CMAKE_INSTALL_LIBDIR})
  set_target_properties(softac_command PROPERTIES INSTALL_RPATH "$ORIGIN/${bin_to_lib}")
endif()
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/softac DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.h")
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(TARGETS ${softac_libraries} softac_library EXPORT softac-targets
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(EXPORT softac-targets NAMESPACE softac:: DESTINATION ${softac_package_dir})

configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/softac-config.cmake.in
  ${PROJECT_BINARY_DIR}/softac-config.cmake INSTALL_DESTINATION ${softac_package_dir} PATH_VARS CMAKE_INSTALL_LIBDIR)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/softac-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/softac-config.cmake ${PROJECT_BINARY_DIR}/softac-config-version.cmake
  DESTINATION ${softac_package_dir})
