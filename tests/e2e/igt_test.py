"""Debian's intel-gpu-tools benchmarks, unmodified, on the driver name i915: what submits batches.
What needs memory only is in intel_test.py. Times are the machine's: numbers must be there and
make sense, no more."""
import os
import re
import shutil

import tc

BENCHMARKS = "/usr/libexec/igt-gpu-tools/benchmarks"
OPTIONS = ("--driver", "i915", "--no-input")
SKIPPED = 77  # what the tools end with when the hardware cannot do it


def tool(name):
    path = os.path.join(BENCHMARKS, name)
    if not os.path.exists(path):
        raise tc.Skip(f"{name} is not in this intel-gpu-tools package")
    return path


def check_numbers(t, text, count=None):
    """A line a number; each a time or a rate, so above 0 and finite."""
    lines = [line.strip() for line in text.splitlines() if not line.startswith("Using ")]
    numbers = [float(line) for line in lines if re.fullmatch(r"[0-9]+\.[0-9]+", line)]
    t.check(len(numbers) == len(lines) and numbers, text)
    t.check(all(0 < number < 1e9 for number in numbers), text)
    if count is not None:
        t.equal(len(numbers), count, text)
    return numbers


def benchmark(t, name, *args, count=1, options=OPTIONS):
    return check_numbers(t, t.exec(tool(name), *args, options=options), count)


def test_gem_exec_nop(t):
    for engine in ("rcs", "bcs"):
        benchmark(t, "gem_exec_nop", "-r", "1", "-e", engine)


def test_gem_exec_nop_waiting_for_each(t):
    benchmark(t, "gem_exec_nop", "-r", "1", "-s")


def test_gem_exec_nop_of_every_cpu(t):
    benchmark(t, "gem_exec_nop", "-r", "1", "-f")


def test_gem_exec_ctx(t):
    for mode in ("nop", "create", "switch", "default"):
        benchmark(t, "gem_exec_ctx", "-r", "1", "-b", mode)


def test_gem_exec_fault(t):
    """Binding: objects that displace each other."""
    benchmark(t, "gem_exec_fault", "-r", "1")


def test_gem_exec_reloc(t):
    benchmark(t, "gem_exec_reloc", "-r", "1", count=None)


def test_gem_exec_reloc_of_many_relocations(t):
    """More than one packet of the wire takes."""
    benchmark(t, "gem_exec_reloc", "-b", "2000", "-r", "2000", "-l", "1", count=None)


def test_gem_blt(t):
    for args in ((), ("-b", "4"), ("-S",), ("-s", "8192")):
        benchmark(t, "gem_blt", "-r", "1", "-t", "100", *args)


def test_gem_busy_of_a_batch_that_does_not_end(t):
    """It runs in a circle until the tool writes its end into it."""
    for args in ((), ("-w",), ("-W",), ("-d",), ("-I",), ("-e", "bcs")):
        benchmark(t, "gem_busy", "-r", "1", *args)


def test_gem_busy_by_fences(t):
    """Polls the sync_file of an endless batch, waits for its sync object; merges of both engines."""
    for args in (("-s",), ("-S",), ("-s", "-e", "all"), ("-S", "-e", "all")):
        benchmark(t, "gem_busy", "-r", "1", *args)


def test_gem_syslatency(t):
    text = t.exec(tool("gem_syslatency"), "-t", "1", options=OPTIONS)
    found = re.search(r"cycles=(\d+), latency mean=(\S+)us max=(\S+)us", text)
    t.check(found and int(found.group(1)) > 0, text)
    # Its timer's thread has a real-time priority, or is not there.
    if "nan" in found.group(3):
        raise tc.Skip("gem_syslatency: batches ran, but no real-time priority for its timer here")
    t.check(float(found.group(2)) > 0 and float(found.group(3)) > 0, text)


def test_gem_exec_trace(t):
    """What gem_blt did, recorded by the tools' own library above ours, is done again."""
    tracer, blt, replay = (tool(name) for name in
                           ("libgem_exec_tracer.so", "gem_blt", "gem_exec_trace"))
    # The library names its files itself: /tmp/trace-PID.FD.
    script = (f'LD_PRELOAD="{tracer}:$LD_PRELOAD" {blt} -r 1 -t 1 >/dev/null & pid=$!; '
              'wait $pid && echo $pid')
    pid = t.exec("sh", "-c", script, options=OPTIONS).strip()
    traces = [os.path.join("/tmp", name) for name in os.listdir("/tmp")
              if re.fullmatch(rf"trace-{pid}\.\d+", name)]
    try:
        t.check(traces, "no trace was written")
        text = t.exec(replay, max(traces, key=os.path.getsize), options=OPTIONS)
    finally:
        for trace in traces:
            os.unlink(trace)
    t.check(re.search(r"^/tmp/trace-.*: [0-9]+\.[0-9]+$", text, re.M), text)


