"""Numbers for Prometheus: what was asked by route, and only for who may know."""

import asyncio

from prometheus_client.parser import text_string_to_metric_families

from tenuto.server.fences import Fencing
from tests.server.api.served import echoing, serving

TOKEN = "a-token-of-the-metrics"


def samples_of(text: str) -> dict[tuple[str, tuple[str, ...]], float]:
    return {
        (sample.name, tuple(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_requests_are_counted_by_route_and_never_by_path() -> None:
    async def main() -> None:
        async with serving(echoing()) as served:
            for path in ("/sessions/a", "/sessions/b", "/nowhere/1", "/nowhere/2"):
                await served.client.get(path)
            await served.client.request("BREW", "/sessions/a")
            found = await served.client.get(f"{served.address}/metrics")

            assert found.headers["content-type"].startswith("text/plain")
            counts = samples_of(found.text)
            route = "/api/v1/sessions/{session_id}"
            assert counts["tenuto_http_requests_total", ("GET", route, "404")] == 2
            assert counts["tenuto_http_requests_total", ("GET", "none", "404")] == 2
            assert counts["tenuto_http_request_seconds_count", ("GET", route)] == 2
            assert counts["tenuto_http_requests_open", ()] == 1
            assert counts["tenuto_effects", ("running",)] == 0
            assert "BREW" not in found.text and "nowhere" not in found.text

    asyncio.run(main())


def test_only_who_has_the_token_or_is_an_admin_reads_them() -> None:
    class Nobody:
        async def authenticate(self, connection: object) -> None:
            return None

    async def main() -> None:
        fencing = Fencing(metrics_token=TOKEN)
        async with serving(fencing=fencing, authenticator=Nobody()) as served:
            for header, status in [
                ({}, 401),
                ({"Authorization": "Bearer other"}, 401),
                ({"Authorization": f"Bearer {TOKEN}"}, 200),
            ]:
                found = await served.client.get(f"{served.address}/metrics", headers=header)
                assert found.status_code == status, header
                elsewhere = await served.client.get("/sessions", headers=header)
                assert elsewhere.status_code == 401

    asyncio.run(main())
