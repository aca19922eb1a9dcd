"""Where things stand on a label: inside it, and never on one another, whatever its size."""

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from edge_agent.domain.label_design import Box, Content, Label, Template, describe
from edge_agent.domain.label_symbols import Article, Carrier, symbol_of

ARTICLES = {Carrier.EAN8: Article("00000096385074"), Carrier.CODE128: Article("INT-1")}
HAIR = 1e-6


def a_label(template: Template, carrier: Carrier, width: float, height: float) -> Label:
    article = ARTICLES.get(carrier, Article("04006381333931", "LOT-1", "2027-12-31"))
    content = Content(
        "Butter", "SKU-1", article.code, "2.49", "EUR", article.lot, article.expiry, symbol_of(article, carrier)
    )
    return describe(template, content, width, height)


@given(st.sampled_from(Template), st.sampled_from(Carrier), st.floats(20, 210), st.floats(10, 300))
def test_boxes_are_inside_the_label_and_never_overlap(
    template: Template, carrier: Carrier, width: float, height: float
) -> None:
    label = a_label(template, carrier, width, height)
    boxes = [label.symbol_box, *(field.box for field in label.fields)]
    assert all(_is_inside(box, width, height) for box in boxes if box.height > 0)
    assert not any(_overlap(one, other) for one, other in combinations(boxes, 2))


def test_a_lot_label_shows_what_its_symbol_says() -> None:
    texts = [field.text for field in a_label(Template.LOT, Carrier.DATAMATRIX, 60, 40).fields]
    assert texts == ["Butter", "LOT LOT-1", "EXP 2027-12-31", "04006381333931"]


def test_only_names_may_be_cut() -> None:
    for template in Template:
        for field in a_label(template, Carrier.EAN13, 60, 40).fields:
            assert field.may_cut is (field.text in ("Butter", "SKU-1"))


def test_a_product_without_a_price_has_a_shelf_label_without_one() -> None:
    article = Article("04006381333931")
    content = Content("Butter", "SKU-1", article.code, "", "", None, None, symbol_of(article, Carrier.EAN13))
    texts = [field.text for field in describe(Template.SHELF, content, 60, 40).fields]
    assert texts == ["Butter", "SKU-1", "4006381333931"]


def _is_inside(box: Box, width: float, height: float) -> bool:
    return min(box.x, box.y) >= 0 and box.x + box.width <= width + HAIR and box.y + box.height <= height + HAIR


def _overlap(one: Box, other: Box) -> bool:
    across = min(one.x + one.width, other.x + other.width) - max(one.x, other.x)
    down = min(one.y + one.height, other.y + other.height) - max(one.y, other.y)
    return across > HAIR and down > HAIR
