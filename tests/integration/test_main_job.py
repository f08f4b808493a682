"""Boot to ready, supervised, on the stand-in with a real qemu process."""

import os
import signal
import subprocess
from pathlib import Path

import pytest
from harness import Line, alive, wait_until


def test_ready_and_status(tree):
    tree.scenario(containers="web:nginx:running:8080,db:postgres:running")
    tree.start()
    status = tree.wait()
    assert [gate["name"] for gate in status["gates"]] == [
        "home", "tools", "child", "hostagent", "vm", "socket", "api", "stable"]
    assert all(gate["state"] == "open" for gate in status["gates"])
    assert all(layer["verdict"] == "ok" for layer in status["layers"])
    assert status["cause"] is None and status["goal"] == "up"
    assert status["docker"]["containers_running"] == 2
    assert status["docker"]["engine_id"].startswith("WRSL:")
    assert status["vm"]["type"] == "qemu" and alive(status["vm"]["qemu_pid"])
    text = tree.ctl("status")
    assert text.returncode == 0 and text.stdout.startswith("Docker is usable")
    assert "8080->80/tcp" in text.stdout and "\033" not in text.stdout


def test_container_list_follows_the_event_stream(tree):
    tree.conf(PROBE_INTERVAL=3600)
    tree.scenario(containers="a:i:running")
    tree.start()
    tree.wait()
    tree.scenario(containers="a:i:running,b:i:running")
    wait_until("the new container is listed",
               lambda: tree.status()["docker"]["containers_running"] == 2)


def test_qemu_dies(tree):
    tree.start()
    before = tree.wait()
    os.kill(before["vm"]["qemu_pid"], signal.SIGKILL)
    wait_until("a new VM", lambda: tree.status()["generation"] > before["generation"])
    after = tree.wait()
    assert after["vm"]["qemu_pid"] != before["vm"]["qemu_pid"]
    assert after["restarts"]["last"]["reason"] == "vm-died"
    events = tree.ctl("events").stdout
    assert "ready -> stopping event=proc cause=F37" in events


def test_daemon_killed_next_one_adopts(tree):
    tree.start()
    before = tree.wait()
    tree.daemons[0].kill(signal.SIGKILL)
    tree.start()
    after = tree.wait()
    assert after["daemon"]["adopted"] and not before["daemon"]["adopted"]
    assert {k: after["vm"][k] for k in ("colima_pid", "qemu_pid", "hostagent_pid")} == {
        k: before["vm"][k] for k in ("colima_pid", "qemu_pid", "hostagent_pid")}
    tree.daemons[1].kill()
    assert tree.daemons[1].wait() == 0
    assert not alive(before["vm"]["qemu_pid"])
    assert not tree.mine(), "the adopted VM is stopped with everything that belongs to it"


def test_daemon_killed_while_starting(tree):
    tree.scenario(boot_delay_ms=600000)
    tree.start()
    wait_until("qemu runs", lambda: (tree.inst / "qemu.pid").exists() and
               tree.status()["vm"] and tree.status()["vm"]["qemu_pid"])
    before = tree.status()["vm"]
    tree.daemons[0].kill(signal.SIGKILL)
    tree.start()
    after = wait_until("the start is adopted", lambda: tree.ctl("status", "--json").returncode == 1 and
                       tree.status()["state"] == "starting" and tree.status()["vm"])
    assert after["qemu_pid"] == before["qemu_pid"] and after["colima_pid"] == before["colima_pid"]


def test_sigterm_stops_the_vm_and_leaves_nothing(tree):
    daemon = tree.start()
    tree.wait()
    daemon.kill()
    assert daemon.wait() == 0
    assert not tree.mine()
    assert "Received SIGINT, shutting down" in (tree.inst / "ha.stderr.log").read_text()
    # the goal is the operator's: the next daemon starts the VM again
    tree.start()
    assert tree.wait()["goal"] == "up"


