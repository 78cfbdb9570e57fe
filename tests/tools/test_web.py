"""Asking web servers: what comes back, and what is not asked at all."""

import asyncio
import gzip
import sys
from collections.abc import Callable
from typing import Any

import pytest

import tenuto
from tenuto import Agent, Escalatable, Fatal, Rejected, Transient, Workflow
from tenuto.core.addresses import is_public_address
from tenuto.testing import MockLLM, calls
from tenuto.tools import http
from tenuto.tools.addresses import Hosts
from tenuto.tools.asking_web import Request, WebClient
from tests.tools.web_server import Answer, Server, redirect, reply, serving

LOOPBACK = ["127.0.0.1:*"]
MISTAKE: Any = {"tiemout": 1}


class Ctx:
    effect_id = "s:7"


def asked(answers: dict[str, Answer], path: str = "/", **given: Any) -> tuple[Any, Server]:
    """Return what the tool gives for a path of a server of these answers, and the server."""
    options = {"private": True, **given.pop("options", {})}

    async def main() -> tuple[Any, Server]:
        async with serving(answers) as server:
            tool = http(given.pop("allow", LOOPBACK), **options)
            url = given.pop("url", server.url(path)).replace("PORT", str(server.port))
            bound = tool.bind({"url": url, **given})
            return await tool(ctx=Ctx(), **bound), server

    return asyncio.run(asyncio.wait_for(main(), 20))


def refused(error: type[Exception], answers: dict[str, Answer], **given: Any) -> str:
    with pytest.raises(error) as caught:
        asked(answers, **given)
    return str(caught.value)


def test_text_comes_back_with_its_status_and_kind() -> None:
    told, server = asked(
        {"/": lambda _: reply("grüezi".encode(), kind="text/plain; charset=utf-8")}
    )

    assert (told["status"], told["text"]) == (200, "grüezi")
    assert told["content_type"] == "text/plain; charset=utf-8"
    assert told["url"] == server.url("/")
    assert "truncated" not in told


def test_json_comes_back_as_data() -> None:
    told, _ = asked({"/": lambda _: reply(b'{"a": [1]}', kind="application/problem+json")})

    assert told["json"] == {"a": [1]}


def test_what_only_says_that_it_is_json_comes_back_as_text() -> None:
    told, _ = asked({"/": lambda _: reply(b"<html>", kind="application/json")})

    assert told["text"] == "<html>"


def test_what_is_no_text_is_said_to_be_none() -> None:
    told, _ = asked({"/": lambda _: reply(b"\x89PNG\0\0", kind="image/png")})

    assert (told["text"], told["note"]) == ("", "6 bytes that are no text")


def test_an_unknown_charset_is_read_as_well_as_can_be() -> None:
    told, _ = asked({"/": lambda _: reply(b"abc\xff", kind="text/plain; charset=klingon")})

    assert told["text"] == "abc�"


def test_a_refusal_of_the_server_is_an_answer() -> None:
    told, _ = asked({}, "/nothing")

    assert (told["status"], told["text"]) == (404, "no")


def test_headers_are_sent_and_those_that_say_how_are_ours() -> None:
    _, server = asked({"/": lambda _: reply()}, headers={"Accept": "text/csv"})

    (got,) = server.asked
    assert (got.headers["accept"], got.headers["accept-encoding"]) == ("text/csv", "identity")
    assert got.headers["host"] == f"127.0.0.1:{server.port}"
    for name, value in {"Host": "x", "content-length": "9", "X": "a\r\nb: c", "a b": "x"}.items():
        said = refused(Fatal, {"/": lambda _: reply()}, headers={name: value})
        assert "cannot be given" in said


