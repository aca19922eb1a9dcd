"""F32, F35: cookies that scripts cannot read, writes from our own pages only, CORS for named origins, public keys."""

from http.cookies import SimpleCookie
from typing import Any

import jwt
import pytest

from cloud_hub.config import Config
from cloud_hub.domain import tokens
from cloud_hub.domain.permissions import Role
from cloud_hub.errors import Misconfigured
from cloud_hub.web import browsers
from tests.integration.hub_web.conftest import PASSWORD, Reply, Running, Serve

CONSOLE = "https://console.example"
LOGIN = {"username": "admin", "password": PASSWORD}
ELSEWHERE: list[dict[str, str]] = [
    {},
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": ""},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "none"},
    {"Origin": "https://evil.example", "Sec-Fetch-Site": "same-origin"},
    {"Origin": CONSOLE},
]


def cookies_of(reply: Reply) -> dict[str, Any]:
    jar: SimpleCookie = SimpleCookie()
    for line in reply.headers.getall("Set-Cookie", []):
        jar.load(line)
    return dict(jar)


def as_header(cookies: dict[str, Any]) -> str:
    return "; ".join(f"{name}={cookie.value}" for name, cookie in cookies.items())


async def log_in(hub: Running, **headers: str) -> Reply:
    return await hub.nobody.post("/auth/login?mode=cookie", LOGIN, **{"Origin": hub.url, **headers})


async def test_in_a_browser_both_tokens_are_in_host_cookies_and_nowhere_else(hub: Running) -> None:
    await hub.add_user("admin", Role.ADMIN)
    reply = await log_in(hub)
    assert (reply.status, reply.body) == (204, "")
    cookies = cookies_of(reply)
    assert set(cookies) == {browsers.ACCESS, browsers.REFRESH}
    for name, cookie in cookies.items():
        assert name.startswith("__Host-")
        assert (cookie["path"], cookie["domain"], cookie["samesite"]) == ("/", "", "Strict")
        assert cookie["secure"] and cookie["httponly"]
        assert int(cookie["max-age"]) > 0


async def test_a_cookie_reads_and_a_write_with_it_must_come_from_our_own_page(hub: Running) -> None:
    admin = await hub.add_user("admin", Role.ADMIN)
    cookie = as_header(cookies_of(await log_in(hub)))
    assert (await hub.nobody.get("/me", Cookie=cookie)).status == 200
    site = {"code": "a", "name": "A"}
    for headers in ELSEWHERE:
        for method, path, body in (("POST", "/sites", site), ("PATCH", "/me", {"full_name": "x"})):
            names = {name.replace("-", "_"): value for name, value in headers.items()}
            reply = await hub.nobody.ask(method, path, body, Cookie=cookie, **names)
            assert (reply.status, reply.body["code"]) == (403, "cross_site"), headers
    assert (await admin.get("/sites")).body["items"] == []
    assert (await hub.nobody.post("/sites", site, Cookie=cookie, Origin=hub.url)).status == 201
    for_fetch = {**site, "code": "b"}
    assert (await hub.nobody.post("/sites", for_fetch, Cookie=cookie, Sec_Fetch_Site="same-origin")).status == 201


async def test_no_other_page_logs_a_browser_in_or_refreshes_it(hub: Running) -> None:
    await hub.add_user("admin", Role.ADMIN)
    cookie = as_header(cookies_of(await log_in(hub)))
    for headers in ELSEWHERE:
        names = {name.replace("-", "_"): value for name, value in headers.items()}
        assert (await hub.nobody.post("/auth/login?mode=cookie", LOGIN, **names)).status == 403
        assert (await hub.nobody.post("/auth/refresh", {}, Cookie=cookie, **names)).status == 403


async def test_a_browser_refreshes_and_logs_out_by_its_cookies(hub: Running) -> None:
    await hub.add_user("admin", Role.ADMIN)
    first = cookies_of(await log_in(hub))
    only_refresh = f"{browsers.REFRESH}={first[browsers.REFRESH].value}"
    reply = await hub.nobody.post("/auth/refresh", {}, Cookie=only_refresh, Origin=hub.url)
    assert reply.status == 204
    second = cookies_of(reply)
    assert second[browsers.REFRESH].value != first[browsers.REFRESH].value
    out = await hub.nobody.post("/auth/logout", Cookie=as_header(second), Origin=hub.url)
    assert out.status == 204
    assert {(cookie.value, cookie["max-age"]) for cookie in cookies_of(out).values()} == {("", "0")}
    assert (await hub.nobody.get("/me", Cookie=as_header(second))).status == 401
    assert (await hub.nobody.post("/auth/refresh", {}, Cookie=as_header(second), Origin=hub.url)).status == 401
    assert (await hub.nobody.post("/auth/refresh", {})).status == 401


