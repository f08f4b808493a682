"""Mending on the real guest, through the real ssh: what broke is named and mended, and for all that
needs no restart the VM and its containers run on. Prints how long detection and mending took."""

import os
import signal
import socket
import time

import pytest
from harness import alive, wait_until
from test_main_job import make_image


@pytest.fixture(scope="module")
def vm(rig, request):
    rig.conf(PROBE_INTERVAL=5)
    rig.start()
    rig.ready()
    make_image(rig)
    rig.docker.run("keeper", "/busybox", "sleep", "1000000", restart="always")
    rig.ssh("sudo sync")
    rig.table = []
    yield rig
    out = request.config.pluginmanager.getplugin("terminalreporter")
    out.write_line("\n%-44s %-5s %-16s %10s %10s" % ("what was done", "cause", "remedy", "detect s", "mend s"))
    for row in rig.table:
        out.write_line("%-44s %-5s %-16s %10.2f %10.2f" % row)


def master(rig):
    return next((pid for pid, args in rig.mine() if args.startswith("ssh: ") and "[mux]" in args), None)


def iso_seconds(text):
    return time.mktime(time.strptime(text[:19], "%Y-%m-%dT%H:%M:%S")) - time.timezone + float(text[19:-1])


def mends(rig, what, hurt, cause, remedy, timeout=120):
    """Hurts it, and sees it mended by that remedy alone, VM and container untouched."""
    before, n = rig.status(), len(rig.status()["repairs"])
    assert before["state"] == "ready"
    started = rig.docker.inspect("keeper")["State"]["StartedAt"]
    begun = time.time()
    hurt()
    wait_until(f"{what}: mended", lambda: len(rig.status()["repairs"]) > n and
               rig.status()["state"] == "ready", timeout)
    took = time.time() - begun
    after = rig.status()
    done = after["repairs"][n:]
    assert [(r["cause"], r["remedy"], r["result"]) for r in done] == [(cause, remedy, "mended")]
    assert after["vm"]["qemu_pid"] == before["vm"]["qemu_pid"], "the VM runs on"
    assert after["restarts"]["total"] == before["restarts"]["total"]
    rig.table.append((what, cause, remedy, iso_seconds(done[0]["at"]) - begun, took))
    return started


def keeper_ran_on(rig, started):
    assert rig.docker.inspect("keeper")["State"]["StartedAt"] == started, "the container runs on"


def test_master_killed(vm):
    keeper_ran_on(vm, mends(vm, "ssh master SIGKILLed", lambda: os.kill(master(vm), signal.SIGKILL),
                            "F01", "reforward"))


def test_socket_deleted(vm):
    keeper_ran_on(vm, mends(vm, "docker.sock deleted", vm.docker_sock.unlink, "F01", "reforward"))


def test_master_wedged(vm):
    """The guest's end of the master's connection stands still: -O check still says running (R4)."""
    def freeze():
        # every session but the one that this command came by
        vm.ssh('for p in $(pgrep -f "^sshd: $(id -un)(@.*)?$"); do [ $p = $PPID ] || kill -STOP $p; done')
    # a master of ours has keep-alives: it ends by itself, which the kernel tells (R18)
    before, n = vm.status(), len(vm.status()["repairs"])
    started = vm.docker.inspect("keeper")["State"]["StartedAt"]
    begun = time.time()
    freeze()
    wait_until("mended", lambda: len(vm.status()["repairs"]) > n and vm.status()["state"] == "ready", 120)
    done = vm.status()["repairs"][n:]
    assert [(r["remedy"], r["result"]) for r in done] == [("reforward", "mended")]
    assert done[0]["cause"] in ("F01", "F06")
    assert vm.status()["vm"]["qemu_pid"] == before["vm"]["qemu_pid"]
    vm.table.append(("guest's sshd of the master SIGSTOPped", done[0]["cause"], "reforward",
                     iso_seconds(done[0]["at"]) - begun, time.time() - begun))
    keeper_ran_on(vm, started)


def test_published_port(vm, request):
    """F01b: it rode on the master that died, and comes back with the new one."""
    if not request.config.option.real:
        pytest.skip("the rig's guest has no guest agent: only a real Lima publishes ports")
    vm.docker.run("web", "/busybox", "httpd", "-f", "-p", "80", ports={18080: 80})

    def answers():
        with socket.socket() as sock:
            sock.settimeout(2)
            return sock.connect_ex(("127.0.0.1", 18080)) == 0
    wait_until("it is published", answers, 60)
    wait_until("it is listed", lambda: vm.status()["docker"]["containers_running"] == 2, 30)
    mends(vm, "the same, with a published port", lambda: os.kill(master(vm), signal.SIGKILL), "F01", "reforward")
    wait_until("the port answers again", answers, 60)
    vm.docker.remove("web")


def test_docker_stopped_in_the_guest(vm):
    mends(vm, "docker stopped in the guest", lambda: vm.ssh("sudo systemctl stop docker.service docker.socket"),
          "F30", "start-docker")


def test_dockerd_stands_still(vm):
    mends(vm, "dockerd SIGSTOPped", lambda: vm.ssh("sudo pkill -STOP -x dockerd"), "S14", "restart-docker", 300)


def test_daemon_killed_while_it_mends(vm):
    before = vm.status()
    os.kill(master(vm), signal.SIGKILL)
    wait_until("the remedy runs", lambda: vm.status()["state"] == "repairing", 30)
    vm.daemons[-1].kill(signal.SIGKILL)
    vm.start()
    after = vm.ready()
    assert after["vm"]["qemu_pid"] == before["vm"]["qemu_pid"]


def test_hostagent_killed(vm):
    """F17: Docker goes on, so the orphan is kept; asked to restart, it is shut down cleanly."""
    before = vm.status()
    started = vm.docker.inspect("keeper")["State"]["StartedAt"]
    os.kill(before["vm"]["hostagent_pid"], signal.SIGKILL)
    status = vm.wait("degraded", timeout=30)
    assert status["cause"]["id"] == "F17" and alive(before["vm"]["qemu_pid"])
    assert vm.docker.ask("GET", "/_ping") == "OK"
    keeper_ran_on(vm, started)
    assert vm.ctl("restart", "--wait", timeout=1300).returncode == 0
    assert vm.status()["vm"]["qemu_pid"] != before["vm"]["qemu_pid"]
    assert "SIGKILL" not in vm.log().rsplit("asks: restart", 1)[1]
