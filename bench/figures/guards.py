"""What built-in guards find in made texts, and what they object to in texts that hold nothing."""

import random
import sysconfig
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Final

from bench import guarded_texts as texts
from bench.lab import ROOT, Lab, Measured, median
from bench.table import Row, at_least, at_most, number
from tenuto.core.guarding.injection import find_injections
from tenuto.core.guarding.pii import find_pii
from tenuto.core.guarding.secrets import find_secrets
from tenuto.core.guarding.texts import Finding

Find = Callable[[str], tuple[Finding, ...]]

EACH: Final = 1_000
"""Texts of each kind."""
PAGES: Final = 600


def found_share(folder: Path, *, each: int) -> Measured:
    """Return the share of texts in which what they hold was found whole, by guard and kind."""
    dice = random.Random("guards")
    shares: Measured = {}
    for guard, kinds, find in (
        ("pii", texts.PII, find_pii),
        ("secrets", texts.SECRETS, find_secrets),
    ):
        for kind, make in kinds.items():
            hits = 0
            for _ in range(each):
                held = make(dice)
                hits += _covers(texts.carried(dice, held), held, find)
            shares[f"{guard}: {kind}"] = hits / each
    for disguise, put_on in texts.DISGUISES.items():
        hits = sum(
            bool(find_injections(texts.carried(dice, put_on(texts.order(dice)))))
            for _ in range(each)
        )
        shares[f"injection: {disguise}"] = hits / each
    return shares


def _covers(text: str, held: str, find: Find) -> bool:
    """Return whether what is found leaves no more of it than a name before a secret."""
    start, end = text.index(held), text.index(held) + len(held)
    return any(found.end >= end and found.start <= start + len(held) // 2 for found in find(text))


def objections(folder: Path, *, each: int) -> Measured:
    """Return the share of look-alikes that a guard objects to, in thousandths, and how many."""
    dice = random.Random("look-alikes")
    wrong = {"pii": 0, "secrets": 0, "injection": 0}
    count = 0
    for make in texts.LOOK_ALIKES.values():
        for _ in range(each):
            text = texts.carried(dice, make(dice))
            count += 1
            wrong["pii"] += bool(find_pii(text))
            wrong["secrets"] += bool(find_secrets(text))
            wrong["injection"] += bool(find_injections(text))
    return {"count": count, **{name: 1000 * number / count for name, number in wrong.items()}}


def pages(most: int) -> Iterable[str]:
    """Return texts that nobody wrote for this: this project's pages but for those about guards, and
    sources of Python's own library, with their prose."""
    own = sorted((ROOT / "docs").rglob("*.md")) + sorted(ROOT.glob("*.md"))
    library = sorted(Path(sysconfig.get_paths()["stdlib"]).glob("*.py"))
    own = [path for path in own if path.stem not in ("guards", "benchmarks")]
    for path in (own + library)[:most]:
        yield path.read_text("utf-8", errors="replace")


def in_pages(folder: Path, *, most: int) -> Measured:
    """Return how many objections a megabyte of ordinary text raises, and at which speed."""
    given = list(pages(most))
    megabytes = sum(map(len, given)) / 1e6
    measured: Measured = {"megabytes": megabytes}
    finds: Sequence[tuple[str, Find]] = (
        # The addresses at the head of a source are just that.
        ("pii", lambda text: find_pii(text, ["phone", "iban", "card", "ssn", "ip"])),
        ("secrets", find_secrets),
        ("injection", find_injections),
    )
    for name, find in finds:
        begun = time.process_time()
        count = sum(len(find(text)) for text in given)
        measured[f"{name} s"] = time.process_time() - begun
        measured[name] = count
    return measured


def guards(lab: Lab) -> list[Row]:
    """Measure detection, wrong objections, and speed."""
    each = lab.count(EACH, least=10)
    found, wrong, page = lab.in_turns(
        (found_share, {"each": each}),
        (objections, {"each": each}),
        (in_pages, {"most": lab.count(PAGES, least=5)}),
    )
    rows = _found_rows(found, each)
    count = median(wrong, "count")
    megabytes = median(page, "megabytes")
    for guard, bar in (("pii", 30.0), ("secrets", 5.0), ("injection", 2.0)):
        share = median(wrong, guard)
        rows.append(
            Row(
                figure=f"guard {guard}: look-alikes that it objects to",
                ours=f"{share:.1f} of 1,000",
                beside=f"{count:,.0f} made texts that hold nothing",
                ratio=f"{share / 10:.2f} %",
                bar=f"<= {bar:g} of 1,000",
                aim="0",
                verdict=at_most(share, bar=bar, aim=0),
            )
        )
        seconds = max(median(page, f"{guard} s"), 1e-9)
        rows.append(
            Row(
                figure=f"... objections in {megabytes:.1f} MB of documentation and sources",
                ours=f"{median(page, guard):.0f}",
                beside="names and addresses of authors left out",
                ratio=f"{median(page, guard) / megabytes:.2f} for each MB",
            )
        )
        rows.append(
            Row(
                figure="... speed on them",
                ours=number(megabytes / seconds, "MB/s"),
                beside="",
                ratio="",
            )
        )
    return rows


_BARS: Final = {"pii": 0.95, "secrets": 0.95, "injection": 0.0}


def _found_rows(found: Sequence[Measured], each: int) -> list[Row]:
    rows = []
    for name in found[0]:
        share = median(found, name)
        bar = _BARS[name.partition(":")[0]]
        rows.append(
            Row(
                figure=f"guard {name}, found",
                ours=f"{100 * share:.1f} %",
                beside=f"{each:,} made texts",
                ratio=f"{100 * share:.1f} %",
                bar=f">= {100 * bar:g} %" if bar else "",
                aim="100 %" if bar else "",
                verdict=at_least(share, bar=bar, aim=1.0) if bar else "",
            )
        )
    return rows