async def test_a_bearer_token_wins_over_cookies_and_needs_no_origin(hub: Running) -> None:
    admin = await hub.add_user("admin", Role.ADMIN)
    clerk = await hub.add_user("clerk", Role.STAFF)
    cookie = as_header(cookies_of(await log_in(hub)))
    assert (await clerk.get("/me", Cookie=cookie)).body["username"] == "clerk"
    assert (await admin.post("/sites", {"code": "a", "name": "A"}, Origin="https://evil.example")).status == 201


async def test_behind_a_proxy_the_pages_of_the_hub_are_https(serve: Serve) -> None:
    async with serve(behind_tls_proxy=True) as hub:
        await hub.add_user("admin", Role.ADMIN)
        host = hub.url.removeprefix("http://")
        assert (await log_in(hub, Origin=f"http://{host}")).status == 403
        assert (await log_in(hub, Origin=f"https://{host}")).status == 204


async def test_a_named_origin_may_call_from_a_browser_and_no_other_may(serve: Serve) -> None:
    async with serve(cors_origins=[CONSOLE]) as hub:
        await hub.add_user("admin", Role.ADMIN)
        asked = {"Origin": CONSOLE, "Access_Control_Request_Method": "PATCH"}
        preflight = await hub.nobody.ask("OPTIONS", "/me", **asked)
        assert (preflight.status, "PATCH" in preflight.headers["Access-Control-Allow-Methods"]) == (204, True)
        cookie = as_header(cookies_of(await log_in(hub, Origin=CONSOLE)))
        reply = await hub.nobody.patch("/me", {"full_name": "Ada"}, Cookie=cookie, Origin=CONSOLE)
        assert reply.status == 200
        streamed = await hub.nobody.get("/events", Cookie=cookie, Origin=CONSOLE)
        assert "X-Trace-Id" in streamed.headers, "a stream's head says what every answer's says"
        for answer in (preflight, reply, streamed, await hub.nobody.get("/me", Origin=CONSOLE)):
            assert answer.headers["Access-Control-Allow-Origin"] == CONSOLE
            assert answer.headers["Access-Control-Allow-Credentials"] == "true"
            assert answer.headers["Vary"] == "Origin"
        for origin in ("https://evil.example", f"{CONSOLE}.evil.example", "null", "*"):
            other = await hub.nobody.ask("OPTIONS", "/me", **{**asked, "Origin": origin})
            assert (other.status, "Access-Control-Allow-Origin" in other.headers) == (405, False)


@pytest.mark.parametrize("origins", ["*", "https://*.example", "http://console.example", "https://a.example/path", "a"])
def test_a_careless_origin_is_a_mistake_in_the_configuration(origins: str) -> None:
    given = {"HUB_DATABASE_URL": "postgresql://hub@127.0.0.1/hub", "HUB_CORS_ORIGINS": origins}
    with pytest.raises(Misconfigured, match="cors_origins"):
        Config.load(None, given)


def test_origins_are_given_as_a_list_or_as_text() -> None:
    given = {
        "HUB_DATABASE_URL": "postgresql://hub@127.0.0.1/hub",
        "HUB_CORS_ORIGINS": f"{CONSOLE}, http://localhost:5173",
    }
    assert Config.load(None, given).cors_origins == (CONSOLE, "http://localhost:5173")


async def test_the_public_keys_check_our_tokens_and_a_replaced_key_goes_on_for_a_while(hub: Running) -> None:
    before = await hub.add_user("before", Role.ADMIN)
    hub.core.keyring.tokens.replace(4_000_000_000)
    after = await hub.add_user("after", Role.ADMIN)
    async with hub.session.get(f"{hub.url}/.well-known/jwks.json") as response:
        assert (response.status, response.content_type) == (200, "application/jwk-set+json")
        keys = {key.key_id: key for key in jwt.PyJWKSet.from_dict(await response.json(content_type=None)).keys}
    assert len(keys) == 2
    kids = set()
    for client in (before, after):
        assert client.token is not None
        kid = jwt.get_unverified_header(client.token)["kid"]
        kids.add(kid)
        claims = jwt.decode(client.token, keys[kid], algorithms=["EdDSA"], audience=tokens.AUDIENCE)
        assert claims["iss"] == tokens.ISSUER
        assert (await client.get("/me")).status == 200
    assert kids == set(keys)
    hub.core.keyring.tokens.replace(4_000_000_001, forget_old=True)
    fresh = await hub.nobody.log_in("after")
    other = await hub.nobody.log_in("before")
    for client in (fresh, other):
        assert (await client.get("/me")).status == 200
    async with hub.session.get(f"{hub.url}/.well-known/jwks.json") as response:
        assert len((await response.json(content_type=None))["keys"]) == 1
