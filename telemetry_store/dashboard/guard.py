"""Who may see the dashboard, and what its pages may do: in front of Datasette, so that nothing of it is forgotten.

Without a secret only a browser on this machine is let in, under a name of this machine: a page of some other site
that has its own name resolve to 127.0.0.1 is not. With a secret every request needs it, in a header or a cookie.
"""

from __future__ import annotations

import asyncio
import hmac
import ipaddress
from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from telemetry_store.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping

    Scope = MutableMapping[str, Any]
    Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
    Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
    App = Callable[[Scope, Receive, Send], Awaitable[None]]

#: The address of the form that takes the secret.
LOGIN = "/-/secret"
#: The cookie that stands for the secret; how short that may be, and how large its form, in characters and bytes.
_COOKIE = "telemetry_dashboard"
_SHORTEST_SECRET = 16
_LARGEST_FORM = 4096
#: Seconds that a wrong secret takes.
_SLOW = 0.5
#: Pages load from, send to and are framed by nobody but this server; Vega makes functions from text.
_POLICY = (
    "default-src 'none'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; font-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'self'"
)
_HEADERS = [
    (b"content-security-policy", _POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
]
_FORM = """<!DOCTYPE html><html lang="en"><meta charset="utf-8"><title>Telemetry</title>
<body style="font-family: sans-serif; margin: 4rem auto; max-width: 24rem"><h1>Telemetry</h1>
<form method="post" action="{login}"><label>Secret <input type="password" name="secret" autofocus></label>
<button>Open</button></form><p>{message}</p></body></html>"""


def is_loopback(host: str) -> bool:
    """Tell whether an address to listen on is reached from this machine only."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def check_exposure(host: str, secret: str | None) -> None:
    """Raise UsageError where others could reach the host and there is no secret, or where a secret is too short."""
    if secret is None and not is_loopback(host):
        hint = "give --secret, or keep 127.0.0.1 and reach it through `ssh -L`"
        raise UsageError(f"{host} can be reached from other machines, and there is no secret", hint)
    if secret is not None and len(secret) < _SHORTEST_SECRET:
        raise UsageError(f"the secret has {len(secret)} characters", f"use {_SHORTEST_SECRET} or more")


class Guard:
    """An ASGI application in front of another.

    Args:
        app: what is guarded.
        host: the address that is listened on.
        secret: what a request must bring as `Authorization: Bearer SECRET` or get as a cookie from the form, or None;
            see check_exposure().
    """

    def __init__(self, app: App, host: str, secret: str | None = None) -> None:
        check_exposure(host, secret)
        self._app = app
        self._secret = secret
        self._hosts = {"localhost", "127.0.0.1", "::1", host.strip("[]").lower()}
        self._pass = hmac.new((secret or "").encode(), b"telemetry dashboard", "sha256").hexdigest()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            await self._answer(scope, receive, _with_headers(send))

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        if _is_sent_by_another_site(scope, headers):
            await _reply(send, 403, "Pages of other sites may link here, and ask nothing.")
        elif self._secret is None:
            if _name_of(headers.get("host", "")) in self._hosts:
                await self._app(scope, receive, send)
            else:
                await _reply(send, 403, "This server answers to names of its own machine only.")
        elif self._may_pass(headers):
            await self._app({**scope, "headers": _without_pass(scope["headers"])}, receive, send)
        elif scope["path"] == LOGIN and scope["method"] == "POST":
            await self._login(receive, send)
        else:
            await _reply(send, 403, _FORM.format(login=LOGIN, message=""))

    def _may_pass(self, headers: MutableMapping[str, str]) -> bool:
        kind, _, secret = headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer" and self._is_secret(secret.strip()):
            return True
        try:
            cookie = SimpleCookie(headers.get("cookie", "")).get(_COOKIE)
        except CookieError:
            return False
        return cookie is not None and hmac.compare_digest(cookie.value.encode(), self._pass.encode())

    def _is_secret(self, text: str) -> bool:
        return hmac.compare_digest(text.encode(), (self._secret or "").encode())

    async def _login(self, receive: Receive, send: Send) -> None:
        body, more = b"", True
        while more and len(body) <= _LARGEST_FORM:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        secret = parse_qs(body.decode("utf-8", "replace")).get("secret", [""])[0]
        if self._is_secret(secret):
            cookie = f"{_COOKIE}={self._pass}; Path=/; HttpOnly; SameSite=Strict"
            await _reply(send, 303, "", [(b"location", b"/"), (b"set-cookie", cookie.encode())])
        else:
            await asyncio.sleep(_SLOW)
            await _reply(send, 403, _FORM.format(login=LOGIN, message="That is not the secret."))


def _is_sent_by_another_site(scope: Scope, headers: MutableMapping[str, str]) -> bool:
    """Tell whether a page of another site makes the browser ask something, which could be costly SQL.

    Browsers say so in the header Sec-Fetch-Site (w3.org/TR/fetch-metadata); following a plain link is allowed.
    """
    if headers.get("sec-fetch-site", "none") in ("none", "same-origin"):
        return False
    return bool(scope.get("query_string")) or headers.get("sec-fetch-mode") != "navigate" or scope["method"] != "GET"


def _name_of(host: str) -> str:
    """The name in a Host header, without the port."""
    name = host.rsplit("]", 1)[0].lstrip("[") if host.startswith("[") else host.rsplit(":", 1)[0]
    return name.lower()


def _without_pass(headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """The headers without our cookie: datasette-dashboards repeats cookies in answers, readable by scripts."""
    kept = [(name, value) for name, value in headers if name.lower() not in (b"authorization", b"cookie")]
    cookies = b";".join(value for name, value in headers if name.lower() == b"cookie").split(b";")
    others = [cookie.strip() for cookie in cookies if cookie.strip().split(b"=")[0] not in (b"", _COOKIE.encode())]
    return [*kept, (b"cookie", b"; ".join(others))] if others else kept


def _with_headers(send: Send) -> Send:
    async def sending(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message.get("headers", []), *_HEADERS]}
        await send(message)

    return sending


async def _reply(send: Send, status: int, text: str, headers: list[tuple[bytes, bytes]] | None = None) -> None:
    start = [(b"content-type", b"text/html; charset=utf-8"), (b"cache-control", b"no-store"), *(headers or [])]
    await send({"type": "http.response.start", "status": status, "headers": start})
    await send({"type": "http.response.body", "body": text.encode()})
