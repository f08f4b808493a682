"""What the integration tests and the rig share: a private tree, a daemon in it, and pulsectl.

Tests act through pulsectl and the outside only, so that the rig's scenarios can run against a real
Colima as well. They wait for conditions with a deadline; they never sleep for "some time"."""

import contextlib
import json
import os
import pwd
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = Path(os.environ.get("PULSE_BUILD", ROOT / "build"))
BIN = BUILD / "bin"


def wait_until(what, condition, timeout=20.0):
    """Returns the first true value of condition(); fails with what was waited for."""
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {timeout} s: {what}")
        time.sleep(0.01)  # the pause between two looks, not a wait for something to be over


class User:
    """Whom the daemon runs for: as root PULSE_TEST_USER, else a throwaway account."""

    def __init__(self):
        self.name = os.environ.get("PULSE_TEST_USER") if os.geteuid() == 0 else pwd.getpwuid(os.getuid()).pw_name
        self.made = not self.name
        if self.made:
            self.name = "cpt%05d" % random.randrange(100000)
            subprocess.run(["useradd", "--create-home", "--shell", "/bin/sh", self.name], check=True)
        self.entry = pwd.getpwnam(self.name)

    def remove(self):
        if self.made:
            subprocess.run(["userdel", "--remove", self.name], check=False, capture_output=True)


def processes():
    """(pid, uid, command line) of every process that lives; zombies are dead."""
    listing = subprocess.run(["ps", "-axww", "-o", "pid=,uid=,stat=,args="], text=True, errors="replace",
                             capture_output=True, check=True).stdout
    for line in listing.splitlines():
        pid, uid, stat, args = (line.split(None, 3) + [""])[:4]
        if stat[0] not in "ZX":
            yield int(pid), int(uid), args


def alive(pid):
    stat = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], text=True, capture_output=True).stdout.strip()
    return stat != "" and stat[0] not in "ZX"


class Tree:
    """A private tree: configuration, state, tools, Colima's folder. Nothing outside is touched."""

    def __init__(self, user, real=False, extra=""):
        self.user = user
        self.real = real
        self.extra = extra  # lines of every configuration
        self.dir = Path(tempfile.mkdtemp(prefix="cp.", dir="/tmp"))  # short: socket paths (F29)
        self.dir.chmod(0o755)
        self.bin, self.state, self.base = self.dir / "bin", self.dir / "state", self.dir / "colima"
        self.conf_path = self.dir / "pulse.conf"
        self.scenario_path = self.base / "standin.conf"
        for path in (self.bin, self.state, self.base):
            path.mkdir()
        for path in (self.dir, self.state, self.base):
            os.chown(path, user.entry.pw_uid, user.entry.pw_gid)
        if not real:
            self._link_standin()
        self.daemons = []
        self.profile = "pulse-test" if real else "default"
        self.options = {}
        self.conf()

    def _link_standin(self):
        for name in ("colima", "limactl", "lima", "docker", "ssh"):
            shutil.copy(BIN / "standin", self.bin / name)

    def conf(self, extra="", **keys):
        """Writes the configuration; keys stay set for later calls."""
        self.options.update(keys)
        values = {
            "HOMEBREW_USER": self.user.name,
            "COLIMA_PROFILE": self.profile,
            "COLIMA_HOME": self.base,
            "STATE_DIR": self.state,
            "CONTROL_SOCKET": self.state / "control.sock",
            "LOG_PATH": self.state / "log",
            "LOG_LEVEL": "debug",
            "WAIT_STABLE_REQUIRED": 1,
            **self.options,
        }
        if not self.real:
            values["TOOL_PATH"] = self.bin
        self.conf_path.write_text(
            "".join(f"{key}={value}\n" for key, value in values.items()) + self.extra + extra)
        self.conf_path.chmod(0o644)

    def scenario(self, **keys):
        fresh = self.scenario_path.with_suffix(".new")
        fresh.write_text("".join(f"{key}={value}\n" for key, value in keys.items()))
        fresh.chmod(0o644)
        fresh.rename(self.scenario_path)

    def start(self):
        daemon = Daemon(self)
        self.daemons.append(daemon)
        wait_until("the daemon serves or has ended",
                   lambda: daemon.process.poll() is not None or self.serves())
        return daemon

    def serves(self):
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as sock:
            sock.connect(str(self.state / "control.sock"))
            return True
        return False

    def ctl(self, *args, timeout=60):
        return subprocess.run([BIN / "pulsectl", "-f", self.conf_path, *map(str, args)], text=True,
                              capture_output=True, timeout=timeout)

    def status(self):
        return json.loads(self.ctl("status", "--json").stdout)

    def wait(self, state="ready", timeout=20):
        done = self.ctl("wait", "--for", state, "--timeout", f"{timeout}s", timeout=timeout + 10)
        assert done.returncode == 0, f"{done.stderr}{self.ctl('status').stdout}{self.log()[-4000:]}"
        return self.status()

    def log(self):
        return (self.state / "log").read_text() if (self.state / "log").exists() else ""

    @property
    def inst(self):
        return self.base / "_lima" / ("colima" if self.profile == "default" else f"colima-{self.profile}")

    @property
    def docker_sock(self):
        return self.base / self.profile / "docker.sock"

    def mine(self):
        """Processes of this tree: started by us, and named by the tree's own path."""
        mark = str(self.dir)
        return [(pid, args) for pid, uid, args in processes() if uid == self.user.entry.pw_uid and mark in args]

    def close(self):
        for daemon in self.daemons:
            daemon.kill(signal.SIGKILL)
        deadline = time.monotonic() + 10
        while self.mine() and time.monotonic() < deadline:
            for pid, _ in self.mine():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.02)
        shutil.rmtree(self.dir, ignore_errors=True)


class Daemon:
    def __init__(self, tree):
        self.out = open(tree.dir / "daemon.out", "ab")
        # Our own identity must not leak into the daemon's: a clean, odd environment.
        env = {"PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "XDG_CONFIG_HOME": "/nowhere", "DOCKER_HOST": "tcp://x",
               "ASAN_OPTIONS": "detect_leaks=1"}
        self.process = subprocess.Popen([BIN / "colima-pulsed", "-f", tree.conf_path], env=env,
                                        stdin=subprocess.DEVNULL, stdout=self.out, stderr=self.out,
                                        start_new_session=True)
        self.pid = self.process.pid

    def kill(self, signum=signal.SIGTERM):
        if self.process.poll() is None:
            self.process.send_signal(signum)
        if signum == signal.SIGKILL:
            self.process.wait(10)

    def wait(self, timeout=20):
        return self.process.wait(timeout)


class Line:
    """A raw connection to the control socket."""

    def __init__(self, tree):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(10)
        self.sock.connect(str(tree.state / "control.sock"))
        self.file = self.sock.makefile("rb")

    def ask(self, **request):
        self.sock.sendall(json.dumps({"v": 1, "id": 1, **request}).encode() + b"\n")
        return self.read()

    def read(self):
        line = self.file.readline()
        return json.loads(line) if line else None
