"""Servers over streamable HTTP: what is sent, what comes back, and what goes wrong."""

import asyncio
from collections.abc import Iterator

import pytest

from tenuto.adapters.mcp import Address, Rules
from tenuto.core.errors import Escalatable, Fatal, Transient, WorkFailed
from tests.adapters.mcp.plain_http import Odd, Plain, serving
from tests.adapters.mcp.using import call, failure_of, run, tools_of, using

SECRET = "a-very-secret-token"

pytestmark = pytest.mark.slow


@pytest.fixture
def plain(monkeypatch: pytest.MonkeyPatch) -> Iterator[Plain]:
    monkeypatch.setenv("SHOP_TOKEN", SECRET)
    with serving() as plain:
        yield plain


def address(plain: Plain) -> Address:
    return Address(url=plain.url, headers={"Authorization": "Bearer ${SHOP_TOKEN}"})


def test_the_credential_is_sent_with_each_request_and_the_session_is_ended(plain: Plain) -> None:
    async def story() -> None:
        async with using(address(plain)) as server:
            assert await call((await tools_of(server))["echo"]) == "here"

    run(story())

    assert {headers["authorization"] for headers in plain.headers} == {f"Bearer {SECRET}"}
    assert plain.told[-1] == "DELETE"


@pytest.mark.parametrize(
    ("odd", "kind", "code", "said"),
    [
        (Odd(status=401), Escalatable, "authentication", "refuses the credentials at http://127"),
        (Odd(status=403), Escalatable, "authentication", "(403)"),
        (Odd(status=404), Escalatable, "no_such_server", "nothing answers at http://127"),
        (Odd(status=400), Escalatable, "refused", "refuses to begin (400)"),
        (Odd(status=500), Transient, "unavailable", "with status 500"),
        (Odd(status=503, headers={"retry-after": "7"}), Transient, "unavailable", "(503)"),
        (Odd(status=429), Transient, "rate_limit", "(429)"),
        (Odd(body=b"<p>hi", kind="text/html"), Escalatable, "refused", "text/html"),
        (Odd(body=b"{nonsense"), Escalatable, "refused", "Failed to parse JSON"),
    ],
)
def test_what_goes_wrong_at_the_start_is_told_as_what_follows_from_it(
    plain: Plain, odd: Odd, kind: type[WorkFailed], code: str, said: str
) -> None:
    async def story() -> None:
        plain.odd["initialize"] = [odd]
        async with using(address(plain)) as server:
            failure = await failure_of(server.tools())

        assert (type(failure), failure.code) == (kind, code)
        assert said in str(failure)
        # Not before the backoff of the source is over: half a second after the first vain start.
        least_ms = 501 if kind is Transient else 0
        assert failure.retry_after_ms == (7_000 if odd.headers else least_ms)

    run(story())


def test_a_server_that_wants_tokens_by_oauth_says_what_to_give(plain: Plain) -> None:
    where = 'Bearer resource_metadata="https://mcp.example/.well-known/oauth-protected-resource"'

    async def story() -> None:
        plain.odd["initialize"] = [Odd(status=401, headers={"www-authenticate": where})]
        async with using(address(plain)) as server:
            failure = await failure_of(server.tools())

        assert (type(failure), failure.code) == (Escalatable, "authentication")
        assert "wants tokens by OAuth" in str(failure)
        assert "Give it auth='login', or credentials of a client, then approve" in str(failure)

    run(story())


@pytest.mark.parametrize(
    ("odd", "kind", "code"),
    [
        (Odd(status=401), Escalatable, "authentication"),
        (Odd(status=429, headers={"retry-after": "2"}), Transient, "rate_limit"),
        (Odd(status=503), Transient, "unavailable"),
        (Odd(status=400), Fatal, "refused"),
        (Odd(status=500), Escalatable, "in_doubt"),
        (Odd(status=502), Escalatable, "in_doubt"),
        (Odd(body=b"{nonsense"), Escalatable, "in_doubt"),
        (Odd(hang=True), Escalatable, "in_doubt"),
    ],
)
def test_a_call_that_may_have_been_carried_out_is_in_doubt_and_no_other(
    plain: Plain, odd: Odd, kind: type[WorkFailed], code: str
) -> None:
    async def story() -> None:
        async with using(address(plain), Rules(timeout=1)) as server:
            echo = (await tools_of(server))["echo"]
            plain.odd["tools/call"] = [odd]
            failure = await failure_of(call(echo))

            assert (type(failure), failure.code) == (kind, code), str(failure)
            assert failure.retry_after_ms == (2_000 if odd.headers else 0)
            assert await call(echo) == "here"

    run(story())