def test_second_sigterm_hurries(tree):
    tree.scenario(stop_hang=1)
    daemon = tree.start()
    pid = tree.wait()["vm"]["qemu_pid"]
    daemon.kill()
    wait_until("the stop began", lambda: "-> stopping" in tree.log())
    daemon.kill()
    wait_until("the power button was pressed", lambda: "QMP system_powerdown" in tree.log())
    wait_until("qemu ended by itself", lambda: not alive(pid))
    assert "SIGKILL" not in tree.log().split("QMP system_powerdown")[0]


def test_goal_down_survives_a_restart_of_the_daemon(tree):
    daemon = tree.start()
    tree.wait()
    assert tree.ctl("stop", "--wait").returncode == 0
    assert tree.status()["state"] == "down" and not tree.status()["vm"]
    daemon.kill()
    assert daemon.wait() == 0
    tree.start()
    status = tree.wait("down")
    assert status["goal"] == "down" and status["cause"]["id"] == "S02"
    assert tree.ctl("wait", "--timeout", "5s").returncode == 1, "ready will not come by itself"
    assert tree.ctl("start", "--wait").returncode == 0


def test_pause_keeps_hands_off(tree):
    daemon = tree.start()
    status = tree.wait()
    assert tree.ctl("pause", "--wait").returncode == 0
    os.kill(status["vm"]["qemu_pid"], signal.SIGKILL)
    status = tree.wait("down")
    assert status["cause"]["id"] == "S03"
    assert tree.ctl("restart").returncode == 1
    assert tree.ctl("resume", "--wait").returncode == 0
    assert tree.ctl("pause").returncode == 0
    pid = tree.status()["vm"]["qemu_pid"]
    daemon.kill()
    assert daemon.wait() == 0
    assert alive(pid), "paused is hands off, also on the way out"


def test_restart(tree):
    tree.start()
    before = tree.wait()
    assert tree.ctl("restart", "--wait").returncode == 0
    after = tree.status()
    assert after["state"] == "ready" and after["generation"] > before["generation"]
    assert after["restarts"]["in_window"] == 0, "what was asked for is no failure"


def test_child_killed_vm_kept(tree):
    tree.start()
    before = tree.wait()
    os.kill(before["vm"]["colima_pid"], signal.SIGKILL)
    wait_until("the end of colima is seen", lambda: tree.status()["vm"]["colima_pid"] is None)
    after = tree.status()
    assert after["state"] == "ready" and after["vm"]["qemu_pid"] == before["vm"]["qemu_pid"]
    assert tree.ctl("stop", "--wait").returncode == 0, "colima stop does it then"
    assert not alive(before["vm"]["qemu_pid"])


def test_hostagent_killed_docker_kept(tree):
    tree.start()
    before = tree.wait()
    os.kill(before["vm"]["hostagent_pid"], signal.SIGKILL)
    status = tree.wait("degraded")
    assert status["cause"]["id"] == "F17" and status["vm"]["qemu_pid"] == before["vm"]["qemu_pid"]


def test_already_running_is_adopted(tree):
    """F05: exit 0 of "already running, ignoring" is neither success nor failure."""
    tree.start()
    before = tree.wait()["vm"]
    tree.daemons[0].kill(signal.SIGKILL)
    os.kill(before["colima_pid"], signal.SIGKILL)
    wait_until("colima is gone", lambda: not alive(before["colima_pid"]))
    (tree.state / "state").unlink()
    tree.start()
    status = tree.wait(timeout=90)
    assert status["vm"]["qemu_pid"] == before["qemu_pid"]
    assert "stable for 60 s" in tree.log(), "nobody saw its marker"


def test_first_start_boots_twice(tree):
    """real-runs R12: deaths while Colima provisions are its own business."""
    tree.scenario(double_boot=1, boot_delay_ms=300)
    tree.start()
    status = tree.wait()
    assert status["generation"] == 1 and status["restarts"]["total"] == 0


