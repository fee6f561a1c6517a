#!/bin/sh
# The main job in one command: installs what is missing (root) or names it,
# builds, and runs the compositor on its own device with a real terminal (foot)
# and our demo client. A line is typed into the terminal through the virtual
# keyboard. With a host Wayland display the result is a window that stays open;
# without one it is a picture of the scanout, testcard.png.
set -eu
cd "$(dirname "$0")/../.."
.ci/deps run
[ -f build/build.ninja ] || meson setup build >/dev/null
ninja -C build >build.log 2>&1 || { tail -n 60 build.log; exit 1; }

made=
if [ -z "${XDG_RUNTIME_DIR:-}" ]; then
	XDG_RUNTIME_DIR=$(mktemp -d)
	export XDG_RUNTIME_DIR
	made=$XDG_RUNTIME_DIR
fi
dir=$(mktemp -d "$XDG_RUNTIME_DIR/testcard-demo-XXXXXX")
trap 'rm -rf "$dir" ${made:+"$made"}' EXIT
ctl() { build/clients/ctl/testcardctl --dir "$dir" "$@"; }

build/compositor/testcard-compositor --dir "$dir" --exit-with-client \
	--run 'build/clients/demo/testcard-pattern --size 480x360' \
	--run 'sleep 0.3; exec foot --window-size-pixels=560x340' &
compositor=$!

# Two windows mapped, or give up after 20 s.
tries=0
until [ "$(ctl windows 2>/dev/null | grep -o '"title"' | wc -l)" -ge 2 ]; do
	kill -0 $compositor 2>/dev/null || { wait $compositor; exit $?; }
	tries=$((tries + 1))
	[ $tries -lt 200 ] || { echo "the clients did not show a window" >&2; kill $compositor; exit 1; }
	sleep 0.1
done
# Alt+drag moves the terminal (window 2, mapped at 64,64) off the test card.
steps() { for step in "$@"; do ctl $step >/dev/null; ctl wait-vblank 2 >/dev/null; done; }
ctl focus foot >/dev/null
steps 'move-to 344 234' 'key leftalt down' 'button left down' 'move-to 704 534' \
	'button left up' 'key leftalt up'
sleep 1 # the shell's prompt
ctl type 'echo first light: $(uname -sm)\n' >/dev/null
sleep 1

if [ -n "${WAYLAND_DISPLAY:-}" ]; then
	echo "Testcard runs in a window on $WAYLAND_DISPLAY. Close it, or press Alt+Escape in it, to end."
	wait $compositor
else
	ctl screenshot "$PWD/testcard.png" >/dev/null
	ctl quit >/dev/null
	wait $compositor
	echo "No host display: the scanout's picture is testcard.png"
fi
