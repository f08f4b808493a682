"""The stand-in is held against what a real Colima said and did (tests/data/transcripts). It may say
and make less than the original, never something else: each test reads both and compares shapes."""

import http.client
import json
import re
import socket
import subprocess

import pytest
from harness import ROOT, processes, wait_until

DATA = ROOT / "tests/data/transcripts"


@pytest.fixture(scope="module")
def ready(module_tree):
    module_tree.scenario(containers="web:bb:1:running:18080")
    module_tree.start()
    module_tree.wait()
    return module_tree


def shape(text, tree=None):
    """What varies from run to run, made alike."""
    if tree:
        text = text.replace(str(tree.base), "@BASE@").replace(str(tree.bin), "@PREFIX@/bin")
    text = text.replace("@HOME@/.config/colima", "@BASE@")
    return re.sub(r"\d+", "N", text)


def messages(text, tree=None):
    """The (level, message, context) of logrus lines."""
    found = re.findall(r'level=(\w+) msg=(?:"((?:[^"\\]|\\.)*)"|(\S+))(?: context=(\w+))?', shape(text, tree))
    return [(level, quoted or bare, context) for level, quoted, bare, context in found]


def recorded(*names):
    return [message for name in names for message in messages((DATA / name).read_text())]


def said(tree):
    return messages("".join(line.split(" info child ", 1)[1] + "\n" for line in tree.log().splitlines()
                            if " info child time=" in line), tree)


def in_order(wanted, among):
    rest = iter(among)
    return all(any(item == other for other in rest) for item in wanted)


def test_start_says_what_colima_says_in_its_order(ready):
    ours, theirs = said(ready), recorded("colima-start-warm.stderr.log")
    assert ours and in_order(ours, theirs), [m for m in ours if m not in theirs]
    assert ours[-1] == ("info", "keeping Colima in the foreground, press ctrl+c to exit...", "")


def test_stop_says_what_colima_says(tree):
    tree.start()
    tree.wait()
    daemon = tree.daemons[0]
    begun = len(said(tree))
    daemon.kill()
    assert daemon.wait() == 0
    ours, theirs = said(tree)[begun:], recorded("colima-start-then-sigterm.stderr.log")
    assert ours and in_order(ours, theirs), [m for m in ours if m not in theirs]


def test_docker_that_does_not_start(tree):
    tree.scenario(docker_fails=1)
    tree.start()
    wait_until("colima ended", lambda: "----- end" in tree.log())
    fatal = [m for m in said(tree) if m[0] == "fatal"]
    assert fatal and all(m in recorded("colima-start-docker-fails.stderr.log") for m in fatal)


def listing(lines):
    return {name: mode for mode, _, name in (line.split() for line in lines.splitlines())}


def test_files_of_the_instance(ready):
    theirs = listing((DATA / "ls-INST-ready.txt").read_text())
    ours = listing(subprocess.run("stat -c '%A %s %n' *", shell=True, cwd=ready.inst, text=True,
                                  capture_output=True, check=True).stdout)
    ours.pop("qemu.log")  # the stand-in's own: what its qemu prints
    assert not {name: mode for name, mode in ours.items() if theirs.get(name) != mode}
    watched = {"ha.pid", "ha.sock", "ha.stdout.log", "ha.stderr.log", "qemu.pid", "qmp.sock", "ssh.sock",
               "ssh.config", "serial.log", "serial.sock"}
    assert watched <= set(ours)
    assert re.fullmatch(r"\d+\n", (ready.inst / "ha.pid").read_text())
    assert re.fullmatch(r"\d+\n", (ready.inst / "qemu.pid").read_text())


def ps(tree):
    """role -> (ppid is 1, own group, own session, shape of argv) as ps tells."""
    out = subprocess.run(["ps", "-axww", "-o", "pid=,ppid=,pgid=,sid=,args="], text=True, capture_output=True,
                         check=True).stdout
    return roles(line.split(None, 4) for line in out.splitlines() if str(tree.dir) in line)


def roles(rows):
    found = {}
    for pid, ppid, pgid, session, args in rows:
        for role, mark in (("usernet", "limactl usernet"), ("hostagent", "limactl hostagent"),
                           ("qemu", "qemu-system"), ("master", "[mux]"), ("colima", "colima start")):
            if mark in args:
                found[role] = (int(pid), int(ppid), int(pgid), int(session), args)
                break
    return found


def recorded_ps():
    rows = []
    for line in (DATA / "ps-ready.txt").read_text().splitlines():
        pid, ppid, pgid, session, _user, *_start, args = line.split(None, 10)
        rows.append((pid, ppid, pgid, session, args))
    return roles(rows)


