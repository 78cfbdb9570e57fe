"""What the offline model takes and gives, by task. An agent names its task in its settings.

| `settings.task` | inputs | tools it calls | output |
| --- | --- | --- | --- |
| `plan` | `question`, `max_sub_questions` | none | `Plan` |
| `research` | `question`, `main_question` | `search`, `read` | `Finding` |
| `validate` | `claims` | `read`, `search` | `Validation` |
| `synthesize` | `question`, `findings`, `verdicts`, wishes and faults | none | `Synthesis` |
| `review` | `question`, `findings`, `draft`, `preferences` | none | `Review` |
| `edit` | `feedback`, `sub_questions`, `preferences` | none | `Edit` |
| none | anything | none | text, or the output schema filled from the inputs |

A tool counts as `search` when that is the last part of its name (`docs.search`). `search` takes
`query` and `limit` and gives `passages` and `unmatched`; `read` takes `file`, `first_line` and
`last_line` and gives a passage. Another parameter of a tool gets what the agent's inputs hold
under its name. A passage has the fields of `tenuto.ports.collections.Passage`.
"""

from typing import Literal, TypeAlias, TypeVar

import msgspec

from tenuto.core.errors import Fatal
from tenuto.core.vocabulary import Json, JsonObject

T = TypeVar("T")

Task: TypeAlias = Literal["plan", "research", "validate", "synthesize", "review", "edit"]

VerdictStatus: TypeAlias = Literal["supported", "contradicted", "not_found"]


class Citation(msgspec.Struct, frozen=True, kw_only=True):
    """Where a claim comes from; `quote` stands there word for word, line ends as blanks."""

    file: str
    first_line: int
    last_line: int
    quote: str


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """A place that bears on a claim."""

    relation: Literal["source", "agrees", "disagrees"]
    file: str
    first_line: int
    last_line: int
    quote: str


class Claim(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One statement, taken from a document as it stands."""

    text: str
    citation: Citation
    id: str = ""
    label: str = ""
    """What a table row is about: its first cell."""
    columns: str = ""
    """Heads of the columns of a table row, between dashes as the cells in `text`."""
    heading: tuple[str, ...] = ()
    relevance: float = 1.0
    """How well it fits the question it was found for, as a share of the best one's fit."""
    status: VerdictStatus | None = None
    """What checking it gave, with `reason` and `evidence`; None: see the verdicts."""
    reason: str = ""
    evidence: list[Evidence] = []


class PlanInputs(msgspec.Struct, frozen=True, kw_only=True):
    question: str
    max_sub_questions: int = 5


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    sub_questions: list[str]


class ResearchInputs(msgspec.Struct, frozen=True, kw_only=True):
    question: str
    main_question: str = ""


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """What was found on one question."""

    question: str
    answered: bool
    claims: list[Claim]
    missing_terms: list[str] = []
    """Words of the question that no document holds."""


class ValidateInputs(msgspec.Struct, frozen=True, kw_only=True):
    claims: list[Claim]


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What checking a claim gave. `claim` is its id."""

    claim: str
    status: VerdictStatus
    reason: str
    evidence: list[Evidence] = []


class Validation(msgspec.Struct, frozen=True, kw_only=True):
    verdicts: list[Verdict]


class Preferences(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How a reader likes reports; what is not said is as ever."""

    length: Literal["short", "normal", "long", ""] = ""
    format: Literal["prose", "bullets", ""] = ""
    language: str = ""
    emphasis: list[str] = []


class WordsMax(msgspec.Struct, frozen=True, kw_only=True):
    """How many words each text may have."""

    answer: int = 1_000_000
    findings: int = 1_000_000


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """What a check found wrong with a draft. The statements it means stand in “quotes”."""

    text: str
    check: str = ""


class SynthesizeInputs(msgspec.Struct, frozen=True, kw_only=True):
    question: str
    findings: list[Finding]
    verdicts: list[Verdict] = []
    """Those that the claims do not hold themselves."""
    preferences: Preferences = Preferences()
    words_max: WordsMax = WordsMax()
    changes: list[str] = []
    faults: list[Fault] = []


class Synthesis(msgspec.Struct, frozen=True, kw_only=True):
    """The parts of a report that need judgement, as Markdown."""

    answer: str
    findings: str
    method: str


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    answer: str
    findings: str


class ReviewInputs(msgspec.Struct, frozen=True, kw_only=True):
    question: str
    draft: Draft
    findings: list[Finding] = []
    preferences: Preferences = Preferences()


class Review(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a draft may pass, and what is wrong with it."""

    good: bool
    faults: list[Fault] = []


class EditInputs(msgspec.Struct, frozen=True, kw_only=True):
    feedback: str
    sub_questions: list[str] = []
    preferences: Preferences = Preferences()


class Edit(msgspec.Struct, frozen=True, kw_only=True):
    """What feedback asks for."""

    done: bool
    changes: list[str] = []
    sub_questions: list[str] = []
    """To be looked up, besides those that were."""
    preferences: Preferences = Preferences()
    """Only what the feedback tells."""
    declined: list[str] = []


def inputs_as(kind: type[T], inputs: JsonObject, task: Task) -> T:
    """Return the inputs as `kind`.

    Raises:
        Fatal: they do not fit the task.
    """
    try:
        return msgspec.convert(inputs, type=kind, strict=False)
    except msgspec.ValidationError as error:
        raise Fatal(
            f"The offline model cannot do the task {task!r} with these inputs: {error}. "
            "It needs the inputs that the page of tenuto.adapters.offline.contract lists.",
            code="offline_inputs",
        ) from error


def as_json(value: object) -> Json:
    """Return a struct, or a list of them, as plain JSON data."""
    # Not `to_builtins`: it leaves tuples, which JSON does not know.
    data: Json = msgspec.json.decode(msgspec.json.encode(value))
    return data
