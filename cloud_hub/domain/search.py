"""What somebody types into a search field, as words: without accents, in any order, by their beginnings.

The same folding as the column `products.search` (storage/schema/catalogue.py): letters lose
their accents, marks part words. Pure.
"""

import re
import unicodedata

WORDS_MAX = 10
_ACCENTS = re.compile("[\u0300-\u036f]")
_WORD = re.compile(r"\w+")
_CODE = re.compile(r"\d{4,14}")


def fold(text: str) -> str:
    """Lower case without accents."""
    return _ACCENTS.sub("", unicodedata.normalize("NFKD", text)).lower()


def tsquery(text: str) -> str:
    """A tsquery that every word fits: by its beginning, a single letter as it stands; of no words: nothing fits."""
    words = [word for found in _WORD.findall(fold(text)) for word in found.split("_") if word][:WORDS_MAX]
    return " & ".join(f"'{word}':*" if len(word) > 1 else f"'{word}'" for word in words)


def code_prefixes(text: str) -> list[str]:
    """How the codes begin (GTINs of 8, 12 or 13 digits are kept with zeros in front) that somebody types."""
    typed = text.strip()
    if not _CODE.fullmatch(typed):
        return []
    return sorted({typed, *(("0" * zeros + typed)[:14] for zeros in (1, 2, 6))})
