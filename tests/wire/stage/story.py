"""One page, played: sets the stage, takes the steps in their order, clears up, and looks around.

What every page checks beside its own steps
  (1) weir starts, exits 0 on TERM once its clients are gone, and no sanitizer spoke;
  (2) no origin got a connection, and no party got a byte, that the page does not account for;
  (3) every message that a step read was canonical (message.py).
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import pathlib
import re
import shlex
import shutil
import socket
import ssl
import tempfile
import time

from . import certificates, fastcgi, http2, steps
from .gateway import Gateway
from .message import Malformed
from .page import Block, Page, Step
from .text import PageError, pattern, show, size_of, split_string
from .wire import Connection, Failure, Wire


FILE_TIME = 1_577_934_245              # Thu, 02 Jan 2020 03:04:05 GMT


@dataclasses.dataclass
class Outcome:
    page: Page
    seconds: float = 0.0
    failure: str = ""                  # empty: passed
    conversation: str = ""

    @property
    def passed(self) -> bool:
        return not self.failure


class Origin:
    """A listening socket and the connections that a page has accepted from it, by name."""

    def __init__(self, name: str, address: str | None):
        self.name = name
        self.socket = socket.socket(socket.AF_UNIX if address else socket.AF_INET)
        self.socket.bind(address or ("127.0.0.1", 0))
        self.socket.listen(128)
        self.socket.setblocking(False)
        self.connections: dict[str, Connection] = {}
        self.current: Connection | None = None

    @property
    def address(self) -> str:
        name = self.socket.getsockname()
        return name if isinstance(name, str) else f"127.0.0.1:{name[1]}"

    def accept(self, wire: Wire, label: str = "") -> Connection:
        taken: list[socket.socket] = []

        def try_accept() -> bool:
            with contextlib.suppress(BlockingIOError):
                taken.append(self.socket.accept()[0])
            return bool(taken)

        wire.wait(try_accept, f"a connection to {self.name}", lambda: "none", [self.socket])
        label = label or f"#{len(self.connections) + 1}"
        self.current = self.connections[label] = Connection(wire, taken[0], f"{self.name} {label}")
        return self.current

    def uninvited(self) -> bool:
        try:
            self.socket.accept()[0].close()
            return True
        except OSError:
            return False


class Story:
    def __init__(self, page: Page, binary: str, step_seconds: float):
        self.page = page
        self.wire = Wire(step_seconds)
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="weir-wire-"))
        self.clients: dict[str, Connection] = {}
        self.everyone: list[Connection] = []
        self.dead = socket.socket()                        # bound, never listening: connecting is refused
        self.dead.bind(("127.0.0.1", 0))
        self.deaf: list[socket.socket] = []
        self.origins = {name: self.open_origin(name) for name in sorted(page.origins)}
        places = {name.replace(" ", "."): origin.address for name, origin in self.origins.items()}
        places["dead"] = f"127.0.0.1:{self.dead.getsockname()[1]}"
        if "${tls}" in page.configuration:
            places["tls"] = str(certificates.folder())
        if "${deaf}" in page.configuration:
            places["deaf"] = self.open_deaf("127.0.0.1")
        if "${half_deaf}" in page.configuration:  # a name whose other family says nothing
            port = self.origins["origin"].socket.getsockname()[1]
            self.open_deaf("::1", port)
            places["half_deaf"] = f"both.test:{port}"
        self.gateway = Gateway(self.wire, binary, self.directory, places)
        self.log_next = 0
        self.reasons_seen: set[int] = set()
        self.output, self.exit_code = "", 0

    def open_origin(self, name: str) -> Origin:
        mark = "unix:${" + name.replace(" ", ".") + "}"
        by_path = mark in self.page.configuration
        return Origin(name, str(self.directory / (name.replace(" ", "-") + ".sock")) if by_path else None)

    def open_deaf(self, host: str, port: int = 0) -> str:
        """A listener whose queue is full: the kernel drops what else wants to connect, and says nothing."""
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listener = socket.socket(family)
        listener.bind((host, port))
        listener.listen(0)
        self.deaf.append(listener)
        for _ in range(4):
            waiting = socket.socket(family)
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
            self.deaf.append(waiting)
        return f"{host}:{listener.getsockname()[1]}"

    def lay_down(self, line: str) -> None:
        """`NAME "text"`, `NAME 3MiB`, `NAME -> TARGET` (a symbolic link); all of one age, long ago.

        Places are filled in.
        """
        line = self.gateway.fill(line)
        name, _, rest = line.partition(" ")
        path = self.directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if rest.startswith("-> "):
            path.symlink_to(rest.removeprefix("-> "))
            return
        size = size_of(rest)
        path.write_bytes(pattern(size) if size is not None else split_string(rest)[1] or b"")
        os.utime(path, (FILE_TIME, FILE_TIME))

    # --- the play ---

    def play(self) -> Outcome:
        began = time.monotonic()
        outcome = Outcome(self.page)
        line = 1
        try:
            for each in self.page.files:
                self.lay_down(each)
            self.gateway.start(self.page.configuration)
            for block in self.page.blocks:
                for step in block.steps:
                    line = step.line
                    self.take(block, step)
            line = self.page.blocks[-1].line
            self.look_around()
        except Failure as failure:
            outcome.failure = (f"{self.page.path}:{line}: expected {indent(failure.expected)}\n"
                               f"  came {indent(failure.came)}")
        except (Malformed, PageError) as error:
            what = "expected " if isinstance(error, Malformed) else ""
            outcome.failure = f"{self.page.path}:{line}: {what}{error}"
        except (ValueError, IndexError, KeyError, OSError) as error:
            outcome.failure = f"{self.page.path}:{line}: this step could not be taken: {error!r}"
        finally:
            self.gateway.kill()
            for connection in list(self.wire.connections):
                connection.socket.close()
            for origin in self.origins.values():
                origin.socket.close()
            for each in [self.dead, *self.deaf]:
                each.close()
            shutil.rmtree(self.directory, ignore_errors=True)
        outcome.conversation = self.conversation()
        outcome.seconds = time.monotonic() - began
        return outcome

    def look_around(self) -> None:
        for connection in self.clients.values():
            if not connection.closed_by_us:
                self.wire.pump(0, [connection])
                if connection.peer is not None:
                    http2.look_around(connection)
                elif connection.body is None or connection.body.complete:
                    steps.expect_nothing_left(connection)
                connection.close()
        self.gateway.finish()
        for origin in self.origins.values():
            if origin.uninvited():
                raise Failure(f"no further connection to {origin.name}", "one that the page does not account for")
            for connection in origin.connections.values():
                if not connection.closed_by_us:
                    self.wire.pump(0, [connection])
                    if connection.body is None or connection.body.complete:
                        steps.expect_nothing_left(connection)

    def conversation(self) -> str:
        out = []
        for told in self.wire.told:
            text = told.data.decode() if told.arrow == "--" else "\n".join(
                ("" if not number else " " * 14) + line for number, line in enumerate(show(told.data).split("\n")))
            more = f" ... and {told.left_out} bytes" if told.left_out else ""
            out.append(f"  {told.seconds:7.3f}  {told.who} {told.arrow} {text}{more}")
        if self.gateway.log_lines:
            out += ["  access log:"] + ["    " + line for line in self.gateway.log_lines[-20:]]
        if self.gateway.stderr.strip():
            out += ["  weir's stderr:"] + ["    " + line for line in self.gateway.stderr.strip().split("\n")[-30:]]
        return "\n".join(out)

    # --- one step ---

    def take(self, block: Block, step: Step) -> None:
        if block.kind in ("client", "h2", "log"):  # who asks for a tunnel says where to
            fill = self.gateway.fill_places
            step = Step(step.line, step.word, fill(step.rest), [fill(line) for line in step.lines])
        if block.kind in ("client", "admin"):
            self.take_client(block, step)
        elif block.kind == "h2":
            self.take_h2(block, step)
        elif block.kind == "origin":
            self.take_origin(self.origins[block.name], step, steps.PEER)
        elif block.kind == "application":
            self.take_origin(self.origins[block.name], step, fastcgi.STEPS)
        elif block.kind == "reload":
            self.take_reload(block, step)
        elif block.kind == "weir":
            self.take_weir(step)
        else:
            self.take_log(step)

    def take_client(self, block: Block, step: Step) -> None:
        if step.word == "connect" or block.name not in self.clients:
            self.connect(block, step.rest.split() if step.word == "connect" else [])
            if step.word == "connect":
                return
        connection = self.clients[block.name]
        if step.word == "expect":
            step, reason = split_reason(step)
            steps.expect(connection, step)
            if reason:
                self.expect_reason(reason)
            return
        steps.PEER[step.word](connection, step)

    def take_h2(self, block: Block, step: Step) -> None:
        if step.word == "connect" or block.name not in self.clients:
            silently = step.word == "connect" and step.rest.endswith("silently")
            self.connect(block, step.rest.removesuffix("silently").split() if step.word == "connect" else [])
            if not silently:
                http2.open_connection(self.clients[block.name])
            else:
                self.clients[block.name].peer = http2.Peer()
            if step.word == "connect":
                return
        connection = self.clients[block.name]
        if step.word == "expect":
            step, reason = split_reason(step)
            http2.expect(connection, step)
            if reason:
                self.expect_reason(reason)
            return
        http2.STEPS[step.word](connection, step)

    def connect(self, block: Block, words: list[str]) -> None:
        options = dict(zip(words[::2], words[1::2]))
        if set(options) - {"from", "to", "tls", "as"}:
            raise PageError("connect [from ADDRESS] [to LISTENER] [tls NAME [as CERTIFICATE]]")
        listener = options.get("to", "web")
        address = f"unix:{self.gateway.admin}" if block.kind == "admin" else self.gateway.address(listener)
        if address.startswith("unix:"):
            sock = socket.socket(socket.AF_UNIX)
            target = address[len("unix:"):]
        else:
            sock = socket.socket(socket.AF_INET)
            host, _, port = address.rpartition(":")
            target = ("127.0.0.1" if host in ("", "0.0.0.0", "[::]", "*") else host, int(port))
            if "from" in options:
                sock.bind((options["from"], 0))
        sock.settimeout(self.wire.step_seconds)
        try:
            sock.connect(target)
        except ConnectionResetError:               # it stood, and the gateway was quick
            self.clients[block.name] = Connection(self.wire, sock, block.name)
            self.clients[block.name].note_reset()
            return
        except OSError as error:
            sock.close()
            raise Failure(f"{block.name} to connect to {address}", str(error))
        if "tls" in options:
            sock = self.secure(block.name, sock, options["tls"], options.get("as"))
        self.clients[block.name] = Connection(self.wire, sock, block.name)

    def secure(self, who: str, sock: socket.socket, name: str, certificate: str | None) -> ssl.SSLSocket:
        context = ssl.create_default_context(cafile=certificates.folder() / "ca.pem")
        context.set_alpn_protocols(["http/1.1"])
        if certificate:
            folder = certificates.folder()
            context.load_cert_chain(folder / f"{certificate}.pem", folder / f"{certificate}.key")
        try:
            return context.wrap_socket(sock, server_hostname=name, suppress_ragged_eofs=False)
        except OSError as error:
            sock.close()
            raise Failure(f"{who} to shake hands as {name}", str(error))

    def take_origin(self, origin: Origin, step: Step, known: dict) -> None:
        if step.word == "accept":
            origin.accept(self.wire, step.rest.removeprefix("as ").strip())
        elif step.word == "on":
            origin.current = origin.connections[step.rest]
        elif step.word == "untouched":
            if origin.connections or origin.uninvited():
                raise Failure(f"{origin.name} untouched", "a connection")
        else:
            if origin.current is None:
                origin.accept(self.wire)
            try:
                known[step.word](origin.current, step)
            except Failure as failure:
                if step.word == "receive" and origin.uninvited():
                    failure.came += "\n(and a new connection, where the page expects the one there is)"
                raise

    def take_reload(self, block: Block, step: Step) -> None:
        self.gateway.write(block.raw)
        if step.rest == "by HUP":
            self.reload_by_signal()
        else:
            status, body = self.gateway.ask("POST", "/reload")
            self.wire.tell("weir", "--", b"reload: %d %s" % (status, body.strip()))
            if (step.rest == "refused") != (status >= 400):
                raise Failure("a refused reload" if step.rest == "refused" else "a reload", f"{status} {body.decode()}")
        addresses = json.loads(self.gateway.ask("GET", "/status")[1])["listeners"]
        self.gateway.listeners = {each["name"]: each["address"] for each in addresses}

    def reload_by_signal(self) -> None:
        """A signal has no answer: weir says on stderr that it has read the file."""
        said = self.gateway.stderr.count("reloaded:")
        self.gateway.signal("HUP")
        self.wire.wait(lambda: self.gateway.stderr.count("reloaded:") > said, "weir to say `reloaded:`",
                       lambda: self.gateway.stderr)

    def take_file(self, step: Step) -> None:
        """`rename OLD NEW`, `file NAME "text"`: files in the page's folder."""
        name, text = split_string(step.rest)
        paths = [self.directory / word for word in name.split()]
        if step.word == "rename":
            paths[0].rename(paths[1])
            return
        wanted = (text or b"").decode()

        def content() -> str | None:
            return paths[0].read_text(encoding="utf-8", errors="replace") if paths[0].exists() else None

        self.wire.wait(lambda: wanted in (content() or "") and content() is not None, f"{wanted!r} in {paths[0]}",
                       lambda: content() or "no such file, or an empty one")

    def take_weir(self, step: Step) -> None:
        if step.word == "signal":
            self.gateway.signal(step.rest)
        elif step.word == "exits":
            if self.output:
                if self.exit_code != int(step.rest):
                    raise Failure(f"exit code {step.rest}", f"{self.exit_code}:\n{self.output}")
            else:
                self.gateway.exits(int(step.rest))
        elif step.word == "stderr":
            wanted = split_string(step.rest)[1].decode()
            self.wire.wait(lambda: wanted in self.gateway.stderr, f"{wanted!r} on stderr", lambda: self.gateway.stderr)
        elif step.word == "run":
            words = [self.gateway.fill(word) for word in shlex.split(step.rest)]
            self.exit_code, self.output = self.gateway.run(words)
            self.wire.tell("weir", "--", f"{' '.join(words)}: exit {self.exit_code}\n{self.output}".encode())
        elif step.word in ("rename", "file"):
            self.take_file(step)
        elif step.word == "prints":
            wanted = self.gateway.fill(split_string(step.rest)[1].decode())
            if wanted not in self.output:
                raise Failure(f"output with {wanted!r}", self.output)

    # --- the access log ---

    def expect_reason(self, reason: str) -> None:
        """Each line of the access log answers for one `expect` with a reason."""

        def found() -> bool:
            for index, line in enumerate(self.gateway.log_lines):
                if index not in self.reasons_seen and read_json(line).get("reason") == reason:
                    self.reasons_seen.add(index)
                    return True
            return False

        self.wire.wait(found, f"an access log line with the reason {reason}",
                       lambda: "\n".join(self.gateway.log_lines) or "no line")

    def take_log(self, step: Step) -> None:
        """Asks the oldest line that no earlier `line` has answered for."""
        lines = self.gateway.log_lines
        if step.word == "never":
            needle = split_string(step.rest)[1].decode("latin-1")
            if any(needle in line for line in lines):
                raise Failure(f"no {needle!r} in the access log", "\n".join(lines))
            return
        if step.word == "text":
            wanted = split_string(step.rest)[1].decode("latin-1")
            self.wire.wait(lambda: any(wanted in line for line in lines), f"a log line with {wanted}",
                           lambda: "\n".join(lines) or "no line")
            return
        if step.word == "none":
            self.wire.pump(0)
            if lines[self.log_next:]:
                raise Failure("no further line in the access log", "\n".join(lines[self.log_next:]))
            return
        self.wire.wait(lambda: len(lines) > self.log_next, "a line in the access log", lambda: "none")
        line = lines[self.log_next]
        self.log_next += 1
        fields = read_json(line)
        for wanted in step.lines:
            if wanted.startswith("- "):
                if wanted[2:].strip() in fields:
                    raise Failure(f"no {wanted[2:]} in the log line", line)
                continue
            name, _, value = wanted.partition(":")
            came = fields.get(name.strip())
            if came is None or not steps.value_matches(value.strip(), log_text(came).encode("latin-1", "replace")):
                raise Failure(f"the log line to say {wanted}", line)


def split_reason(step: Step) -> tuple[Step, str]:
    """`400 bare_line_feed "..."` -> (`400 "..."`, `bare_line_feed`)."""
    found = re.match(r"((?:exactly )?\d{3}) ([a-z][a-z0-9_]*)(.*)$", step.rest)
    if not found:
        return step, ""
    return Step(step.line, step.word, found.group(1) + found.group(3), step.lines), found.group(2)


def read_json(line: str) -> dict:
    try:
        value = json.loads(line)
        return value if isinstance(value, dict) else {}
    except ValueError:
        return {}


def log_text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else json.dumps(value)


def indent(text: str) -> str:
    return text.replace("\n", "\n    ")
