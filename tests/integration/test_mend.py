"""What broke is named, and mended with the least destructive step: one scenario a failure. Each
asserts the cause, the remedy and only that, and what must survive."""

import os
import signal
import subprocess

import pytest
from harness import alive, processes, wait_until


@pytest.fixture
def ready(tree):
    tree.conf(PROBE_INTERVAL=1, PROBE_TIMEOUT=1)
    tree.start()
    tree.before = tree.wait()
    return tree


def master(tree):
    return next((pid for pid, args in tree.mine() if args.startswith("ssh: ") and "[mux]" in args), None)


def repairs(tree):
    return [(r["cause"], r["remedy"], r["result"]) for r in tree.status()["repairs"]]


def mended(tree, *expected, timeout=20):
    """Ready again by exactly these repairs, with the VM of before."""
    wait_until(f"mended by {expected}", lambda: repairs(tree) == list(expected), timeout)
    after = tree.wait(timeout=timeout)
    assert after["vm"]["qemu_pid"] == tree.before["vm"]["qemu_pid"], "the VM was not touched"
    assert after["vm"]["hostagent_pid"] == tree.before["vm"]["hostagent_pid"]
    assert after["restarts"]["total"] == 0
    assert repairs(tree) == list(expected), "and nothing more was done"
    return after


def test_F01_master_killed(ready):
    old = master(ready)
    os.kill(old, signal.SIGKILL)
    mended(ready, ("F01", "reforward", "mended"))
    assert master(ready) not in (None, old)
    assert "ready -> repairing" in ready.ctl("events").stdout and "cause=F01" in ready.ctl("events").stdout


def test_F01_socket_deleted(ready):
    """Trap of Table 1.0: the master still holds the registration; plain -O forward creates nothing."""
    old = master(ready)
    ready.docker_sock.unlink()
    mended(ready, ("F01", "reforward", "mended"))
    assert master(ready) == old, "the master was fine"


def test_F01_master_made_anew_by_somebody(ready):
    """`colima ssh` made a new master, which forwards nothing."""
    os.kill(master(ready), signal.SIGKILL)
    wait_until("gone", lambda: not master(ready))
    mended(ready, ("F01", "reforward", "mended"))


def test_F06_master_wedged(ready):
    """It connects and is silent; -O check would say that it runs (R4). It does not even hear -O exit."""
    old = master(ready)
    os.kill(old, signal.SIGSTOP)
    mended(ready, ("F06", "reforward", "mended"), timeout=40)
    assert not alive(old) and master(ready) != old


def test_F30_docker_down(ready):
    ready.scenario(docker_mode="down")
    mended(ready, ("F30", "start-docker", "mended"))


def test_F30_docker_stays_down(ready):
    ready.scenario(docker_mode="down", docker_stays_down=1)
    wait_until("two tries", lambda: len(repairs(ready)) == 2)
    assert repairs(ready) == [("F30", "start-docker", "no effect")] * 2
    status = ready.status()
    assert status["state"] == "degraded" and status["cause"]["id"] == "F30"
    assert "restart the VM gracefully" in status["next"]["action"] and status["next"]["in_ms"] > 60000
    assert status["vm"]["qemu_pid"] == ready.before["vm"]["qemu_pid"], "not yet"


def test_S14_docker_hangs_is_waited_for(ready):
    ready.scenario(docker_mode="hung")
    status = ready.wait("degraded")
    wait_until("it is named", lambda: ready.status()["cause"]["id"] == "S14")
    status = ready.status()
    assert "restart Docker in the guest" in status["next"]["action"]
    assert repairs(ready) == []
    ready.scenario()
    ready.wait()


def test_F13_paused(ready):
    """As qemu does on a full disk; there is room, so it goes on (R15)."""
    qmp(ready, "stop")
    ready.scenario(docker_mode="hang")  # what the guest does while it stands still
    wait_until("it is let go on", lambda: ("F13", "continue", "no effect") in repairs(ready) or
               ("F13", "continue", "mended") in repairs(ready))
    assert qmp(ready, "query-status")["status"] == "running"
    ready.scenario()
    assert ready.wait()["vm"]["qemu_pid"] == ready.before["vm"]["qemu_pid"]


def qmp(tree, command):
    import json
    import socket
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(10)
        sock.connect(str(tree.inst / "qmp.sock"))
        lines = sock.makefile("rw")
        lines.readline()
        for word in ("qmp_capabilities", command):
            lines.write(json.dumps({"execute": word}) + "\n")
            lines.flush()
            answer = json.loads(lines.readline())
            while "event" in answer:
                answer = json.loads(lines.readline())
        return answer["return"]


def test_F38_qemu_stands_still_and_goes_on(ready):
    """R14: killed within 40 s it would have been harmed; it is waited for."""
    ready.scenario(docker_mode="hang", guest_mode="fail")
    os.kill(ready.before["vm"]["qemu_pid"], signal.SIGSTOP)
    wait_until("it is named", lambda: (ready.status()["cause"] or {}).get("id") == "F38", 30)
    status = ready.status()
    assert status["state"] == "degraded" and status["next"]["in_ms"] > 30000
    assert repairs(ready) == []
    os.kill(ready.before["vm"]["qemu_pid"], signal.SIGCONT)
    ready.scenario()
    assert ready.wait()["vm"]["qemu_pid"] == ready.before["vm"]["qemu_pid"]


