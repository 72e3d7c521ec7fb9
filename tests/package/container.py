"""Dockerfile, compose file and Kubernetes manifest, as far as they can be judged without an engine: they hold together.

No image is built here: that would need a container engine and the network. What is checked is what would break: syntax,
names that do not exist, commands that the binary does not know, configurations that it refuses, rights too many.
"""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from typing import TYPE_CHECKING

import yaml

if TYPE_CHECKING:
    from run import Subject

USER = 10001
INSTRUCTIONS = {"FROM", "LABEL", "RUN", "COPY", "ENV", "USER", "EXPOSE", "VOLUME", "STOPSIGNAL", "HEALTHCHECK",
                "ENTRYPOINT", "CMD", "WORKDIR"}


def instructions(subject: Subject) -> list[tuple[str, str]]:
    """The Dockerfile's instructions with their arguments; continued lines are put together."""
    text = (subject.project / "packaging/docker/Dockerfile").read_text()
    text = re.sub(r"\\\n\s*", "", re.sub(r"^\s*#.*\n", "", text, flags=re.M))
    return [tuple(line.split(None, 1)) for line in text.splitlines() if line.strip()]


def weir_accepts(subject: Subject, command: list[str]) -> None:
    """The binary knows the verb and its flags; --help at the end keeps it from doing anything."""
    words = [str(subject.weir), *command[1:], "--help"]
    done = subprocess.run(words, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, f"{shlex.join(command)}: {done.stderr}"


def check(subject: Subject, configuration: str) -> None:
    path = subject.directory / "container.yaml"
    path.write_text(configuration)
    done = subprocess.run([str(subject.weir), "check", str(path)], capture_output=True, text=True)
    assert done.returncode == 0, f"weir check: {done.stdout}{done.stderr}"


def dockerfile_holds_together(subject: Subject) -> None:
    found = instructions(subject)
    unknown = {name for name, _ in found} - INSTRUCTIONS
    assert not unknown, f"not instructions that it should need: {unknown}"
    stages = [rest.split() for name, rest in found if name == "FROM"]
    assert len(stages) == 2 and stages[0][1:] == ["AS", "build"], stages
    assert all(":" in stage[0] and not stage[0].endswith(":latest") for stage in stages), "images have a version"
    last = found[max(at for at, (name, _) in enumerate(found) if name == "FROM"):]
    named = dict(last)
    assert named["USER"] == f"{USER}:{USER}", "a number, so that runAsNonRoot can be checked"
    assert named["STOPSIGNAL"] == "SIGTERM"
    for name, rest in found:
        if name == "COPY" and "--from" not in rest:
            missing = [source for source in rest.split()[:-1] if not (subject.project / source).exists()]
            assert not missing, f"COPY of what is not there: {missing}"
        if name == "RUN":
            script = re.sub(r"^(--\S+\s+)+", "", rest)
            read = subprocess.run(["shellcheck", "--shell=sh", "-"], input=f"{script}\n", capture_output=True,
                                  text=True)
            assert read.returncode == 0, read.stdout
            assert "apt-get install" not in script or "rm -rf /var/lib/apt/lists" in script, "package lists in a layer"


def dockerfile_starts_what_exists(subject: Subject) -> None:
    named = dict(instructions(subject))
    entry, rest = json.loads(named["ENTRYPOINT"]), json.loads(named["CMD"])
    weir_accepts(subject, [*entry, *rest])
    health = json.loads(re.search(r"CMD (\[.*)$", named["HEALTHCHECK"])[1])
    assert health[0] == entry[0] == "/usr/bin/weir"
    weir_accepts(subject, health)


def compose_is_safe(subject: Subject) -> None:
    folder = subject.project / "packaging/docker"
    services = yaml.safe_load((folder / "compose.yaml").read_text())["services"]
    for name, service in services.items():
        assert service["read_only"] and service["cap_drop"] == ["ALL"], f"{name}: root read-only, no capability"
        assert "no-new-privileges:true" in service["security_opt"], name
        weir_accepts(subject, ["weir", *service.get("command", ["run"])])
    weir = services["weir"]
    assert (folder / weir["build"]["context"]).resolve() == subject.project
    assert (subject.project / weir["build"]["dockerfile"]).is_file()
    mounted = [volume.split(":")[0] for volume in weir["volumes"] if volume.startswith("./")]
    for path in mounted:
        check(subject, (folder / path).read_text())
    assert set(weir["depends_on"]) < set(services) and mounted == ["./compose-weir.yaml"]


def kubernetes_holds_together(subject: Subject) -> None:
    """Kinds, labels, mounts and ports refer to each other; the configuration inside passes weir check."""
    documents = list(yaml.safe_load_all((subject.project / "packaging/kubernetes/weir.yaml").read_text()))
    kinds = {document["kind"]: document for document in documents}
    assert set(kinds) == {"ConfigMap", "Deployment", "Service", "PodDisruptionBudget"}
    versions = {kind: document["apiVersion"] for kind, document in kinds.items()}
    assert versions == {"ConfigMap": "v1", "Deployment": "apps/v1", "Service": "v1", "PodDisruptionBudget": "policy/v1"}
    check(subject, kinds["ConfigMap"]["data"]["weir.yaml"])
    deployment = kinds["Deployment"]["spec"]
    labels = deployment["template"]["metadata"]["labels"]
    assert deployment["selector"]["matchLabels"] == labels == kinds["Service"]["spec"]["selector"]
    assert kinds["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"] == labels
    pod = deployment["template"]["spec"]
    container = pod["containers"][0]
    assert {mount["name"] for mount in container["volumeMounts"]} == {volume["name"] for volume in pod["volumes"]}
    maps = [volume["configMap"]["name"] for volume in pod["volumes"] if "configMap" in volume]
    assert maps == [kinds["ConfigMap"]["metadata"]["name"]]
    assert kinds["Service"]["spec"]["ports"][0]["targetPort"] == container["ports"][0]["name"]
    listeners = yaml.safe_load(kinds["ConfigMap"]["data"]["weir.yaml"])["listeners"]
    assert listeners[0]["address"] == f":{container['ports'][0]['containerPort']}"


def kubernetes_pods_are_safe_and_drain(subject: Subject) -> None:
    documents = yaml.safe_load_all((subject.project / "packaging/kubernetes/weir.yaml").read_text())
    kinds = {document["kind"]: document for document in documents}
    pod = kinds["Deployment"]["spec"]["template"]["spec"]
    container = pod["containers"][0]
    assert pod["securityContext"]["runAsNonRoot"] and pod["securityContext"]["runAsUser"] == USER
    assert pod["securityContext"]["seccompProfile"]["type"] == "RuntimeDefault"
    assert container["securityContext"] == {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True,
                                            "capabilities": {"drop": ["ALL"]}}
    assert pod["automountServiceAccountToken"] is False
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        weir_accepts(subject, container[probe]["exec"]["command"])
    assert "--ready" not in container["livenessProbe"]["exec"]["command"], "a draining pod must not be killed"
    drain = yaml.safe_load(kinds["ConfigMap"]["data"]["weir.yaml"])["timeouts"]["drain"]
    pause = container["lifecycle"]["preStop"]["exec"]["command"][-1]
    assert pod["terminationGracePeriodSeconds"] > int(drain.removesuffix("s")) + int(pause), "time to drain"


PARTS = [(f"container: {part.__name__.replace('_', ' ')}", part) for part in (
    dockerfile_holds_together, dockerfile_starts_what_exists, compose_is_safe, kubernetes_holds_together,
    kubernetes_pods_are_safe_and_drain)]
