"""What a believable small supermarket sells: families of goods, their kinds, prices and seasons.

Data only. A family's `kinds` times its `sizes` are its products; prices are minor units of the
middle size. `peak` is the month in which its season is highest, `swing` how far it goes up and
down (thousandths of the mean).
"""

from typing import NamedTuple


class Family(NamedTuple):
    """Goods that are alike in price, speed and season."""

    category: str
    brands: tuple[str, ...]
    kinds: tuple[str, ...]
    sizes: tuple[str, ...]
    price: int
    daily: int
    """Units of one product on an average day, in thousandths."""
    case: int
    peak: int = 6
    swing: int = 0


FAMILIES = (
    Family(
        "Dairy",
        ("Meadowbrook", "Alpine Farm"),
        ("Whole milk", "Semi-skimmed milk", "Oat drink", "Buttermilk"),
        ("0.5 l", "1 l", "1.5 l"),
        129,
        9000,
        12,
        peak=12,
        swing=80,
    ),
    Family(
        "Dairy",
        ("Meadowbrook", "Skyr Co"),
        ("Plain yoghurt", "Strawberry yoghurt", "Vanilla skyr", "Blueberry skyr"),
        ("150 g", "450 g"),
        119,
        5000,
        8,
        swing=150,
    ),
    Family(
        "Cheese",
        ("Alpine Farm", "Old Barrel"),
        ("Gouda slices", "Emmental", "Cheddar mature", "Feta", "Mozzarella"),
        ("125 g", "250 g"),
        249,
        3500,
        10,
        peak=12,
        swing=200,
    ),
    Family(
        "Bakery",
        ("Corner Oven", "Mill Street"),
        ("Sourdough loaf", "Wholegrain loaf", "Baguette", "Rye rolls", "Butter croissant"),
        ("small", "large"),
        279,
        7000,
        6,
        peak=1,
        swing=60,
    ),
    Family(
        "Beverages",
        ("Clearwell", "Fizzy Fox"),
        ("Still water", "Sparkling water", "Lemonade", "Cola", "Iced tea peach"),
        ("0.5 l", "1.5 l"),
        99,
        8000,
        6,
        peak=7,
        swing=600,
    ),
    Family(
        "Beverages",
        ("Orchard Lane", "Value"),
        ("Orange juice", "Apple juice", "Multivitamin juice", "Tomato juice"),
        ("0.33 l", "1 l"),
        199,
        3000,
        6,
        peak=2,
        swing=150,
    ),
    Family(
        "Coffee and tea",
        ("Harbour Roast", "Green Kettle"),
        ("Filter coffee", "Espresso beans", "Earl Grey", "Peppermint tea"),
        ("250 g", "500 g"),
        549,
        1800,
        12,
        peak=12,
        swing=300,
    ),
    Family(
        "Breakfast",
        ("Sunny Bowl", "Value"),
        ("Corn flakes", "Crunchy muesli", "Porridge oats", "Chocolate loops"),
        ("375 g", "750 g"),
        299,
        2200,
        10,
        peak=1,
        swing=120,
    ),
    Family(
        "Pasta and rice",
        ("Nonna Pia", "Silk Road"),
        ("Spaghetti", "Penne", "Fusilli", "Basmati rice", "Risotto rice"),
        ("500 g", "1 kg"),
        169,
        3200,
        12,
    ),
    Family(
        "Tins and jars",
        ("Nonna Pia", "Harvest"),
        ("Chopped tomatoes", "Chickpeas", "Sweetcorn", "Kidney beans", "Olives"),
        ("200 g", "400 g"),
        109,
        2600,
        12,
        peak=11,
        swing=150,
    ),
    Family(
        "Snacks",
        ("Crisp & Co", "Nut House"),
        ("Salted crisps", "Paprika crisps", "Tortilla chips", "Cashews", "Trail mix"),
        ("100 g", "175 g"),
        199,
        4200,
        14,
        peak=7,
        swing=250,
    ),
    Family(
        "Sweets",
        ("Cocoa Yard", "Sugar Rush"),
        ("Milk chocolate", "Dark chocolate 70 %", "Hazelnut chocolate", "Wine gums", "Butter biscuits"),
        ("100 g", "200 g"),
        149,
        4800,
        20,
        peak=12,
        swing=700,
    ),
    Family(
        "Frozen",
        ("Iceberg", "North Sea"),
        ("Peas", "Fish fingers", "Margherita pizza", "Vanilla ice cream", "Chips"),
        ("450 g", "900 g"),
        329,
        2400,
        8,
        peak=7,
        swing=350,
    ),
    Family(
        "Household",
        ("Bright Home", "Value"),
        ("Washing-up liquid", "Laundry liquid", "Kitchen roll", "Toilet paper", "Bin bags"),
        ("small", "family"),
        349,
        1500,
        8,
    ),
    Family(
        "Personal care",
        ("Pure Day",),
        ("Toothpaste", "Shower gel", "Shampoo", "Hand soap", "Sun cream"),
        ("travel", "regular"),
        249,
        900,
        12,
        peak=7,
        swing=250,
    ),
    Family(
        "Pets",
        ("Good Boy", "Whiskers Club"),
        ("Dog food beef", "Dog food chicken", "Cat food salmon", "Cat litter"),
        ("400 g", "2 kg"),
        399,
        1100,
        6,
    ),
    Family(
        "Stationery",
        ("Deskmate",),
        ("Ballpoint pens", "Exercise book", "Sticky notes", "Glue stick", "Birthday card"),
        ("single", "pack"),
        199,
        600,
        10,
        peak=9,
        swing=800,
    ),
    Family(
        "Seasonal",
        ("Hearth & Garden",),
        ("Charcoal", "Candles", "Picnic plates", "Ice cubes", "Fairy lights"),
        ("small", "large"),
        449,
        700,
        6,
        peak=6,
        swing=900,
    ),
)
