#!/bin/sh
# The main job in one command: installs what is missing (root) or names it, builds, and runs
# the compositor on its own device with clients that share buffers: two producers draw with
# GPU batches, one hands its buffer over by flink name, the other as a dma-buf; two consumers
# compose what they get with drawing of their own; a video (NV12) plays on an overlay plane; a
# terminal (foot) has its pixels in shared memory; where there is room, a window has a cursor of
# its own. The inspector says so beside each of them.
#
# With a host Wayland display the result is a window that stays open; without one it is a
# picture of the scanout, testcard.png. testcard-trace.json, for ui.perfetto.dev, has what
# happened until then.
#
# usage: run.sh [WIDTHxHEIGHT [FOLDER]]   1024x768, and the source's folder, by default
#
# With TESTCARD_BUILD that build is taken as it is.
set -eu
size=${1:-1024x768}
width=${size%x*} height=${size#*x}
out=${2:+$(cd "$2" && pwd)}
cd "$(dirname "$0")/../.."
out=${out:-$PWD}
build=${TESTCARD_BUILD:-build}
if [ -z "${TESTCARD_BUILD:-}" ]; then
	.ci/deps run
	[ -f build/build.ninja ] || meson setup build >/dev/null
	ninja -C build >build.log 2>&1 || { tail -n 60 build.log; exit 1; }
fi

made=
if [ -z "${XDG_RUNTIME_DIR:-}" ]; then
	XDG_RUNTIME_DIR=$(mktemp -d)
	export XDG_RUNTIME_DIR
	made=$XDG_RUNTIME_DIR
fi
dir=$(mktemp -d "$XDG_RUNTIME_DIR/testcard-demo-XXXXXX")
socket=$(basename "$dir")-wayland
end() {
	# shellcheck disable=SC2046
	kill $(jobs -p) 2>/dev/null || :
	wait
	rm -rf "$dir" ${made:+"$made"}
}
trap end EXIT
trap 'exit 1' INT TERM
ctl() { "$build/clients/ctl/testcardctl" --dir "$dir" "$@"; }
window_ids() { ctl windows 2>/dev/null | grep -o '"id":[0-9]*' | cut -d: -f2 | sort -n; }

# until_true WHAT COMMAND...: polls for a minute, or until the compositor is gone.
until_true() {
	what=$1 tries=0
	shift
	until "$@"; do
		kill -0 "$compositor" 2>/dev/null || { wait "$compositor"; exit 1; }
		tries=$((tries + 1))
		[ $tries -lt 600 ] || { echo "no $what" >&2; exit 1; }
		sleep 0.1
	done
}
has_windows() { [ "$(window_ids | wc -l)" -ge "$1" ]; }

# The next window goes to X Y.
windows=0
place_next() {
	windows=$((windows + 1))
	until_true "window of client $windows" has_windows $windows
	ctl place "$(window_ids | tail -n 1)" "$1" "$2" >/dev/null
}
# show X Y CLIENT OPTIONS...
show() {
	x=$1 y=$2 client=$3
	shift 3
	WAYLAND_DISPLAY=$socket "$build/clients/launcher/testcard" exec --join "$dir" -- \
		"$build/clients/demo/testcard-$client" "$@" &
	place_next "$x" "$y"
}

# Three columns of two rows: each window with room for its label below it.
column=$((width / 3)) left=$((width / 60)) low=$((height * 2 / 5))
"$build/compositor/testcard-compositor" --dir "$dir" --socket "$socket" --inspect \
	--device clients/demo/demo.json --size "$size" --exit-with-client \
	--run "PS1='$ ' foot --window-size-pixels=$((width * 5 / 16))x$((height * 31 / 100)) sh" &
compositor=$!
until_true "control socket" test -S "$dir/control.sock"
rm -f "$out/testcard-trace.json"
ctl trace start "$out/testcard-trace.json" >/dev/null
place_next $((2 * column + left)) $((height * 47 / 100))
show $left 16 producer --name one
show $left $low consumer --name one
show $((column + left)) 16 producer --dma-buf --name two
show $((column + left)) $low consumer --dma-buf --name two
show $((2 * column + left)) 16 video --nv12 --size $((width * 5 / 16))x$((height * 5 / 32 * 2))
if [ "$height" -lt 1000 ]; then
	ctl move-to $((width - 60)) $((height * 3 / 5)) >/dev/null
else # there is room for a client with a cursor of its own
	show $left $((height * 3 / 4)) cursor
	ctl move-to $((left + 250)) $((height * 84 / 100)) >/dev/null
fi
ctl focus foot >/dev/null
ctl type 'echo first light: $(uname -sm)\n' >/dev/null
sleep 3 # the shell's answer, and a second for the strip to fill
ctl trace stop >/dev/null

if [ -n "${WAYLAND_DISPLAY:-}" ]; then
	echo "Testcard runs in a window on $WAYLAND_DISPLAY. Alt+I: the inspector. Close it, or press Alt+Escape in it, to end."
	wait $compositor
else
	ctl screenshot "$out/testcard.png" >/dev/null
	ctl quit >/dev/null
	wait $compositor
	echo "No host display: the scanout's picture is testcard.png"
fi
echo "What happened is in testcard-trace.json: open it in ui.perfetto.dev"
