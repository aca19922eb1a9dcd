"""A hub that only serves snapshots over real HTTP: signed manifests, chunks, and knobs to misbehave with."""

import jwt
from aiohttp import web

from sync_protocol import chain
from sync_protocol.messages import FeedCursor
from sync_protocol.records import Fact, encode
from sync_protocol.snapshot import Chunk, ChunkRef, Manifest, Uplink, chunk, sign_manifest
from tests.unit.edge_agent_sync.builders import DEVICE, FEED, HUB_KEY, RECORD_KEY, SITE


class SnapshotHub:
    """Serves whatever `records` are at the moment of the manifest."""

    def __init__(self, records: list[Fact]) -> None:
        self.records = records
        self.kind = "catalogue"
        self.feed = FeedCursor(origin_id=FEED, position=7, hash=chain.genesis(SITE, FEED).hex())
        self.uplink: Uplink | None = None
        self.asked: list[str] = []
        self.fail_after: int | None = None
        self.damaged = False
        self.is_forged = False
        self._chunks: dict[str, Chunk] = {}

    def application(self) -> web.Application:
        app = web.Application()
        app.router.add_get(f"/api/v1/snapshots/{SITE}/manifest", self._manifest)
        app.router.add_get(f"/api/v1/snapshots/{SITE}/chunks/{{digest}}", self._chunk)
        return app

    def manifest(self) -> Manifest:
        self._chunks = {made.hash: made for made in chunk(encode(record) for record in self.records)}
        manifest = Manifest(
            site_id=SITE, kind=self.kind, feed=self.feed, uplink=self.uplink,
            chunks=[ChunkRef(hash=made.hash, bytes=len(made.data), records=made.records)
                    for made in self._chunks.values()],
            products=sum(record.kind == "product" for record in self.records),
        )  # fmt: skip
        return sign_manifest(manifest, RECORD_KEY.sign if self.is_forged else HUB_KEY.sign)

    async def _manifest(self, request: web.Request) -> web.Response:
        if not _is_allowed(request) or request.query["kind"] != self.kind:
            return web.json_response({"code": "token", "detail": "who are you"}, status=401)
        return web.Response(body=self.manifest().model_dump_json(exclude_none=True).encode())

    async def _chunk(self, request: web.Request) -> web.Response:
        if not _is_allowed(request):
            return web.Response(status=401)
        if self.fail_after is not None and len(self.asked) >= self.fail_after:
            return web.json_response({"code": "busy", "detail": "later"}, status=503)
        digest = request.match_info["digest"]
        self.asked.append(digest)
        data = self._chunks[digest].data
        return web.Response(body=data[:-1] + b"x" if self.damaged else data)


def _is_allowed(request: web.Request) -> bool:
    """As the hub checks it: a token of this device, signed by its record key."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    try:
        claims = jwt.decode(token, RECORD_KEY.public_key(), algorithms=["EdDSA"], audience="backstock-hub")
    except jwt.PyJWTError:
        return False
    return scheme == "Device" and claims["sub"] == DEVICE and claims["exp"] - claims["iat"] <= 60
