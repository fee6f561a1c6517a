#!/usr/bin/env python3
"""Who may know whom: every #include "..." of the tree is held against the arrows of the
README, and every header name must be unique so that an include means one file. TAP."""
import os
import re
import sys

ROOT = sys.argv[1]
ALLOWED = {
    "gem": {"gem"},
    "gpu": {"gem", "gpu"},
    "kms": {"gem", "kms"},
    "protocols": {"gem", "gpu", "kms", "protocols"},
    "compositor": {"gem", "gpu", "kms", "protocols", "compositor", "clients/preload"},
    "clients": {"clients", "protocols/wire"},
    "tests": None,  # all
}
# What clients may see of protocols/wire: the message format, the layout table, uAPI, and
# the vfs header for the name of a device socket; never the server.
CLIENT_HEADERS = {"wire.h", "wire_layout.h", "wire_uapi.h"}

headers, sources, problems = {}, [], {"arrows": [], "unique": [], "system": []}
for folder in ALLOWED:
    for at, _, files in os.walk(os.path.join(ROOT, folder)):
        for name in files:
            path = os.path.relpath(os.path.join(at, name), ROOT)
            if name.endswith(".h"):
                if name in headers:
                    problems["unique"].append(f"{path} and {headers[name]}")
                headers[name] = path
            if name.endswith((".c", ".h")):
                sources.append(path)

for path in sources:
    folder = path.split("/")[0]
    allowed = ALLOWED[folder]
    with open(os.path.join(ROOT, path)) as file:
        for line in file:
            match = re.match(r'\s*#\s*include\s+(["<])([^">]+)[">]', line)
            if not match:
                continue
            quote, name = match.groups()
            target = headers.get(os.path.basename(name))
            if quote == '"' and target and allowed is not None:
                if not any(target.startswith(place + "/") for place in allowed):
                    problems["arrows"].append(f"{path} includes {target}")
                elif folder == "clients" and target.startswith("protocols/") and \
                        os.path.basename(target) not in CLIENT_HEADERS:
                    problems["arrows"].append(f"{path} includes {target}")
            if folder in ("gem", "kms", "gpu") and name.startswith(("xf86drm", "wlr/", "wayland")):
                problems["system"].append(f"{path} includes {name}: the engine has no client library")

failed = 0
for number, (name, list_) in enumerate(problems.items(), 1):
    failed += bool(list_)
    print(f"{'not ok' if list_ else 'ok'} {number} - {name}")
    for line in list_:
        print(f"# {line}")
print("1..3")
sys.exit(bool(failed))
