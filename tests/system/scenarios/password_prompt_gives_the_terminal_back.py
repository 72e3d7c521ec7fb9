"""Whoever ends or stops `weir hash-password` while it asks can read what he types afterwards."""

import os
import pty
import signal
import sys
import termios

from stand.processes import Child
from stand.stand import Stand
from stand.waiting import expect, same, until

# What a shell does: a session with a terminal, and one job in front of it.
SHELL = """
import os, signal, subprocess, sys
terminal = os.open(sys.argv[1], os.O_RDWR)

def step_forward():
    os.setpgrp()
    signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    os.tcsetpgrp(terminal, os.getpid())
    for number in (signal.SIGTTOU, signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGTSTP):
        signal.signal(number, signal.SIG_DFL)

job = subprocess.Popen(sys.argv[2:], stdin=terminal, preexec_fn=step_forward)
print("job", job.pid, flush=True)
while True:
    _, status = os.waitpid(job.pid, os.WUNTRACED)
    if not os.WIFSTOPPED(status):
        break
    print("stopped", flush=True)
print("ended", os.waitstatus_to_exitcode(status), flush=True)
signal.pause()  # with the shell, the terminal would go
"""
CTRL_C, CTRL_Z = b"\x03", b"\x1a"


class Prompt:
    """One `weir hash-password` at a terminal of its own."""

    def __init__(self, stand: Stand, name: str):
        self.keyboard, self.screen = pty.openpty()
        stand.ending.callback(os.close, self.keyboard)
        stand.ending.callback(os.close, self.screen)
        command = [sys.executable, "-c", SHELL, os.ttyname(self.screen), stand.binary, "hash-password", "--user", "ann"]
        self.shell = Child(command, stand.directory, name)
        stand.ending.callback(self.shell.kill)
        self.asked("Password: ", 1)

    def asked(self, prompt: str, times: int) -> None:
        until(lambda: self.shell.stderr().count(prompt) == times and not self.echoes(), f"{prompt!r}, silent",
              story=self.said)

    def echoes(self) -> bool:
        return bool(termios.tcgetattr(self.screen)[3] & termios.ECHO)

    def type(self, keys: bytes) -> None:
        os.write(self.keyboard, keys)

    def signal(self, number: int) -> None:
        os.kill(int(self.shell.stdout().split()[1]), number)

    def says(self, words: str) -> None:
        until(lambda: words in self.shell.stdout(), words, story=self.said)

    def said(self) -> str:
        return self.shell.stdout() + self.shell.stderr()


def play(stand: Stand) -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        ended(stand, number)
    stopped_and_brought_back(stand)


def ended(stand: Stand, number: signal.Signals) -> None:
    prompt = Prompt(stand, f"ended-by-{number.name}")
    prompt.type(b"half a pass")
    if number == signal.SIGINT:
        prompt.type(CTRL_C)
    else:
        prompt.signal(number)
    prompt.says(f"ended {-number}")
    expect(prompt.echoes(), f"the terminal shows what is typed after {number.name}")


def stopped_and_brought_back(stand: Stand) -> None:
    prompt = Prompt(stand, "stopped")
    prompt.type(b"half a pass" + CTRL_Z)
    prompt.says("stopped")
    expect(prompt.echoes(), "the terminal shows what is typed while the command is put aside")
    prompt.signal(signal.SIGCONT)
    prompt.asked("Password: ", 2)
    prompt.type(b"correct horse\n")
    prompt.asked("The same again: ", 1)
    prompt.type(b"correct horse\n")
    prompt.says("ended 0")
    expect(prompt.echoes(), "the terminal shows what is typed when all is done")
    expect("ann:$argon2id$" in prompt.shell.stdout(), f"the line for the file: {prompt.said()}")
    expect("correct" not in prompt.said(), "the password is shown nowhere")
    same(prompt.shell.stderr().count("half"), 0, "what was typed before")
