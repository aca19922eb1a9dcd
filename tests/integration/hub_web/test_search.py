"""F02, F17: search for one word is read in the order of names, whoever wrote the products and however many match."""

from tests.integration.hub_web.conftest import Client


async def found(admin: Client, query: str) -> list[str]:
    """The names of all that fit, page by page."""
    names: list[str] = []
    page = (await admin.get(f"/products?{query}")).body
    while page["items"]:
        names += [each["name"] for each in page["items"]]
        if page["next_cursor"] is None:
            break
        page = (await admin.get(f"/products?{query}&cursor={page['next_cursor']}")).body
    return names


async def make(admin: Client, *names: str, sku: str = "S") -> list[str]:
    rows = [{"sku": f"{sku}-{n}", "name": name} for n, name in enumerate(names)]
    made = await admin.post("/products/batch", {"products": rows})
    assert made.status in (200, 201), made.body
    return [row["product_id"] for row in made.body["results"]]


async def test_pages_of_a_word_meet_without_gap_in_the_order_of_names_and_backwards(admin: Client) -> None:
    names = ["Blue lantern lamp", "Amber lampshade", "Lamp", "Cold Lamps", "Lamp", "Limp"]
    await make(admin, *names)
    wanted = sorted(name for name in names if name != "Limp")
    for limit in (1, 2, 100):
        assert await found(admin, f"q=la&limit={limit}") == wanted
        assert await found(admin, f"q=la&sort=-name&limit={limit}") == wanted[::-1]
    assert await found(admin, "q=la&skip=2&limit=1") == wanted[2:3]


async def test_a_word_follows_what_the_product_is_called(admin: Client) -> None:
    first, _ = await make(admin, "Kettle", "Kettle drum")
    await admin.ask("PATCH", f"/products/{first}", {"name": "Teapot", "category": "Kitchen"})
    assert (await found(admin, "q=kettle"), await found(admin, "q=kitch")) == (["Kettle drum"], ["Teapot"])
    await admin.ask("PATCH", f"/products/{first}", {"price": "1.00"})
    assert await found(admin, "q=teap") == ["Teapot"]


async def test_more_words_than_lists_are_merged_of_are_found_as_well(admin: Client) -> None:
    names = [f"Qua{chr(97 + n // 26)}{chr(97 + n % 26)}" for n in range(40)]
    await make(admin, *names)
    assert await found(admin, "q=qua&limit=7") == names
    assert await found(admin, "q=quab&limit=7&sort=-name") == names[:25:-1]


async def test_a_single_letter_is_a_word_of_its_own_and_numbers_are_found_by_their_beginning(admin: Client) -> None:
    await make(admin, "Sugar 500 g", "Garlic 50 kg", sku="WDG")
    assert (await found(admin, "q=g"), await found(admin, "q=50")) == (["Sugar 500 g"], ["Garlic 50 kg", "Sugar 500 g"])


async def test_words_that_differ_only_behind_what_is_kept_of_them_do_no_harm(admin: Client) -> None:
    long = "x" * 64
    (product,) = await make(admin, f"{long}a {long}b")
    assert await found(admin, f"q={long[:60]}") == await found(admin, f"q={long}a") == [f"{long}a {long}b"]
    await admin.ask("PATCH", f"/products/{product}", {"name": f"{long}c {long}b"})
    assert (await found(admin, f"q={long}a"), await found(admin, f"q={long}c")) == ([], [f"{long}c {long}b"])


async def test_an_archived_product_is_in_no_list_that_does_not_ask_for_it(admin: Client) -> None:
    gone, _ = await make(admin, "Gone lamp", "Kept lamp")
    await admin.ask("DELETE", f"/products/{gone}")

    assert await found(admin, "q=lamp") == await found(admin, "category=") == ["Kept lamp"]
    both = ["Gone lamp", "Kept lamp"]
    assert await found(admin, "q=lamp&lifecycle=any") == await found(admin, "lifecycle=any") == both
    assert await found(admin, "q=lamp&lifecycle=archived") == ["Gone lamp"]
    await admin.post(f"/products/{gone}/restore")
    assert await found(admin, "q=lamp") == both
