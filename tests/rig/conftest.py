"""The rig: one tree for the scenarios of a module, around a real guest or, with --real, around the
colima on PATH in a disposable profile. The scenarios act from outside only and cannot tell."""

import os
import shutil
import subprocess

import pytest
from docker_api import Docker
from harness import ROOT, Tree

# From facts/guest-image.md: 43 to 80 s under TCG; Colima's first start may boot twice (R12).
BOOT_S = 1200


class RigTree(Tree):
    def __init__(self, user, options):
        super().__init__(user, options.real, options.real_conf.read_text() if options.real_conf else "")
        if options.real:
            (self.dir / "docker").mkdir()
            os.chown(self.dir / "docker", user.entry.pw_uid, user.entry.pw_gid)
            # The user's own docker context and ssh configuration stay as they are.
            self.conf(ENV_DOCKER_CONFIG=self.dir / "docker", WAIT_STABLE_REQUIRED=5)
        else:
            self._link_guest(options)
            self.conf(WAIT_STABLE_REQUIRED=5)

    def _link_guest(self, options):
        image, seed = self.dir / "guest.qcow2", self.bin / "seed"
        try:
            os.link(options.rig_image, image)
        except OSError:
            shutil.copy(options.rig_image, image)
        shutil.copy(ROOT / "tests/rig/image/seed", seed)
        (self.bin / "ssh").unlink()  # the guest is real, and so is the way to it
        self.scenario(guest=image, seed_tool=seed, accel=options.rig_accel)

    def ready(self):
        return self.wait(timeout=BOOT_S)

    @property
    def docker(self):
        return Docker(self.docker_sock)

    def ssh(self, command, timeout=120):
        """A command in the guest, over a connection of its own (never through the master)."""
        name = "lima-" + self.inst.name
        argv = ["ssh", "-F", self.inst / "ssh.config", "-o", "ControlMaster=no", "-o", "ControlPath=none",
                "-o", "ConnectTimeout=30", name, command]
        if os.geteuid() == 0:  # ssh wants the key's owner
            argv = ["setpriv", f"--reuid={self.user.entry.pw_uid}", f"--regid={self.user.entry.pw_gid}",
                    "--init-groups", *argv]
        done = subprocess.run([str(word) for word in argv], text=True, capture_output=True, timeout=timeout)
        assert done.returncode == 0, f"ssh {command}: {done.returncode} {done.stderr}"
        return done.stdout


@pytest.fixture(scope="module")
def rig(user, request):
    options = request.config.option
    if not options.real and not options.rig_image:
        pytest.skip("no --rig-image and no --real")
    tree = RigTree(user, options)
    yield tree
    tree.ctl("stop", "--wait", "--timeout", "5m", timeout=320)
    if options.real:
        remove_profile(tree)
    tree.close()


def remove_profile(tree):
    """The disposable profile: its VM and its data disk, in the tree's own COLIMA_HOME."""
    env = {**os.environ, "COLIMA_HOME": str(tree.base), "DOCKER_CONFIG": str(tree.dir / "docker")}
    subprocess.run(["colima", "delete", "--force", "--data", "--profile", tree.profile], env=env,
                   capture_output=True, timeout=300, check=False)