def test_start_fails_and_backs_off(tree):
    tree.conf(BACKOFF_MIN=1, BACKOFF_MAX=1, CRASH_LOOP_COUNT=3)
    tree.scenario(start_fail="error starting docker: exit status 1")
    tree.start()
    status = tree.wait("backoff")
    assert "error starting docker" in status["cause"]["detail"]
    status = wait_until("the loop is named", lambda: (tree.status()["cause"] or {}).get("id") == "S04" and tree.status())
    assert status["next"]["action"] == "start again"
    tree.scenario()
    assert tree.ctl("start", "--wait").returncode == 0
    assert tree.status()["restarts"]["in_window"] == 0


def test_stale_hostagent_pid_that_names_an_innocent(tree, user):
    """F02: Lima believes the number; we prove it wrong, remove the file and leave the innocent."""
    demote = (lambda: os.setuid(user.entry.pw_uid)) if os.geteuid() == 0 else None
    innocent = subprocess.Popen(["sleep", "600"], preexec_fn=demote)
    try:
        tree.inst.mkdir(parents=True)
        (tree.inst / "ha.pid").write_text(f"{innocent.pid}\n")
        for path in (tree.base / "_lima", tree.inst, tree.inst / "ha.pid"):
            os.chown(path, user.entry.pw_uid, user.entry.pw_gid)
        tree.start()
        tree.wait()
        assert innocent.poll() is None
        assert f"removed {tree.inst}/ha.pid" in tree.log()
    finally:
        innocent.kill()
        innocent.wait()


@pytest.mark.parametrize("mode", ["eof", "hang", "500", "garbage"])
def test_api_faults_degrade_and_heal(tree, mode):
    tree.conf(PROBE_INTERVAL=1, PROBE_TIMEOUT=1)
    tree.start()
    before = tree.wait()
    tree.scenario(docker_mode=mode)
    status = tree.wait("degraded")
    assert status["cause"]["id"] in ("S10", "F06") and status["cause"]["detail"]
    tree.scenario()
    after = tree.wait()
    assert after["vm"]["qemu_pid"] == before["vm"]["qemu_pid"]


def test_no_ready_without_the_api(tree):
    tree.scenario(docker_mode="hang")
    tree.conf(PROBE_TIMEOUT=1)
    tree.start()
    wait_until("the marker was seen", lambda: "keeping Colima in the foreground" in tree.log())
    status = wait_until("a round failed", lambda: any(l["name"] == "api" and l["verdict"] == "fail"
                        for l in tree.status()["layers"]) and tree.status())
    assert status["state"] == "starting"
    assert next(g for g in status["gates"] if g["name"] == "api")["state"] == "waiting"
    tree.scenario()
    tree.wait()


def test_usernet_does_not_leak(tree):
    """F39: each hard death of qemu leaves a usernet that nobody would ever stop."""
    tree.start()
    for _ in range(3):
        before = tree.wait()
        os.kill(before["vm"]["qemu_pid"], signal.SIGKILL)
        wait_until("a new VM", lambda: tree.status()["generation"] > before["generation"])
    tree.wait()
    assert sum(" usernet " in args for _, args in tree.mine()) == 1


def test_master_that_outlived_its_vm_is_ended(tree, user):
    """F40: Lima's ssh would multiplex into it and hang at requirement 3."""
    title = f"ssh: {tree.inst}/ssh.sock [mux]"
    master = subprocess.Popen([title, "600"], executable="/bin/sleep",
                              preexec_fn=lambda: os.geteuid() == 0 and os.setuid(user.entry.pw_uid))
    other = subprocess.Popen([title.replace("/ssh.sock", "-x/ssh.sock"), "600"], executable="/bin/sleep",
                             preexec_fn=lambda: os.geteuid() == 0 and os.setuid(user.entry.pw_uid))
    try:
        tree.start()
        tree.wait()
        assert master.wait(5) == -signal.SIGTERM
        assert other.poll() is None, "another profile's master is another profile's business"
    finally:
        other.kill()
        other.wait()
