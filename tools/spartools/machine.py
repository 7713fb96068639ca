"""A short description of the machine for the result file."""

import os
import platform
import subprocess


def processor():
    """The processor's name, or an empty text."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            for line in file:
                if line.startswith("model name"):
                    return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor()


def mpi_version(launcher):
    """First line of `launcher --version`, or an empty text."""
    try:
        done = subprocess.run([launcher, "--version"], capture_output=True,
                              stdin=subprocess.DEVNULL, text=True, timeout=20,
                              check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    lines = done.stdout.strip().splitlines()
    return lines[0] if done.returncode == 0 and lines else ""


def describe(launcher):
    return {"system": "%s %s" % (platform.system(), platform.release()),
            "processor": processor(),
            "processors_online": os.cpu_count(),
            "mpi": mpi_version(launcher)}
