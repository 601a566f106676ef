# Compile settings that every softac target shares, and the two helpers that declare modules and tests.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

add_library(softac_options INTERFACE)
# -ffp-contract=off: fused multiply-adds only where written, so that every machine computes the same bits.
target_compile_options(softac_options INTERFACE -ffp-contract=off)
target_compile_options(softac_options INTERFACE $<BUILD_INTERFACE:-Wall> $<BUILD_INTERFACE:-Wextra>
  $<BUILD_INTERFACE:-Wpedantic> $<BUILD_INTERFACE:-Wshadow> $<BUILD_INTERFACE:-Wconversion>
  $<BUILD_INTERFACE:-Wno-sign-conversion>)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # g++ 12 loses double->float->double rounding in SLP-vectorised code.
  target_compile_options(softac_options INTERFACE -fno-tree-slp-vectorize)
endif()
if(SOFTAC_WERROR)
  target_compile_options(softac_options INTERFACE -Werror)
endif()
if(SOFTAC_SANITIZE)
  target_compile_options(softac_options INTERFACE -fsanitize=${SOFTAC_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_link_options(softac_options INTERFACE -fsanitize=${SOFTAC_SANITIZE})
endif()

# softac_module(name SOURCES a.cc … [DEPENDS module…]): static library softac_<name>, alias softac::<name>.
function(softac_module name)
  cmake_parse_arguments(M "" "" "SOURCES;DEPENDS" ${ARGN})
  add_library(softac_${name} STATIC ${M_SOURCES})
  add_library(softac::${name} ALIAS softac_${name})
  target_include_directories(softac_${name}
    PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>
           $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/src>)
  target_link_libraries(softac_${name} PRIVATE $<BUILD_INTERFACE:softac_options>)
  foreach(dep IN LISTS M_DEPENDS)
    target_link_libraries(softac_${name} PUBLIC softac_${dep})
  endforeach()
endfunction()

# softac_test(name SOURCES a.cc … LINKS lib… [LABELS l…]): GoogleTest executable test_<name>, each TEST known to CTest.
function(softac_test name)
  cmake_parse_arguments(T "" "" "SOURCES;LINKS;LABELS" ${ARGN})
  add_executable(test_${name} ${T_SOURCES})
  target_link_libraries(test_${name} PRIVATE softac_options ${T_LINKS} GTest::gtest GTest::gmock GTest::gtest_main)
  target_include_directories(test_${name} PRIVATE ${PROJECT_SOURCE_DIR}/tests)
  gtest_discover_tests(test_${name} TEST_PREFIX "${name}." DISCOVERY_TIMEOUT 60 PROPERTIES LABELS "${T_LABELS}")
endfunction()
