"""The first page of the box's document: what holds for all calls, what each group and the main calls are about.

Words only; a test finds groups and calls that are not there.
"""

from collections.abc import Mapping

DESCRIPTION = """\
Stock that is right, on the store's own box: everything works with the connection to head office cut.

**Who asks.** A till or another program sends a key of the box, `Authorization: Bearer KEY`; its name is the actor. \
People log in (`POST /api/v1/auth/login`) and a cookie says who they are.

**Numbers.** Quantities and money are decimal text (`"2.5"`); JSON numbers are accepted. Times are RFC 3339 in UTC. \
Barcodes are text. A parameter or field that there is not is refused, never ignored.

**Writing.** 201 means that it is on the disk. Send an `Idempotency-Key` that you made before the first try and keep \
with the sale: the same again has no second effect, for ever, and gets the first answer with \
`Idempotency-Replayed: true`. A key that this box knows from before it was set up again is answered with \
`already_recorded`.

**Errors.** `application/problem+json` (RFC 9457) with a `code` that never changes, words for people, `errors` with a \
pointer to each wrong field, and often a `remedy`. What is refused has changed nothing. 503 and 507 are worth another \
try, with the same key.

**Hearing of things.** `GET /api/v1/events` is a stream of server-sent events: each scan, each change of stock, the \
state of the link.

`edge_agent/examples.http` in the source is ten minutes with this API, request by request; `edge_agent/README.md`, \
"Connecting a till", says what a till should do.
"""

GROUPS: Mapping[str, str] = {
    "scans": "What a code is, and a scan that acts by its mode: sell, receive, count, look up, transfer.",
    "assistant": "Several things at once: a plan, what it would change, done whole or not at all, and taken back.",
    "stock": "What is here, what moved, and moving it: one by one, or up to 500 in one transaction.",
    "products": "The catalogue as this store sees it, and products found on the shelf.",
    "events": "Everything that happens here, as it happens.",
    "counts": "Stocktakes and cycle counts, while the store sells.",
    "deliveries": "Orders whose goods are expected, and goods that come.",
    "transfers": "Goods between sites, both ends.",
    "alerts": "What needs a person.",
    "reports": "The store's own figures.",
    "labels": "Labels and the printers they go to.",
    "scanners": "The box's scanners, and setting one up.",
    "people": "Logging in, one's own sessions, a manager's approval.",
    "link": "How far head office has this ledger, and whether the box is well.",
}
"""In the order in which a reader wants them."""

ABOUT: Mapping[str, str] = {
    "post_scan": """\
The whole of a till's work for one beep. `mode` `sell` takes units off the shelf, `receive` puts them there, `lookup` \
moves nothing (200). `quantity` counts scans of the code: a pack's barcode stands for its own number of units, and \
weight- or price-embedded codes say their own amount. Unknown codes are 404 `unknown_code`.""",
    "post_movements": """\
A till's whole receipt, or its backlog: up to 500 rows in one transaction. Reasons include `sale`, `return`, `waste`, \
`receipt`; places follow from the reason when they are left out. With `error_policy` `reject_all` (the default) one \
wrong row refuses all; with `reject_failed` the others are booked, and each row says what became of it. A row's own \
`key` acts once, like the header's.""",
    "get_events": """\
`event: scan` is what a scan did (and `beep`, a name of this one reading); `event: stock` has the stock of each \
product that moved, and an `id`; `event: sync` is the state of the link; `event: resync` says to read everything \
again. Reconnect with `Last-Event-ID` (a browser's EventSource does): what moved since is told first. Events say what \
is there now, so hearing one twice does no harm. A comment comes every 15 s; a client that does not read is let go. \
The schema `EventData` says what is in `data`.""",
    "get_raw": """\
The schema `RawData` says what is in `data`. `bytes` come as the device sends them; a `frame` is what was made of \
them, and its `advice` says what to set otherwise on the scanner.""",
    "get_sync": """\
`pending` records wait for head office; `acked` of `head` are there. With `device` the position is noted as told to \
that handheld, which its late events can refer to.""",
    "get_products": """\
As somebody types: each word of `q` is a beginning of a word of name, SKU or category.""",
}
"""More than the summary says; Markdown."""
