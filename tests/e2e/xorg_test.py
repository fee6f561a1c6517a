"""Xorg's modesetting driver on the device, as an ordinary user: what its screen shows.

The server finds all by itself, a virtual terminal included. With a seat other than seat0 it asks
for none; it then opens the devices that are in its configuration by itself, or takes them from
logind where there is one."""
import desktop
import matrix
import tc

INK, FACE = 0x102030, 0xa0c0e0  # of the terminal, and the clock

CONFIG = """
Section "ServerFlags"
  Option "AutoAddGPU" "false"
  Option "AutoAddDevices" "false"
EndSection
Section "InputDevice"
  Identifier "keyboard"
  Driver "libinput"
  Option "Device" "/dev/input/event0"
EndSection
Section "InputDevice"
  Identifier "pointer"
  Driver "libinput"
  Option "Device" "/dev/input/event1"
EndSection
Section "InputDevice"
  Identifier "tablet"
  Driver "libinput"
  Option "Device" "/dev/input/event2"
EndSection
Section "Device"
  Identifier "card"
  Driver "modesetting"
  Option "kmsdev" "/dev/dri/card0"
  %s
EndSection
Section "Screen"
  Identifier "screen"
  Device "card"
EndSection
Section "ServerLayout"
  Identifier "layout"
  Screen "screen"
  InputDevice "keyboard" "CoreKeyboard"
  InputDevice "pointer" "CorePointer"
  InputDevice "tablet"
EndSection
"""

# Ends with the server, whose clients end by that.
START = """
rm -f display
Xorg -displayfd 3 %s -logfile xorg.log -noreset -nolisten tcp 3>display &
server=$!
trap 'kill $server' TERM
while ! [ -s display ] && kill -0 $server; do sleep 0.05; done
export DISPLAY=:$(cat display)
%s
while kill -0 $server 2>/dev/null; do wait $server; done
cat xorg.log
"""


def start(t, clients, device_option="", words=None, options=(), **env):
    """words: what the server is told, if not to be configured and without a terminal."""
    matrix.need("Xorg")
    if words is None:
        config = matrix.script(t, "xorg.conf", CONFIG % device_option)
        words = f"-seat seat-x -config {config}"
    script = matrix.script(t, "start.sh", START % (words, clients))
    return matrix.Program(t, "sh", script, options=options, **env)


def end(card):
    """Returns what the server has logged."""
    card.stop(None)
    card.t.wait(lambda: not tc.children(), "the server's clients to end")
    return card.log()


def terminal_and_clock(t):
    matrix.need("xterm", "xclock")
    return (f"xterm -bg '#{INK:06x}' -fg white -cr white -fa DejaVuSansMono -bw 0 -b 0 "
            f"-geometry 60x20+0+0 -e sh {matrix.typed(t)} &\n"
            f"xclock -bg '#{FACE:06x}' -update 1 -bw 0 -geometry 200x200+800+500 &\n")


def both(image):
    return (matrix.share(image, INK, (0, 0, 300, 200)) > 0.8 and
            matrix.share(image, FACE, (800, 500, 200, 200)) > 0.5)


def check_clients(card):
    card.show(both, "a terminal and a clock")
    # Without a window manager, the window below the pointer has the keyboard.
    desktop.point(card, 150, 150)
    matrix.type_line(card, "typed by nobody")
    picture = card.show(lambda image: len(matrix.colours(image, (0, 0, 300, 100), 1)) > 8,
                        "the letters")
    card.t.equal(matrix.share(picture, 0, (600, 0, 424, 400)), 1.0, "the root window")
    # xterm hides the cursor when it is typed into.
    desktop.point(card, 700, 200)
    # The second hand moves.
    card.show(lambda image: matrix.differ(image, picture, (800, 500, 200, 200)),
              "the clock's hand elsewhere")


def test_clients(t):
    card = start(t, terminal_and_clock(t))
    check_clients(card)
    end(card)


def test_virtual_terminal(t):
    """Nothing is configured. Switched away, another program has the screen; then it is back."""
    card = start(t, terminal_and_clock(t), words="-keeptty")
    check_clients(card)
    desktop.others_turn(card, both)
    card.show(both, "the terminal and the clock again")
    desktop.point(card, 150, 150)
    matrix.type_line(card, "typed again")
    end(card)


def test_atomic(t):
    card = start(t, terminal_and_clock(t), 'Option "Atomic" "true"')
    check_clients(card)
    end(card)


def test_glamor_is_refused_by_the_server(t):
    """The server takes no software GL for glamor; it draws by itself then, and shows that."""
    card = start(t, terminal_and_clock(t), 'Option "AccelMethod" "glamor"')
    check_clients(card)
    log = end(card)
    t.check("Refusing to try glamor on llvmpipe" in log, f"the evidence: {log[-3000:]}")


def test_devices_from_logind(t):
    matrix.need("dbus-daemon")
    card = start(t, terminal_and_clock(t), options=("--logind",))
    check_clients(card)
    log = end(card)
    t.check("systemd-logind: got fd for /dev/input/event0" in log, "the keyboard from logind")


def test_mode_by_randr(t):
    matrix.need("xrandr")
    card = start(t, terminal_and_clock(t) + f"while ! [ -e {t.path('go')} ]; do sleep 0.05; done\n"
                 "xrandr --output $(xrandr | sed -n 's/ connected.*//p') --mode 800x600\n")
    card.show(both, "a terminal and a clock")
    open(t.path("go"), "w").close()
    # The server sets the mode first, and has its clients draw anew then.
    card.show(lambda image: (image.width, image.height) == (800, 600) and
              matrix.share(image, INK, (0, 0, 300, 200)) > 0.8, "the terminal on 800x600")
    end(card)


tc.main(globals())
