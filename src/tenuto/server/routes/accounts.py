"""Users, keys and organisations."""

from datetime import datetime
from typing import Annotated, Any

import msgspec
from litestar import Response, delete, get, patch, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery, HeaderParameter, JSONBody, QueryParameter

from tenuto.ports.ledger import Record
from tenuto.server.accounts.keys import GRACE_MS, GRACE_MS_MAX
from tenuto.server.accounts.records import (
    Asking,
    Key,
    Organisation,
    User,
    digests_of,
    read,
    secrets_of,
)
from tenuto.server.asked import Call, source
from tenuto.server.paging import LIMIT_MAX, Page, cursor_of, place_of
from tenuto.server.principal import logged_in, needs
from tenuto.server.problems import ProblemError
from tenuto.server.service import Given, Service
from tenuto.views.moments import moment_text

Name = Annotated[str, msgspec.Meta(max_length=300)]
Patterns = Annotated[tuple[Annotated[str, msgspec.Meta(max_length=500)], ...], msgspec.Meta()]
Password = Annotated[str, msgspec.Meta(max_length=2000)]
Limit = Annotated[int, QueryParameter(ge=1, le=LIMIT_MAX)]
IfMatch = Annotated[str | None, HeaderParameter(name="If-Match")]
_KEYS = needs("keys:own", "keys:read", "keys:write")
_READ, _WRITE = needs("accounts:read"), needs("accounts:write")


class UserDetail(msgspec.Struct, kw_only=True):
    """A user. Passwords are never shown."""

    id: str
    name: str
    label: str
    roles: tuple[str, ...]
    grants: tuple[str, ...]
    disabled: bool
    has_password: bool
    version: int
    created_at: str
    updated_at: str


