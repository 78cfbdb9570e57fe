"""What a reader wishes of a report, as far as sentences can be chosen by it."""

import re
from collections.abc import Sequence
from typing import Final

import msgspec

from tenuto.adapters.offline.contract import Claim, Finding, SynthesizeInputs
from tenuto.adapters.offline.words import content_stems

LEAVE_OUT: Final = "Leave out: "
"""How a change begins that names what is to go."""
_NAMED: Final = re.compile(r"“([^”]+)”")


class Measure(msgspec.Struct, frozen=True):
    """How much is told at one length of report."""

    sentences: int
    """Of the short answer."""
    each: int
    """Of them, on one part of the question."""
    floor: float
    """A sentence joins when it scores at least this share of the best one's."""
    claims: int
    """Under one heading of the findings."""


_MEASURES: Final = {
    "short": Measure(sentences=2, each=1, floor=0.8, claims=1),
    "long": Measure(sentences=8, each=5, floor=0.6, claims=99),
}
_NORMAL: Final = Measure(sentences=4, each=3, floor=0.8, claims=99)


class Wishes:
    """The wishes in the inputs of a draft."""

    def __init__(self, inputs: SynthesizeInputs) -> None:
        self.format = inputs.preferences.format
        self.language = inputs.preferences.language
        self.words_max = inputs.words_max
        self.measure = _MEASURES.get(inputs.preferences.length, _NORMAL)
        self._changes = [set(content_stems(change)) for change in inputs.changes]
        self._topics = [set(content_stems(topic)) for topic in inputs.preferences.emphasis]
        gone = [
            change.removeprefix(LEAVE_OUT)
            for change in inputs.changes
            if change.startswith(LEAVE_OUT)
        ]
        self._gone = [stems for stems in (set(content_stems(topic)) for topic in gone) if stems]
        self._faulty = [
            name.rstrip("…") for fault in inputs.faults for name in _NAMED.findall(fault.text)
        ]

    def is_emphasised(self, claim: Claim) -> bool:
        """Return whether the reader wants this to be seen."""
        stems = set(content_stems(f"{' '.join(claim.heading)} {claim.label} {claim.text}"))
        return any(topic and topic <= stems for topic in self._topics)

    def is_asked_for(self, finding: Finding) -> bool:
        """Return whether a former version made the reader ask for this part."""
        stems = set(content_stems(finding.question))
        return bool(stems) and any(stems <= change for change in self._changes)

    def kept(self, claims: Sequence[Claim]) -> list[Claim]:
        """Return the claims without those that are to go; the best stays, whatever it says, so
        that nothing is hidden."""
        left = [claim for claim in claims if not self._goes(claim)]
        return left or sorted(claims, key=lambda claim: -claim.relevance)[:1]

    def _goes(self, claim: Claim) -> bool:
        stems = set(content_stems(claim.text))
        if any(topic <= stems for topic in self._gone):
            return True
        flat = " ".join(claim.text.split())
        return any(flat.startswith(name) for name in self._faulty)
