# shellcheck shell=bash disable=SC2154
# The runs that ./test is made of. Sourced after setup.sh; each run leaves a JUnit file that `finish` adds up.

sanitize_packages=("${test_packages[@]}" clang-14 libclang-rt-14-dev)
campaign_packages=(gcc-arm-none-eabi libnewlib-arm-none-eabi qemu-system-arm)
reports=()
broken=0  # builds and checks outside CTest that failed

# run_ctest NAME DIR ARGUMENT…: runs the tests of a build folder; the result goes to `reports`.
run_ctest() {
  local name=$1 dir=$2 report=$root/build/report-$1.xml
  shift 2
  echo "== $name"
  rm -f "$report"
  # The exit status is in the report as well: a missing or failed test counts there.
  SOFTAC_PYTHON=$root/build/venv/bin/python ctest --test-dir "$dir" -j 2 --output-on-failure \
    --no-tests=error --output-junit "$report" "$@" </dev/null || true
  reports+=("$name=$report")
}

# Builds in a subshell, so that one failed build is counted and the next run still takes place.
# build_suite NAME DIR CMAKE_ARGUMENT… [-- TARGET…]
build_suite() {
  local name=$1 dir=$2 arguments=()
  shift 2
  while [ $# -gt 0 ] && [ "$1" != -- ]; do
    arguments+=("$1")
    shift
  done
  shift $(($# > 0))
  echo "== $name: building"
  if ! (configure "$dir" "${arguments[@]}" && build "$dir" "$@") 2>&1; then
    echo "FAILED: the $name build"
    broken=$((broken + 1))
    return 1
  fi
}

prepare_tests() {
  mkdir -p "$build_dir"
  touch "$build_dir/.with-tests"
  prepare_release
}

run_release() {
  local arguments
  mapfile -t arguments < <(release_arguments)
  build_suite release "$build_dir" "${arguments[@]}" || return 0
  run_ctest release "$build_dir" -LE campaign "$@"
}

# Debug information for line numbers only, and -O1: the builds stay fast enough to run whole suites.
sanitizer_arguments() {
  printf '%s\n' -DCMAKE_BUILD_TYPE=RelWithDebInfo "-DCMAKE_CXX_FLAGS_RELWITHDEBINFO=-O1 -g1" -DSOFTAC_WERROR=ON \
    "-DSOFTAC_PYTHON=$root/build/venv/bin/python" -DSOFTAC_BUILD_TESTS=ON
}

run_sanitized() {
  need_packages "${sanitize_packages[@]}"
  need_python "$root/build/venv" test
  local common
  mapfile -t common < <(sanitizer_arguments)

  # Timed and learning tests belong to Release, as do those of scripts, documents and (python) whole commands.
  local unfit='campaign|slow|package|style|release_only'
  if build_suite asan "$root/build/asan" "${common[@]}" -DSOFTAC_SANITIZE=address,undefined; then
    ASAN_OPTIONS=detect_leaks=1:strict_string_checks=1:detect_stack_use_after_return=1:check_initialization_order=1 \
      UBSAN_OPTIONS=print_stacktrace=1 run_ctest asan "$root/build/asan" -E example -LE "$unfit|python" "$@"
  fi
  # The suites that start threads, and the command.
  local threaded=(thread_pool env env_mujoco agent train)
  if build_suite tsan "$root/build/tsan" "${common[@]}" -DSOFTAC_SANITIZE=thread -- "${threaded[@]/#/test_}" softac_command; then
    TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1 \
      run_ctest tsan "$root/build/tsan" -R "^($(IFS='|' && echo "${threaded[*]}"))\\." -E example -LE "$unfit|python" "$@"
    # Two minutes of training with threads.
    TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1 run_ctest tsan-training "$root/build/tsan" -R '^sanitize\.' "$@"
  fi
  if build_suite clang "$root/build/clang" -DCMAKE_BUILD_TYPE=Release -DCMAKE_C_COMPILER=clang-14 \
    -DCMAKE_CXX_COMPILER=clang++-14 -DSOFTAC_WERROR=ON -DSOFTAC_BUILD_TESTS=ON \
    "-DSOFTAC_PYTHON=$root/build/venv/bin/python"; then
    run_ctest clang "$root/build/clang" -LE "$unfit" "$@"
  fi
}

run_mujoco_versions() {
  local version report
  need_packages "${test_packages[@]}" libmujoco-dev
  for version in 4.0.1 2.3.7 debian; do
    report=$root/build/report-mujoco-$version.xml
    echo "== mujoco-$version"
    if "$root/scripts/test_mujoco_versions.sh" "$version" "$report" 2>&1; then
      reports+=("mujoco-$version=$report")
    else
      echo "FAILED: the mujoco-$version build"
      broken=$((broken + 1))
    fi
  done
}

run_campaigns() {
  need_packages "${campaign_packages[@]}"
  need_python "$root/build/venv-all" all
  SOFTAC_PYTHON_ALL=$root/build/venv-all/bin/python run_ctest campaigns "$build_dir" -L campaign "$@"
}

# Prints what was skipped and why, what failed, and the closing line; exits 1 if anything failed.
finish() {
  release_lock
  exec "$system_python" "$root/scripts/summarize.py" --broken "$broken" "${reports[@]}"
}
