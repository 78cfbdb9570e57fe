"""Questions about the lighthouses, written before the ranking was, and what a right answer holds.

Every second one was kept aside while the weights were set: `HELD_OUT`.
"""

from typing import Final

import msgspec


class Asked(msgspec.Struct, frozen=True):
    """A question, what the short answer must hold (one of them), and where that stands."""

    question: str
    holds: tuple[str, ...]
    file: str


QUESTIONS: Final = (
    Asked("Who was the last keeper of Gannet Head?", ("Ansel Brodie",), "stations/gannet-head.md"),
    Asked("When was the tower at Gannet Head built?", ("1874",), "stations/gannet-head.md"),
    Asked(
        "How long may somebody stay in the lens room?", ("30 minutes",), "stations/gannet-head.md"
    ),
    Asked(
        "What happens when the mains fail at Gannet Head?",
        ("generator",),
        "stations/gannet-head.md",
    ),
    Asked("How can Kittiwake Rock be reached?", ("boat",), "stations/kittiwake-rock.md"),
    Asked(
        "Why is there no generator on Kittiwake Rock?",
        ("cannot be landed",),
        "stations/kittiwake-rock.md",
    ),
    Asked("What powers the light at Eider Skerry?", ("wind turbine",), "stations/eider-skerry.txt"),
    Asked("When are the vents rinsed?", ("September",), "stations/eider-skerry.txt"),
    Asked(
        "What does Dunlin Sands stand on?",
        ("sandbank", "screw piles"),
        "stations/dunlin-sands.html",
    ),
    Asked("How fast does the sandbank move?", ("six metres a year",), "stations/dunlin-sands.html"),
    Asked("What does the pile inspection cost?", ("31,000",), "stations/dunlin-sands.html"),
    Asked(
        "How often does the fog signal at Dunlin Sands sound?",
        ("45 seconds",),
        "stations/dunlin-sands.html",
    ),
    Asked(
        "Why was a warm filter fitted at Fulmar Point?", ("too white",), "stations/fulmar-point.md"
    ),
    Asked(
        "How many steps does the tower at Fulmar Point have?", ("163",), "stations/fulmar-point.md"
    ),
    Asked("Are dogs allowed in the tower?", ("not allowed",), "stations/fulmar-point.md"),
    Asked("Who is the warden of Puffin Isle?", ("Maren Oake",), "stations/puffin-isle.md"),
    Asked("When is landing on Puffin Isle forbidden?", ("31 July",), "stations/puffin-isle.md"),
    Asked("How often was the sea cable cut?", ("twice",), "stations/puffin-isle.md"),
    Asked(
        "Why does every light run by itself?",
        ("relay", "no fault in one place"),
        "operations/design-notes.rst",
    ),
    Asked(
        "What happens when a radio link fails?",
        ("goes on as before", "local clock"),
        "operations/design-notes.rst",
    ),
    Asked("How large is a heartbeat message?", ("48 bytes",), "operations/design-notes.rst"),
    Asked("Why was the satellite link rejected?", ("70,000",), "operations/design-notes.rst"),
    Asked("How many spare bulbs must be on the shelf?", ("six", "6"), "operations/maintenance.rst"),
    Asked("When is a wind turbine belt replaced?", ("2 years",), "operations/maintenance.rst"),
    Asked(
        "When is a battery replaced?", ("quarter of its capacity",), "operations/maintenance.rst"
    ),
    Asked(
        "Why was Gannet Head dark in 2021?",
        ("changer was stuck", "bulb failed"),
        "operations/incidents.txt",
    ),
    Asked("What did the storm in January 2019 destroy?", ("rail",), "operations/incidents.txt"),
    Asked("Where is the control room?", ("customs house",), "operations/control-room.html"),
    Asked("What does a red alarm mean?", ("dark",), "operations/control-room.html"),
    Asked("How much did the network cost in 2023?", ("486,000",), "operations/control-room.html"),
    Asked(
        "Which stations have a fog signal?",
        ("Gannet Head, Dunlin Sands and Fulmar Point",),
        "operations/fog-signals.md",
    ),
    Asked(
        "How does the fog sensor measure visibility?", ("infrared",), "operations/fog-signals.md"
    ),
    Asked("What is the range of Kittiwake Rock?", ("9",), "README.md"),
    Asked("How tall is the tower of Dunlin Sands?", ("27",), "README.md"),
)
SET_ON: Final = QUESTIONS[::2]
HELD_OUT: Final = QUESTIONS[1::2]

UNANSWERABLE: Final = (
    "Who designed the submarine base?",
    "What is the wifi password of the visitor centre?",
    "How many elephants live in the reserve?",
    "Which programming language is the payroll system written in?",
)
"""Nothing in the documents answers these, though some words of them occur."""

CONTRADICTIONS: Final = (
    Asked(
        "How many nights do the batteries at Kittiwake Rock last?", ("18 nights", "10 nights"), ""
    ),
    Asked("When is the duty officer called about a silent link?", ("20 minutes", "60 minutes"), ""),
    Asked("Is the horn at Gannet Head sounded at night?", ("silenced", "sounded"), ""),
)
"""The documents disagree here: both sides must be told."""