def test_a_secret_comes_from_the_environment_and_is_in_no_definition(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SHOP_TOKEN", "Bearer s3cret")
    options = {"headers_from": {"Authorization": "SHOP_TOKEN"}}

    _, server = asked({"/": lambda _: reply()}, options=options)

    assert server.asked[0].headers["authorization"] == "Bearer s3cret"
    tool = http(LOOPBACK, headers_from={"Authorization": "SHOP_TOKEN"})
    assert "s3cret" not in tool.ref
    said = refused(Fatal, {}, options=options, headers={"authorization": "mine"})
    assert "cannot be given" in said


def test_a_secret_that_is_missing_is_for_a_person_to_settle() -> None:
    said = refused(Escalatable, {}, options={"headers_from": {"X-Key": "TENUTO_NO_SUCH"}})

    assert "'TENUTO_NO_SUCH' is not set" in said


def test_a_host_that_is_not_on_the_list_is_not_asked() -> None:
    said = refused(Fatal, {}, url="http://example.com/", allow=["api.example.org", "*.test"])

    assert "'example.com' is not allowed; these are: api.example.org, *.test" in said


@pytest.mark.parametrize(
    ("glob", "host", "fits"),
    [
        ("api.example.org", "api.example.org", True),
        ("API.Example.org", "api.example.org", True),
        ("*.example.org", "a.b.example.org", True),
        ("*.example.org", "example.org", False),
        ("*.example.org", "example.org.evil.test", False),
        ("*.example.org", "evilexample.org", False),
        ("api.example.org", "apixexample.org", False),
        ("[ab].example.org", "a.example.org", False),
        ("*", "anything.test", True),
    ],
)
def test_hosts_are_matched_by_globs_of_stars_alone(glob: str, host: str, fits: bool) -> None:
    hosts = Hosts([glob])

    if fits:
        hosts.check("https", host, 443)
    else:
        with pytest.raises(Fatal):
            hosts.check("https", host, 443)


def test_another_port_is_part_of_the_name() -> None:
    hosts = Hosts(["a.test", "b.test:8443"])

    hosts.check("http", "a.test", 80)
    hosts.check("https", "b.test", 8443)
    for scheme, host, port in [("http", "a.test", 8080), ("http", "a.test", 443)]:
        with pytest.raises(Fatal):
            hosts.check(scheme, host, port)


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "ftp://127.0.0.1/x",
        "http://",
        "http:///x",
        "127.0.0.1",
        "http://user:pass@127.0.0.1:PORT/",
        "http://[::1",
        "http://127.0.0.1:99999/",
        "",
    ],
)
def test_what_is_no_url_of_the_web_is_refused(url: str) -> None:
    said = refused(Fatal, {}, url=url)

    assert "URL" in said


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "127.8.8.8", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254"),
        *("100.64.0.1", "100.100.100.200", "0.0.0.0", "255.255.255.255", "224.0.0.1", "240.0.0.1"),
        *("192.0.2.1", "198.18.0.1", "168.63.129.16", "::1", "::", "fe80::1", "fe80::1%eth0"),
        *("fd00:ec2::254", "fc00::1", "ff02::1", "fec0::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1"),
        *("::ffff:169.254.169.254", "64:ff9b::7f00:1", "2002:7f00:1::", "2001:0:7f00:1::1"),
        *("::127.0.0.1", "2001:db8::1", "100::1", "", "localhost", "127.1"),
    ],
)
def test_an_address_that_is_not_of_the_public_internet_is_known(address: str) -> None:
    assert not is_public_address(address)


@pytest.mark.parametrize(
    "address", ["93.184.216.34", "8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "172.32.0.1"]
)
def test_an_address_of_the_public_internet_is_known(address: str) -> None:
    assert is_public_address(address)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "0x7f.1", "2130706433", "[::1]", "[::ffff:127.0.0.1]"]
)
def test_the_loopback_is_not_asked_by_any_of_its_names(host: str) -> None:
    said = refused(
        Fatal,
        {"/": lambda _: reply(b"inside")},
        url=f"http://{host}:PORT/",
        allow=["*"],
        options={"private": False},
    )

    assert "no address of the public internet" in said


