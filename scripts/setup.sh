# shellcheck shell=bash disable=SC2154
# What ./softac and ./test share: Debian packages, Python environments in build/, the CMake build. Sourced, not run.
# The caller sets `root` (the source tree). Everything here reports on standard error and leaves standard output alone.

run_packages=(g++ cmake ninja-build python3-venv libcli11-dev libtomlplusplus-dev nlohmann-json3-dev)
# What pictures, videos and windows are made with at run time; the tests of a part that is missing are skipped.
render_packages=(libegl1 libgl1-mesa-dri libosmesa6 libglfw3 ffmpeg)
# Without them softac reads and writes no datasets of Minari; everything else is the same.
data_packages=(libhdf5-dev)
test_packages=("${run_packages[@]}" "${render_packages[@]}" "${data_packages[@]}" libgtest-dev libgmock-dev clang-format-14 python3-dev
  chromium librsvg2-bin xvfb xdotool)
system_python=${SOFTAC_SYSTEM_PYTHON:-/usr/bin/python3}
build_dir=$root/build/release

say() { echo "softac: $*" >&2; }

fail() {
  say "$*"
  exit 1
}

# Serialises everything that writes below build/; held on descriptor 9 until release_lock or the end of the process.
take_lock() {
  mkdir -p "$root/build" || fail "cannot write to $root"
  exec 9>"$root/build/.lock" || fail "cannot write to $root/build"
  if ! flock -n 9; then
    say "waiting for another call that builds in $root/build"
    flock 9
  fi
}

release_lock() { exec 9>&-; }

# missing_packages NAME…: prints those that are not installed, one a line.
missing_packages() {
  # dpkg-query fails if it does not know one of the names; its output still holds the others.
  local installed
  installed=$(dpkg-query -W -f '${Package} ${Status}\n' "$@" 2>/dev/null | sed -n 's/ install ok installed$//p') || true
  printf '%s\n' "$@" | grep -vxF -f <(printf '%s\n' "$installed" | sed '/^$/d') || true
}

# need_packages NAME…: installs the missing Debian packages, or names them and exits 1.
need_packages() {
  if ! command -v dpkg-query >/dev/null; then
    say "not a Debian system; continuing with the tools that are here (docs/install.md)"
    return 0
  fi
  local missing as_root=()
  mapfile -t missing < <(missing_packages "$@")
  [ ${#missing[@]} -gt 0 ] || return 0
  if [ "$(id -u)" -ne 0 ]; then
    if command -v sudo >/dev/null && { sudo -n true 2>/dev/null || { [ -t 0 ] && [ -t 2 ]; }; }; then
      as_root=(sudo)
    else
      say "these Debian packages are missing, and there are no rights to install them: ${missing[*]}"
      fail "as root:  apt-get install ${missing[*]}"
    fi
  fi
  say "installing Debian packages: ${missing[*]}"
  local apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=600)
  "${apt[@]}" update >&2 </dev/null || say "apt-get update failed; trying with the package lists that are here"
  "${apt[@]}" install -y --no-install-recommends "${missing[@]}" >&2 </dev/null ||
    fail "could not install these Debian packages: ${missing[*]}"
}

# need_python DIR NAME: a virtual environment of Debian's Python in DIR with the pinned packages of
# scripts/requirements-NAME.txt. Rebuilt when any pin changes; an interrupted installation is repaired.
need_python() {
  local dir=$1 stamp=$1/.installed-$2 pins
  pins=$(cat "$root"/scripts/requirements-*.txt | sha256sum)
  [ "$(cat "$stamp" 2>/dev/null)" != "$pins" ] || return 0
  say "installing Python packages into ${dir#"$root"/}"
  if [ "$(cat "$dir/.pins" 2>/dev/null)" != "$pins" ]; then
    rm -rf "$dir"
    "$system_python" -m venv "$dir" >&2 || fail "cannot make a Python environment in $dir"
    echo "$pins" >"$dir/.pins"
  fi
  "$dir/bin/python" -m pip --disable-pip-version-check install --quiet --only-binary=:all: \
    -r "$root/scripts/requirements-$2.txt" >&2 || fail "could not install the packages of scripts/requirements-$2.txt"
  echo "$pins" >"$stamp"
}

# configure DIR ARGUMENT…: runs CMake in DIR if it has not been run there with these arguments, these pins and these
# packages that may be missing.
configure() {
  local dir=$1 wanted
  shift
  wanted="$* $(cat "$root/build/venv/.pins" 2>/dev/null) without: $(missing_packages "${data_packages[@]}")"
  if [ ! -f "$dir/build.ninja" ] || [ "$(cat "$dir/.configured" 2>/dev/null)" != "$wanted" ]; then
    rm -f "$dir/CMakeCache.txt" "$dir/.configured"  # paths of a replaced Python environment must not survive
    cmake -S "$root" -B "$dir" -G Ninja "$@" >&2 || fail "could not configure the build in ${dir#"$root"/}"
    echo "$wanted" >"$dir/.configured"
  fi
}

# build DIR [TARGET…]: silent when everything is up to date.
build() {
  local dir=$1
  shift
  (cd "$dir" && ninja -j "$(nproc)" "$@") |
    sed -u '/^\[0\/[0-9]*\] Re-checking globbed/d; /^\[[0-9]*\/[0-9]*\] Commit of the sources$/d; /^ninja: no work to do/d' >&2 ||
    fail "the build in ${dir#"$root"/} failed"
}

# The Release build, which both commands share: ./test marks it to hold the tests and the Python module as well.
with_tests() { [ -f "$build_dir/.with-tests" ]; }

# The Debian packages that it needs, and what build/venv must hold.
prepare_release() {
  if with_tests; then
    need_packages "${test_packages[@]}"
    need_python "$root/build/venv" test
  else
    need_packages "${run_packages[@]}"
    need_python "$root/build/venv" run
  fi
}

# CMake arguments of the Release build. Warnings are errors only with the compiler they were tested with.
release_arguments() {
  printf '%s\n' -DCMAKE_BUILD_TYPE=Release "-DSOFTAC_PYTHON=$root/build/venv/bin/python"
  [ "$(${CXX:-g++} -dumpversion 2>/dev/null)" != 12 ] || echo -DSOFTAC_WERROR=ON
  if with_tests; then
    printf '%s\n' -DSOFTAC_BUILD_TESTS=ON -DSOFTAC_BUILD_PYTHON=ON
  else
    echo -DSOFTAC_BUILD_TESTS=OFF
  fi
}

# Leaves an up-to-date command at $build_dir/apps/softac.
prepare_command() {
  if [ -x "$build_dir/apps/softac" ] && [ ! -w "$root/build" ]; then
    return 0  # built by another user: nothing here can be brought up to date
  fi
  local arguments
  take_lock
  prepare_release
  mapfile -t arguments < <(release_arguments)
  configure "$build_dir" "${arguments[@]}"
  build "$build_dir" apps/softac
  release_lock
}
