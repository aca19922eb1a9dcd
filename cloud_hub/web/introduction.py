"""The first page of the published document: what holds for all calls, and what each group of them is about.

Words only; a test finds groups that nobody introduces.
"""

from collections.abc import Mapping

DESCRIPTION = """\
Stock that is right in every store: head office's side, for people, tills and ERPs.

**Who asks.** `POST /api/v1/auth/login` gives an access token for 15 minutes; programs are better off with an API key \
(`POST /api/v1/api-keys`). Either goes into `Authorization: Bearer …`.

**Numbers.** Quantities and money are decimal strings (`"2.5"`); JSON numbers are accepted. Barcodes are text and are \
answered as GTIN-14, with leading zeros. Times are RFC 3339 in UTC; days are those of the site's own `timezone`.

**Writing.** Send an `Idempotency-Key` that you made before the first try: the same again has no second effect, gets \
the first answer and `Idempotency-Replayed: true`. A change of stock at a store is **202** and a command \
(`GET /api/v1/commands/{id}`): the store's box decides. At sites that head office runs it is 201 at once. \
`If-Match` with the `ETag` that you read refuses to overwrite what somebody else wrote since (412).

**Lists.** `next_cursor` (and `Link`) leads to the next page; null is the end. `limit` is at most 500. A parameter or \
field that there is not is refused, never ignored.

**Errors.** `application/problem+json` with a `code` that never changes, `errors` by field, and a `trace_id` that \
finds the request in the hub's log. 429 and 503 say in `Retry-After` when to ask again.

**Hearing of things.** `GET /api/v1/changes` pages through everything that happened; webhooks send the same events. \
Each one's fields and the signature are under `webhooks` in this document.

`cloud_hub/examples.http` in the source is an hour with this API, request by request.
"""

GROUPS: Mapping[str, str] = {
    "people": "Logging in, one's own profile, and who may do what.",
    "api keys": "What programs log in with: scopes, sites and an end.",
    "products": "The catalogue: products, categories, barcodes, what a site says itself of a product.",
    "stock": "What lies where, what moved, and moving it: adjustments, reservations, transfers, stocktakes.",
    "sales": "Selling at sites that head office runs, and what all sites sold.",
    "purchasing": "Orders, receipts, restocking, and who may approve how much.",
    "vendors": "Whom the chain buys from, for how much, and who is best.",
    "alerts": "What needs a person, and how people are told.",
    "reports": "Figures: inventory reports by period, movements by whom, losses, trends, what sells.",
    "imports": "Sheets (CSV, XLSX) in and out; each is a job.",
    "jobs": "Work that takes long: progress, errors by row, cancel.",
    "changes": "Everything that happens, as a feed with a cursor.",
    "webhooks": "The same events, sent to you.",
    "sites": "Stores with a box and warehouses without, and the chain's thresholds.",
    "fleet": "The stores' boxes: are they heard, and how far behind are they.",
    "devices": "Enrolling, renewing and revoking boxes.",
    "repairs": "What was odd and is kept for a person: lost edits, unread records, fenced boxes.",
    "audit": "Who did what and who was refused what, in a chain that shows tampering.",
    "snapshots": "For boxes that begin: the state of their site.",
}
"""In the order in which a reader wants them."""
