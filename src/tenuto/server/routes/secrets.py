"""Secrets: put, list, delete. No route gives back what one holds."""

from typing import Annotated

import msgspec
from litestar import Response, delete, get, put
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody

from tenuto.ports.ledger import Change, Record
from tenuto.server.asked import Call, source
from tenuto.server.etags import etag_of, expected_if_said
from tenuto.server.principal import needs
from tenuto.server.problems import ProblemError
from tenuto.server.secrets import SECRET, SECRET_CHARS_MAX, SecretName, Told
from tenuto.server.service import Given, Service
from tenuto.views.moments import moment_text


class NewSecret(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What a secret holds from now on."""

    value: Annotated[str, msgspec.Meta(min_length=1, max_length=SECRET_CHARS_MAX)]
    description: Annotated[str, msgspec.Meta(max_length=2_000)] = ""


class Secret(msgspec.Struct, kw_only=True):
    """A secret, without what it holds."""

    name: str
    description: str
    version: int
    created_at: str
    updated_at: str


def _secret(record: Record) -> Secret:
    told = msgspec.convert(record.value, Told)
    return Secret(
        name=record.id,
        description=told.description,
        version=record.version,
        created_at=moment_text(record.created_ms),
        updated_at=moment_text(record.updated_ms),
    )


@get("/secrets", tags=["secrets"], opt=needs("secrets:read"))
async def list_secrets(request: Call, service: Given) -> list[Secret]:
    """Return the organisation's secrets, by name, without what they hold."""
    return [_secret(record) for record in await service.secrets.all(request.user.organisation)]


@put("/secrets/{name:str}", tags=["secrets"], opt=needs("secrets:write"))
async def put_secret(
    request: Call, service: Given, name: FromPath[str], data: JSONBody[NewSecret]
) -> Response[Secret]:
    """Let the secret hold this value. Nothing gives it back.

    Models take the key of their provider from the secret that is called like the provider's
    environment variable, as `OPENAI_API_KEY`."""
    try:
        msgspec.convert(name, SecretName)
    except msgspec.ValidationError:
        raise ProblemError(
            "bad_request",
            f"A secret's name has letters, digits, '_', '.' and '-'; found {name!r:.100}.",
        ) from None
    await service.secrets.put(_change(request, service, name), data.value, data.description)
    record = await service.secrets.show(request.user.organisation, name)
    return Response(_secret(record), headers={"ETag": etag_of(record.version)})


@delete("/secrets/{name:str}", tags=["secrets"], opt=needs("secrets:write"))
async def delete_secret(request: Call, service: Given, name: FromPath[str]) -> None:
    """Delete a secret."""
    await service.secrets.remove(_change(request, service, name))


def _change(request: Call, service: Service, name: str) -> Change:
    change = service.change(request.user, "", (SECRET, name), source=source(request))
    return msgspec.structs.replace(change, expected=expected_if_said(request))


ROUTES: list[HTTPRouteHandler] = [list_secrets, put_secret, delete_secret]
