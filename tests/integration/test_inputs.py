"""Bad input of any kind: one clear error, and the daemon goes on."""

import os
import signal
import socket
import subprocess

import pytest
from harness import BIN, Line, wait_until


def test_config_check(tree):
    tree.conf(COLIMA_CPUS="many", extra="COLIMA_CPU=3\nno equals sign\n")
    done = subprocess.run([BIN / "colima-pulsed", "-n", "-f", tree.conf_path], capture_output=True, text=True)
    assert done.returncode == 78
    assert "COLIMA_CPUS: \"many\" is not a whole number from 1" in done.stderr
    assert "did you mean COLIMA_CPUS?" in done.stderr and "no \"=\"" in done.stderr
    assert tree.ctl("config", "check").returncode == 1


def test_no_config(tree):
    tree.conf_path.unlink()
    done = subprocess.run([BIN / "colima-pulsed", "-f", tree.conf_path], capture_output=True, text=True)
    assert done.returncode == 66 and str(tree.conf_path) in done.stderr


def test_unknown_user(tree):
    tree.conf(HOMEBREW_USER="nobody-of-that-name")
    done = subprocess.run([BIN / "colima-pulsed", "-f", tree.conf_path], capture_output=True, text=True)
    assert done.returncode == 67 and "nobody-of-that-name" in done.stderr


def test_strict_config_check(tree):
    assert tree.ctl("config", "check", "--strict").returncode == 0
    tree.conf(extra="ODD=1\n")
    assert tree.ctl("config", "check").returncode == 0
    assert tree.ctl("config", "check", "--strict").returncode == 1


def test_reload(tree):
    tree.start()
    tree.wait()
    tree.conf(PROBE_INTERVAL=7, COLIMA_CPUS=3)
    assert tree.ctl("reload").returncode == 0
    assert tree.status()["daemon"]["restart_keys"] == "COLIMA_CPUS"
    tree.conf(PROBE_INTERVAL="never")
    refused = tree.ctl("reload")
    assert refused.returncode == 1 and "PROBE_INTERVAL" in refused.stderr
    assert "the old configuration stays" in tree.status()["daemon"]["reload_note"]
    tree.conf(PROBE_INTERVAL=5, COLIMA_CPUS=2)
    tree.daemons[0].kill(signal.SIGHUP)
    wait_until("SIGHUP reloads", lambda: not tree.status()["daemon"]["reload_note"])


@pytest.fixture
def idle(tree):
    """A daemon that waits: no tools. Protocol tests need no VM."""
    tree.conf(TOOL_PATH="/nowhere")
    for name in ("colima", "limactl", "lima", "docker"):
        (tree.bin / name).unlink()
    tree.start()
    tree.wait("waiting")
    return tree


def test_missing_tools_wait(idle):
    status = wait_until("the tools are looked for", lambda: idle.status()["cause"]["id"] == "F21" and idle.status())
    assert "colima" in status["cause"]["detail"]


BAD_LINES = {
    b"not json\n": "malformed",
    b"[1,2]\n": "malformed",
    b"{}\n": "version-mismatch",
    b'{"v":2,"op":"status"}\n': "version-mismatch",
    b'{"v":1}\n': "malformed",
    b'{"v":1,"op":7}\n': "malformed",
    b'{"v":1,"id":"x","op":"status"}\n': "malformed",
    b'{"v":1,"v":1,"op":"status"}\n': "malformed",
    b'{"v":1,"op":"\xff"}\n': "malformed",
    b'{"v":1,"op":"status","x":' + b"[" * 1000 + b"]" * 1000 + b"}\n": "malformed",
    b"\0\n": "malformed",
    b"\n": "malformed",
    b"x" * 70000: "too-long",
}


@pytest.mark.parametrize("line", BAD_LINES, ids=range(len(BAD_LINES)))
def test_bad_lines_cost_the_connection_only(idle, line):
    good, bad = Line(idle), Line(idle)
    bad.sock.sendall(line)
    answer = bad.read()
    assert not answer["ok"] and answer["error"]["code"] == BAD_LINES[line] and answer["error"]["message"]
    assert bad.read() is None, "that connection is over"
    assert good.ask(op="status")["ok"], "the other one is not"


def test_unknown_operation_keeps_the_connection(idle):
    line = Line(idle)
    assert line.ask(op="explode")["error"]["code"] == "unknown-op"
    assert line.ask(op="version")["ok"]


def test_half_closed_and_pipelined(idle):
    line = Line(idle)
    line.sock.sendall(b'{"v":1,"id":1,"op":"version"}\n{"v":1,"id":2,"op":"status"}\n')
    line.sock.shutdown(socket.SHUT_WR)
    assert line.read()["id"] == 1 and line.read()["id"] == 2 and line.read() is None


def test_too_many_connections(idle):
    lines = [Line(idle) for _ in range(32)]
    assert all(line.ask(op="version")["ok"] for line in lines)
    assert Line(idle).read()["error"]["code"] == "busy"
    lines.pop().sock.close()
    wait_until("a place is free again", lambda: Line(idle).ask(op="version"))


def test_subscriber_that_never_reads_is_cut(idle):
    line = Line(idle)
    line.sock.sendall(b'{"v":1,"op":"subscribe"}\n')
    watcher = Line(idle)
    for _ in range(2000):
        assert watcher.ask(op="pause")["ok"] and watcher.ask(op="resume")["ok"]
    assert watcher.ask(op="status")["ok"]


