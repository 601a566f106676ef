# Finds MuJoCo's headers and library. In this order, the first that has both wins:
#   1. -DSOFTAC_MUJOCO_ROOT=DIR: a release tree (include/, lib/), a build or install tree, or the package directory of a
#      Python wheel. If it is given, nothing else is looked at.
#   2. The `mujoco` package of the Python interpreter -DSOFTAC_PYTHON=FILE (wheels `mujoco` and `mujoco-core`).
#   3. The system's directories (Debian's libmujoco-dev).
# Defines MuJoCo_FOUND, MuJoCo_VERSION, MuJoCo_INCLUDE_DIR, MuJoCo_LIBRARY and the target MuJoCo::MuJoCo. The library is
# linked by its full path: wheels hold no unversioned libmujoco.so. MuJoCo 4.0.0 is refused: its Newton solver is wrong.
set(SOFTAC_MUJOCO_ROOT "" CACHE PATH "MuJoCo tree or wheel directory (empty: look in Python and system)")
set(SOFTAC_PYTHON "" CACHE FILEPATH "Python interpreter whose mujoco and gymnasium packages are used")

# softac_python_package_dir(out package): the directory of an installed package, without importing it; empty if none.
function(softac_python_package_dir out package)
  set(found "")
  if(SOFTAC_PYTHON)
    execute_process(
      COMMAND ${SOFTAC_PYTHON} -c
              "import importlib.util; spec = importlib.util.find_spec('${package}')
print(list(spec.submodule_search_locations)[0] if spec else '')"
      OUTPUT_VARIABLE found ERROR_VARIABLE message RESULT_VARIABLE code OUTPUT_STRIP_TRAILING_WHITESPACE)
    if(NOT code EQUAL 0)
      message(FATAL_ERROR "SOFTAC_PYTHON=${SOFTAC_PYTHON} does not run: ${code} ${message}")
    endif()
  endif()
  set(${out} "${found}" PARENT_SCOPE)
endfunction()

# Looks in one root; sets _include and _library (empty if not there). The highest version wins where several lie.
function(_softac_mujoco_in root)
  find_path(_dir mujoco/mujoco.h PATHS ${root}/include ${root} NO_DEFAULT_PATH NO_CACHE)
  file(GLOB _libraries ${root}/libmujoco.so ${root}/lib/libmujoco.so ${root}/lib64/libmujoco.so
       ${root}/bin/libmujoco.so ${root}/lib/*/libmujoco.so)
  if(NOT _libraries)
    file(GLOB _libraries ${root}/libmujoco.so.* ${root}/lib/libmujoco.so.* ${root}/lib64/libmujoco.so.*
         ${root}/lib/*/libmujoco.so.*)
    list(SORT _libraries COMPARE NATURAL ORDER DESCENDING)
  endif()
  set(_include "")
  set(_library "")
  if(_dir AND _libraries)
    set(_include ${_dir})
    list(GET _libraries 0 _library)
  endif()
  set(_include "${_include}" PARENT_SCOPE)
  set(_library "${_library}" PARENT_SCOPE)
endfunction()

set(_include "")
set(_library "")
if(SOFTAC_MUJOCO_ROOT)
  _softac_mujoco_in(${SOFTAC_MUJOCO_ROOT})
  if(NOT _include)
    set(MuJoCo_NOT_FOUND_MESSAGE
        "SOFTAC_MUJOCO_ROOT=${SOFTAC_MUJOCO_ROOT} lacks include/mujoco/mujoco.h or libmujoco.so")
  endif()
else()
  softac_python_package_dir(_package mujoco)
  if(_package)
    _softac_mujoco_in(${_package})
  endif()
  if(NOT _include)
    unset(_include)
    unset(_library)
    find_path(_include mujoco/mujoco.h NO_CACHE)
    find_library(_library mujoco NO_CACHE)
  endif()
endif()

set(MuJoCo_INCLUDE_DIR "${_include}")
set(MuJoCo_LIBRARY "${_library}")
if(MuJoCo_INCLUDE_DIR)
  # Three digits (222 = 2.2.2) up to 3.4.0, seven (3017000 = 3.17.0) from 3.5.0 on.
  file(STRINGS ${MuJoCo_INCLUDE_DIR}/mujoco/mujoco.h _line REGEX "^#define mjVERSION_HEADER +[0-9]+")
  string(REGEX MATCH "[0-9]+$" MuJoCo_HEADER_NUMBER "${_line}")
  if(MuJoCo_HEADER_NUMBER LESS 1000)
    string(REGEX REPLACE "^(.)(.)(.)$" "\\1.\\2.\\3" MuJoCo_VERSION "${MuJoCo_HEADER_NUMBER}")
  else()
    math(EXPR _major "${MuJoCo_HEADER_NUMBER} / 1000000")
    math(EXPR _minor "${MuJoCo_HEADER_NUMBER} / 1000 % 1000")
    math(EXPR _patch "${MuJoCo_HEADER_NUMBER} % 1000")
    set(MuJoCo_VERSION ${_major}.${_minor}.${_patch})
  endif()
  if(MuJoCo_VERSION VERSION_EQUAL 4.0.0)
    message(FATAL_ERROR "MuJoCo 4.0.0 (${MuJoCo_INCLUDE_DIR}) computes wrong accelerations (its Newton solver; fixed "
                        "in 4.0.1). Use mujoco==3.17.0 or mujoco-core==4.0.1.")
  endif()
  # The version in the library's real file name, where it has one, must be the headers'.
  if(MuJoCo_LIBRARY)
    file(REAL_PATH ${MuJoCo_LIBRARY} _real)
    if(_real MATCHES "libmujoco\\.so\\.([0-9]+\\.[0-9]+\\.[0-9]+)$" AND NOT CMAKE_MATCH_1 VERSION_EQUAL MuJoCo_VERSION)
      message(FATAL_ERROR "MuJoCo's headers and library do not belong together: ${MuJoCo_INCLUDE_DIR} is "
                          "${MuJoCo_VERSION}, ${_real} is ${CMAKE_MATCH_1}.")
    endif()
  endif()
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(MuJoCo REQUIRED_VARS MuJoCo_LIBRARY MuJoCo_INCLUDE_DIR VERSION_VAR MuJoCo_VERSION
                                  REASON_FAILURE_MESSAGE "${MuJoCo_NOT_FOUND_MESSAGE}")

if(MuJoCo_FOUND AND NOT TARGET MuJoCo::MuJoCo)
  add_library(MuJoCo::MuJoCo SHARED IMPORTED GLOBAL)
  set_target_properties(MuJoCo::MuJoCo PROPERTIES
    IMPORTED_LOCATION ${MuJoCo_LIBRARY}
    INTERFACE_INCLUDE_DIRECTORIES ${MuJoCo_INCLUDE_DIR})
endif()
