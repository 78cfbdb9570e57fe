"""Login at a provider of OpenID Connect: the way there, and the way back."""

from typing import Annotated, Any

import msgspec
from litestar import Request, Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromQuery, QueryParameter

from tenuto.server.accounts.cookies import Setting
from tenuto.server.accounts.oidc.admitting import user_of
from tenuto.server.accounts.oidc.flow import BEGUN_S_MAX
from tenuto.server.accounts.showing import is_secure, source_of
from tenuto.server.routes.login import set_cookie, set_login
from tenuto.server.service import Given

COOKIE = "tenuto_oidc"
_PATH = "/api/v1/auth/oidc"
_LOGIN = {"public": True, "limit": "login"}
Anybody = Request[Any, Any, Any]


class ProviderSummary(msgspec.Struct, kw_only=True):
    """A provider to log in at."""

    name: str
    label: str


@get("/auth/oidc/providers", tags=["login"], opt={"public": True}, sync_to_thread=False)
def list_providers(service: Given) -> list[ProviderSummary]:
    """Return the providers that people may log in at."""
    return [
        ProviderSummary(name=one.name, label=one.label or one.name)
        for one in service.providers.providers
    ]


@get("/auth/oidc/start", tags=["login"], opt=_LOGIN, status_code=302)
async def start(
    request: Anybody,
    service: Given,
    provider: Annotated[str, QueryParameter(max_length=100)],
    return_to: FromQuery[str] = "/",
) -> Response[None]:
    """Send a browser to the provider; afterwards it goes on to `return_to`, a path here."""
    callback = f"{str(request.base_url).rstrip('/')}{_PATH}/callback"
    url, sealed = await service.providers.start(
        provider, redirect_uri=callback, return_to=return_to
    )
    answer = _redirect(url)
    set_cookie(answer, _cookie(request, sealed, BEGUN_S_MAX))
    return answer


@get("/auth/oidc/callback", tags=["login"], opt=_LOGIN, status_code=302)
async def callback(request: Anybody, service: Given) -> Response[None]:
    """Take somebody back from the provider, and log them in by cookie."""
    secure = is_secure(request)
    sealed = request.cookies.get(_name(secure=secure), "")
    query = {name: str(value) for name, value in request.query_params.items()}
    provider, person, path = await service.providers.finish(sealed, query)
    source = source_of(request)
    directory = service.accounts.directory
    user = await user_of(person, provider, directory, service.clock, source)
    begun = await service.accounts.logins.begin(user, source, method=f"oidc:{provider.name}")
    answer = _redirect(path)
    set_login(answer, request, service, begun)
    set_cookie(answer, _cookie(request, "", 0))
    return answer


def _redirect(where: str) -> Response[None]:
    headers = {"Location": where, "Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
    return Response(None, status_code=302, headers=headers)


def _cookie(request: Anybody, value: str, seconds: int) -> Setting:
    secure = is_secure(request)
    return Setting(
        name=_name(secure=secure),
        value=value,
        path=_PATH,
        seconds=seconds,
        http_only=True,
        # The way back begins at the provider's page, from where a strict cookie would not come.
        same_site="lax",
        secure=secure,
    )


def _name(*, secure: bool) -> str:
    return f"__Secure-{COOKIE}" if secure else COOKIE


ROUTES: list[HTTPRouteHandler] = [list_providers, start, callback]
