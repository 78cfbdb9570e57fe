"""Resources and prompts that the owner of a server gives to it."""

from pathlib import Path
from typing import Any

import mcp_types as types
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mcp import MCPError

from tenuto.bootstrap.catalogs import load_catalog
from tenuto.core.errors import DefinitionError, NotFound
from tenuto.server.mcp.catalog import contents, prompts, shelf
from tenuto.server.mcp.catalog.entries import Catalog
from tenuto.server.mcp.catalog.filling import VALUE_CHARS_MAX, filled, names_in
from tests.server.mcp import flows
from tests.server.mcp.serving import Served, first_session, run, served

SHOP = """
resources:
  - {uri: "shop://terms", title: Terms of sale, file: terms.md}
  - {uri: "shop://logo", file: logo.png}
  - uri: shop://items/{id}/card
    name: card
    mime_type: application/json
    text: '{"id": "{id}", "as": "{{id}}"}'
  - {uri: "shop://manual/{+path}", name: manual, folder: manual}
prompts:
  - name: review
    title: Review
    description: Look over a text.
    arguments:
      - {name: language, description: Of the text, choices: [German, English]}
      - {name: text}
      - {name: tone, required: false}
    messages:
      - text: "In {language}: {text}{tone}"
      - {role: assistant, text: "Here it is:"}
  - name: look
    description: Look at a picture and a page.
    arguments: [{name: page}]
    messages:
      - {image: logo.png}
      - {resource: "shop://manual/{page}"}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the catalogue of a shop."""
    (tmp_path / "shop.yaml").write_text(SHOP)
    (tmp_path / "terms.md").write_text("# Terms\n")
    (tmp_path / "logo.png").write_bytes(b"\x89PNG\r\n")
    (tmp_path / "secret.txt").write_text("secret")
    manual = tmp_path / "manual"
    (manual / "in").mkdir(parents=True)
    (manual / "in" / "one page.txt").write_text("Page one.")
    (manual / "bytes").write_bytes(b"\x00\xff")
    (manual / ".env").write_text("secret")
    (manual / ".git").mkdir()
    (manual / ".git" / "config").write_text("secret")
    (manual / "out").symlink_to(tmp_path / "secret.txt")
    (manual / "up").symlink_to(tmp_path)
    return tmp_path


def catalog_in(folder: Path) -> Catalog:
    return load_catalog(str(folder / "shop.yaml"))


async def contents_of(here: Served, uri: str) -> Any:
    (found,) = (await here.client.read_resource(uri)).contents
    return found


def test_the_catalogue_is_listed_before_sessions(folder: Path) -> None:
    async def work() -> None:
        async with served(flows.hello, catalog=catalog_in(folder)) as here:
            await here.call("hello", name="Ada")
            session = await first_session(here, "completed")
            listed = (await here.client.list_resources()).resources
            templates = (await here.client.list_resource_templates()).resource_templates

        assert [one.uri for one in listed] == [
            "shop://terms",
            "shop://logo",
            "shop://manual/bytes",
            "shop://manual/in/one%20page.txt",
            f"tenuto://sessions/{session.id}",
        ]
        assert (listed[0].title, listed[0].mime_type) == ("Terms of sale", "text/markdown")
        assert [one.uri_template for one in templates][:2] == [
            "shop://items/{id}/card",
            "shop://manual/{+path}",
        ]

    run(work)


def test_texts_files_and_bytes_are_read(folder: Path) -> None:
    async def work() -> None:
        async with served(flows.hello, catalog=catalog_in(folder)) as here:
            terms = await contents_of(here, "shop://terms")
            logo = await contents_of(here, "shop://logo")
            page = await contents_of(here, "shop://manual/in/one%20page.txt")
            raw = await contents_of(here, "shop://manual/bytes")

        assert (terms.text, terms.mime_type) == ("# Terms\n", "text/markdown")
        assert (logo.blob, logo.mime_type) == ("iVBORw0K", "image/png")
        assert (page.text, page.mime_type) == ("Page one.", "text/plain")
        assert (raw.blob, raw.mime_type) == ("AP8=", "application/octet-stream")

    run(work)


