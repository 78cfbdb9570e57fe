"""What an audit finds on its way."""

from tenuto.core.audit.faults import FAULTS_MAX, Fault, Part


class Findings:
    """Faults and notes, in the order in which they are found."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []
        self.notes: list[str] = []

    @property
    def are_enough(self) -> bool:
        """Whether more would help nobody."""
        return len(self.faults) >= FAULTS_MAX

    def add(self, fault: Fault | None) -> None:
        """Take a fault, if there is one."""
        if fault is not None and not self.are_enough:
            self.faults.append(fault)

    def wrong(self, part: Part, number: int, message: str) -> None:
        """Take what is wrong with a part, from `number` on."""
        self.add(Fault(part=part, number=number, message=message))
