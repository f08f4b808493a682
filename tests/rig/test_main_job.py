"""The main job on a real guest with a real Docker Engine, or on a real Colima. In this order: each
scenario goes on with the VM of the one before it."""

import os
import signal
from pathlib import Path

from harness import alive, wait_until


def started_at(rig, name="keeper"):
    return rig.docker.inspect(name)["State"]["StartedAt"]


def make_image(rig):
    """Without a registry: the guest's own busybox, imported (facts/guest-image.md)."""
    rig.ssh("tool=$(command -v busybox) && tar -cC $(dirname $tool) busybox | sudo docker import - pulse-bb:1")


def test_cold_start_to_ready(rig):
    rig.start()
    status = rig.ready()
    assert all(gate["state"] == "open" for gate in status["gates"])
    assert status["docker"]["version"] and status["docker"]["engine_id"]
    assert status["restarts"]["total"] == 0, "one start, no second try"
    assert rig.docker.ask("GET", "/_ping") == "OK"
    assert rig.ctl("status").stdout.startswith("Docker is usable")


def test_container_runs_and_status_lists_it(rig):
    make_image(rig)
    rig.docker.run("keeper", "/busybox", "sleep", "1000000", restart="always")
    listed = wait_until("status lists it", lambda: [c for c in rig.status()["docker"]["containers"]
                                                    if c["name"] == "keeper"])
    assert listed[0]["image"] == "pulse-bb:1" and listed[0]["state"] == "running"
    assert "keeper" in rig.ctl("status").stdout


def test_daemon_killed_next_one_adopts(rig):
    before, started = rig.status(), started_at(rig)
    rig.daemons[-1].kill(signal.SIGKILL)
    assert alive(before["vm"]["qemu_pid"])
    rig.start()
    after = rig.ready()
    assert after["daemon"]["adopted"] and after["vm"] == before["vm"], "the same processes"
    assert after["docker"]["engine_id"] == before["docker"]["engine_id"]
    assert started_at(rig) == started, "the container never stopped"


def test_nothing_of_roots_is_left(rig):
    uid = rig.user.entry.pw_uid
    for path in [*rig.base.rglob("*"), *Path(rig.user.entry.pw_dir).rglob("*")]:
        if path != rig.scenario_path:
            assert path.lstat().st_uid == uid, path


def test_qemu_killed(rig):
    rig.ssh("sudo sync")  # a power cut for the guest: what Docker had not synced would be lost by right
    before, started = rig.status(), started_at(rig)
    os.kill(before["vm"]["qemu_pid"], signal.SIGKILL)
    wait_until("its death is told", lambda: rig.status()["state"] != "ready", 5)
    assert rig.status()["cause"] is not None
    after = rig.ready()
    assert after["vm"]["qemu_pid"] != before["vm"]["qemu_pid"]
    assert after["restarts"]["last"]["reason"] == "vm-died"
    wait_until("the container with a restart policy is back",
               lambda: rig.docker.inspect("keeper")["State"]["Running"], 60)
    assert started_at(rig) != started
    wait_until("and listed", lambda: rig.status()["docker"]["containers_running"] == 1, 30)


def test_sigterm_stops_the_guest_cleanly(rig):
    vm = rig.status()["vm"]
    rig.daemons[-1].kill(signal.SIGTERM)
    assert rig.daemons[-1].wait(300) == 0
    assert not any(alive(pid) for pid in vm.values() if isinstance(pid, int)), "nothing is left"
    assert not rig.mine()
    assert "SIGKILL" not in rig.log().rsplit("SIGTERM received", 1)[1]
    rig.start()
    rig.ready()
    journal = rig.ssh("sudo journalctl -b -1 -o cat --no-pager")
    assert "systemd-shutdown" in journal or "Reached target poweroff.target" in journal, journal[-2000:]


def test_stop_and_start_by_hand(rig):
    assert rig.ctl("stop", "--wait", "--timeout", "5m", timeout=320).returncode == 0
    assert rig.status()["vm"] is None
    assert all("colima-pulsed" in args for _, args in rig.mine()), "the daemon alone is left"
