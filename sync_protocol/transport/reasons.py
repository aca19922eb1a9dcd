"""A broker's "no" in words for a person: MQTT 5's reason (section 2.4), the broker's own text, and what to do.

paho calls a connection that just broke "Unspecified error", the same as a broker that says
so; whether a DISCONNECT really came tells the two apart. Pure: it reads, it decides nothing.
"""

from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

CLOSED = (
    "closed without a word by the broker or on the way to it; tried again by itself. If it lasts: the broker's log "
    "says why (a refused client certificate looks like this)"
)
_REMEDIES = {
    0x84: "the broker must speak MQTT 5",
    0x86: "the password of this end's broker account is another: enrol again, or set it at the broker",
    0x87: "the broker's access list does not have this end: was the box revoked? Else load the list again",
    0x88: "tried again by itself",
    0x89: "tried again by itself",
    0x8A: "unban this client at the broker",
    0x8B: "tried again by itself",
    0x8D: "the line was silent for too long: check the way to the broker",
    0x8E: "another program is connected as this one: look for a copy of this box",
    0x95: "raise the broker's maximum packet size to 1 MiB",
    0x97: "raise the broker's quota, or its queue for this client",
    0x98: "somebody ended it at the broker; tried again by itself",
    0x9F: "the broker limits new connections; tried again by itself",
}
"""By reason code; a code that is not here speaks for itself."""


def in_words(reason: ReasonCode, properties: Properties | None = None) -> str:
    """`Not authorized (0x87), "no such user": what to do`."""
    own_words = getattr(properties, "ReasonString", "")
    said = f', "{own_words[:120]}"' if own_words else ""
    remedy = _REMEDIES.get(reason.value)
    return f"{reason} (0x{reason.value:02X}){said}" + (f": {remedy}" if remedy else "")


def slug(reason: ReasonCode) -> str:
    """A stable code of an MQTT reason: "Session taken over" -> "session_taken_over"."""
    return str(reason).lower().replace(" ", "_")