def upload(t, name, iterations):
    text = t.exec(tool(name), options=OPTIONS, timeout=600)
    found = re.fullmatch(rf"{iterations} iterations in ([0-9.]+) secs: ([0-9.]+) MB/sec\n", text)
    t.check(found and float(found.group(2)) > 0, text)


def test_intel_upload_blit_large(t):
    for name in ("large", "large_gtt", "large_map"):
        upload(t, f"intel_upload_blit_{name}", 200)


def test_intel_upload_blit_small(t):
    """A million writes of a hundred bytes: the wire's round trips, and a while."""
    upload(t, "intel_upload_blit_small", 1000)


def test_vgem_mmap(t):
    """Any driver with dumb buffers is vgem enough."""
    benchmark(t, "vgem_mmap", "-r", "1", options=("--driver", "vgem", "--no-input"))


def test_kms_vblank(t):
    """It wants a display that is on: modetest's, on the same card."""
    tool("kms_vblank")
    card, line = t.path("card"), t.path("line")
    os.mkdir(card)
    os.mkfifo(line)
    device = t.start(tc.LAUNCHER, "device", "--dir", card, *OPTIONS)
    t.wait(lambda: os.path.exists(os.path.join(card, "device.sock")), "the card")
    text = t.exec("modetest", "-M", "i915", "-c", options=("--join", card))
    connector = re.search(r"^(\d+)\s+\d+\s+connected", text, re.M).group(1)
    # modetest holds its mode until its input has a line, or an end.
    master = t.start("sh", "-c", f"exec {tc.LAUNCHER} exec --join {card} -- "
                     f"modetest -M i915 -s {connector}:1024x768 <{line}")
    with open(line, "w", encoding="ascii"):
        t.wait(lambda: "active=1" in state(t, card), "modetest's mode")
        for args in (("-w", "query"), ("-w", "event")):
            benchmark(t, "kms_vblank", "-r", "1", *args, options=("--join", card))
    t.equal(master.wait(tc.TIMEOUT), 0)
    t.running.remove(master)
    t.stop(device)


def test_intel_error_decode(t):
    """The error state of a batch that never ends, taken apart by the tool for the real ones."""
    if not shutil.which("intel_error_decode"):
        raise tc.Skip("intel_error_decode is not installed (intel-gpu-tools)")
    # gem_busy's batch jumps to its own start for two seconds.
    script = (f"{tool('gem_busy')} -r 1 >/dev/null 2>&1; "
              "intel_error_decode /sys/class/drm/card0/error")
    text = t.exec("sh", "-c", script, options=(*OPTIONS, "--gpu-hang-ms", "500"))
    t.check("Detected GEN3 chipset" in text, text)
    t.check(re.search(r"^GPU HANG: ecode 3:", text, re.M), text)
    found = re.search(r"^  ACTHD: (0x[0-9a-f]+)", text, re.M)
    t.check(found and f"{found.group(1)}: HEAD 0x18800080: MI_BATCH_BUFFER_START" in text, text)


def state(t, card):
    return t.exec("cat", "/sys/kernel/debug/dri/0/state", options=("--join", card))


def refused(t, name, *args, status=SKIPPED, wanted=""):
    """Runs what this part of a card cannot do: it says so, as on the real one."""
    text = t.exec(tool(name), *args, options=OPTIONS, status=status)
    t.check(wanted in text, text)


def test_gem_latency(t):
    """Reads a timestamp register of gen6's blitter by MMIO; skips before gen6."""
    refused(t, "gem_latency", "-t", "1")
    raise tc.Skip("gem_latency needs a timestamp register of gen6")


def test_gem_userptr_benchmark(t):
    """User memory as objects is memory of another process here."""
    refused(t, "gem_userptr_benchmark", wanted="No userptr support")
    raise tc.Skip("gem_userptr_benchmark: objects of user memory are not there")


def test_gem_wsim(t):
    """Shares the address space of contexts (full PPGTT), computes with MI_MATH of gen8."""
    refused(t, "gem_wsim", "-w", "1.RCS.500.0.0", "-r", "1", status=98,
            wanted="gem_context_get_param")
    raise tc.Skip("gem_wsim needs full PPGTT and packets of gen8")


tc.main(globals())
