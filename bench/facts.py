"""Made-up facts about made-up people, and questions that ask for one of them in other words."""

import random
from collections.abc import Iterator
from typing import Final, NamedTuple

_FACTS: Final = """
is allergic to {x} | hazelnuts, lobster, penicillin, lilies | What is {name} allergic to?
  | Name the allergies of {name}. | Does {name} have alergies?
lives in {x} | Bergen, Utrecht, Kaunas, Braga | In which city does {name} live?
  | Where is {name} living? | {name} livs where?
works as a {x} | plumber, notary, geologist, baker | What does {name} work as?
  | What work is {name} doing? | {name}, working in which trade?
prefers answers in {x} | Estonian, Basque, Welsh, Maltese
  | Which language does {name} prefer for answers?
  | How should I answer {name}, what preference is known? | prefered language of answer for {name}
plays the {x} | cello, tuba, harp, banjo | Which instrument does {name} play?
  | What was {name} playing? | Is {name} a player of something?
has a dog called {x} | Biscuit, Waldo, Pixel, Juno | What is the dog of {name} called?
  | How does {name} call the dog? | {name}'s dogs, how are they called?
takes {x} against migraine | triptans, ibuprofen, magnesium, caffeine
  | What does {name} take against migraine?
  | Which remedy for migraines is {name} taking? | {name} migrane medicine
pays invoices on the {x} of the month | third, tenth, last, fifteenth
  | When does {name} pay invoices?
  | On which day is {name} paying an invoice? | {name} invoice payments, which day
drives an old {x} | Volvo, Lada, Saab, Fiat | Which car does {name} drive?
  | What is {name} driving? | Is {name} a driver of an old car?
was born in {x} | 1961, 1974, 1988, 1993 | In which year was {name} born?
  | Year of birth: when was {name} born? | {name} borne when
studied {x} at university | theology, forestry, optics, logic | What did {name} study?
  | Which studies did {name} do at a university? | {name} was student at an university of what
is married to {x} | Olof, Irina, Tamsin, Bela | To whom is {name} married?
  | Who did {name} marry? | {name}, maried to
grows {x} in the garden | quinces, leeks, hops, dahlias | What does {name} grow in the garden?
  | What has {name} been growing? | {name} gardening, what is grown
flies with {x} only | Loganair, Wideroe, Binter, Finnair | With which airline does {name} fly?
  | Which airline for flights of {name}? | Flying: what does {name} take
wants reports as {x} | spreadsheets, slides, memos, charts | In what form does {name} want reports?
  | How should a report for {name} look, what is wanted? | reporting wishes of {name}
sings in a {x} choir | gospel, baroque, shanty, barbershop | In what choir does {name} sing?
  | Which choir is {name} singing in? | {name} singer in choirs
fears {x} | spiders, heights, thunder, lifts | What does {name} fear?
  | Which fears has {name}? | What is {name} fearful of
reads {x} before sleeping | sagas, thrillers, sonnets, almanacs
  | What does {name} read before sleeping?
  | What is {name} reading to sleep? | {name} reader of which books
collects {x} | stamps, teapots, fossils, maps | What does {name} collect?
  | What is in the collection of {name}? | Which things is {name} collecting
runs the {x} team | payroll, archive, harbour, nursery | Which team does {name} run?
  | What team is {name} running? | {name} runner of the team
"""

_FIRST: Final = (
    "Ada Bruno Celia Dario Edda Fabian Greta Hugo Ilse Jarek Karin Leif Mona Nils Orla Piet"
)
_LAST: Final = (
    "Aalto Berg Cruz Dahl Egede Falk Gil Holm Ivers Juul Krog Lund Moe Nagy Oja Prit Quist Roth"
    " Salo Tamm Urbo Vesik Wirth Xhaka Ylva Zeller Abt Boie Cermak Dorn Ekman Frisch Grau"
)


class Fact(NamedTuple):
    """A fact, and questions for it: in its words, in other forms of them, and misspelt."""

    text: str
    questions: tuple[str, ...]


def facts(people: int, *, seed: int = 1) -> Iterator[Fact]:
    """Give the facts of so many people, one of each sort per person."""
    chance = random.Random(seed)
    first, last = _FIRST.split(), _LAST.split()
    sorts = [
        [part.strip() for part in line.split("|")]
        for line in _FACTS.strip().replace("\n  |", " |").split("\n")
    ]
    for number in range(people):
        name = f"{first[number % len(first)]} {last[number // len(first) % len(last)]}"
        for told, values, *questions in sorts:
            value = chance.choice(values.split(", "))
            yield Fact(
                text=f"{name} {told.format(x=value)}.",
                questions=tuple(question.format(name=name) for question in questions),
            )
