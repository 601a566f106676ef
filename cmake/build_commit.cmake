# cmake -DSOURCE=… -DOUTPUT=… -P build_commit.cmake: writes the C++ header OUTPUT with the commit of the sources and
# whether what is compiled differs from it; only when that has changed. Without git, or outside a repository of its own,
# the commit is "".
set(commit "")
set(changed false)
execute_process(COMMAND git rev-parse --show-toplevel HEAD WORKING_DIRECTORY ${SOURCE}
  OUTPUT_VARIABLE found ERROR_QUIET RESULT_VARIABLE failed)
if(NOT failed)
  string(REGEX REPLACE "\n.*" "" top "${found}")
  file(REAL_PATH ${top} top)
  file(REAL_PATH ${SOURCE} source)
  if(top STREQUAL source)
    string(REGEX REPLACE "^[^\n]*\n([0-9a-f]+).*" "\\1" commit "${found}")
    execute_process(COMMAND git status --porcelain -- CMakeLists.txt apps cmake include presets src
      WORKING_DIRECTORY ${SOURCE} OUTPUT_VARIABLE differences ERROR_QUIET)
    if(NOT differences STREQUAL "")
      set(changed true)
    endif()
  endif()
endif()

set(text "// Made by build_commit.cmake.
#pragma once

#define SOFTAC_COMMIT \"${commit}\"
#define SOFTAC_TREE_CHANGED ${changed}
")
set(old "")
if(EXISTS ${OUTPUT})
  file(READ ${OUTPUT} old)
endif()
if(NOT old STREQUAL text)
  file(WRITE ${OUTPUT} "${text}")
endif()