def test_a_value_in_an_address_cannot_leave_its_text_in_json(folder: Path) -> None:
    async def work() -> None:
        async with served(flows.hello, catalog=catalog_in(folder)) as here:
            card = await contents_of(here, "shop://items/7%22%2C%22x%22%3A%22/card")

        assert card.text == '{"id": "7\\",\\"x\\":\\"", "as": "{id}"}'

    run(work)


@pytest.mark.parametrize(
    "path",
    [
        "../secret.txt",
        "..%2Fsecret.txt",
        "%2e%2e/secret.txt",
        "in/../../secret.txt",
        "in/..%5C..%5Csecret.txt",
        "/etc/passwd",
        "%2Fetc%2Fpasswd",
        "out",
        "up/secret.txt",
        ".env",
        ".git/config",
        "in/%2Eenv",
        "bytes%00",
        "in",
        "nowhere",
        "",
    ],
)
def test_nothing_outside_of_a_folder_is_given(folder: Path, path: str) -> None:
    async def work() -> None:
        async with served(flows.hello, catalog=catalog_in(folder)) as here:
            with pytest.raises(MCPError) as error:
                await here.client.read_resource(f"shop://manual/{path}")

        assert "secret" not in str(error.value.error.message).replace("secret.txt", "")

    run(work)


def test_a_file_that_is_too_large_is_refused_with_its_size(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contents, "FILE_BYTES_MAX", 4)

    async def work() -> None:
        async with served(flows.hello, catalog=catalog_in(folder)) as here:
            with pytest.raises(MCPError, match=r"'terms\.md' has 8 bytes; at most 4"):
                await here.client.read_resource("shop://terms")

    run(work)