class Names:
    """A name server that answers differently every time."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers, self.asked = list(answers), 0

    async def resolve(self, host: str, port: int) -> list[str]:
        self.asked += 1
        return self.answers.pop(0)


def ask_by_name(
    names: Names, *, private: bool, answers: dict[str, Answer] | None = None, path: str = "/"
) -> tuple[Any, Server]:
    async def main() -> tuple[Any, Server]:
        async with serving(answers or {"/": lambda _: reply(b"inside")}) as server:
            client = WebClient(
                Hosts(["*.test:*"]),
                bytes_max=1_000,
                seconds_max=5,
                private=private,
                resolve=names.resolve,
            )
            url = f"http://shop.test:{server.port}{path}"
            return await client.ask(Request(method="GET", url=url, headers={})), server

    return asyncio.run(asyncio.wait_for(main(), 20))


def test_a_name_is_resolved_once_and_asked_at_the_very_address_that_was_checked() -> None:
    names = Names(["127.0.0.1"], ["192.0.2.1"])

    told, server = ask_by_name(names, private=True)

    assert (told["text"], names.asked) == ("inside", 1)
    assert server.asked[0].headers["host"] == f"shop.test:{server.port}"


def test_one_address_that_is_not_public_is_one_too_many() -> None:
    for found in (["127.0.0.1"], ["93.184.216.34", "127.0.0.1"], ["::ffff:127.0.0.1"]):
        with pytest.raises(Fatal, match="no address of the public internet"):
            ask_by_name(Names(found), private=False)


def test_another_address_is_tried_where_nobody_answers_at_the_first() -> None:
    told, _ = ask_by_name(Names(["127.0.0.2", "127.0.0.1"]), private=True)

    assert told["text"] == "inside"


def test_a_name_that_nobody_knows_may_be_known_later() -> None:
    with pytest.raises(Transient, match="has no address"):
        ask_by_name(Names([]), private=True)


def test_a_redirect_is_resolved_and_checked_again() -> None:
    answers: dict[str, Answer] = {"/": lambda got: redirect(f"http://{got.headers['host']}/next")}

    with pytest.raises(Fatal, match="no address of the public internet"):
        asyncio.run(_second_hop_is_private(answers))


async def _second_hop_is_private(answers: dict[str, Answer]) -> None:
    """The first name leads to the loopback that the test allows, the second to one it does not."""
    from tenuto.tools import addresses, asking_web

    checks = [True, False]
    real = addresses.public_addresses

    async def checked(host: str, port: int, **given: Any) -> list[str]:
        return await real(host, port, **{**given, "private": checks.pop(0)})

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(asking_web, "public_addresses", checked)
        async with serving(answers) as server:
            names = Names(["127.0.0.1"], ["127.0.0.1"])
            client = WebClient(
                Hosts(["*.test:*"]), bytes_max=99, seconds_max=5, resolve=names.resolve
            )
            url = f"http://shop.test:{server.port}/"
            await client.ask(Request(method="GET", url=url, headers={}))


def test_redirects_are_followed_and_the_last_url_is_told() -> None:
    answers: dict[str, Answer] = {
        "/a": lambda _: redirect("/b?x=1"),
        "/b?x=1": lambda _: reply(b"there"),
    }

    told, server = asked(answers, "/a")

    assert (told["text"], told["url"]) == ("there", server.url("/b?x=1"))


def test_a_redirect_to_a_host_that_is_not_on_the_list_is_not_followed() -> None:
    said = refused(Fatal, {"/": lambda _: redirect("http://evil.test/")})

    assert "'evil.test' is not allowed" in said


def test_a_redirect_to_a_file_is_not_followed() -> None:
    assert "URL" in refused(Fatal, {"/": lambda _: redirect("file:///etc/passwd")})


def test_redirects_come_to_an_end() -> None:
    said = refused(Fatal, {"/": lambda _: redirect("/")})

    assert "more than 5 times" in said


def test_a_secret_does_not_follow_to_another_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_TOKEN", "s3cret")

    async def main() -> tuple[Server, Server]:
        async with serving({"/": lambda _: reply()}) as other:
            lead = {"/": lambda _: redirect(other.url("/")), "/same": lambda _: redirect("/")}
            async with serving(lead) as first:
                tool = http(LOOPBACK, headers_from={"X-Key": "SHOP_TOKEN"}, private=True)
                await tool(ctx=Ctx(), **tool.bind({"url": first.url("/same")}))
                return first, other

    first, other = asyncio.run(main())

    assert [got.headers.get("x-key") for got in first.asked] == ["s3cret", "s3cret"]
    assert [got.headers.get("x-key") for got in other.asked] == [None]


@pytest.mark.parametrize(
    ("status", "method", "becomes", "body"),
    [
        ("303 See Other", "POST", "GET", b""),
        ("302 Found", "POST", "GET", b""),
        ("302 Found", "PUT", "PUT", b'{"a": 1}'),
        ("307 Temporary Redirect", "POST", "POST", b'{"a": 1}'),
    ],
)
def test_a_redirect_keeps_or_drops_the_body_as_its_status_says(
    status: str, method: str, becomes: str, body: bytes
) -> None:
    answers: dict[str, Answer] = {"/": lambda _: redirect("/b", status), "/b": lambda _: reply()}

    _, server = asked(answers, method=method, body={"a": 1}, options={"methods": ["POST", "PUT"]})

    assert (server.asked[1].method, server.asked[1].body) == (becomes, body)


def test_a_large_answer_is_cut() -> None:
    told, _ = asked({"/": lambda _: reply(b"x" * 5_000)}, options={"bytes_max": 1_000})

    assert (told["text"], told["truncated"]) == ("x" * 1_000, True)


def test_a_small_answer_that_holds_a_large_one_is_cut_too() -> None:
    packed = gzip.compress(b"x" * 50_000_000)
    assert len(packed) < 60_000

    told, _ = asked(
        {"/": lambda _: reply(packed, Content_Encoding="gzip")}, options={"bytes_max": 1_000}
    )

    assert (told["text"], told["truncated"]) == ("x" * 1_000, True)


def test_a_packed_answer_is_unpacked() -> None:
    told, _ = asked({"/": lambda _: reply(gzip.compress(b"hello"), Content_Encoding="gzip")})

    assert told["text"] == "hello"
    assert "badly packed" in refused(
        Fatal, {"/": lambda _: reply(b"no gzip", Content_Encoding="gzip")}
    )
    assert "'zstd'" in refused(Fatal, {"/": lambda _: reply(b"x", Content_Encoding="zstd")})


def test_a_server_that_is_slow_is_given_up() -> None:
    async def main() -> None:
        async with serving({"/": lambda _: b"HTTP/1.1 200 OK\r\n"}, hang=True) as server:
            for methods, error in ((["GET"], Transient), (["POST"], TimeoutError)):
                tool = http(LOOPBACK, methods=methods, private=True, timeout=0.2)
                bound = tool.bind({"url": server.url("/"), "method": methods[0]})
                with pytest.raises(error):
                    await tool(ctx=Ctx(), **bound)

    asyncio.run(main())


def test_a_connection_that_breaks_after_a_request_that_changes_something_leaves_doubt() -> None:
    def broken(_: object) -> bytes:
        return b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\npart"

    assert "broke" in refused(Transient, {"/": broken})
    said = refused(ConnectionError, {"/": broken}, method="POST", options={"methods": ["POST"]})
    assert "broke" in said


def test_where_nothing_was_sent_nothing_is_in_doubt() -> None:
    said = refused(
        Transient, {}, url="http://127.0.0.1:1/", method="POST", options={"methods": ["POST"]}
    )

    assert "No connection" in said


def test_a_server_that_is_busy_is_asked_again_when_it_says() -> None:
    busy = {"/": lambda _: reply(b"", status="429 Too Many Requests", Retry_After="7")}

    with pytest.raises(Transient) as caught:
        asked(busy)

    assert (caught.value.code, caught.value.retry_after_ms) == ("http_429", 7_000)


def test_by_default_nothing_can_be_changed() -> None:
    tool = http(["a.test"])

    assert (tool.safe, tool.once, tool.permission) == (False, False, "http:read")
    said = refused(Fatal, {"/": lambda _: reply()}, method="DELETE")
    assert "'DELETE' is not allowed; use GET or HEAD" in said


def test_a_tool_that_changes_something_is_once_and_says_which_request_it_is() -> None:
    tool = http(["a.test"], methods=["POST"])
    assert (tool.safe, tool.once, tool.permission) == (False, True, "http:write")

    _, server = asked(
        {"/": lambda _: reply()}, method="post", body="plain", options={"methods": ["POST"]}
    )

    (got,) = server.asked
    assert (got.method, got.body) == ("POST", b"plain")
    assert got.headers["idempotency-key"] == "s:7"
    assert got.headers["content-type"] == "text/plain; charset=utf-8"


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: http([]), "names no host"),
        (lambda: http("a.test"), "names no host"),
        (lambda: http([""]), "names no host"),
        (lambda: http(["a"], methods=["BREW"]), "there are GET"),
        (lambda: http(["a"], methods=[]), "there are GET"),
        (lambda: http(["a"], **MISTAKE), "has no option 'tiemout'; there are: "),
    ],
)
def test_a_tool_that_cannot_be_made_says_why(make: Callable[[], object], said: str) -> None:
    with pytest.raises(Rejected) as caught:
        make()

    assert said in str(caught.value)


def test_without_its_package_the_tool_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "httpx2", None)

    assert 'pip install "tenuto[http]"' in refused(Escalatable, {})


def test_no_proxy_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")

    told, _ = asked({"/": lambda _: reply(b"direct")})

    assert told["text"] == "direct"


def test_an_agent_asks_and_is_told_in_words_what_it_may_not() -> None:
    async def main() -> list[Any]:
        async with serving({"/": lambda _: reply(b"42")}) as server:
            clerk = Agent("clerk", model="mock:any", tools=[http(LOOPBACK, private=True)])
            flow = Workflow("asking").node("work", agent=clerk)
            model = MockLLM(
                [
                    calls(
                        ("http", {"url": server.url("/")}), ("http", {"url": "http://evil.test/"})
                    ),
                    "done",
                ]
            )
            async with tenuto.open("memory://", models={"mock": model}) as runtime:
                await (await runtime.start(flow)).result(20)
            return list(model.requests[1].messages[-1].results)

    answered, refused_ = asyncio.run(main())

    assert answered.value["text"] == "42"
    assert "'evil.test' is not allowed" in refused_.error
