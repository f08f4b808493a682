import os
from pathlib import Path

import pytest
from harness import Tree, User


def pytest_addoption(parser):
    parser.addoption("--real", action="store_true", help="the colima on PATH, in a disposable profile")
    parser.addoption("--real-conf", type=Path, help="lines to add to the configuration, with --real")
    parser.addoption("--rig-image", help="the guest image of the rig (tests/rig/image/build)")
    parser.addoption("--rig-accel", default="tcg", help="qemu's accelerator for it")


@pytest.fixture(scope="session")
def user():
    user = User()
    yield user
    user.remove()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item):
    """A failed test shows what its daemon logged."""
    report = (yield).get_result()
    tree = next((value for value in getattr(item, "funcargs", {}).values() if isinstance(value, Tree)), None)
    if report.failed and tree:
        report.sections.append(("the daemon's log", tree.log()[-12000:]))


@pytest.fixture
def tree(user):
    tree = Tree(user)
    yield tree
    tree.close()


@pytest.fixture(scope="module")
def module_tree(user):
    tree = Tree(user)
    yield tree
    tree.close()


as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can drop privileges")
