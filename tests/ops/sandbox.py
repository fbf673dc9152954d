#!/usr/bin/env python3
"""Run a command under the seccomp rules of a unit: sandbox.py UNIT COMMAND [ARGUMENT...].

systemd cannot run services here, but its rules are the kernel's: SystemCallFilter= (expanded by systemd-analyze),
RestrictAddressFamilies=, MemoryDenyWriteExecute=, NoNewPrivileges=. What the unit refuses with an error kills here, so
that a program which would limp along unnoticed fails a test.
"""

import ctypes
import os
import re
import socket
import subprocess
import sys

KILL_PROCESS, ERRNO, ALLOW = 0x80000000, 0x00050000, 0x7FFF0000
EQUAL, MASKED_EQUAL = 4, 7
PROT_WRITE, PROT_EXEC = 2, 4
PR_SET_NO_NEW_PRIVS = 38
EAFNOSUPPORT = 97


class Compare(ctypes.Structure):
    _fields_ = [("arg", ctypes.c_uint), ("op", ctypes.c_int), ("a", ctypes.c_uint64), ("b", ctypes.c_uint64)]


def calls_of(name):
    """The system calls of a name or @group."""
    if not name.startswith("@"):
        return {name}
    done = subprocess.run(["systemd-analyze", "syscall-filter", "--no-pager", name], capture_output=True, text=True, check=True)
    found = set()
    for line in done.stdout.splitlines():
        if re.match(r"\s+[@a-z_]", line):
            found |= calls_of(line.strip())
    return found


def values(text, key):
    return [line.split("=", 1)[1] for line in text.splitlines() if line.startswith(key + "=")]


def allowed_calls(text):
    allowed = set()
    for value in values(text, "SystemCallFilter"):
        for name in value.lstrip("~").split():
            allowed = allowed - calls_of(name) if value.startswith("~") else allowed | calls_of(name)
    # systemd lets a unit always start its program.
    return allowed | calls_of("@default") | {"execve"}


class Filter:
    def __init__(self, default):
        self.lib = ctypes.CDLL("libseccomp.so.2", use_errno=True)
        self.lib.seccomp_init.restype = ctypes.c_void_p
        self.lib.seccomp_rule_add_array.argtypes = [
            ctypes.c_void_p, ctypes.c_uint32, ctypes.c_int, ctypes.c_uint, ctypes.POINTER(Compare),
        ]  # fmt: skip
        self.context = ctypes.c_void_p(self.lib.seccomp_init(ctypes.c_uint32(default)))

    def add(self, action, name, *compares):
        number = self.lib.seccomp_syscall_resolve_name(name.encode())
        if number < 0:  # of another architecture
            return
        array = (Compare * max(1, len(compares)))(*compares)
        code = self.lib.seccomp_rule_add_array(self.context, action, number, len(compares), array)
        if code != 0:
            raise OSError(-code, "seccomp rule for " + name)

    def load(self):
        code = self.lib.seccomp_load(self.context)
        if code != 0:
            raise OSError(-code, "seccomp_load")


def apply(text):
    filters = [Filter(KILL_PROCESS)]
    for name in sorted(allowed_calls(text)):
        filters[0].add(ALLOW, name)
    families = values(text, "RestrictAddressFamilies")[0].split()
    filters.append(Filter(ALLOW))
    allowed = {int(getattr(socket, name)) for name in families}
    for family in range(64):
        if family not in allowed:
            filters[1].add(ERRNO | EAFNOSUPPORT, "socket", Compare(0, EQUAL, family, 0))
    if values(text, "MemoryDenyWriteExecute") == ["yes"]:
        filters.append(Filter(ALLOW))
        both = PROT_WRITE | PROT_EXEC
        filters[2].add(KILL_PROCESS, "mmap", Compare(2, MASKED_EQUAL, both, both))
        filters[2].add(KILL_PROCESS, "mprotect", Compare(2, MASKED_EQUAL, PROT_EXEC, PROT_EXEC))
        filters[2].add(KILL_PROCESS, "pkey_mprotect", Compare(2, MASKED_EQUAL, PROT_EXEC, PROT_EXEC))
    if ctypes.CDLL(None).prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        raise OSError("PR_SET_NO_NEW_PRIVS")
    for one in reversed(filters):  # the list of allowed calls last: it forbids loading another filter
        one.load()


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        text = file.read()
    sys.stdout.flush()
    apply(text)
    os.execvp(sys.argv[2], sys.argv[2:])


if __name__ == "__main__":
    main()
