"""Has every wheel and source distribution hold the built web UI, where it can be built."""

import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class WebHook(BuildHookInterface):  # type: ignore[type-arg]
    """Builds the UI before what is distributed is put together. Editable installs do without: there
    `scripts/web.py` builds it when it is wanted."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """See `BuildHookInterface.initialize`."""
        root = Path(self.root)
        # A wheel that is made from a source distribution finds the UI in it.
        if version == "editable" or not (root / "scripts" / "web.py").is_file():
            return
        sys.path.insert(0, str(root / "scripts"))
        try:
            import web
        finally:
            sys.path.pop(0)
        if web.main([]):
            raise RuntimeError("the web UI could not be built; what failed stands above")
