"""What an audit finds on its way."""

from collections.abc import Callable
from typing import TypeAlias

from tenuto.core.audit.faults import FAULTS_MAX, Fault, Part

Told: TypeAlias = Callable[[Part, int, int], None]
"""Is called with how many of a part were looked at, and how many there are; 0: nobody knows."""


class Findings:
    """Faults and notes, in the order in which they are found; and how far the audit is."""

    def __init__(self, told: Told | None = None) -> None:
        self._told = told
        self.faults: list[Fault] = []
        self.notes: list[str] = []

    @property
    def are_enough(self) -> bool:
        """Whether more would help nobody."""
        return len(self.faults) >= FAULTS_MAX

    def looked(self, part: Part, count: int, total: int = 0) -> None:
        """Tell how far it is, to who wants to know."""
        if self._told is not None:
            self._told(part, count, total)

    def add(self, fault: Fault | None) -> None:
        """Take a fault, if there is one."""
        if fault is not None and not self.are_enough:
            self.faults.append(fault)

    def wrong(self, part: Part, number: int, message: str) -> None:
        """Take what is wrong with a part, from `number` on."""
        self.add(Fault(part=part, number=number, message=message))
