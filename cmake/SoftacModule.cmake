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
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # Instrumented code makes g++ 12 warn of its own std::regex and std::function.
    target_compile_options(softac_options INTERFACE -Wno-maybe-uninitialized)
  endif()
endif()

if(SKBUILD)
  # A wheel: no path of its build in messages; and as sources are compiled in groups, the linker takes what is needed of
  # them by function.
  target_compile_options(softac_options INTERFACE "-fmacro-prefix-map=${PROJECT_SOURCE_DIR}/=" -ffunction-sections -fdata-sections)
  target_link_options(softac_options INTERFACE -Wl,--gc-sections)
endif()

if(SOFTAC_COVERAGE)
  # -O1, not -O0: the kernels, whose loops are templates over lanes, would take the suites past their time limits. GCC
  # places its counters before it optimises, so that lines keep them; threads of one process add to the same counters.
  target_compile_options(softac_options INTERFACE --coverage -O1 -fprofile-update=atomic)
  target_link_options(softac_options INTERFACE --coverage)
endif()

# The standard headers that most units include cost each of them more than its own text: they are compiled once for all
# modules and once for the command (position-independent code and executables need files of their own). Not under ccache,
# which looks into no precompiled header without special settings; so units that forget an include fail there.
if(CMAKE_CXX_COMPILER_LAUNCHER MATCHES "ccache")
  set(pch_default OFF)
else()
  set(pch_default ON)
endif()
option(SOFTAC_PRECOMPILE "Compile the standard headers once for all units" ${pch_default})
# For the same reason a module's sources are compiled several at a time.
option(SOFTAC_UNITY "Compile the sources of a module in groups of six" ${pch_default})
function(softac_group target)
  set_target_properties(${target} PROPERTIES UNITY_BUILD ${SOFTAC_UNITY} UNITY_BUILD_BATCH_SIZE 6)
endfunction()
set(softac_std_headers <algorithm> <array> <atomic> <bit> <chrono> <cmath> <cstdint> <cstdio> <cstring> <filesystem>
  <functional> <limits> <map> <memory> <mutex> <optional> <set> <span> <sstream> <string> <string_view> <thread> <utility>
  <variant> <vector>)
if(SOFTAC_PRECOMPILE)
  # g++ 12 warns of its own std::string then (its bugs 105651 and 105329); other builds keep these warnings.
  target_compile_options(softac_options INTERFACE
    $<$<CXX_COMPILER_ID:GNU>:-Wno-array-bounds;-Wno-restrict;-Wno-stringop-overflow;-Wno-stringop-overread>)
  file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/softac_std.cc CONTENT "// Only carries the precompiled headers.\n")
  add_library(softac_std OBJECT ${PROJECT_BINARY_DIR}/softac_std.cc)
  target_link_libraries(softac_std PRIVATE softac_options)
  target_precompile_headers(softac_std PRIVATE ${softac_std_headers})
endif()
function(softac_precompile target)
  if(SOFTAC_PRECOMPILE)
    target_precompile_headers(${target} REUSE_FROM softac_std)
  endif()
endfunction()

# softac_module(name SOURCES a.cc … [DEPENDS module…]): static library softac_<name>, alias softac::<name>.
function(softac_module name)
  cmake_parse_arguments(M "" "" "SOURCES;DEPENDS" ${ARGN})
  add_library(softac_${name} STATIC ${M_SOURCES})
  add_library(softac::${name} ALIAS softac_${name})
  target_include_directories(softac_${name}
    PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>
           $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/src>)
  target_link_libraries(softac_${name} PRIVATE $<BUILD_INTERFACE:softac_options>)
  softac_precompile(softac_${name})
  softac_group(softac_${name})
  foreach(dep IN LISTS M_DEPENDS)
    target_link_libraries(softac_${name} PUBLIC softac_${dep})
  endforeach()
endfunction()

# softac_test(name SOURCES a.cc … LINKS lib… [LABELS l…]): GoogleTest executable test_<name>, each TEST known to CTest.
# Labels with a meaning for ./test: slow and release_only (not under sanitizers), campaign (only with --all).
function(softac_test name)
  cmake_parse_arguments(T "" "" "SOURCES;LINKS;LABELS" ${ARGN})
  add_executable(test_${name} ${T_SOURCES})
  target_link_libraries(test_${name} PRIVATE softac_options ${T_LINKS} GTest::gtest GTest::gmock GTest::gtest_main)
  target_include_directories(test_${name} PRIVATE ${PROJECT_SOURCE_DIR}/tests)
  string(REPLACE ";" "\\;" labels "${T_LABELS}")
  # NO_PRETTY_VALUES: printed parameters may hold addresses, which would change the names from run to run.
  gtest_discover_tests(test_${name} TEST_PREFIX "${name}." NO_PRETTY_VALUES DISCOVERY_TIMEOUT 300
    PROPERTIES LABELS "${labels}" ENVIRONMENT "SOFTAC_PYTHON=${SOFTAC_PYTHON}" TIMEOUT 600)
endfunction()

# softac_python_test(name SCRIPT a.py [ARGS …] [LABELS l…]): a script that exits 0 if all is well and 77, with a line
# 'SKIPPED: reason', if it could not run.
function(softac_python_test name)
  cmake_parse_arguments(T "" "SCRIPT" "ARGS;LABELS" ${ARGN})
  cmake_path(ABSOLUTE_PATH T_SCRIPT BASE_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR})
  set(python ${SOFTAC_PYTHON})
  if(NOT python)
    set(python python3)
  endif()
  add_test(NAME ${name} COMMAND ${python} -B ${T_SCRIPT} ${T_ARGS})
  set_tests_properties(${name} PROPERTIES LABELS "python;${T_LABELS}" SKIP_RETURN_CODE 77 TIMEOUT 900
    ENVIRONMENT "SOFTAC_PYTHON=${SOFTAC_PYTHON}")
endfunction()

# softac_fuzz(name SOURCES a.cc … LINKS lib… CORPUS dir): a program around LLVMFuzzerTestOneInput. With clang and
# SOFTAC_FUZZ=ON it is a libFuzzer program; always it can replay files, which CTest does with the kept corpus.
option(SOFTAC_FUZZ "Build libFuzzer programs (clang)" OFF)
function(softac_fuzz name)
  cmake_parse_arguments(F "" "CORPUS" "SOURCES;LINKS" ${ARGN})
  cmake_path(ABSOLUTE_PATH F_CORPUS BASE_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR})
  add_executable(fuzz_${name} ${F_SOURCES})
  target_link_libraries(fuzz_${name} PRIVATE softac_options ${F_LINKS})
  if(SOFTAC_FUZZ)
    target_compile_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
    target_link_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
  else()
    target_sources(fuzz_${name} PRIVATE ${PROJECT_SOURCE_DIR}/tests/fuzz/replay_main.cc)
    add_test(NAME fuzz.${name} COMMAND fuzz_${name} ${F_CORPUS})
    set_tests_properties(fuzz.${name} PROPERTIES LABELS fuzz TIMEOUT 300)
  endif()
endfunction()
