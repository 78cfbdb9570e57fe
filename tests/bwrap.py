"""Whether programs can be confined on this machine."""

import asyncio

import pytest

from tenuto.adapters.bubblewrap import BubblewrapSandbox
from tenuto.ports.sandbox import SandboxUnavailable


def fault() -> str:
    """Return why there is no sandbox for programs here, or nothing."""
    try:
        asyncio.run(BubblewrapSandbox().check())
    except SandboxUnavailable as error:
        return str(error)
    return ""


FAULT = fault()
needs_bwrap = pytest.mark.skipif(bool(FAULT), reason=FAULT)
"""On a test that runs programs. With CI=true a skipped test is a failed one."""
