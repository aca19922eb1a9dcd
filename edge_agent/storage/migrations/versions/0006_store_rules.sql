CREATE TABLE lots (
    product_id TEXT NOT NULL,
    location TEXT NOT NULL,
    lot TEXT NOT NULL,
    expiry TEXT NOT NULL,
    quantity INTEGER NOT NULL,
    PRIMARY KEY (product_id, location, lot, expiry)
) WITHOUT ROWID, STRICT

CREATE INDEX lots_expiry ON lots (expiry, product_id) WHERE expiry <> ''

WITH moved AS (
    SELECT product_id, to_location AS location, coalesce(lot, '') AS lot, coalesce(expiry, '') AS expiry, quantity
    FROM ledger WHERE to_location IN ('shelf', 'backroom', 'hold')
    UNION ALL
    SELECT product_id, from_location, coalesce(lot, ''), coalesce(expiry, ''), -quantity
    FROM ledger WHERE from_location IN ('shelf', 'backroom', 'hold')
), named AS (
    SELECT product_id, location, lot, expiry, sum(quantity) AS quantity
    FROM moved WHERE lot <> '' OR expiry <> '' GROUP BY product_id, location, lot, expiry HAVING sum(quantity) > 0
), ranked AS (
    SELECT named.*, coalesce(levels.quantity, 0) AS level, sum(named.quantity) OVER (
        PARTITION BY named.product_id, named.location
        ORDER BY CASE expiry WHEN '' THEN '9999' ELSE expiry END DESC, lot DESC ROWS UNBOUNDED PRECEDING
    ) - named.quantity AS later
    FROM named LEFT JOIN levels ON levels.product_id = named.product_id AND levels.location = named.location
)
INSERT INTO lots SELECT product_id, location, lot, expiry, min(quantity, level - later) FROM ranked WHERE level > later

INSERT INTO lots
SELECT product_id, location, '', '', quantity - known FROM (
    SELECT product_id, location, quantity, (
        SELECT coalesce(sum(lots.quantity), 0) FROM lots
        WHERE lots.product_id = levels.product_id AND lots.location = levels.location
    ) AS known
    FROM levels WHERE location IN ('shelf', 'backroom', 'hold') AND product_id IN (SELECT product_id FROM lots)
) WHERE quantity <> known

CREATE TABLE receipts (
    receipt_id TEXT NOT NULL,
    order_number TEXT,
    document TEXT,
    note TEXT,
    actor TEXT,
    occurred_at INTEGER NOT NULL,
    position INTEGER NOT NULL,
    PRIMARY KEY (receipt_id)
) WITHOUT ROWID, STRICT

CREATE TABLE receipt_lines (
    receipt_id TEXT NOT NULL,
    line INTEGER NOT NULL,
    product_id TEXT NOT NULL,
    good INTEGER NOT NULL,
    damaged INTEGER NOT NULL,
    expected INTEGER,
    location TEXT NOT NULL,
    lot TEXT,
    expiry TEXT,
    reason TEXT,
    note TEXT,
    PRIMARY KEY (receipt_id, line)
) WITHOUT ROWID, STRICT

CREATE TABLE count_zones (
    stocktake_id TEXT NOT NULL,
    zone TEXT NOT NULL,
    state TEXT NOT NULL,
    actor TEXT,
    changed_at INTEGER NOT NULL,
    PRIMARY KEY (stocktake_id, zone)
) WITHOUT ROWID, STRICT

CREATE TABLE zone_lines (
    line_id TEXT NOT NULL,
    stocktake_id TEXT NOT NULL,
    zone TEXT NOT NULL,
    product_id TEXT NOT NULL,
    location TEXT NOT NULL,
    counted INTEGER NOT NULL,
    "after" INTEGER NOT NULL,
    until INTEGER NOT NULL,
    begins INTEGER NOT NULL,
    ends INTEGER NOT NULL,
    seen INTEGER NOT NULL,
    device TEXT,
    counter INTEGER,
    occurred_at INTEGER NOT NULL,
    actor TEXT,
    state TEXT NOT NULL,
    PRIMARY KEY (line_id)
) WITHOUT ROWID, STRICT

CREATE INDEX zone_lines_device ON zone_lines (device, counter)

CREATE INDEX zone_lines_product ON zone_lines (stocktake_id, product_id, location)

CREATE TABLE stocktake_products (
    stocktake_id TEXT NOT NULL,
    product_id TEXT NOT NULL,
    PRIMARY KEY (stocktake_id, product_id)
) WITHOUT ROWID, STRICT

CREATE TABLE count_plan (
    product_id TEXT NOT NULL,
    rank TEXT NOT NULL,
    value INTEGER NOT NULL,
    made_at INTEGER NOT NULL,
    PRIMARY KEY (product_id)
) WITHOUT ROWID, STRICT

CREATE TABLE store_days (
    position INTEGER NOT NULL,
    day TEXT NOT NULL,
    noted_at INTEGER NOT NULL,
    PRIMARY KEY (position)
) STRICT
