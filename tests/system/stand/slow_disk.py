"""A disk that stops answering when it is told to: a file system in this process, by FUSE's own protocol.

It has one directory with one file. Every look-up and every read passes through here (nothing is cached for names), so a
paused disk holds whoever asks it, as a network file system does whose server is away.

The structures are those of linux/fuse.h, version 7.31.
"""

from __future__ import annotations

import ctypes
import os
import pathlib
import stat
import struct
import threading

IN_HEADER, OUT_HEADER = struct.Struct("<IIQQIIIHH"), struct.Struct("<IiQ")
INIT_OUT = struct.Struct("<IIIIHHIIHHI28x")
ENTRY, ATTRIBUTES_OUT = struct.Struct("<QQQQII"), struct.Struct("<QII")
ATTRIBUTES = struct.Struct("<QQQQQQIIIIIIIIII")
OPEN_OUT, READ_IN = struct.Struct("<QII"), struct.Struct("<QQIIQII")
LOOKUP, FORGET, GETATTR, OPEN, READ, RELEASE, INIT, INTERRUPT, BATCH_FORGET = 1, 2, 3, 14, 15, 18, 26, 36, 42
ENOENT, ENOSYS = 2, 38
ROOT, FILE = 1, 2
MS_RDONLY_NOSUID_NODEV, MNT_DETACH = 1 | 2 | 4, 2
OLD = 1_700_000_000
REQUEST_BYTES = 1 << 18


class SlowDisk:
    """`name` below `mounted` holds `content`."""

    def __init__(self, mounted: pathlib.Path, name: str, content: bytes):
        self.mounted, self.name, self.content = mounted, name.encode(), content
        self.running = threading.Event()
        self.running.set()
        self.held = 0  # requests that wait for the disk to go on
        self.libc = ctypes.CDLL(None, use_errno=True)
        self.device = os.open("/dev/fuse", os.O_RDWR)
        options = f"fd={self.device},rootmode=40000,user_id=0,group_id=0,allow_other".encode()
        if self.libc.mount(b"slow", os.fsencode(mounted), b"fuse", MS_RDONLY_NOSUID_NODEV, options) != 0:
            os.close(self.device)
            raise OSError(ctypes.get_errno(), "FUSE cannot be mounted here")
        threading.Thread(target=self.serve, daemon=True).start()

    def pause(self) -> None:
        self.running.clear()

    def resume(self) -> None:
        self.running.set()

    def close(self) -> None:
        self.resume()
        self.libc.umount2(os.fsencode(self.mounted), MNT_DETACH)
        os.close(self.device)

    def serve(self) -> None:
        while True:
            try:
                request = os.read(self.device, REQUEST_BYTES)
            except OSError:
                return  # unmounted
            _, opcode, unique, node, *_ = IN_HEADER.unpack_from(request)
            if opcode in (FORGET, BATCH_FORGET, INTERRUPT):
                continue
            rest = request[IN_HEADER.size:]
            if opcode in (LOOKUP, READ) and not self.running.is_set():
                threading.Thread(target=self.hold, args=(unique, opcode, node, rest), daemon=True).start()
            else:
                self.answer(unique, *self.reply(opcode, node, rest))

    def hold(self, unique: int, opcode: int, node: int, rest: bytes) -> None:
        self.held += 1
        self.running.wait()
        self.held -= 1
        self.answer(unique, *self.reply(opcode, node, rest))

    def answer(self, unique: int, error: int, data: bytes) -> None:
        try:
            os.write(self.device, OUT_HEADER.pack(OUT_HEADER.size + len(data), -error, unique) + data)
        except OSError:
            pass  # whoever asked has gone

    def reply(self, opcode: int, node: int, rest: bytes) -> tuple[int, bytes]:
        if opcode == INIT:
            return 0, INIT_OUT.pack(7, 31, 0, 0, 64, 48, 1 << 16, 1, 16, 0, 0)
        if opcode == GETATTR:
            return 0, ATTRIBUTES_OUT.pack(0, 0, 0) + self.attributes(node)
        if opcode == LOOKUP:
            if rest.rstrip(b"\0") != self.name:
                return ENOENT, b""
            return 0, ENTRY.pack(FILE, 0, 0, 0, 0, 0) + self.attributes(FILE)
        if opcode == OPEN:
            return 0, OPEN_OUT.pack(0, 0, 0)
        if opcode == READ:
            _, offset, size, *_ = READ_IN.unpack_from(rest)
            return 0, self.content[offset:offset + size]
        return (0, b"") if opcode == RELEASE else (ENOSYS, b"")

    def attributes(self, node: int) -> bytes:
        size = len(self.content) if node == FILE else 0
        mode = stat.S_IFREG | 0o644 if node == FILE else stat.S_IFDIR | 0o755
        return ATTRIBUTES.pack(node, size, (size + 511) // 512, OLD, OLD, OLD, 0, 0, 0, mode, 1, 0, 0, 0, 4096, 0)
