"""A small migration with some of everything, and names that try to be markup."""

from __future__ import annotations

from tenuto.teams.migration.kora.findings import Check, Difference, Query
from tenuto.teams.migration.kora.verification import Verification
from tenuto.teams.migration.plan import Change, ColumnPlan, KeyPlan, Plan, Question, TablePlan
from tenuto.teams.migration.report.facts import Built, Facts, GaveWay, TableMoved, Unbuilt
from tenuto.teams.migration.schema import (
    Annotated,
    Column,
    ForeignKey,
    Schema,
    Table,
    Type,
)

EVIL = "<script>alert('1')</script>"

INTEGER = Type(declared="INTEGER", kind="integer")
TEXT = Type(declared="TEXT", kind="text")


def source() -> Schema:
    """Return a shop whose tables name each other, and one that stands alone."""
    return Schema(
        system="sqlite",
        version="3.40",
        tables=(
            Table(
                name="customer",
                columns=(Column(name="id", type=INTEGER), Column(name=EVIL, type=TEXT)),
                key=("id",),
            ),
            Table(name="note", columns=(Column(name="text", type=TEXT),)),
            Table(
                name="sale",
                columns=(Column(name="id", type=INTEGER), Column(name="customer", type=INTEGER)),
                key=("id",),
                foreign_keys=(
                    ForeignKey(
                        name="sale_customer",
                        columns=("customer",),
                        table="customer",
                        named=("id",),
                    ),
                ),
            ),
        ),
    )


def plan() -> Plan:
    """Return what becomes of it, with a question that nobody has answered."""
    id = ColumnPlan(name="id", source="id", type="bigint", kind="integer")
    name = ColumnPlan(
        name="name",
        source=EVIL,
        type="text",
        kind="text",
        changes=(Change(do="trim"),),
        semantic="person_name",
        confidence=0.71,
        reasons=("Most values look like names.",),
        decided_by="rules",
    )
    customer = ColumnPlan(name="customer", source="customer", type="bigint", kind="integer")
    key = KeyPlan(name="sale_customer", columns=("customer",), table="customer", named=("id",))
    return Plan(
        source="sqlite:///shop.db",
        target="postgresql://me:***@there/shop",
        source_system="sqlite",
        target_system="postgresql",
        tables=(
            TablePlan(name="customer", source="customer", columns=(id, name), key=("id",)),
            TablePlan(name="note", source="note", columns=(name,)),
            TablePlan(
                name="sale",
                source="sale",
                columns=(id, customer),
                key=("id",),
                foreign_keys=(key,),
            ),
        ),
        left_out={"customer.touch": "Triggers are programs of their system."},
        questions=(
            Question(id="customer.born", text="Which date is 03/04/2021?", choices=("d/m", "m/d")),
        ),
    )


def verification(*differences: Difference) -> Verification:
    """Return what KORA found."""
    counts = {
        verdict: sum(one.verdict == verdict for one in differences)
        for verdict in ("defect", "dialect", "expected")
    }
    check = Check(
        name="rows",
        table="customer",
        compared=1200,
        seconds=0.5,
        defects=counts["defect"],
        differences=differences,
    )
    return Verification(
        verified=not counts["defect"],
        checks=(check, Check(name="sequences", compared=2, unit="sequences", seconds=0.1)),
        rules=("Floats: near.",),
        seconds=0.7,
        counts=counts,
        queries=(
            Query(name="join", origin="made", sql="SELECT 1", answer="same", rows=1),
            Query(
                name="like",
                origin="given",
                sql=f"SELECT * FROM customer WHERE name LIKE '{EVIL}'",
                answer="dialect",
                reason="LIKE minds the case.",
                rewritten="… ILIKE …",
            ),
        ),
    )


def facts(*differences: Difference, accepted: bool = False) -> Facts:
    """Return all of it."""
    return Facts(
        plan=plan(),
        annotated=Annotated(schema=source(), columns={}),
        moved={"customer": TableMoved(rows=1200, quarantined=2), "sale": TableMoved(rows=7)},
        verification=verification(*differences),
        built=Built(
            built=3,
            gave_way=(GaveWay(table="sale", constraint="sale_customer", rows=1),),
            unbuilt=(Unbuilt(what="view", name="v", table="v", why="No function of this name."),),
        ),
        accepted=accepted,
    )


DEFECT = Difference(
    what="changed",
    table="customer",
    key={"id": 7},
    column="name",
    source=f"{EVIL} ",
    target=EVIL,
    place="customer.name [id=7]",
)
