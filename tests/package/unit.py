"""The systemd unit, without running it: systemd's own judgement of its syntax and of its sandbox."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from run import Subject

EXPOSURE_MAX = 20  # tenths: 2.0 of 10; systemd's own scale calls it "OK", the same as nothing left to say


def unit_is_understood(subject: Subject) -> None:
    """Every directive is known to this systemd, and the commands exist once the binary is where the package puts it."""
    text = (subject.project / "packaging/systemd/weir.service").read_text()
    copy = subject.directory / "weir.service"
    copy.write_text(text.replace("/usr/bin/weir", str(subject.weir)).replace("Documentation=man:", "#"))
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", str(copy)],
                          capture_output=True, text=True)
    assert done.returncode == 0 and not done.stderr.strip(), f"systemd-analyze verify: {done.stderr}"


def sandbox_is_tight(subject: Subject) -> None:
    """systemd's own count of what the service could still do."""
    path = subject.project / "packaging/systemd/weir.service"
    done = subprocess.run(["systemd-analyze", "security", "--offline=true", f"--threshold={EXPOSURE_MAX}", str(path)],
                          capture_output=True, text=True)
    assert done.returncode == 0, f"the unit is exposed more than {EXPOSURE_MAX / 10}:\n{done.stdout[-3000:]}"


PARTS = [("unit is understood by systemd", unit_is_understood), ("unit is a tight sandbox", sandbox_is_tight)]