def test_many_files_come_page_by_page_and_each_once(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in range(250):
        (folder / "manual" / f"{n:03}.txt").write_text(str(n))

    async def work() -> None:
        async with served(flows.hello, catalog=catalog_in(folder)) as here:
            await here.call("hello", name="Ada")
            await first_session(here, "completed")
            found: list[str] = []
            cursor: str | None = None
            for _ in range(10):
                page = await here.client.list_resources(cursor=cursor)
                found += [one.uri for one in page.resources]
                cursor = page.next_cursor
                if cursor is None:
                    break
            with pytest.raises(MCPError, match="There is no page"):
                await here.client.list_resources(cursor="catalogue:x")

        assert len(found) == len(set(found)) == 2 + 252 + 1
        assert found[-1].startswith("tenuto://sessions/")

    run(work)


def test_a_folder_is_offered_without_a_catalogue(folder: Path) -> None:
    async def work() -> None:
        given = load_catalog(None, str(folder / "manual"))
        async with served(flows.hello, catalog=given) as here:
            listed = (await here.client.list_resources()).resources
            page = await contents_of(here, "tenuto://files/in/one%20page.txt")
            has_prompts = here.client.server_capabilities.prompts is not None

        assert [one.uri for one in listed] == [
            "tenuto://files/bytes",
            "tenuto://files/in/one%20page.txt",
        ]
        assert page.text == "Page one."
        assert not has_prompts

    run(work)


def test_prompts_are_listed_with_their_arguments(folder: Path) -> None:
    async def work() -> None:
        async with served(flows.hello, catalog=catalog_in(folder)) as here:
            review, look = (await here.client.list_prompts()).prompts

        assert (review.name, review.title) == ("review", "Review")
        assert [(one.name, one.required) for one in review.arguments or ()] == [
            ("language", True),
            ("text", True),
            ("tone", False),
        ]
        assert look.description == "Look at a picture and a page."

    run(work)


def test_a_prompt_is_filled_in_and_what_is_filled_in_is_not_looked_at_again(folder: Path) -> None:
    async def work() -> None:
        async with served(flows.hello, catalog=catalog_in(folder)) as here:
            got = await here.client.get_prompt(
                "review", {"language": "German", "text": "{language} {{text}}"}
            )

        texts: list[Any] = [message.content for message in got.messages]
        assert [text.text for text in texts] == [
            "In German: {language} {{text}}",
            "Here it is:",
        ]
        assert [message.role for message in got.messages] == ["user", "assistant"]

    run(work)


def test_a_prompt_holds_images_and_resources_of_the_catalogue(folder: Path) -> None:
    async def work() -> None:
        async with served(flows.hello, catalog=catalog_in(folder)) as here:
            got = await here.client.get_prompt("look", {"page": "in/one%20page.txt"})

        image: Any = got.messages[0].content
        page: Any = got.messages[1].content
        assert (image.data, image.mime_type) == ("iVBORw0K", "image/png")
        assert page.resource.text == "Page one."

    run(work)


@pytest.mark.parametrize(
    ("name", "arguments", "said"),
    [
        ("reviwe", {}, "Unknown prompt: 'reviwe'. Did you mean 'review'?"),
        ("review", {"text": "x"}, "Argument 'language' is missing."),
        ("review", {"text": "x", "language": "Dutch"}, "one of German, English; found 'Dutch'"),
        ("review", {"text": "x", "language": "German", "tune": "x"}, "There is no argument 'tune'"),
        ("review", {"text": "x" * (VALUE_CHARS_MAX + 1), "language": "German"}, "at most 65,536"),
        ("look", {"page": "../secret.txt"}, "Prompt 'look': No file '../secret.txt'"),
        ("look", {"page": ".env"}, "Prompt 'look': No file '.env'"),
    ],
)
def test_what_does_not_fit_a_prompt_is_told(
    folder: Path, name: str, arguments: dict[str, str], said: str
) -> None:
    async def work() -> None:
        async with served(flows.hello, catalog=catalog_in(folder)) as here:
            with pytest.raises(MCPError) as error:
                await here.client.get_prompt(name, arguments)

        assert said in error.value.error.message

    run(work)


def test_a_prompt_cannot_show_sessions(tmp_path: Path) -> None:
    (tmp_path / "shop.yaml").write_text(
        "prompts: [{name: show, description: d, arguments: [{name: uri}], "
        "messages: [{resource: '{uri}'}]}]"
    )

    async def work() -> None:
        async with served(flows.hello, catalog=load_catalog(str(tmp_path / "shop.yaml"))) as here:
            await here.call("hello", name="Ada")
            session = await first_session(here, "completed")
            with pytest.raises(MCPError, match="No resource"):
                await here.client.get_prompt("show", {"uri": f"tenuto://sessions/{session.id}"})

    run(work)


def test_choices_files_and_sessions_complete(folder: Path) -> None:
    async def work() -> None:
        async with served(flows.hello, catalog=catalog_in(folder)) as here:
            await here.call("hello", name="Ada")
            session = await first_session(here, "completed")

            async def values(ref: Any, name: str, value: str) -> list[str]:
                asked = {"name": name, "value": value}
                return (await here.client.complete(ref, asked)).completion.values

            review = types.PromptReference(name="review")
            manual = types.ResourceTemplateReference(uri="shop://manual/{+path}")
            sessions = types.ResourceTemplateReference(uri="tenuto://sessions/{id}")
            assert await values(review, "language", "G") == ["German"]
            assert await values(review, "text", "G") == []
            assert await values(manual, "path", "in") == ["in/one page.txt"]
            assert await values(sessions, "id", session.id[:8]) == [session.id]

    run(work)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[]", "A catalogue is an object of keys and values"),
        ("resource: []", "Did you mean 'resources'?"),
        ("resources: {}", "must be a list"),
        ("resources: [{uri: terms, text: x}]", "begin it with a scheme"),
        ("resources: [{uri: 's://a'}]", "one of text, file and folder, found none"),
        ("resources: [{uri: 's://a', text: x, file: y}]", "found text and file"),
        ("resources: [{uri: 's://a', file: nowhere}]", "'nowhere', which is not there"),
        ("resources: [{uri: 's://{+path}', folder: nowhere}]", "'nowhere', which is not there"),
        ("resources: [{uri: 's://{id}', folder: .}]", "end its uri with {+path}"),
        ("resources: [{uri: 's://{id', text: x}]", "no template of addresses"),
        ("resources: [{uri: 's://{id}', text: '{di}'}]", "names {di}, which is no variable"),
        ("resources: [{uri: 'tenuto://sessions/x', text: x}]", "are the server's"),
        ("resources: [{uri: 's://a', text: x}, {uri: 's://a', text: y}]", "stands 2 times"),
        ("prompts: [{name: a, messages: []}]", "'description' is missing in prompt 1"),
        ("prompts: [{name: a, description: d, messages: []}]", "has no messages"),
        (
            "prompts: [{name: a, description: d, messages: [{text: '{x}'}]}]",
            "message 1, which names {x}, which is no argument of the prompt",
        ),
        (
            "prompts: [{name: a, description: d, messages: [{text: x, image: y}]}]",
            "one of text, image, audio and resource, found text and image",
        ),
        (
            "prompts: [{name: a, description: d, messages: [{role: system, text: x}]}]",
            "cannot be 'system'",
        ),
        (
            "prompts: [{name: a, description: d, arguments: [{name: a b}], messages: [{text: x}]}]",
            "a name is letters, digits and _ only",
        ),
    ],
)
def test_what_is_wrong_with_a_catalogue_is_told_with_its_place(
    tmp_path: Path, text: str, said: str
) -> None:
    path = tmp_path / "shop.yaml"
    path.write_text(text)

    with pytest.raises(DefinitionError) as error:
        load_catalog(str(path))

    (problem,) = error.value.problems
    assert said in f"{problem.message} {problem.hint}"
    assert (problem.file, problem.line) == (str(path), 1)


