#!/usr/bin/env bash
# test_mujoco_versions.sh 4.0.1|2.3.7|debian REPORT: builds the environments and their pictures against another MuJoCo
# and runs their tests.
# REPORT receives ctest's JUnit file. ./test --all calls this for each version, and holds the lock meanwhile.
#   4.0.1   mujoco-core from PyPI, with Gymnasium on the same library
#   2.3.7   mujoco from PyPI, with Gymnasium on the same library (Pusher-v4 exists here)
#   debian  libmujoco-dev (2.2.2); no Python package of it exists, so parity with Gymnasium is skipped
set -euo pipefail
root=$(dirname "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")")
. "$root/scripts/setup.sh"

version=$1 report=$2
dir=$root/build/mujoco-$version
rm -f "$report"
arguments=(-DCMAKE_BUILD_TYPE=Release -DSOFTAC_BUILD_TESTS=ON)
if [ "$version" = debian ]; then
  # Model files come from the gymnasium package of the main environment.
  python=$root/build/venv/bin/python
  arguments+=(-DSOFTAC_MUJOCO_ROOT=/usr)
else
  need_python "$root/build/venv-mujoco-$version" "mujoco-$version"
  python=$root/build/venv-mujoco-$version/bin/python
fi
configure "$dir" "${arguments[@]}" "-DSOFTAC_PYTHON=$python"
build "$dir" tests/env/all tests/render/all
SOFTAC_PYTHON=$python ctest --test-dir "$dir/tests" -R '^(env|render)' -j 2 --output-on-failure --no-tests=error \
  --output-junit "$report" </dev/null || true
