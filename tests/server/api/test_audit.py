"""The audit of a server, and what it was started with, for those who run it."""

import asyncio
import json
import sqlite3
from contextlib import closing
from pathlib import Path

from tenuto.core.limiting.limits import Limits, read_limits
from tenuto.server.edge import read_borders
from tenuto.server.fences import Fencing
from tests.server.api.people import ByHeader, of
from tests.server.api.served import echoing, serving

HOME, OTHER = of("local", "ann", "admin"), of("rival", "eve", "admin")


def test_an_admin_sees_whether_the_log_is_as_it_was_written(tmp_path: Path) -> None:
    file = tmp_path / "test.db"

    async def main() -> None:
        async with serving(echoing(), db=f"sqlite:///{file}", authenticator=ByHeader()) as served:
            api = served.client
            for text in ("a", "b"):
                started = await api.post(
                    "/workflows/echo/start?wait=10", json={"inputs": {"text": text}}, headers=HOME
                )
                assert started.status_code == 200

            sound = (await api.post("/audit/verify", headers=HOME)).json()
            with closing(sqlite3.connect(file)) as connection:
                connection.execute("UPDATE ledger SET tenant = 'rival' WHERE number = 1")
                connection.commit()
            both = await asyncio.gather(
                *(api.post("/audit/verify", headers=HOME) for _ in range(2))
            )
            entries = (await api.get("/audit?action=audit.verify", headers=HOME)).json()["items"]

            assert sound["sound"] and sound["faults"] == [] and sound["entries"] >= 2
            for answer in both:
                told = answer.json()
                assert answer.status_code == 200 and not told["sound"]
                assert (told["faults"][0]["part"], told["faults"][0]["number"]) == ("entries", 1)
            assert [one["detail"]["faults"] > 0 for one in entries] == [True, True, False]

    asyncio.run(main())


def test_other_organisations_neither_verify_nor_see_settings() -> None:
    async def main() -> None:
        async with serving(authenticator=ByHeader()) as served:
            for method, path in (("POST", "/audit/verify"), ("GET", "/settings")):
                refused = await served.client.request(method, path, headers=OTHER)
                stranger = await served.client.request(method, path)
                assert refused.status_code == 403 and refused.json()["code"] == "not_permitted"
                assert stranger.status_code == 401

    asyncio.run(main())


def test_settings_tell_what_the_server_was_started_with_and_no_secret() -> None:
    fencing = Fencing(
        limits=read_limits(["user=20/s+100,600/m", "login=off"], Limits()),
        borders=read_borders(hosts=["tenuto.example.org"], proxies=["10.0.0.0/8"]),
        metrics_token="a very secret token",
        streams_max=7,
    )

    async def main() -> None:
        async with serving(echoing(), fencing=fencing, authenticator=ByHeader()) as served:
            told = (await served.client.get("/settings", headers=HOME)).json()

            assert told["limits"]["user"] == ["20/1s+100", "600/60s"]
            assert told["limits"]["login"] == []
            assert told["streams_max"] == 7 and told["workflows"] == ["echo"]
            assert told["login"] and told["database"] == "memory"
            assert "tenuto.example.org" in told["hosts"] and told["proxies"] == ["10.0.0.0/8"]
            assert told["metrics_token"] is True
            assert "secret" not in json.dumps(told)
        async with serving() as served:
            assert (await served.client.get("/settings")).json()["login"] is False

    asyncio.run(main())
