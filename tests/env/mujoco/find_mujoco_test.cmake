# cmake/FindMuJoCo.cmake on made-up trees: what it accepts, and what it refuses with which message.
# Run as cmake -DMODULES=<dir of FindMuJoCo.cmake> -DWORK=<empty directory> -P find_mujoco_test.cmake
file(REMOVE_RECURSE ${WORK})
file(WRITE ${WORK}/project/CMakeLists.txt "cmake_minimum_required(VERSION 3.25)
project(find NONE)
set_property(GLOBAL PROPERTY TARGET_SUPPORTS_SHARED_LIBS ON)
list(APPEND CMAKE_MODULE_PATH ${MODULES})
find_package(MuJoCo REQUIRED)
get_target_property(location MuJoCo::MuJoCo IMPORTED_LOCATION)
message(STATUS \"found \${MuJoCo_VERSION} \${location}\")
")

# tree(name header_number header_dir library): a tree of empty libraries
function(tree name number include)
  file(WRITE ${WORK}/${name}/${include}/mujoco/mujoco.h "#define mjVERSION_HEADER ${number}\n")
  foreach(library IN LISTS ARGN)
    file(WRITE ${WORK}/${name}/${library} "")
  endforeach()
endfunction()

# expect(name code pattern): configures with the tree as root
function(expect name success pattern)
  execute_process(COMMAND ${CMAKE_COMMAND} -S ${WORK}/project -B ${WORK}/build-${name}
                          -DSOFTAC_MUJOCO_ROOT=${WORK}/${name}
                  OUTPUT_VARIABLE out ERROR_VARIABLE out RESULT_VARIABLE code)
  string(REGEX REPLACE "[ \n]+" " " out "${out}")
  if((code EQUAL 0 AND NOT success) OR (NOT code EQUAL 0 AND success) OR NOT out MATCHES "${pattern}")
    message(SEND_ERROR "${name}: exit ${code}, expected to match '${pattern}':\n${out}")
  endif()
endfunction()

tree(release 3017000 include lib/libmujoco.so)
expect(release TRUE "found 3.17.0 .*/release/lib/libmujoco.so")
tree(wheel 4000001 include libmujoco.so.4.0.1)
expect(wheel TRUE "found 4.0.1 .*/wheel/libmujoco.so.4.0.1")
tree(old 222 include lib/x86_64-linux-gnu/libmujoco.so)
expect(old TRUE "found 2.2.2 ")
tree(refused 4000000 include libmujoco.so.4.0.0)
expect(refused FALSE "4.0.0.*wrong accelerations.*4.0.1")
tree(mismatch 3017000 include libmujoco.so.2.3.7)
expect(mismatch FALSE "do not belong together.*3.17.0.*2.3.7")
tree(headers_only 3017000 include)
expect(headers_only FALSE "lacks include/mujoco/mujoco.h or libmujoco.so")
tree(library_only 3017000 elsewhere lib/libmujoco.so)
expect(library_only FALSE "lacks include/mujoco/mujoco.h or libmujoco.so")
