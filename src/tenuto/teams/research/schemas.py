"""The shapes of what the agents have to give, as JSON Schemas."""

from collections.abc import Mapping
from typing import Any, Final, TypeAlias

Record: TypeAlias = Mapping[str, Any]
"""JSON as it passes between the nodes."""

_TEXTS: Final = {"type": "array", "items": {"type": "string"}}

_CITATION: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {
        "file": {"type": "string"},
        "first_line": {"type": "integer", "minimum": 1},
        "last_line": {"type": "integer", "minimum": 1},
        "quote": {"type": "string"},
    },
    "required": ["file", "first_line", "last_line", "quote"],
}

_CLAIM: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {"text": {"type": "string", "minLength": 1}, "citation": _CITATION},
    "required": ["text", "citation"],
}

PLAN: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {"sub_questions": {**_TEXTS, "minItems": 1}},
    "required": ["sub_questions"],
}

FINDING: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {
        "question": {"type": "string"},
        "answered": {"type": "boolean"},
        "claims": {"type": "array", "items": _CLAIM},
        "missing_terms": _TEXTS,
    },
    "required": ["answered", "claims"],
}

VALIDATION: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {
        "verdicts": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "claim": {"type": "string"},
                    "status": {"enum": ["supported", "contradicted", "not_found"]},
                    "reason": {"type": "string"},
                    "evidence": {
                        "type": "array",
                        "items": {
                            **_CITATION,
                            "properties": {
                                **_CITATION["properties"],
                                "relation": {"enum": ["source", "agrees", "disagrees"]},
                            },
                            "required": ["relation", *_CITATION["required"]],
                        },
                    },
                },
                "required": ["claim", "status", "reason"],
            },
        }
    },
    "required": ["verdicts"],
}

SYNTHESIS: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {
        "answer": {"type": "string", "minLength": 1},
        "findings": {"type": "string"},
        "method": {"type": "string"},
    },
    "required": ["answer", "findings"],
}

REVIEW: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {
        "good": {"type": "boolean"},
        "faults": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "text": {"type": "string", "minLength": 1},
                    "missing_evidence_on": {"type": "integer", "minimum": 1},
                },
                "required": ["text"],
            },
        },
    },
    "required": ["good", "faults"],
}

PREFERENCES: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {
        "length": {"enum": ["short", "normal", "long"]},
        "format": {"enum": ["prose", "bullets"]},
        "language": {"type": "string"},
        "emphasis": _TEXTS,
    },
    "additionalProperties": False,
}

EDIT: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {
        "done": {"type": "boolean"},
        "changes": _TEXTS,
        "sub_questions": _TEXTS,
        "preferences": PREFERENCES,
        "declined": _TEXTS,
    },
    "required": ["done", "changes"],
}
