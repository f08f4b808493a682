import os

import pytest
from harness import Tree, User


def pytest_addoption(parser):
    parser.addoption("--real", action="store_true", help="the colima on PATH, in a disposable profile")
    parser.addoption("--rig-accel", default="tcg")
    parser.addoption("--rig-image", default="")


@pytest.fixture(scope="session")
def user():
    user = User()
    yield user
    user.remove()


@pytest.fixture
def tree(user):
    tree = Tree(user)
    yield tree
    tree.close()


as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can drop privileges")