@pytest.mark.skipif(os.geteuid() != 0, reason="needs a second user")
def test_writes_are_for_root_and_the_user(idle):
    idle.state.chmod(0o755)
    (idle.state / "control.sock").chmod(0o666)
    ask = "import socket,sys; s=socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); " \
          "s.sendall(sys.argv[2].encode()+b'\\n'); print(s.makefile().readline())"
    def as_nobody(request):
        return subprocess.run(["/usr/bin/python3", "-c", ask, idle.state / "control.sock", request], text=True,
                              capture_output=True, user="nobody").stdout
    assert '"ok":true' in as_nobody('{"v":1,"op":"status"}')
    for op in ("start", "stop", "restart", "pause", "resume", "reload"):
        assert "not-permitted" in as_nobody('{"v":1,"op":"%s"}' % op)
    assert idle.status()["goal"] == "up"


def test_pulsectl_exit_codes(tree):
    assert tree.ctl("nonsense").returncode == 2
    assert tree.ctl("wait", "--for", "heaven").returncode == 2
    assert tree.ctl("status").returncode == 3
    assert tree.ctl("stop").returncode == 3
    tree.conf(TOOL_PATH="/nowhere")
    (tree.bin / "colima").unlink()
    daemon = tree.start()
    wait_until("the daemon answers", lambda: tree.ctl("status").returncode == 1)
    assert tree.ctl("wait", "--timeout", "300ms").returncode == 4
    daemon.kill()
    assert daemon.wait() == 0
    stale = tree.ctl("status", "--json")
    assert stale.returncode == 3 and '"profile"' in stale.stdout and "ago" in stale.stderr


def test_a_second_daemon_is_refused(idle):
    second = idle.start()
    assert second.wait() == 69
    assert idle.ctl("status").returncode == 1


def test_path_too_long_is_blocked(tree):
    base = tree.base / ("x" * 90)
    base.mkdir()
    os.chown(base, tree.user.entry.pw_uid, -1)
    tree.conf(COLIMA_HOME=base)
    tree.start()
    status = tree.wait("blocked")
    assert status["cause"]["id"] == "F29" and "may have" in status["cause"]["detail"]


def test_base_that_was_here_and_is_gone(tree):
    """The trap of runtime 2.1: Colima would silently give birth to a second, empty VM."""
    daemon = tree.start()
    tree.wait()
    daemon.kill()
    assert daemon.wait() == 0
    away = tree.base.with_name("unmounted")
    tree.base.rename(away)
    tree.start()
    wait_until("it is missed", lambda: tree.status()["cause"]["id"] == "F14")
    assert tree.status()["state"] == "waiting" and not tree.base.exists()
    away.rename(tree.base)
    tree.wait()


def test_home_that_comes_later(tree):
    tree.conf(COLIMA_HOME=tree.dir / "volume" / "colima")
    tree.start()
    wait_until("it is waited for", lambda: (tree.status()["cause"] or {}).get("id") == "F14")
    (tree.dir / "volume").mkdir()
    os.chown(tree.dir / "volume", tree.user.entry.pw_uid, -1)
    assert tree.wait()["restarts"]["total"] == 0, "nobody's fault, never counted"


def test_log_is_rotated_in_a_folder_that_is_not_ours(tree, user):
    """LOG_PATH in root's folder: nothing can be renamed there after the drop."""
    logs = tree.dir / "rootlogs"
    logs.mkdir()
    if os.geteuid() == 0:
        os.chown(logs, 0, 0)
    tree.conf(LOG_PATH=logs / "colima.log", LOG_MAX_SIZE_MB=1, LOG_KEEP=2)
    tree.scenario(flood=3_000_000)
    tree.start()
    tree.wait(timeout=60)
    wait_until("dropped lines are told", lambda: "lines dropped" in
               "".join(p.read_text() for p in logs.iterdir()), 10)
    for path in logs.iterdir():
        assert path.stat().st_size <= 1 << 20
        assert path.stat().st_uid == user.entry.pw_uid


def test_unwritable_log_falls_back_and_says_so(tree):
    tree.conf(LOG_PATH="/nowhere/at/all.log")
    tree.start()
    status = tree.wait()
    assert status["daemon"]["log_path"] == str(tree.state / "colima-pulse.log")
    assert "/nowhere/at/all.log" in status["daemon"]["log_note"]


def test_secrets_are_never_printed(tree):
    tree.conf(extra="ENV_HTTPS_PROXY=http://user:geheim@proxy\n")
    tree.start()
    vm = tree.wait()["vm"]
    everything = tree.log() + tree.ctl("status", "--json").stdout + str(Line(tree).ask(op="config"))
    assert "geheim" not in everything and "ENV_HTTPS_PROXY" in everything
    environ = open(f"/proc/{vm['colima_pid']}/environ").read()
    assert "HTTPS_PROXY=http://user:geheim@proxy" in environ


def test_foreign_words_in_pid_files(tree, user):
    tree.inst.mkdir(parents=True)
    for name, text in (("ha.pid", "not a pid\n"), ("qemu.pid", "")):
        (tree.inst / name).write_text(text)
    for path in (tree.base / "_lima", tree.inst, *tree.inst.iterdir()):
        os.chown(path, user.entry.pw_uid, user.entry.pw_gid)
    tree.start()
    tree.wait()
    assert 'ha.pid holds "not a pid", not a pid' in tree.log()
