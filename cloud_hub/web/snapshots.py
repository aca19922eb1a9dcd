"""What a box downloads over HTTPS: snapshots of its site in content-addressed chunks.

Boxes only, each for its own site, with a token signed by its record key. A chunk's name
is its hash, so a download goes on where it stopped and a proxy may keep it for ever.
"""

from typing import Annotated

from aiohttp import web
from pydantic import StringConstraints

from cloud_hub.domain.permissions import Permission
from cloud_hub.errors import NotFound
from cloud_hub.web.fields import Input
from cloud_hub.web.operations import Call, Table

table = Table("snapshots")


class ManifestQuery(Input):
    kind: Annotated[str, StringConstraints(pattern=r"^[a-z_]{1,40}$")] = "catalogue"


@table.add("GET", "/snapshots/{site_id}/manifest", permission=Permission.SNAPSHOT_READ, device=True,
           query=ManifestQuery, errors=(NotFound,), produces="application/json")  # fmt: skip
async def get_manifest(call: Call[ManifestQuery, None]) -> web.Response:
    """The manifest of a snapshot of this box's site, made now"""
    call.principal.require_site(call.path["site_id"])
    manifest = await call.hub.snapshots.manifest(call.path["site_id"], call.query.kind, call.now_ms)
    return web.Response(body=manifest, content_type="application/json", headers={"Cache-Control": "no-store"})


@table.add("GET", "/snapshots/{site_id}/chunks/{hash}", permission=Permission.SNAPSHOT_READ, device=True,
           errors=(NotFound,), produces="application/octet-stream")  # fmt: skip
async def get_chunk(call: Call[None, None]) -> web.Response:
    """One chunk by its SHA-256"""
    call.principal.require_site(call.path["site_id"])
    data = await call.hub.snapshots.chunk(call.path["site_id"], call.path["hash"])
    if data is None:
        raise NotFound("chunk", "no such chunk (any more): fetch the manifest again")
    headers = {"Cache-Control": "private, max-age=31536000, immutable"}
    return web.Response(body=data, content_type="application/octet-stream", headers=headers)
