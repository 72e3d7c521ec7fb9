#!/usr/bin/env python3
"""An origin that fails on command: one process, so that what is killed or stopped is all of it.

    failing_origin.py NAME HOST PORT COUNTER

It answers each GET after 5 ms with 1 KiB and its name in x-origin; /healthz is answered at once and well whatever the
way, for a server that lies looks well, unless the way is to hang. A line on standard input sets the way:

    plain   as above                          half    a head, half of the content, and an end
    hang    takes requests, answers none      reset   a head, then a reset
    slow    50 ms instead of 5                drip    a byte each 100 ms

COUNTER is a file of 8 bytes, mapped: how many requests have arrived, health checks not counted. A process that comes
after a killed one goes on counting there.
"""

import asyncio
import mmap
import socket
import struct
import sys

SERVICE_SECONDS, SLOW_SECONDS, DRIP_SECONDS = 0.005, 0.050, 0.100
BODY = b"x" * 1024


class Counter:
    def __init__(self, path: str) -> None:
        with open(path, "r+b") as file:
            self._memory = mmap.mmap(file.fileno(), 8)

    def add(self) -> None:
        self._memory[:8] = struct.pack("=Q", struct.unpack("=Q", self._memory[:8])[0] + 1)


class Origin:
    def __init__(self, name: str, counter: Counter) -> None:
        self.way = "plain"
        self.counter = counter
        self.head = f"HTTP/1.1 200 OK\r\nx-origin: {name}\r\ncontent-length: {len(BODY)}\r\n\r\n".encode()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            goes_on = True
            while goes_on:
                head = await reader.readuntil(b"\r\n\r\n")
                goes_on = await self.answer(head.split(b" ", 2)[1], writer)
        except (OSError, asyncio.IncompleteReadError):
            pass  # whoever asked is done
        writer.close()

    async def answer(self, target: bytes, writer: asyncio.StreamWriter) -> bool:
        """False: the connection is over."""
        if self.way == "hang":
            if target != b"/healthz":
                self.counter.add()
            await asyncio.sleep(3600)
        if target == b"/healthz":
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
            return True
        self.counter.add()
        way = self.way
        await asyncio.sleep(SLOW_SECONDS if way == "slow" else SERVICE_SECONDS)
        if way in ("plain", "slow"):
            writer.write(self.head + BODY)
            return True
        writer.write(self.head + (BODY[:512] if way == "half" else b""))
        if way == "drip":
            await self.drip(writer)
        elif way == "reset":
            await asyncio.sleep(SERVICE_SECONDS)  # the head is read before the reset overtakes it
            linger = struct.pack("ii", 1, 0)
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            writer.transport.abort()
        return way == "drip"

    async def drip(self, writer: asyncio.StreamWriter) -> None:
        for at in range(len(BODY)):
            if writer.is_closing():
                return
            writer.write(BODY[at:at + 1])
            await asyncio.sleep(DRIP_SECONDS)


async def main(name: str, host: str, port: str, counter: str) -> None:
    origin = Origin(name, Counter(counter))
    commands = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(commands), sys.stdin)
    server = await asyncio.start_server(origin.serve, host, int(port), reuse_address=True, backlog=1024)
    print("ready", flush=True)
    while line := await commands.readline():
        origin.way = line.decode().strip()
        print(origin.way, flush=True)
    server.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
