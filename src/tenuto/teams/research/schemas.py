"""The shapes of what the agents have to give, as JSON Schemas."""

from typing import Any, Final

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
