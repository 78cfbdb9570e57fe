"""A rotation of the key of secrets may end at any step: everything opens, and it is done again."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from tenuto.adapters.memory import MemoryLedger
from tenuto.adapters.sealing import AesGcmSafe, KeyFile
from tenuto.adapters.system import SystemClock
from tenuto.bootstrap.rotating import FileKeys
from tenuto.core.errors import PortError
from tenuto.ports.ledger import Change, Entry, EntryQuery, Record, RecordQuery
from tenuto.ports.safe import CannotOpen
from tenuto.server.rotating import Rotation
from tenuto.server.sealed import append_sealed, opened, sealed_records
from tenuto.server.secrets import Secrets

TENANTS = ("local", "school")
NAMES = tuple(f"KEY_{n}" for n in range(3))


class Crash(BaseException):
    """The process ended here."""


class Steps:
    """Ends the process before the step of a number."""

    def __init__(self, until: int) -> None:
        self.left = until

    def step(self) -> None:
        if self.left == 0:
            raise Crash
        self.left -= 1


class CrashingLedger:
    """A ledger whose process ends before or after a write."""

    def __init__(self, inner: MemoryLedger, steps: Steps) -> None:
        self._inner, self._steps = inner, steps

    async def append(self, changes: Sequence[Change]) -> tuple[Entry, ...]:
        self._steps.step()
        entries = await self._inner.append(changes)
        self._steps.step()
        return entries

    async def entries(self, query: EntryQuery) -> tuple[Entry, ...]:
        return await self._inner.entries(query)

    async def record(
        self, tenant: str, kind: str, *, id: str = "", name: str = ""
    ) -> Record | None:
        return await self._inner.record(tenant, kind, id=id, name=name)

    async def records(self, query: RecordQuery) -> tuple[Record, ...]:
        return await self._inner.records(query)

    async def digest(self) -> tuple[int, str]:
        return await self._inner.digest()


class CrashingKeys(FileKeys):
    """A key file whose process ends before or after a change."""

    def __init__(self, file: KeyFile, steps: Steps) -> None:
        super().__init__(file)
        self._steps = steps

    def add(self) -> str:
        self._steps.step()
        name = super().add()
        self._steps.step()
        return name

    def keep_first(self) -> int:
        self._steps.step()
        count = super().keep_first()
        self._steps.step()
        return count


class House:
    """A ledger of sealed records and the file of their key, as processes find them."""

    def __init__(self, folder: Path) -> None:
        self.ledger = MemoryLedger()
        self.path = str(folder / "tenuto.db.key")

    def safe(self) -> AesGcmSafe:
        """Return a safe as a new process has it."""
        return AesGcmSafe(KeyFile(self.path).keys)

    def rotation(self) -> Rotation:
        return Rotation(self.ledger, self.safe(), SystemClock())

    async def fill(self) -> None:
        secrets, safe = Secrets(self.ledger, self.safe()), self.safe()
        for tenant in TENANTS:
            for name in NAMES:
                await secrets.put(change(tenant, "secret", name), f"{tenant} {name}", "")
            await append_sealed(self.ledger, safe, change(tenant, "webhook", "wh_1"), b"hook")

    async def check(self) -> None:
        """Everything opens for a process that starts now."""
        secrets = Secrets(self.ledger, self.safe())
        for tenant in TENANTS:
            for name in NAMES:
                assert await secrets.value(tenant, name) == f"{tenant} {name}"
        hooks = [one async for one in sealed_records(self.ledger) if one.kind == "webhook"]
        assert [opened(self.safe(), hook) for hook in hooks] == [b"hook"] * len(TENANTS)


def change(tenant: str, kind: str, target: str) -> Change:
    return Change(
        at_ms=1,
        tenant=tenant,
        actor="user:1",
        action="put",
        kind=kind,
        target=target,
        value={"url": "https://example.org"},
        writes=True,
    )


def test_after_a_rotation_everything_is_sealed_with_the_new_key_and_the_other_is_gone(
    tmp_path: Path,
) -> None:
    async def main() -> None:
        house = House(tmp_path)
        await house.fill()
        (old,) = KeyFile(house.path).keys()

        done = await house.rotation().rotate(FileKeys(KeyFile(house.path)))

        (new,) = KeyFile(house.path).keys()
        assert (done.resealed, done.dropped) == (8, 1) and new != old
        safe = house.safe()
        async for record in sealed_records(house.ledger):
            assert safe.is_current(record.private)
        await house.check()

    asyncio.run(main())


def test_every_step_of_a_rotation_is_in_the_audit_log_without_a_key(tmp_path: Path) -> None:
    async def main() -> None:
        house = House(tmp_path)
        await house.fill()
        keys = KeyFile(house.path).keys()
        done = await house.rotation().rotate(FileKeys(KeyFile(house.path)))
        keys += KeyFile(house.path).keys()

        entries = await house.ledger.entries(EntryQuery(after=8))
        actions = [entry.action for entry in entries]
        assert actions == [
            "secrets.rotate",
            *["secret.reseal"] * 6,
            *["webhook.reseal"] * 2,
            "secrets.rotated",
        ]
        assert entries[0].detail["key"] == done.key
        assert not any(key in repr(entries) for key in keys)

    asyncio.run(main())


@pytest.mark.parametrize("until", range(24))
def test_a_rotation_that_ends_at_any_step_leaves_everything_open_and_is_done_again(
    tmp_path: Path, until: int
) -> None:
    async def main() -> None:
        house, steps = House(tmp_path), Steps(until)
        await house.fill()
        rotation = Rotation(CrashingLedger(house.ledger, steps), house.safe(), SystemClock())

        with pytest.raises(Crash):
            await rotation.rotate(CrashingKeys(KeyFile(house.path), steps))

        await house.check()
        await house.rotation().rotate(FileKeys(KeyFile(house.path)))
        await house.check()
        assert len(KeyFile(house.path).keys()) == 1

    asyncio.run(main())


def test_the_steps_above_are_all_there_are(tmp_path: Path) -> None:
    async def main() -> None:
        house, steps = House(tmp_path), Steps(24)
        await house.fill()
        rotation = Rotation(CrashingLedger(house.ledger, steps), house.safe(), SystemClock())

        await rotation.rotate(CrashingKeys(KeyFile(house.path), steps))

        assert steps.left == 0

    asyncio.run(main())


def test_where_something_cannot_be_opened_no_key_is_made_or_dropped(tmp_path: Path) -> None:
    async def main() -> None:
        house = House(tmp_path)
        await house.fill()
        KeyFile(house.path).path.unlink()
        before = KeyFile(house.path).keys()

        with pytest.raises(CannotOpen, match="earlier key"):
            await house.rotation().rotate(FileKeys(KeyFile(house.path)))

        assert KeyFile(house.path).keys() == before

    asyncio.run(main())


def test_a_second_rotation_at_the_same_time_is_refused(tmp_path: Path) -> None:
    async def main() -> None:
        house = House(tmp_path)
        await house.fill()

        with KeyFile(house.path).alone(), pytest.raises(PortError, match="Another process"):
            await house.rotation().rotate(FileKeys(KeyFile(house.path)))

    asyncio.run(main())


def test_a_secret_that_a_server_writes_while_its_key_is_dropped_is_sealed_again(
    tmp_path: Path,
) -> None:
    class Slow(CrashingLedger):
        async def append(self, changes: Sequence[Change]) -> tuple[Entry, ...]:
            if not rotated:
                rotated.append(True)
                await house.rotation().rotate(FileKeys(KeyFile(house.path)))
            return await super().append(changes)

    async def main() -> None:
        secrets = Secrets(Slow(house.ledger, Steps(1_000)), house.safe())
        await secrets.put(change("local", "secret", "LATE"), "late", "")

        assert rotated
        assert await Secrets(house.ledger, house.safe()).value("local", "LATE") == "late"

    rotated: list[bool] = []
    house = House(tmp_path)
    asyncio.run(main())
