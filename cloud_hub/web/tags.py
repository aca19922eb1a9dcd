"""ETags: `"VERSION.BODY"` of what was read; the version guards edits, the hash of the body spares reading again.

A version alone would not do for `If-None-Match`: an answer also tells what moves without
an edit (stock, a last login, a threshold that somebody else gives).
"""

from hashlib import blake2b


def tag_of(versioned: str | None, body: bytes) -> str:
    """The ETag of an answer; `versioned` is the ETag of what it shows, if that can be edited."""
    read = blake2b(body, digest_size=9).hexdigest()
    return f'"{read}"' if versioned is None else f'"{versioned.strip(chr(34))}.{read}"'


def version_of(tag: str) -> str:
    """What an `If-Match` asks for."""
    return tag.removeprefix("W/").strip('"').partition(".")[0]


def is_known(tag: str, if_none_match: str | None) -> bool:
    """Whether the caller has this very answer."""
    if if_none_match is None:
        return False
    return if_none_match.strip() == "*" or tag in (each.strip().removeprefix("W/") for each in if_none_match.split(","))