def test_files_that_are_not_there_are_named(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="nowhere"):
        load_catalog(str(tmp_path / "nowhere.yaml"))
    with pytest.raises(NotFound, match="nowhere"):
        load_catalog(None, str(tmp_path / "nowhere"))


@given(st.text(), st.text())
def test_a_value_comes_out_as_it_went_in(value: str, around: str) -> None:
    text = around.replace("{", "").replace("}", "")

    assert filled(f"{text}{{x}}{text}", {"x": value}) == f"{text}{value}{text}"


@given(st.text(alphabet='{}abx_ "', max_size=40))
def test_only_the_places_that_are_told_of_are_filled(text: str) -> None:
    names = names_in(text)

    assert filled(text, {name: "{" + name + "}" for name in names}) == filled(
        text, {name: "{" + name + "}" for name in (*names, "other")}
    )
    if not names and "{{" not in text:
        assert filled(text, {}) == text


def test_pages_of_prompts_follow_one_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prompts, "PAGE", 2)
    entries = ", ".join(
        f"{{name: p{n}, description: d, messages: [{{text: x}}]}}" for n in range(5)
    )
    path = tmp_path / "shop.yaml"
    path.write_text(f"prompts: [{entries}]")

    async def work() -> None:
        async with served(flows.hello, catalog=load_catalog(str(path))) as here:
            names: list[str] = []
            cursor: str | None = None
            for _ in range(4):
                page = await here.client.list_prompts(cursor=cursor)
                names += [one.name for one in page.prompts]
                cursor = page.next_cursor
                if cursor is None:
                    break

        assert names == ["p0", "p1", "p2", "p3", "p4"]

    run(work)


def test_of_a_very_large_folder_only_the_beginning_is_listed(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shelf, "FILES_LISTED_MAX", 1)

    async def work() -> None:
        async with served(flows.hello, catalog=catalog_in(folder)) as here:
            listed = [one.uri for one in (await here.client.list_resources()).resources]
            page = await contents_of(here, "shop://manual/in/one%20page.txt")

        assert listed == ["shop://terms", "shop://logo", "shop://manual/bytes"]
        assert page.text == "Page one."

    run(work)
