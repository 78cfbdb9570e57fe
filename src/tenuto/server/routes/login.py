"""Login: by password, for programs (tokens) and for pages (cookies); refresh; logout; who am I."""

from typing import Annotated, Any, Literal

import msgspec
from litestar import Request, Response, delete, get, post
from litestar.datastructures import Cookie
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, JSONBody

from tenuto.core.accounts.permissions import ALL
from tenuto.core.accounts.principal import HOME
from tenuto.ports.ledger import Record
from tenuto.server.accounts.cookies import REFRESH, Setting, cookies_of, no_cookies, value_of
from tenuto.server.accounts.logins import LoggedIn
from tenuto.server.accounts.records import Asking, Login, User, read
from tenuto.server.accounts.refusals import NoSuchAccount, NotAuthenticated
from tenuto.server.accounts.showing import check_csrf, check_origin, is_secure, source_of
from tenuto.server.asked import Call, source
from tenuto.server.principal import logged_in
from tenuto.server.problems import ProblemError
from tenuto.server.service import Given, Service
from tenuto.views.moments import moment_text

Anybody = Request[Any, Any, Any]
Text = Annotated[str, msgspec.Meta(max_length=2000)]
_ONESELF = logged_in()
_LOGIN = {"public": True, "limit": "login"}


class Credentials(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Who logs in, and how the answer is to be kept."""

    name: Text
    password: Text
    organisation: Text = HOME
    keep: Literal["token", "cookie"] = "token"
    """`token`: the answer holds the tokens. `cookie`: a browser keeps them, and no page reads
    them."""


class Refresh(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """The refresh token, where no cookie holds it."""

    refresh_token: Text = ""


class Passwords(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """The present password and the one that is to be."""

    old: Text
    new: Text


class Begun(msgspec.Struct, kw_only=True):
    """A login. With cookies the tokens are null."""

    access_token: str | None
    token_type: str
    expires_at: str
    refresh_token: str | None
    refresh_expires_at: str
    csrf_token: str
    """What a page sends as `X-CSRF-Token` with each change."""
    user: str
    name: str
    organisation: str


class Me(msgspec.Struct, kw_only=True):
    """Who asks, and what they may."""

    organisation: str
    user: str
    name: str
    roles: tuple[str, ...]
    grants: tuple[str, ...]
    scopes: tuple[str, ...] | None
    permissions: list[str]
    """Those that hold for all things; grants with conditions are not among them."""
    key: str
    proof: str
    expires_at: str | None


class LoginSummary(msgspec.Struct, kw_only=True):
    """A place where the user is logged in."""

    id: str
    current: bool
    method: str
    agent: str
    address: str
    began_at: str
    refreshed_at: str
    ends_at: str


@post("/auth/login", status_code=200, tags=["login"], opt=_LOGIN)
async def log_in(request: Anybody, service: Given, data: JSONBody[Credentials]) -> Response[Begun]:
    """Log in by name and password."""
    if data.keep == "cookie":
        _refuse_foreign(request)
    begun = await service.accounts.log_in(
        data.name, data.password, source_of(request), organisation=data.organisation
    )
    return answered(request, service, begun, cookie=data.keep == "cookie")


@post("/auth/refresh", status_code=200, tags=["login"], opt=_LOGIN)
async def refresh(
    request: Anybody, service: Given, data: JSONBody[Refresh | None] = None
) -> Response[Begun]:
    """Return new tokens for a refresh token, which is used up. A page sends only its cookies."""
    if data is not None and data.refresh_token:
        begun = await service.accounts.logins.refresh(data.refresh_token, source_of(request))
        return answered(request, service, begun, cookie=False)
    text = value_of(request.cookies, REFRESH, secure=is_secure(request))
    login = service.accounts.logins.login_of(text)
    if not login:
        raise NotAuthenticated("There is no valid refresh token in the body or a cookie.")
    check_csrf(service.accounts, request, login)
    begun = await service.accounts.logins.refresh(text, source_of(request))
    return answered(request, service, begun, cookie=True)


@post(
    "/auth/logout",
    status_code=204,
    tags=["login"],
    opt=_LOGIN,
    responses={204: ResponseSpec(None, description="The login has ended.")},
)
async def log_out(
    request: Anybody, service: Given, data: JSONBody[Refresh | None] = None
) -> Response[None]:
    """End the login of a refresh token, and all tokens of it, at once."""
    if data is not None and data.refresh_token:
        await service.accounts.logins.end_by_refresh(data.refresh_token, source_of(request))
        return Response(None, status_code=204)
    text = value_of(request.cookies, REFRESH, secure=is_secure(request))
    login = service.accounts.logins.login_of(text)
    if login:
        check_csrf(service.accounts, request, login)
        await service.accounts.logins.end_by_refresh(text, source_of(request))
    answer: Response[None] = Response(None, status_code=204)
    for cookie in no_cookies(secure=is_secure(request)):
        set_cookie(answer, cookie)
    return answer


@get("/auth/me", tags=["login"], opt=_ONESELF, sync_to_thread=False)
def me(request: Call) -> Me:
    """Return who asks, and what they may."""
    asker = request.user
    return Me(
        organisation=asker.organisation,
        user=asker.user,
        name=asker.name,
        roles=asker.roles,
        grants=asker.grants,
        scopes=asker.scopes,
        permissions=[one for one in ALL if asker.may(one)],
        key=asker.key,
        proof=asker.proof,
        expires_at=None if asker.expires_ms is None else moment_text(asker.expires_ms),
    )


@post("/auth/password", status_code=204, tags=["login"], opt=_ONESELF)
async def change_password(request: Call, service: Given, data: JSONBody[Passwords]) -> None:
    """Change one's own password; all one's logins end."""
    asking = Asking(principal=request.user, source=source(request))
    await service.accounts.change_own_password(asking, data.old, data.new)


@get("/auth/logins", tags=["login"], opt=_ONESELF)
async def list_logins(request: Call, service: Given) -> list[LoginSummary]:
    """Return where one is logged in."""
    found = await service.accounts.logins.of_user(request.user.organisation, request.user.user)
    return [_summary(record, request.user.login) for record in found]


@delete("/auth/logins/{login_id:str}", tags=["login"], opt=_ONESELF)
async def end_login(request: Call, service: Given, login_id: FromPath[str]) -> None:
    """End one of one's own logins."""
    asker = request.user
    own = await service.accounts.logins.of_user(asker.organisation, asker.user)
    if asker.key or login_id not in {record.id for record in own}:
        raise NoSuchAccount("login", login_id)
    await service.accounts.logins.end(Asking(principal=asker, source=source(request)), login_id)


def answered(
    request: Anybody, service: Service, begun: LoggedIn, *, cookie: bool
) -> Response[Begun]:
    """Return the answer to who has logged in, which no cache keeps."""
    answer = Response(
        Begun(
            access_token=None if cookie else begun.access,
            token_type="Bearer",
            expires_at=moment_text(begun.access_ends_ms),
            refresh_token=None if cookie else begun.refresh,
            refresh_expires_at=moment_text(begun.refresh_ends_ms),
            csrf_token=begun.csrf,
            user=begun.user.id,
            name=read(begun.user, User).label or begun.user.name,
            organisation=begun.user.tenant,
        ),
        status_code=200,
        headers={"Cache-Control": "no-store"},
    )
    if cookie:
        set_login(answer, request, service, begun)
    return answer


def set_login(answer: Response[Any], request: Anybody, service: Service, begun: LoggedIn) -> None:
    """Have the browser keep the cookies of a login."""
    secure = is_secure(request)
    for cookie in cookies_of(begun, service.clock.now_ms(), secure=secure):
        set_cookie(answer, cookie)


def set_cookie(answer: Response[Any], setting: Setting) -> None:
    """Have the browser keep a cookie, or drop it."""
    answer.set_cookie(
        Cookie(
            key=setting.name,
            value=setting.value,
            path=setting.path,
            max_age=setting.seconds,
            httponly=setting.http_only,
            samesite=setting.same_site,
            secure=setting.secure,
        )
    )


def _refuse_foreign(request: Anybody) -> None:
    """Refuse a page from elsewhere that would log its visitor in as somebody else."""
    if request.content_type[0] != "application/json":
        raise ProblemError("unsupported_media_type", "A login is sent as application/json.")
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise ProblemError("foreign_page", "A page of another origin asks for cookies of this one.")
    check_origin(request)


def _summary(record: Record, current: str) -> LoginSummary:
    login = read(record, Login)
    return LoginSummary(
        id=record.id,
        current=record.id == current,
        method=login.method,
        agent=login.agent,
        address=login.address,
        began_at=moment_text(record.created_ms),
        refreshed_at=moment_text(login.refreshed_ms),
        ends_at=moment_text(login.ends_ms),
    )


ROUTES: list[HTTPRouteHandler] = [
    log_in,
    refresh,
    log_out,
    me,
    change_password,
    list_logins,
    end_login,
]