def test_processes_are_related_as_the_real_ones(ready):
    ours, theirs = ps(ready), recorded_ps()
    assert set(ours) == set(theirs) == {"colima", "usernet", "hostagent", "qemu", "master"}
    for role in ("usernet", "hostagent", "qemu", "master"):
        for found in (ours, theirs):
            pid, _, pgid, session, _ = found[role]
            assert pgid == pid, f"{role} leads its own group"
            assert (session == pid) == (role == "master"), f"{role}: only the master has its own session"
            if role != "master":
                assert session == found["colima"][3], f"{role} stays in colima's session"
    assert ours["qemu"][1] == ours["hostagent"][0] and theirs["qemu"][1] == theirs["hostagent"][0]


def test_arguments_by_which_processes_are_known(ready):
    ours, theirs = ps(ready), recorded_ps()
    assert shape(ours["usernet"][4], ready) == shape(theirs["usernet"][4])
    assert shape(ours["master"][4], ready) == shape(theirs["master"][4])
    agent = re.compile(r" --guestagent \S+")
    assert agent.sub("", shape(ours["hostagent"][4], ready)) == agent.sub("", shape(theirs["hostagent"][4]))
    tail = "-chardev socket,id=char-qmp"
    assert shape(ours["qemu"][4], ready).split(tail)[1] == shape(theirs["qemu"][4]).split(tail)[1]


def test_hostagent_events(ready):
    theirs = [json.loads(line) for line in (DATA / "ha.stdout.log").read_text().splitlines()]
    ours = [json.loads(line) for line in (ready.inst / "ha.stdout.log").read_text().splitlines()]
    def outline(events):
        return [sorted(e["status"]) for e in events if "portForward" not in e["status"]]
    assert outline(ours) == outline(theirs) == [["sshLocalPort"], ["running", "sshLocalPort"]]
    assert all(re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", e["time"]) for e in ours + theirs)


class Raw(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("x", timeout=10)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(str(self.path))


def get(path, url):
    connection = Raw(path)
    connection.request("GET", url)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, dict(answer.getheaders()), body


def recording(name):
    head, body = (DATA / name).read_bytes().replace(b"\r\n", b"\n").split(b"\n\n", 1)
    status, *headers = head.decode().splitlines()
    return int(status.split()[1]), dict(line.split(": ", 1) for line in headers), body


def kinds(value):
    """The structure of a JSON value: members and types, without the values."""
    if isinstance(value, dict):
        return {key: kinds(member) for key, member in value.items()}
    if isinstance(value, list):
        return [kinds(value[0])] if value else []
    return type(value).__name__


def is_part_of(small, large):
    if isinstance(small, dict):
        return isinstance(large, dict) and all(k in large and is_part_of(v, large[k]) for k, v in small.items())
    if isinstance(small, list) and small:
        return isinstance(large, list) and large and is_part_of(small[0], large[0])
    return type(small) is type(large) and (isinstance(small, list) or small == large)


@pytest.mark.parametrize("url, name", [("/v1/info", "ha-v1-info.http"), ("/_ping", "docker-_ping.http"),
                                       ("/version", "docker-version.http"), ("/info", "docker-info.http"),
                                       ("/containers/json", "docker-containers-json.http")])
def test_answers(ready, url, name):
    sock = ready.inst / "ha.sock" if url == "/v1/info" else ready.docker_sock
    status, headers, body = get(sock, url)
    want_status, want_headers, want_body = recording(name)
    assert status == want_status
    assert headers["Content-Type"] == want_headers["Content-Type"]
    if url != "/v1/info":
        assert headers["Api-Version"] == want_headers["Api-Version"] and "Date" in headers
    if url == "/_ping":
        assert body == want_body == b"OK"
    else:
        assert is_part_of(kinds(json.loads(body)), kinds(json.loads(want_body)))


def test_list(ready, user):
    import os
    env = {"PATH": f"{ready.bin}:/usr/bin:/bin", "HOME": user.entry.pw_dir, "COLIMA_HOME": str(ready.base)}
    demote = (lambda: os.setuid(user.entry.pw_uid)) if os.geteuid() == 0 else None
    out = subprocess.run([ready.bin / "colima", "list", "--json"], env=env, text=True, capture_output=True,
                         preexec_fn=demote, check=True).stdout
    ours, theirs = json.loads(out), json.loads((DATA / "colima-list.json").read_text())
    assert kinds(ours) == kinds(theirs) and ours["status"] == theirs["status"] == "Running"


def test_nothing_else_runs(ready):
    """Five processes and the daemon: the original has no more when it is ready."""
    mine = [args for _, _, args in processes() if str(ready.dir) in args]
    assert len(mine) == 6, mine
