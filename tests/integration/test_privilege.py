"""The privilege drop, for real: groups, HOME, no way back, nothing of root's left under HOME."""

import os
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can drop privileges")


def ids(pid):
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return {key: [int(n) for n in rest.split()] for key, rest in
            (line.split(":", 1) for line in lines) if key in ("Uid", "Gid", "Groups")}


def test_drop(tree, user):
    daemon = tree.start()
    vm = tree.wait()["vm"]
    want = sorted(os.getgrouplist(user.name, user.entry.pw_gid))
    for pid in (daemon.pid, vm["colima_pid"], vm["hostagent_pid"], vm["qemu_pid"]):
        got = ids(pid)
        assert got["Uid"] == [user.entry.pw_uid] * 4, "real, effective, saved, file system"
        assert got["Gid"] == [user.entry.pw_gid] * 4
        assert sorted(set(got["Groups"]) | {user.entry.pw_gid}) == want
    for path in [*tree.base.rglob("*"), *Path(user.entry.pw_dir).rglob("*")]:
        assert path.lstat().st_uid == user.entry.pw_uid, path


def test_clean_environment(tree, user):
    tree.start()
    vm = tree.wait()["vm"]
    raw = Path(f"/proc/{vm['colima_pid']}/environ").read_text().split("\0")
    env = dict(pair.split("=", 1) for pair in raw if pair)
    assert env["HOME"] == user.entry.pw_dir and env["USER"] == user.name
    assert env["COLIMA_HOME"] == str(tree.base)
    assert env["PATH"].split(":")[0] == str(tree.bin)
    for name in ("XDG_CONFIG_HOME", "DOCKER_HOST", "DOCKER_CONTEXT", "LIMA_HOME", "SSH_AUTH_SOCK"):
        assert name not in env


def test_root_touches_nothing_that_a_user_could_have_planted(tree, user):
    """A link in the user's folder where root would have written through it."""
    target = tree.dir / "precious"
    target.write_text("keep")
    os.chown(target, 0, 0)
    target.chmod(0o600)
    (tree.state / "log").symlink_to(target)
    tree.start()
    status = tree.wait()
    assert target.read_text() == "keep" and target.stat().st_uid == 0
    assert status["daemon"]["log_note"]
