"""Records sample logs into tests/replay/logs/RELEASE, where they stay for ever.

    python scripts/record_sample_logs.py 0.1.0

The runtime runs random fleets on virtual time; of their sessions as many are kept as it takes to
have every kind of event in them. What a release has recorded is never recorded again: a later
release must read it as it is, and records samples of its own beside it.
"""

import base64
import hashlib
import json
import sys
import zlib
from pathlib import Path
from typing import Any, Final, get_args

import msgspec

from tenuto.codec.events import EventDecoder
from tenuto.core.session.events import SessionEvent
from tenuto.core.vocabulary import Digest
from tenuto.core.workflow.model import encode_definition
from tenuto.testing.simulation.process import Site
from tenuto.testing.simulation.running import random_site
from tenuto.testing.simulation.witness import Seen

LOGS: Final = Path(__file__).parent.parent / "tests" / "replay" / "logs"
SEEDS_MAX: Final = 3_000
EVENTS_MAX: Final = 70
"""A sample is short enough to be read."""
TEXT_CHARS_MAX: Final = 500


def main() -> int:
    """Return 0 when every kind of event was recorded."""
    if len(sys.argv) != 2:
        print(__doc__)
        return 2
    folder = LOGS / sys.argv[1]
    if folder.exists():
        print(f"{folder} has been recorded; it stays as it is.")
        return 1
    samples, missing = chosen()
    if missing:
        print(f"{SEEDS_MAX} seeds gave no {sorted(missing)}; change the faults or the seeds.")
        return 1
    folder.mkdir(parents=True)
    for number, sample in enumerate(samples, start=1):
        path = folder / f"{number:02}-{sample['state']['phase']}.json"
        path.write_text(json.dumps(sample, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    print(f"{len(samples)} samples in {folder}")
    return 0


def chosen() -> tuple[list[dict[str, Any]], set[str]]:
    """Return samples that each bring something new, and what none of them has."""
    missing = {kind.__name__ for kind in get_args(SessionEvent)}
    missing |= {f"phase {phase}" for phase in ("completed", "failed", "cancelled")}
    missing |= {f"task {kind}" for kind in ("map", "loop", "agent", "wait", "timer", "approval")}
    missing |= {"an artifact", "a fork", "a child"}
    samples: list[dict[str, Any]] = []
    for seed in range(SEEDS_MAX):
        if not missing:
            break
        site = random_site(seed)
        assert not site.witness.violations, f"seed {seed}: {site.witness.violations[0]}"
        for seen in site.witness.sessions.values():
            found = features(site, seen) & missing
            if found and len(seen.log) <= EVENTS_MAX:
                missing -= found
                samples.append(sample_of(site, seen))
    return samples, missing


def features(site: Site, seen: Seen) -> set[str]:
    """Return what a session has in its log."""
    found = {type(event).__name__ for event in seen.log}
    found.add(f"phase {seen.state.phase}")
    found |= {f"task {kind}" for kind in seen.kinds.values()}
    if seen.head.origin is not None:
        found.add("a fork")
    if seen.head.parent is not None:
        found.add("a child")
    if artifacts_of(site, seen):
        found.add("an artifact")
    return found


def payloads_of(site: Site, seen: Seen) -> list[tuple[int, bytes]]:
    """Return how many events each commit shares with the session, and its payload."""
    commits = site.log.commits_of(seen.head.session, after=0)
    return [(commit.count, commit.payload) for commit in commits]


def artifacts_of(site: Site, seen: Seen) -> dict[str, bytes]:
    """Return the artifacts that the session's log refers to."""
    found: dict[str, bytes] = {}

    def fetch(digest: Digest) -> bytes:
        found[digest] = site.artifacts.get(digest)
        return found[digest]

    for _, payload in payloads_of(site, seen):
        EventDecoder(fetch).decode(payload)
    return found


def sample_of(site: Site, seen: Seen) -> dict[str, Any]:
    """Return all that is needed to read the session again, and what must come of it."""
    program = site.witness.program(seen)
    return {
        "definition": msgspec.json.decode(encode_definition(program.definition)),
        "commits": [
            {"count": count, "payload": base64.b64encode(payload).decode()}
            for count, payload in payloads_of(site, seen)
        ],
        "artifacts": {
            digest: base64.b64encode(zlib.compress(payload)).decode()
            for digest, payload in artifacts_of(site, seen).items()
        },
        "state": portrait(seen.state),
    }


def portrait(state: Any) -> dict[str, Any]:
    """Return what any release must make of the log, whatever else its state knows."""
    names = ("session", "tenant", "workflow", "phase", "version", "steps", "steps_max", "depth")
    more = ("inputs", "values", "outputs", "output", "parent", "parent_effect", "reported")
    told = {name: getattr(state, name) for name in (*names, *more)}
    told["failure"] = state.failure
    told["open"] = [[task.no, task.node, task.kind, task.attempt] for task in state.tasks.values()]
    told["due"] = sorted(state.due.items())
    plain: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(told, order="sorted"))
    return {name: shortened(value) for name, value in plain.items()}


def shortened(value: Any) -> Any:
    """Return `value` with long texts replaced by their SHA-256."""
    if isinstance(value, str) and len(value) > TEXT_CHARS_MAX:
        return f"sha256:{hashlib.sha256(value.encode()).hexdigest()}"
    if isinstance(value, list):
        return [shortened(item) for item in value]
    if isinstance(value, dict):
        return {name: shortened(item) for name, item in value.items()}
    return value


if __name__ == "__main__":
    sys.exit(main())
