"""10 GiB of bodies pass, half down and half up, stalled readers and writers among them, and memory stays flat.

Four curls download a sparse file from nginx while four upload one, two of them chunked. Meanwhile forty clients have
asked for a large file and do not read it, and ten uploads go to an origin that does not read them. Afterwards one of
the stalled readers reads on and gets every byte.
"""

import pathlib
import socket
import threading

from stand.gateway import MemoryWatch
from stand.message import Client, Head, Peer
from stand.origins import answer
from stand.processes import Child, tool
from stand.stand import MEBIBYTE, Stand
from stand.waiting import expect, same, until

BODY_BYTES = 1280 * MEBIBYTE
UPLOADS = 4
STALLED_READERS = 40
STALLED_UPLOADS = 10
STALLED_FILE_BYTES = 64 * MEBIBYTE
# Each stalled body may hold one scratch buffer's worth in Weir; the rest waits in the kernel or was never sent.
GROWTH_MAX = 16 * MEBIBYTE
SECONDS_MAX = 120


def play(stand: Stand) -> None:
    nginx = stand.nginx()
    for name, size in (("big", BODY_BYTES), ("stalled", STALLED_FILE_BYTES)):
        with (nginx.root / name).open("wb") as file:
            file.truncate(size)  # sparse: the kernel makes its zeros up
    go_on = threading.Event()
    received: list[int] = []

    def sink(peer: Peer, head: Head) -> None:
        if head.target == "/stall":
            go_on.wait(SECONDS_MAX)
        received.append(sum(len(piece) for piece in peer.body(head)))
        answer(peer, b"taken")

    origin = stand.origin(sink)
    weir = stand.gateway(f"""
timeouts: {{ client_write: 10m, client_body: 10m }}
upstreams:
  sink: {{ endpoints: [{origin.address}], timeouts: {{ idle: 10m }} }}
  files: {{ endpoints: [{nginx.address}], timeouts: {{ idle: 10m }} }}
routes:
  - {{ match: {{ method: [PUT, POST] }}, proxy: sink }}
  - {{ proxy: files }}
""")
    same(stand.curl(f"http://{weir.address}/stalled", "-o", "warm-up").returncode, 0, "curl's exit code")
    with MemoryWatch(weir) as memory:
        readers = [stalled_reader(weir.address) for _ in range(STALLED_READERS)]
        writers = [stalled_upload(weir.address) for _ in range(STALLED_UPLOADS)]
        transfers = [start_curl(stand, f"{way}{number}", arguments, weir.address)
                     for way, arguments in ways(nginx.root / "big").items() for number in range(2)]
        for transfer in transfers:
            same(transfer.exit_code(SECONDS_MAX), 0, f"exit code of {transfer.name} ({transfer.stderr()})")
    for transfer in transfers:
        wanted = "200 5" if transfer.name.startswith("up") else f"200 {BODY_BYTES}"
        same(transfer.stdout(), wanted, f"status and bytes down of {transfer.name}")
    same(received, [BODY_BYTES] * UPLOADS, "bytes of each upload that the origin got")
    stand.note(f"memory grew by {memory.growth / MEBIBYTE:.1f} MiB from {memory.first / MEBIBYTE:.1f} MiB")
    expect(memory.samples > 10, "memory was watched")
    expect(memory.growth < GROWTH_MAX, f"memory grew by {memory.growth} bytes, {GROWTH_MAX} at most")

    same(sum(len(piece) for piece in readers[0].body(readers[0].read_head())), STALLED_FILE_BYTES,
         "bytes that a reader gets who reads on after a long stall")
    go_on.set()
    for peer in readers + writers:
        peer.close()
    until(lambda: weir.metric("weir_requests_in_flight") == 0, "every exchange to end")


def ways(file: pathlib.Path) -> dict[str, list[str]]:
    """curl's arguments; two of each."""
    upload = ["-T", str(file), "-H", "Expect:"]
    return {"down-first": [], "down-second": [], "up-whole": upload,
            "up-chunked": [*upload, "-H", "Transfer-Encoding: chunked"]}


def start_curl(stand: Stand, name: str, arguments: list[str], address: str) -> Child:
    child = Child([tool("curl"), "-sS", "--noproxy", "*", "-o", "/dev/null", "-w",
                   "%{http_code} %{size_download}", *arguments, f"http://{address}/big"],
                  stand.directory, name)
    stand.ending.callback(child.kill)
    return child


def stalled_reader(address: str) -> Client:
    client = Client(address, receive_buffer=4096)
    client.request("/stalled")
    return client


def stalled_upload(address: str) -> Client:
    """Sends until nobody on the way takes another byte."""
    client = Client(address)
    client.send(f"PUT /stall HTTP/1.1\r\nHost: weir.test\r\nContent-Length: {STALLED_FILE_BYTES}\r\n\r\n".encode())
    client.socket.setblocking(False)
    sent = 0
    try:
        while sent < STALLED_FILE_BYTES:
            sent += client.socket.send(bytes(65536))
    except BlockingIOError:
        client.socket.setblocking(True)
        client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        return client
    raise AssertionError("the whole upload was taken although the origin reads nothing")