def test_S15_usernet_dies(ready):
    usernet = next(pid for pid, args in ready.mine() if " usernet " in args)
    ready.scenario(guest_mode="fail")
    os.kill(usernet, signal.SIGKILL)
    os.kill(master(ready), signal.SIGKILL)  # its TCP connection died with it (R5)
    wait_until("a new VM", lambda: ready.status()["generation"] > ready.before["generation"])
    ready.scenario()
    after = ready.wait()
    assert after["restarts"]["last"]["reason"] == "usernet-died"
    assert repairs(ready) == [("S15", "restart", "mended")]


def test_F17_orphan_is_kept_while_docker_answers(ready):
    os.kill(ready.before["vm"]["hostagent_pid"], signal.SIGKILL)
    status = ready.wait("degraded")
    assert status["cause"]["id"] == "F17" and repairs(ready) == []
    assert status["vm"]["qemu_pid"] == ready.before["vm"]["qemu_pid"]


@pytest.mark.parametrize("policy", [{"ORPHAN_POLICY": "restart"},
                                    {"ORPHAN_POLICY": "window", "MAINTENANCE_WINDOW": "00:00-23:59"}])
def test_F17_orphan_is_restarted_by_policy(ready, policy):
    ready.conf(STOP_TIMEOUT=30, **policy)  # nothing in this VM hears its power button
    assert ready.ctl("reload").returncode == 0
    os.kill(ready.before["vm"]["hostagent_pid"], signal.SIGKILL)
    wait_until("a new VM", lambda: ready.status()["generation"] > ready.before["generation"], 60)
    after = ready.wait()
    assert after["restarts"]["last"]["reason"] == "hostagent-died"
    assert "QMP system_powerdown" in ready.log() and "SIGKILL" not in ready.log()


def test_unclear_signs_touch_nothing(ready):
    """docker.sock closes without a word, but everything in the guest is well: wait."""
    ready.scenario(docker_mode="eof")
    status = ready.wait("degraded")
    assert status["cause"]["id"] == "S10" and repairs(ready) == []
    ready.scenario()
    ready.wait()
    assert repairs(ready) == []


def test_paused_names_and_does_nothing(ready):
    assert ready.ctl("pause", "--wait").returncode == 0
    os.kill(master(ready), signal.SIGKILL)
    status = ready.wait("degraded")
    wait_until("it is named", lambda: ready.status()["cause"]["id"] == "F01")
    assert repairs(ready) == [] and master(ready) is None
    assert ready.ctl("resume", "--wait").returncode == 0
    assert repairs(ready) == [("F01", "reforward", "mended")]


def test_other_profile_is_never_touched(ready, user):
    """Two profiles under one LIMA_HOME: `colima` is a prefix of `colima-x`."""
    demote = lambda: os.geteuid() == 0 and os.setuid(user.entry.pw_uid)  # noqa: E731
    others = [subprocess.Popen([title, "600"], executable="/bin/sleep", preexec_fn=demote) for title in (
        f"ssh: {ready.inst}-x/ssh.sock [mux]", f"{ready.bin}/limactl")]
    try:
        os.kill(master(ready), signal.SIGSTOP)
        mended(ready, ("F06", "reforward", "mended"), timeout=40)
        assert all(other.poll() is None for other in others)
    finally:
        for other in others:
            other.kill()
            other.wait()


def test_daemon_killed_while_it_mends(ready):
    """The next daemon finds the same failure and mends it; no second VM, no orphan."""
    ready.scenario(guest_mode="hang")
    os.kill(master(ready), signal.SIGKILL)
    wait_until("the remedy runs", lambda: ready.status()["state"] == "repairing")
    ready.daemons[-1].kill(signal.SIGKILL)
    ready.scenario()
    ready.start()
    after = ready.wait(timeout=60)
    assert after["vm"]["qemu_pid"] == ready.before["vm"]["qemu_pid"]
    wait_until("nothing of the first daemon runs on", lambda: not [
        args for _, args in ready.mine() if args.startswith("ssh -F")], 70)
    assert sum("qemu-system" in args for _, _, args in processes() if str(ready.dir) in args) == 1


def colima(tree, *args):
    env = {"PATH": f"{tree.bin}:/usr/bin:/bin", "HOME": tree.user.entry.pw_dir, "COLIMA_HOME": str(tree.base)}
    return subprocess.run([tree.bin / "colima", *args], env=env, text=True, capture_output=True, timeout=60,
                          preexec_fn=lambda: os.geteuid() == 0 and os.setuid(tree.user.entry.pw_uid))


def test_F36_colima_stop_by_a_person_is_respected(ready):
    assert colima(ready, "stop").returncode == 0
    status = ready.wait("down")
    assert status["goal"] == "paused" and status["cause"]["id"] == "F36"
    assert repairs(ready) == [] and status["restarts"]["total"] == 0
    assert not [args for _, args in ready.mine() if "colima-pulsed" not in args], "its colima is ended as well"
    assert ready.ctl("start", "--wait").returncode == 0


