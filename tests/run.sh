#!/bin/sh
# Installs what is missing (root) or names it, builds, and runs every test:
# the whole suite on a normal build, then the engine's tests again under
# AddressSanitizer and UndefinedBehaviorSanitizer. What failed runs again alone
# (again.py says what that means). Ends with the count.
# usage: tests/run.sh [meson test arguments]   e.g. tests/run.sh --suite unit
set -u
cd "$(dirname "$0")/.."
.ci/deps test || exit 1

fail=0
run() { # build folder, meson options, test arguments
	dir=$1 options=$2
	shift 2
	if [ ! -f "$dir/build.ninja" ]; then
		# shellcheck disable=SC2086
		meson setup "$dir" $options >"$dir.log" 2>&1 || { cat "$dir.log"; exit 1; }
	fi
	ninja -C "$dir" >"$dir.log" 2>&1 || { tail -n 60 "$dir.log"; exit 1; }
	rm -f "$dir"/meson-logs/testlog*.junit.xml "$dir/meson-logs/unsteady"
	meson test -C "$dir" --no-rebuild --timeout-multiplier 4 "$@" ||
		python3 tests/again.py "$dir" || fail=1
}

run build '' "$@"
if [ $# = 0 ]; then
	run build-asan '-Db_sanitize=address,undefined -Db_lundef=false' --suite engine
fi
python3 tests/count.py build build-asan || fail=1
exit $fail
