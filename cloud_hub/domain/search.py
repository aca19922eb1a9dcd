"""What somebody types into a search field, as words: without accents, in any order, by their beginnings.

The same folding as the column `products.search` (storage/schema/catalogue.py): letters lose
their accents, marks part words. Pure.
"""

import re
import unicodedata

WORDS_MAX = 10
WORD_CHARS_MAX = 64
"""So much of each word is kept in the order of names."""
_FIRST, _LAST = " ", "\U0010ffff"
"""Before and behind whatever a word may go on with."""
_ACCENTS = re.compile("[\u0300-\u036f]")
_WORD = re.compile(r"\w+")
_CODE = re.compile(r"\d{4,14}")


def fold(text: str) -> str:
    """Lower case without accents."""
    return _ACCENTS.sub("", unicodedata.normalize("NFKD", text)).lower()


def tsquery(text: str) -> str:
    """A tsquery that every word fits: by its beginning, a single letter as it stands; of no words: nothing fits."""
    return " & ".join(f"'{word}':*" if len(word) > 1 else f"'{word}'" for word in _words(text))


def only_word(text: str) -> tuple[str, str] | None:
    """Where the words that fit begin and end, in byte order, when one word was typed; None: several, or a number."""
    words = _words(text)
    if len(words) != 1 or words[0][0].isdigit() or len(words[0]) > WORD_CHARS_MAX:
        return None
    (word,) = words
    return word, f"{word}{_LAST if len(word) > 1 else _FIRST}"


def _words(text: str) -> list[str]:
    return [word for found in _WORD.findall(fold(text)) for word in found.split("_") if word][:WORDS_MAX]


def code_prefixes(text: str) -> list[str]:
    """How the codes begin (GTINs of 8, 12 or 13 digits are kept with zeros in front) that somebody types."""
    typed = text.strip()
    if not _CODE.fullmatch(typed):
        return []
    return sorted({typed, *(("0" * zeros + typed)[:14] for zeros in (1, 2, 6))})