class NewUser(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A user who is to be."""

    name: Name
    """To log in by: an e-mail address or another short name."""
    label: Name = ""
    roles: tuple[Name, ...] = ("viewer",)
    grants: Patterns = ()
    password: Password = ""
    """Empty: login by password is not possible."""


class UserChange(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What is to be different; what is left out stays."""

    label: Name | msgspec.UnsetType = msgspec.UNSET
    roles: tuple[Name, ...] | msgspec.UnsetType = msgspec.UNSET
    grants: Patterns | msgspec.UnsetType = msgspec.UNSET
    disabled: bool | msgspec.UnsetType = msgspec.UNSET
    password: Password | msgspec.UnsetType = msgspec.UNSET


class KeyDetail(msgspec.Struct, kw_only=True):
    """A key. Its text is shown when it is made or rotated, and never again."""

    id: str
    user: str
    label: str
    scopes: tuple[str, ...] | None
    """Null: all that the user may."""
    expires_at: str | None
    former_until: str | None
    """How long the text before the last rotation works."""
    last_used_at: str | None
    version: int
    created_at: str
    updated_at: str


class KeyWithText(KeyDetail, kw_only=True):
    """A key that was just made or rotated."""

    key: str


class NewKey(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A key that is to be."""

    label: Name = ""
    user: Name = ""
    """Id of whose key it is; one's own by default."""
    scopes: Patterns | None = None
    expires_at: datetime | None = None


class Rotation(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """How long the present text goes on working."""

    grace_seconds: Annotated[int, msgspec.Meta(ge=0, le=GRACE_MS_MAX // 1000)] = GRACE_MS // 1000


class OrganisationDetail(msgspec.Struct, kw_only=True):
    """An organisation."""

    name: str
    label: str
    disabled: bool
    version: int
    created_at: str
    updated_at: str


class NewOrganisation(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """An organisation that is to be."""

    name: Name
    label: Name = ""


class Founded(OrganisationDetail, kw_only=True):
    """A new organisation, with the key of its first admin, which is shown this once."""

    admin: str
    key: str


class OrganisationChange(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What is to be different; what is left out stays."""

    label: Name | msgspec.UnsetType = msgspec.UNSET
    disabled: bool | msgspec.UnsetType = msgspec.UNSET


@get("/users", tags=["accounts"], opt=_READ)
async def list_users(
    request: Call, service: Given, limit: Limit = 100, cursor: FromQuery[str | None] = None
) -> Page[UserDetail]:
    """Return the organisation's users, by name."""
    found = await service.accounts.users.page(
        _asking(request), after=place_of(cursor, tuple[str, str]), limit=limit
    )
    return Page(items=[_user(one) for one in found], next_cursor=_next(found, limit))


@post("/users", tags=["accounts"], opt=_WRITE)
async def add_user(request: Call, service: Given, data: JSONBody[NewUser]) -> Response[UserDetail]:
    """Add a user."""
    made = await service.accounts.users.add(
        _asking(request),
        data.name,
        label=data.label,
        roles=data.roles,
        grants=data.grants,
        password=data.password,
    )
    return _versioned(_user(made), made, 201)


@get("/users/{user_id:str}", tags=["accounts"], opt=logged_in())
async def show_user(request: Call, service: Given, user_id: FromPath[str]) -> Response[UserDetail]:
    """Return a user; everybody may see themselves."""
    found = await service.accounts.users.get(_asking(request), user_id)
    return _versioned(_user(found), found)


@patch("/users/{user_id:str}", tags=["accounts"], opt=_WRITE)
async def change_user(
    request: Call,
    service: Given,
    user_id: FromPath[str],
    data: JSONBody[UserChange],
    if_match: IfMatch = None,
) -> Response[UserDetail]:
    """Change a user. Who is disabled, or gets a new password, is logged out at once."""
    changed = await service.accounts.users.change(
        _asking(request), user_id, expected=_version(if_match), **_given(data)
    )
    return _versioned(_user(changed), changed)


@delete("/users/{user_id:str}", tags=["accounts"], opt=_WRITE)
async def remove_user(
    request: Call, service: Given, user_id: FromPath[str], if_match: IfMatch = None
) -> None:
    """Delete a user with their keys and logins."""
    await service.accounts.users.remove(_asking(request), user_id, expected=_version(if_match))


@post("/users/{user_id:str}/logout", status_code=204, tags=["accounts"], opt=logged_in())
async def log_user_out(request: Call, service: Given, user_id: FromPath[str]) -> None:
    """End all logins of a user; everybody may end their own."""
    await service.accounts.users.log_out(_asking(request), user_id)


@get("/keys", tags=["accounts"], opt=_KEYS)
async def list_keys(
    request: Call,
    service: Given,
    everyone: FromQuery[bool] = False,
    limit: Limit = 100,
    cursor: FromQuery[str | None] = None,
) -> Page[KeyDetail]:
    """Return one's own keys; with `everyone` those of the organisation."""
    asking, keys = _asking(request), service.accounts.keys
    after = place_of(cursor, tuple[str, str])
    if everyone:
        found = await keys.page(asking, after=after, limit=limit)
        following = _next(found, limit)
    else:
        own = [one for one in await keys.own(asking) if not after or (one.name, one.id) > after]
        found = tuple(own[:limit])
        following = _next(found, limit) if len(own) > limit else None
    return Page(items=[await _key(service, one) for one in found], next_cursor=following)


@post("/keys", tags=["accounts"], opt=_KEYS)
async def add_key(request: Call, service: Given, data: JSONBody[NewKey]) -> Response[KeyWithText]:
    """Make a key. The answer holds its text, which is not shown again."""
    made = await service.accounts.keys.add(
        _asking(request),
        user=data.user,
        label=data.label,
        scopes=data.scopes,
        expires_ms=_ms(data.expires_at),
    )
    return await _told_once(service, made.record, made.text, 201)


@get("/keys/{key_id:str}", tags=["accounts"], opt=_KEYS)
async def show_key(request: Call, service: Given, key_id: FromPath[str]) -> Response[KeyDetail]:
    """Return a key, without its text."""
    found = await service.accounts.keys.get(_asking(request), key_id)
    return _versioned(await _key(service, found), found)


@post("/keys/{key_id:str}/rotate", status_code=200, tags=["accounts"], opt=_KEYS)
async def rotate_key(
    request: Call,
    service: Given,
    key_id: FromPath[str],
    data: JSONBody[Rotation],
    if_match: IfMatch = None,
) -> Response[KeyWithText]:
    """Give a key a new text; the present one goes on working for a while."""
    made = await service.accounts.keys.rotate(
        _asking(request),
        key_id,
        grace_ms=data.grace_seconds * 1000,
        expected=_version(if_match),
    )
    return await _told_once(service, made.record, made.text, 200)


@delete("/keys/{key_id:str}", tags=["accounts"], opt=_KEYS)
async def revoke_key(
    request: Call, service: Given, key_id: FromPath[str], if_match: IfMatch = None
) -> None:
    """End a key at once."""
    await service.accounts.keys.revoke(_asking(request), key_id, expected=_version(if_match))


@get("/organisations", tags=["accounts"], opt=logged_in())
async def list_organisations(
    request: Call, service: Given, limit: Limit = 100, cursor: FromQuery[str | None] = None
) -> Page[OrganisationDetail]:
    """Return one's own organisation; to who manages organisations, all of them."""
    found = await service.accounts.organisations.page(
        _asking(request), after=place_of(cursor, tuple[str, str]), limit=limit
    )
    return Page(items=[_organisation(one) for one in found], next_cursor=_next(found, limit))


@post("/organisations", tags=["accounts"], opt=_WRITE)
async def add_organisation(
    request: Call, service: Given, data: JSONBody[NewOrganisation]
) -> Response[Founded]:
    """Make an organisation with an admin, whose key is shown this once."""
    made = await service.accounts.organisations.add(_asking(request), data.name, label=data.label)
    told = Founded(**_facts(made.record), admin=made.admin, key=made.key_text)
    return _versioned(told, made.record, 201)


@get("/organisations/{name:str}", tags=["accounts"], opt=logged_in())
async def show_organisation(
    request: Call, service: Given, name: FromPath[str]
) -> Response[OrganisationDetail]:
    """Return an organisation."""
    found = await service.accounts.organisations.get(_asking(request), name)
    return _versioned(_organisation(found), found)


@patch("/organisations/{name:str}", tags=["accounts"], opt=_WRITE)
async def change_organisation(
    request: Call,
    service: Given,
    name: FromPath[str],
    data: JSONBody[OrganisationChange],
    if_match: IfMatch = None,
) -> Response[OrganisationDetail]:
    """Change an organisation. One that is disabled is shut out at once, and loses nothing."""
    changed = await service.accounts.organisations.change(
        _asking(request), name, expected=_version(if_match), **_given(data)
    )
    return _versioned(_organisation(changed), changed)


def _asking(request: Call) -> Asking:
    return Asking(principal=request.user, source=source(request))


def _given(data: msgspec.Struct) -> dict[str, Any]:
    """Return what the body names."""
    return {
        name: value
        for name in data.__struct_fields__
        if (value := getattr(data, name)) is not msgspec.UNSET
    }


def _version(if_match: str | None) -> int | None:
    if if_match is None or if_match == "*":
        return None
    text = if_match.strip().removeprefix("W/").strip('"')
    if not text.isascii() or not text.isdigit() or len(text) > 15:
        raise ProblemError("outdated", "The header If-Match is no ETag that this API gave.")
    return int(text)


def _versioned(body: Any, record: Record, status: int = 200) -> Response[Any]:
    return Response(body, status_code=status, headers={"ETag": f'"{record.version}"'})


async def _told_once(
    service: Service, record: Record, text: str, status: int
) -> Response[KeyWithText]:
    facts = msgspec.structs.asdict(await _key(service, record))
    answer = _versioned(KeyWithText(**facts, key=text), record, status)
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _next(found: tuple[Record, ...], limit: int) -> str | None:
    return cursor_of((found[-1].name, found[-1].id)) if len(found) == limit else None


def _ms(moment: datetime | None) -> int | None:
    if moment is None:
        return None
    if moment.tzinfo is None:
        raise ProblemError("bad_request", "expires_at names no time zone; end it with Z.")
    return round(moment.timestamp() * 1000)


def _text(ms: int | None) -> str | None:
    return None if not ms else moment_text(ms)


def _user(record: Record) -> UserDetail:
    user = read(record, User)
    return UserDetail(
        id=record.id,
        name=record.name,
        label=user.label,
        roles=user.roles,
        grants=user.grants,
        disabled=user.disabled,
        has_password=bool(secrets_of(record).password),
        version=record.version,
        created_at=moment_text(record.created_ms),
        updated_at=moment_text(record.updated_ms),
    )


async def _key(service: Service, record: Record) -> KeyDetail:
    key = read(record, Key)
    former_ms = digests_of(record).former_until_ms
    return KeyDetail(
        id=record.id,
        user=key.user,
        label=key.label,
        scopes=key.scopes,
        expires_at=_text(key.expires_ms),
        former_until=_text(former_ms if former_ms > service.clock.now_ms() else None),
        last_used_at=_text(await service.accounts.last_used_ms(record)),
        version=record.version,
        created_at=moment_text(record.created_ms),
        updated_at=moment_text(record.updated_ms),
    )


def _facts(record: Record) -> dict[str, Any]:
    said = read(record, Organisation)
    return {
        "name": record.id,
        "label": said.label,
        "disabled": said.disabled,
        "version": record.version,
        "created_at": moment_text(record.created_ms),
        "updated_at": moment_text(record.updated_ms),
    }


def _organisation(record: Record) -> OrganisationDetail:
    return OrganisationDetail(**_facts(record))


ROUTES: list[HTTPRouteHandler] = [
    list_users,
    add_user,
    show_user,
    change_user,
    remove_user,
    log_user_out,
    list_keys,
    add_key,
    show_key,
    rotate_key,
    revoke_key,
    list_organisations,
    add_organisation,
    show_organisation,
    change_organisation,
]
