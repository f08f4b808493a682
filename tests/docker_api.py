"""Docker's API over its socket: what the scenarios do in place of a docker client."""

import http.client
import json
import socket
from urllib.parse import quote

API = "/v1.41"  # what Debian 12's Docker 20.10 speaks, and every later one


class _Connection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("docker", timeout=60)
        self.path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Docker:
    def __init__(self, path):
        self.path = path

    def ask(self, method, path, body=None):
        connection = _Connection(self.path)
        try:
            connection.request(method, API + path, None if body is None else json.dumps(body),
                               {"Content-Type": "application/json"})
            answer = connection.getresponse()
            text = answer.read()
        finally:
            connection.close()
        assert answer.status < 400, f"{method} {path}: {answer.status} {text[:300]}"
        return json.loads(text) if text[:1] in (b"{", b"[") else text.decode()

    def run(self, name, *command, image="pulse-bb:1", restart="no", ports=None):
        host = {"RestartPolicy": {"Name": restart},
                "PortBindings": {f"{inner}/tcp": [{"HostPort": str(outer)}] for outer, inner in (ports or {}).items()}}
        body = {"Image": image, "Cmd": list(command), "HostConfig": host, "StopSignal": "SIGKILL",
                "ExposedPorts": {f"{inner}/tcp": {} for inner in (ports or {}).values()}}
        self.ask("POST", f"/containers/create?name={quote(name)}", body)
        self.ask("POST", f"/containers/{quote(name)}/start")

    def inspect(self, name):
        return self.ask("GET", f"/containers/{quote(name)}/json")

    def remove(self, name):
        self.ask("DELETE", f"/containers/{quote(name)}?force=1")
