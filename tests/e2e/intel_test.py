"""libdrm_intel and Debian's intel-gpu-tools, unmodified, on the device: what needs memory only."""
import os
import re
import shutil

import tc

CLIENT = os.path.join(tc.DEMO, "testcard-intel")
BLITS = os.path.join(tc.DEMO, "testcard-blit")
BENCHMARKS = "/usr/libexec/igt-gpu-tools/benchmarks"


def need_client():
    if not os.path.exists(CLIENT):
        raise tc.Skip("libdrm_intel is not there")


def need_tool(name):
    if not shutil.which(name):
        raise tc.Skip(f"{name} is not installed (intel-gpu-tools)")
    return name


def benchmark(t, name, *args):
    """Runs a benchmark of the package; the numbers it prints."""
    path = os.path.join(BENCHMARKS, name)
    if not os.path.exists(path):
        raise tc.Skip(f"{name} is not in this intel-gpu-tools package")
    text = t.exec(path, *args, options=("--driver", "i915"))
    return text, [float(word) for word in re.findall(r"[0-9]+\.[0-9]+", text)]


def run_client(t, *options):
    need_client()
    # Of the address sanitizer, if that is how it was built: our library comes first.
    return t.exec(CLIENT, options=options, ASAN_OPTIONS="verify_asan_link_order=0")


def check_client(t, text):
    t.check(text.endswith("all is well\n"), text)
    t.check("device 0x29c2" in text, text)
    t.check('second process: object 1 opened by name, it says "from the first process"' in text,
            text)
    t.check('the object now says "from the second process"' in text, text)
    for tiling in "XY":
        moved = re.search(rf"{tiling} tiling, .* aperture, (\d+) of 60000 pixels", text)
        t.check(moved and int(moved.group(1)) > 50000, text)


def test_libdrm_intel(t):
    text = run_client(t, "--driver", "i915")
    check_client(t, text)
    t.check("driver i915 1.6.0" in text, text)
    t.check("aperture 256 MiB mappable, 512 MiB in all" in text, text)


def test_libdrm_intel_on_the_default_driver(t):
    text = run_client(t)
    check_client(t, text)
    t.check("driver testcard" in text, text)


def test_libdrm_intel_with_strict_coherency(t):
    """It flushes what it has to: a right client works in strict mode as well."""
    check_client(t, run_client(t, "--driver", "i915", "--memory", "strict"))


def test_libdrm_intel_short_of_memory(t):
    check_client(t, run_client(t, "--driver", "i915", "--memory", "budget=1M,swap=64M"))


def run_blits(t, *options, processes=8):
    need_client()
    return t.exec(BLITS, "--processes", str(processes), "--rounds", "20",
                  options=("--driver", "i915", *options),
                  ASAN_OPTIONS="verify_asan_link_order=0")


def check_blits(t, text, processes=8):
    t.check(text.endswith("all is well\n"), text)
    t.equal(len(re.findall(r"^(?:render|blitter) ring: .*, every pixel right$", text, re.M)), 18)
    t.check("40 pictures of 16 MiB drawn in turns" in text, text)
    t.check("a batch over 9 pictures of 64 MiB: no space" in text, text)
    t.check(f"{processes} processes, 20 rounds in stripes" in text, text)
    t.check(f"{processes} processes, {processes * 20} turns of one picture" in text, text)


def test_blits_of_libdrm_intel(t):
    check_blits(t, run_blits(t))


def test_blits_with_strict_coherency(t):
    """Writes that the client did not declare would fault, old lines of caches would be seen."""
    check_blits(t, run_blits(t, "--memory", "strict"))


def test_blits_on_one_engine(t):
    check_blits(t, run_blits(t, "--gpu-engines", "1", processes=3), processes=3)


def test_pci_device(t):
    script = ("cd /sys/bus/pci/devices && ls && cd 0000:00:02.0 && cat vendor device class && "
              "basename $(readlink driver) && ls drm && stat -c %s config && "
              "readlink -f /dev/dri/by-path/pci-0000:00:02.0-card")
    t.equal(t.exec("sh", "-c", script, options=("--driver", "i915")),
            "0000:00:02.0\n0x8086\n0x29c2\n0x030000\ni915\ncard0\n256\n/dev/dri/card0\n")


def test_no_pci_device_without_the_driver_name(t):
    """The machine's own devices are seen, as they are."""
    script = "ls /sys/bus/pci/devices 2>/dev/null; ls -d /dev/dri/by-path/pci-* 2>/dev/null; true"
    own = t.run("sh", "-c", "ls /sys/bus/pci/devices 2>/dev/null; true")
    t.equal(t.exec("sh", "-c", script), own)


def test_lsgpu(t):
    text = t.exec(need_tool("lsgpu"), options=("--driver", "i915"))
    t.check(re.search(r"^card0 +Intel Bearlake \(Gen3\) +drm:/dev/dri/card0$", text, re.M), text)
    text = t.exec("lsgpu", "-p", options=("--driver", "i915"))
    t.check(re.search(r"^PCI_ID +: 8086:29C2$", text, re.M), text)
    t.check(re.search(r"^codename +: bearlake$", text, re.M), text)


def test_intel_gem_info(t):
    """It says nothing, and ends with 0 when a request answers as GEM does."""
    t.exec(need_tool("intel_gem_info"), options=("--driver", "i915"))


def test_gem_create(t):
    text, numbers = benchmark(t, "gem_create", "-s", "4096", "-r", "1")
    t.check(len(numbers) == 1 and numbers[0] > 0, text)


def test_gem_prw(t):
    text, numbers = benchmark(t, "gem_prw")
    t.check(len(numbers) > 0 and all(number > 0 for number in numbers), text)


def test_gem_set_domain(t):
    text, numbers = benchmark(t, "gem_set_domain")
    t.check(len(numbers) > 0 and all(number > 0 for number in numbers), text)


def test_prime_lookup(t):
    """Devices, objects and age within the limit of open files."""
    text, numbers = benchmark(t, "prime_lookup", "-d", "4", "-o", "64", "-a", "64")
    t.check(len(numbers) == 1 and numbers[0] > 0, text)
    t.check(" us" in text, text)


tc.main(globals())
