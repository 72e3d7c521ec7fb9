"""`weir check`: exit code 0 for a valid file, 1 with every error as file:line:column, 64 when misused."""

import json

from stand.stand import Stand
from stand.waiting import expect, same

GOOD = 'listeners: [":0"]\nroutes: [{ respond: ok }]\n'
BAD = """listeners: [":0"]
upstreams: { shop: { endpoints: ["127.0.0.1:1"], balance: roundrobin } }
routes:
  - { match: { path: /a }, proxy: shp }
  - { match: { path: /b }, respnd: ok }
"""


def play(stand: Stand) -> None:
    weir = stand.idle_gateway()
    good, bad, missing = (weir.directory / name for name in ("good.yaml", "bad.yaml", "missing.yaml"))
    good.write_text(GOOD)
    bad.write_text(BAD)

    for words in (["check", str(good)], ["check", "-c", str(good)], ["-t", "-c", str(good)], ["validate", str(good)]):
        done = weir.command(*words)
        same(done.returncode, 0, f"exit code of weir {' '.join(words)} ({done.stdout}{done.stderr})")
    done = weir.command("check", str(bad))
    said = done.stdout + done.stderr
    same(done.returncode, 1, "exit code for an invalid file")
    for place, word in (("bad.yaml:2:", "round_robin"), ("bad.yaml:4:", "shop"), ("bad.yaml:5:", "respond")):
        found = any(place in line and word in line for line in said.splitlines())
        expect(found, f"a line with {place} suggests {word}: {said}")
    done = weir.command("check", str(bad), "--json")
    same(done.returncode, 1, "exit code with --json")
    expect(json.dumps(json.loads(done.stdout)).count("bad.yaml") >= 3, f"the JSON names three places: {done.stdout}")
    same(weir.command("check", str(missing)).returncode, 1, "exit code for a file that is not there")
    for words in (["check", "--nonsense", str(good)], ["nonsense"], []):
        same(weir.command(*words).returncode, 64, f"exit code of weir {' '.join(words)}")
    for words in (["version"], ["-V"], ["--version"], ["help"], ["-h"]):
        same(weir.command(*words).returncode, 0, f"exit code of weir {' '.join(words)}")