def test_what_may_be_done_twice_is_tried_again(plain: Plain) -> None:
    async def story() -> None:
        async with using(address(plain), Rules(timeout=1, idempotent=("*",))) as server:
            echo = (await tools_of(server))["echo"]
            plain.odd["tools/call"] = [Odd(status=500), Odd(hang=True), Odd(body=b"{nonsense")]
            failures = [await failure_of(call(echo)) for _ in range(3)]

            assert {type(failure) for failure in failures} == {Transient}
            assert [f.code for f in failures] == ["unavailable", "timeout", "bad_answer"]

    run(story())


def test_a_session_that_the_server_forgot_is_begun_again(plain: Plain) -> None:
    async def story() -> None:
        async with using(address(plain)) as server:
            echo = (await tools_of(server))["echo"]
            plain.odd["tools/call"] = [Odd(status=404)]
            failure = await failure_of(call(echo))

            assert (type(failure), failure.code) == (Transient, "session_ended")
            assert await call(echo) == "here"

    run(story())

    assert plain.told.count("initialize") == 2


def test_an_address_where_nobody_listens_is_away() -> None:
    async def story() -> None:
        async with using(Address(url="http://127.0.0.1:9/mcp?key=hidden")) as server:
            failure = await failure_of(server.tools())

            assert (type(failure), failure.code) == (Transient, "unavailable")
            assert "cannot be reached at http://127.0.0.1:9/mcp:" in str(failure)

    run(story())


def test_a_server_that_hangs_at_the_start_is_given_up_in_time(plain: Plain) -> None:
    async def story() -> None:
        plain.odd["server/discover"] = [Odd(hang=True)]
        async with using(address(plain), Rules(connect_timeout=0.5)) as server:
            failure = await failure_of(server.tools())

            assert (type(failure), failure.code) == (Transient, "connect_timeout")

    run(story())


def test_only_the_call_that_found_the_server_gone_was_surely_not_carried_out() -> None:
    async def story() -> None:
        async with using(Address(url=plain.url)) as server:
            echo = (await tools_of(server))["echo"]
            plain.odd["tools/call"] = [Odd(hang=True)]
            under_way = asyncio.ensure_future(failure_of(call(echo)))
            await asyncio.to_thread(plain.hung.wait, 10)
            await asyncio.to_thread(plain.stop)
            too_late = await failure_of(call(echo))

            assert (type(too_late), too_late.code) == (Transient, "unavailable"), too_late
            assert (await under_way).code == "in_doubt"

    with serving() as plain:
        run(story())


def test_an_answer_that_was_begun_and_cannot_be_resumed_is_in_doubt(plain: Plain) -> None:
    async def story() -> None:
        async with using(address(plain)) as server:
            echo = (await tools_of(server))["echo"]
            begun = b"id: event-1\nretry: 1\ndata: \n\n"
            plain.odd["tools/call"] = [Odd(body=begun, kind="text/event-stream")]
            failure = await failure_of(call(echo))

            assert (type(failure), failure.code) == (Escalatable, "in_doubt")

    run(story())

    assert plain.told.count("GET event-1") == 2


def test_a_server_that_does_not_begin_as_it_must_is_told(plain: Plain) -> None:
    async def story() -> None:
        body = b'{"jsonrpc": "2.0", "id": 2, "result": {"protocolVersion": 3}}'
        plain.odd["initialize"] = [Odd(body=body)]
        async with using(address(plain)) as server:
            failure = await failure_of(server.tools())

            assert (type(failure), failure.code) == (Escalatable, "bad_answer")
            assert "answers what is no MCP" in str(failure)

    run(story())


def test_a_tool_that_is_gone_after_a_new_beginning_is_not_called(plain: Plain) -> None:
    async def story() -> None:
        async with using(address(plain)) as server:
            echo = (await tools_of(server))["echo"]
            plain.odd["tools/call"] = [Odd(status=404)]
            await failure_of(call(echo))
            body = b'{"jsonrpc": "2.0", "id": 3, "result": {"tools": []}}'
            plain.odd["tools/list"] = [Odd(body=body)]
            failure = await failure_of(call(echo))

            assert (type(failure), failure.code) == (Fatal, "no_such_tool")

    run(story())

    assert plain.told.count("tools/call") == 1


def test_no_message_holds_the_credential(plain: Plain) -> None:
    said = f'{{"jsonrpc":"2.0","id":1,"error":{{"code":-32000,"message":"no {SECRET}"}}}}'

    async def story() -> None:
        plain.odd["initialize"] = [Odd(status=401, body=said.encode())]
        async with using(address(plain)) as server:
            failure = await failure_of(server.tools())

            assert SECRET not in str(failure)
            assert "no ***" in str(failure)
            assert SECRET not in repr(server)

    run(story())
