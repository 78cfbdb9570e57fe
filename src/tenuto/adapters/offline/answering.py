"""No task named: the most relevant sentences of the inputs, or a schema filled from them."""

from collections.abc import Iterator, Mapping
from typing import Final

from tenuto.adapters.offline.ranking import question_of, rank, take
from tenuto.adapters.offline.sentences import Sentence, sentences_of
from tenuto.adapters.offline.words import content_stems
from tenuto.core.agent.messages import ModelRequest
from tenuto.core.vocabulary import Json, JsonObject
from tenuto.ports.collections import Passage

SENTENCES_MAX: Final = 3
DEPTH_MAX: Final = 8
NOTE: Final = "(Taken from the inputs by extraction, without a language model.)"
ASKING: Final = ("question", "query", "task", "prompt")
"""Inputs that say what is wanted, in this order; without one the instructions do."""


def answer(request: ModelRequest) -> str:
    """Return the sentences of the inputs that fit best what is asked, and how they were chosen."""
    sentences = _best(request)
    if not sentences:
        return f"The inputs hold no text that answers this. {NOTE}"
    return f"{' '.join(sentences)}\n\n{NOTE}"


def fill(schema: JsonObject, request: ModelRequest) -> Json:
    """Return a value of the shape `schema` asks for, from the inputs alone.

    What the inputs have under the same name is taken as it is, where it has that shape. Of a
    choice the one whose words the inputs use most; texts are extracted; numbers are 0, truth
    values false, lists hold the sentences. What the schema asks beyond shape may not hold."""
    return _filled(schema, request, "", 0)


def _best(request: ModelRequest) -> list[str]:
    asked, used = request.instructions, ""
    for key in ASKING:
        value = request.inputs.get(key)
        if isinstance(value, str) and value.strip():
            asked, used = value, key
            break
    sentences = list(_sentences({k: v for k, v in request.inputs.items() if k != used}))
    ranked = rank(question_of(asked), sentences)
    chosen = take(ranked, limit=SENTENCES_MAX, floor=0.5)
    # In the order of the inputs they read as one text.
    order = {id(sentence): at for at, sentence in enumerate(sentences)}
    chosen.sort(key=lambda found: order[id(found.sentence)])
    if not chosen and not used:
        # Instructions rarely share a word with what they are about: then the text's beginning.
        return [sentence.text for sentence in sentences[:SENTENCES_MAX]]
    return [found.sentence.text for found in chosen]


def _sentences(inputs: Json, name: str = "inputs") -> Iterator[Sentence]:
    if isinstance(inputs, str) and inputs.strip():
        lines = inputs.count("\n") + 1
        yield from sentences_of(Passage(file=name, first_line=1, last_line=lines, text=inputs))
    elif isinstance(inputs, Mapping):
        for key, value in inputs.items():
            yield from _sentences(value, f"{name}.{key}")
    elif isinstance(inputs, list):
        for at, value in enumerate(inputs):
            yield from _sentences(value, f"{name}[{at}]")


def _filled(schema: JsonObject, request: ModelRequest, name: str, depth: int) -> Json:
    choices = schema.get("enum")
    if isinstance(choices, list) and choices:
        return _chosen(choices, request)
    if "const" in schema:
        return schema["const"]
    kind = schema.get("type")
    kind = kind[0] if isinstance(kind, list) and kind else kind
    if kind == "object" and depth < DEPTH_MAX:
        properties = schema.get("properties")
        return {
            key: _filled(value, request, key, depth + 1)
            for key, value in (properties.items() if isinstance(properties, dict) else ())
            if isinstance(value, dict)
        }
    if kind == "array":
        items = schema.get("items")
        texts = isinstance(items, dict) and items.get("type") == "string"
        given = request.inputs.get(name)
        if isinstance(given, list) and not texts:
            return given
        return [*_best(request)] if texts else []
    same = request.inputs.get(name)
    if kind == "string":
        return same if isinstance(same, str) else " ".join(_best(request))
    if kind in ("integer", "number"):
        is_number = isinstance(same, int | float) and not isinstance(same, bool)
        return same if is_number else 0
    if kind == "boolean":
        return same if isinstance(same, bool) else False
    return None


def _chosen(choices: list[Json], request: ModelRequest) -> Json:
    """Return the choice whose words the inputs use most; of equals the first."""
    stems = [
        word for sentence in _sentences(request.inputs) for word in content_stems(sentence.text)
    ]
    return max(choices, key=lambda choice: sum(stems.count(w) for w in content_stems(str(choice))))
