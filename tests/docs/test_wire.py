"""The types of events that the web UI is made with."""

import importlib.util
from pathlib import Path

SCRIPT = Path(__file__).parent.parent.parent / "scripts" / "write_wire.py"


def test_the_types_of_events_are_those_of_the_core() -> None:
    spec = importlib.util.spec_from_file_location("write_wire", SCRIPT)
    assert spec is not None and spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)

    written = script.TARGET.read_text("utf-8")

    assert written == script.rendered(), "run scripts/write_wire.py"
