"""Shows what setup.sh asks of apt: nothing when all is there, only what is missing, no service started by servers.

How: dpkg-query, apt-get, sudo and systemctl are small fakes on the PATH that write down how they were called.
"""

import os
import pathlib
import subprocess
import tempfile
import unittest

TOOLS = pathlib.Path(__file__).resolve().parent

FAKES = {
    # The packages in the file `missing` are not installed; all others are.
    "dpkg-query": 'for last; do :; done; grep -qx "$last" "$PLACE/missing" && exit 1; printf installed',
    "apt-get": 'echo "apt-get $*" >>"$PLACE/calls"; [ -e "$PLACE/policy" ] && echo "policy" >>"$PLACE/calls"; exit 0',
    "sudo": 'while [ "${1#-}" != "$1" ]; do shift; done; exec "$@"',
    "systemctl": "exit 1",
}


class Setup(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.place = pathlib.Path(folder.name)
        for name, body in FAKES.items():
            path = self.place / name
            path.write_text(f"#!/bin/sh\n{body}\n")
            path.chmod(0o755)

    def calls(self, missing: list[str], *groups: str, policy: str = "policy") -> list[str]:
        """How apt-get was called while these packages were missing; every call must be non-interactive."""
        (self.place / "missing").write_text("".join(f"{name}\n" for name in missing))
        (self.place / "calls").write_text("")
        script = (f'set -euo pipefail; note() {{ echo "$*" >&2; }}; fail() {{ note "$*"; exit 1; }}\n'
                  f'source tools/setup.sh; policy_file={self.place}/{policy}; setup {" ".join(groups)}')
        environment = os.environ | {"PATH": f"{self.place}:{os.environ['PATH']}", "PLACE": str(self.place)}
        subprocess.run(["bash", "-c", script], cwd=TOOLS.parent, env=environment, check=True, timeout=20,
                       stdin=subprocess.DEVNULL, capture_output=True)
        return (self.place / "calls").read_text().splitlines()

    def test_nothing_missing_asks_nothing(self):
        self.assertEqual([], self.calls([], "build", "test", "check", "servers"))

    def test_only_what_is_missing_and_asked_for_is_installed(self):
        calls = self.calls(["mold", "ninja-build", "haproxy"], "build")
        self.assertEqual(2, len(calls))
        self.assertTrue(calls[0].startswith("apt-get update"), calls)
        self.assertIn(" -y ", calls[1])
        self.assertTrue(calls[1].endswith(" ninja-build"), calls)

    def test_servers_come_alone_under_a_policy_that_is_gone_afterwards(self):
        calls = self.calls(["mold", "haproxy"], "test", "servers")
        self.assertTrue(calls[1].endswith(" mold"), calls)
        self.assertTrue(calls[2].endswith(" haproxy"), calls)
        self.assertEqual("policy", calls[3])
        self.assertFalse((self.place / "policy").exists())

    def test_a_policy_of_the_machine_stays(self):
        (self.place / "policy").write_text("theirs")
        self.calls(["haproxy"], "servers")
        self.assertEqual("theirs", (self.place / "policy").read_text())


if __name__ == "__main__":
    unittest.main()
