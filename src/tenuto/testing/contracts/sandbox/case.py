"""The limits that the suites give, and how late they may be."""

from typing import Final

from tenuto.ports.sandbox import SandboxLimits

TIGHT: Final = SandboxLimits(
    cpu_ms_max=1_000,
    wall_ms_max=2_000,
    memory_bytes_max=128 * 1024 * 1024,
    output_bytes_max=2_000,
    file_bytes_max=1024 * 1024,
    processes_max=8,
)

OVER_MS_MAX: Final = 5_000
"""A run may come to its end so much later than its limit says, on a machine that is busy."""