def test_F36_or_restarted_by_policy(ready):
    ready.conf(STOP_INTENT="restart")
    assert ready.ctl("reload").returncode == 0
    assert colima(ready, "stop").returncode == 0
    wait_until("a new VM", lambda: ready.status()["generation"] > ready.before["generation"])
    after = ready.wait()
    assert after["restarts"]["last"]["reason"] == "stopped-by-hand" and after["restarts"]["in_window"] == 0


def test_F14_another_engine_is_never_taken_silently(ready):
    ready.scenario(info_id="XK2R:90QP:AAAA")
    assert ready.ctl("restart").returncode == 0
    wait_until("it is refused", lambda: ready.status()["state"] == "blocked", 30)
    status = ready.status()
    assert status["cause"]["id"] == "F14" and "XK2R" in status["cause"]["detail"] and status["vm"] is None
    assert ready.ctl("accept", "WRONG").returncode == 1
    ready.daemons[-1].kill(signal.SIGKILL)
    ready.start()
    assert ready.wait("blocked")["cause"]["id"] == "F14", "also after a restart of the daemon"
    assert ready.ctl("restart").returncode == 0, "look again"
    wait_until("it is refused again", lambda: ready.status()["generation"] > status["generation"] and
               ready.status()["state"] == "blocked", 30)
    assert ready.ctl("accept", "XK2R").returncode == 0
    assert ready.wait()["docker"]["engine_id"] == "XK2R:90QP:AAAA"


def test_F34_a_lost_store_is_not_started_over(ready):
    """Colima would have the data disk formatted."""
    disk = ready.base / "_lima" / "_disks" / "colima"
    disk.mkdir(parents=True, exist_ok=True)
    (disk / "datadisk").write_text("precious")
    store = ready.base / "_store" / "colima.json"
    kept = store.read_text()
    store.write_text("")
    assert ready.ctl("restart").returncode == 0
    wait_until("it is refused", lambda: ready.status()["state"] == "blocked", 30)
    status = ready.status()
    assert status["cause"]["id"] == "F34" and str(store) in status["cause"]["detail"]
    copy = status["cause"]["detail"].split()[1]
    assert open(copy).read() == kept
    store.write_text(kept)
    wait_until("it starts by itself", lambda: ready.status()["state"] == "ready", 30)
    assert (disk / "datadisk").read_text() == "precious"


def test_why_and_explain(ready):
    ready.scenario(docker_mode="down", docker_stays_down=1)
    wait_until("two tries", lambda: len(repairs(ready)) == 2)
    why = ready.ctl("why")
    assert why.returncode == 1 and "=> F30 docker-down: ssh goes through" in why.stdout
    assert "=> L3 restart: restart the VM gracefully, if it stays so, in" in why.stdout
    assert "a fresh ssh to lima-colima answered" in why.stdout
    listed = ready.ctl("repairs").stdout
    assert listed.count("start-docker") == 2 and "no effect" in listed
    assert ready.ctl("explain", "F30").stdout.startswith("F30 docker-down")
    assert ready.ctl("explain", "F99").returncode == 1
    ready.scenario()
    assert ready.ctl("repair", "--wait").returncode == 0


def layer(tree, name):
    return next(l for l in tree.status()["layers"] if l["name"] == name)


def test_F11_clock_is_told(ready):
    ready.scenario(date_skew_s=-120)
    wait_until("it is told", lambda: layer(ready, "clock")["verdict"] == "warn")
    assert "120 s behind" in layer(ready, "clock")["evidence"] or "119 s behind" in layer(ready, "clock")["evidence"]
    assert ready.status()["state"] == "ready", "Docker is usable"
    ready.scenario()
    wait_until("it is right again", lambda: layer(ready, "clock")["verdict"] == "ok")


def test_F13_too_little_room_to_start(tree):
    """A start would cut Colima's files off; it is waited for, and no failure is counted."""
    tree.conf(DISK_FLOOR_MB=1048576, DISK_WARN_GB=1048576)
    tree.start()
    status = wait_until("it waits", lambda: (tree.status()["cause"] or {}).get("name") == "disk-full" and tree.status())
    assert status["state"] == "waiting" and "MiB free" in status["cause"]["detail"]
    tree.conf(DISK_FLOOR_MB=1)
    assert tree.ctl("reload").returncode == 0
    assert tree.wait()["restarts"]["total"] == 0
    assert layer(tree, "disk")["verdict"] == "warn"


def test_F08_half_started_is_looked_at(tree):
    """R6: Docker did not start in the guest, colima gave up with 1, the VM is up: L2, no second boot."""
    tree.conf(PROBE_INTERVAL=1, PROBE_TIMEOUT=1)
    tree.scenario(docker_fails=1, docker_mode="down")
    tree.start()
    wait_until("colima ended", lambda: "----- end: colima ended with 1" in tree.log())
    after = tree.wait()
    assert repairs(tree) == [("F30", "start-docker", "mended")]
    assert after["generation"] == 1 and after["daemon"]["adopted"] and after["restarts"]["total"] == 0
