"""Every maximum of the protocol, each with its reason.

Both ends check these before they read, allocate or decompress. A number here is
part of the protocol: lowering one is a breaking change (see SPEC.md, "Limits").
"""

VERSION_MIN = 1
VERSION_MAX = 1

RECORD_BYTES_MAX = 16_384
"""One encoded record; a movement is about 120 bytes, a product with metadata a few kilobytes."""

BATCH_RECORDS_MAX = 2_000
"""More gains nothing (measured) and makes a lost batch expensive."""

BATCH_RECORDS_BACKLOG = 1_000
"""What a sender puts in a batch while it drains a backlog."""

BATCH_BYTES_MAX = 262_144
"""A whole batch on the wire. Brokers must accept packets of this size."""

PAYLOAD_BYTES_MAX = 2_097_152
"""A payload after decompression; checked in the frame header before a byte is inflated. Parsing
JSON costs up to twelve times its size in memory (measured), and a box has 512 MB."""

CONTROL_BYTES_MAX = 65_536
"""A JSON control message (Hello, Ack, ...)."""

CERTIFICATE_CHARS_MAX = 16_384
"""One take-over is some 400 bytes, so that thirty since the last verified backup can be told."""

CREDITS_MAX = 16
"""Batches one origin may have in flight, whatever the hub offers."""

CHECKPOINTS_MAX = 40
"""Exponentially spaced (position, hash) pairs in a Hello."""

KEY_CHARS_MAX = 128
"""An idempotency key made by a caller."""

TEXT_CHARS_MAX = 500
"""A document reference, note, actor or name inside a record."""

QUANTITY_MAX = 10**15
"""Thousandths: a million million pieces. Keeps every sum inside 63 bits."""

STALL_TIMEOUT_MS = 30_000
"""Pending work, credits, and silence from the hub for this long: drop the connection."""

PING_AFTER_MS = 60_000
"""An edge that has nothing to say asks after this much silence whether its session still stands."""

RESEND_TIMEOUT_MS = 8_000
"""No progress of the mark for this long while batches are in flight: go back to mark + 1."""

HELLO_TIMEOUT_MS = 10_000
"""No Welcome for this long: drop the connection."""

RECONNECT_BASE_MS = 500
RECONNECT_CAP_MS = 60_000

RETENTION_MS = 35 * 24 * 3_600_000
"""What an edge keeps below the safe mark: longer than any hub backup that could be restored."""

DIGEST_BUCKETS = 256

SNAPSHOT_CHUNK_BYTES = 262_144
"""Compressed size to aim for; a chunk is the unit of resumption."""

SNAPSHOT_CHUNK_BYTES_MAX = 4 * SNAPSHOT_CHUNK_BYTES
