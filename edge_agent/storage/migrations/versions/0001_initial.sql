CREATE TABLE alerts (
  alert_id TEXT NOT NULL,
  rule TEXT NOT NULL,
  product_id TEXT,
  state TEXT NOT NULL,
  severity TEXT NOT NULL,
  available INTEGER,
  opened_at_position INTEGER NOT NULL,
  opened_at INTEGER NOT NULL,
  changed_at INTEGER NOT NULL,
  actor TEXT,
  detail TEXT DEFAULT '' NOT NULL,
  PRIMARY KEY (alert_id)
) WITHOUT ROWID, STRICT;

CREATE INDEX alerts_history ON alerts (product_id, opened_at);

CREATE UNIQUE INDEX alerts_open ON alerts (rule, product_id) WHERE state <> 'resolved';

CREATE TABLE barcodes (
  code TEXT NOT NULL,
  product_id TEXT NOT NULL,
  pack_quantity INTEGER DEFAULT 1000 NOT NULL
) STRICT;

CREATE UNIQUE INDEX barcodes_code ON barcodes (code);

CREATE INDEX barcodes_product_id ON barcodes (product_id, code);

CREATE TABLE branch_adopted (
  chain_hash BLOB NOT NULL,
  position INTEGER NOT NULL,
  PRIMARY KEY (chain_hash)
) WITHOUT ROWID, STRICT;

CREATE TABLE checkpoint_levels (
  product_id TEXT NOT NULL,
  location TEXT NOT NULL,
  quantity INTEGER NOT NULL,
  PRIMARY KEY (product_id, location)
) WITHOUT ROWID, STRICT;

CREATE TABLE checkpoints (
  position INTEGER NOT NULL,
  chain_hash BLOB NOT NULL,
  made_at INTEGER NOT NULL,
  PRIMARY KEY (position)
) STRICT;

CREATE TABLE commands (
  command_id TEXT NOT NULL,
  "key" TEXT NOT NULL,
  kind TEXT NOT NULL,
  body TEXT NOT NULL,
  status TEXT,
  position INTEGER,
  code TEXT DEFAULT '' NOT NULL,
  detail TEXT DEFAULT '' NOT NULL,
  received_at INTEGER NOT NULL,
  PRIMARY KEY (command_id)
) WITHOUT ROWID, STRICT;

CREATE INDEX commands_key ON commands ("key");

CREATE TABLE count_events (
  device TEXT NOT NULL,
  counter INTEGER NOT NULL,
  product_id TEXT NOT NULL,
  location TEXT NOT NULL,
  delta INTEGER NOT NULL,
  begins INTEGER NOT NULL,
  ends INTEGER NOT NULL,
  position INTEGER NOT NULL,
  occurred_at INTEGER NOT NULL,
  PRIMARY KEY (device, counter, location)
) WITHOUT ROWID, STRICT;

CREATE INDEX count_events_product ON count_events (product_id, location);

CREATE TABLE count_lines (
  line_id TEXT NOT NULL,
  stocktake_id TEXT NOT NULL,
  product_id TEXT NOT NULL,
  location TEXT NOT NULL,
  counted INTEGER NOT NULL,
  expected INTEGER NOT NULL,
  variance INTEGER NOT NULL,
  "after" INTEGER NOT NULL,
  until INTEGER NOT NULL,
  begins INTEGER NOT NULL,
  ends INTEGER NOT NULL,
  status TEXT NOT NULL,
  position INTEGER NOT NULL,
  device TEXT,
  counter INTEGER,
  occurred_at INTEGER NOT NULL,
  actor TEXT,
  PRIMARY KEY (line_id)
) WITHOUT ROWID, STRICT;

CREATE INDEX count_lines_device ON count_lines (device, counter);

CREATE INDEX count_lines_product ON count_lines (product_id, location);

CREATE INDEX count_lines_stocktake ON count_lines (stocktake_id);

CREATE TABLE exchanges (
  device TEXT NOT NULL,
  position INTEGER NOT NULL,
  boot INTEGER NOT NULL,
  ticks_ms INTEGER NOT NULL,
  PRIMARY KEY (device, position)
) WITHOUT ROWID, STRICT;

CREATE TABLE feed_batches (
  feed_origin TEXT NOT NULL,
  first INTEGER NOT NULL,
  last INTEGER NOT NULL,
  sealed BLOB NOT NULL,
  PRIMARY KEY (feed_origin, first)
) WITHOUT ROWID, STRICT;

CREATE TABLE former_records (
  origin_id TEXT NOT NULL,
  sequence INTEGER NOT NULL,
  encoded BLOB NOT NULL,
  chain_hash BLOB NOT NULL,
  PRIMARY KEY (origin_id, sequence, chain_hash)
) WITHOUT ROWID, STRICT;

CREATE TABLE identity (
  one INTEGER DEFAULT 1 NOT NULL,
  site_id TEXT NOT NULL,
  site_name TEXT DEFAULT '' NOT NULL,
  device_id TEXT NOT NULL,
  origin_id TEXT NOT NULL,
  boot INTEGER DEFAULT 0 NOT NULL,
  acked INTEGER DEFAULT 0 NOT NULL,
  safe_mark INTEGER DEFAULT 0 NOT NULL,
  first_retained INTEGER DEFAULT 1 NOT NULL,
  hub_epoch INTEGER DEFAULT 0 NOT NULL,
  certificate TEXT DEFAULT '' NOT NULL,
  hub_key TEXT DEFAULT '' NOT NULL,
  feed_origin TEXT,
  feed_cursor INTEGER DEFAULT 0 NOT NULL,
  feed_hash BLOB,
  feed_safe INTEGER DEFAULT 0 NOT NULL,
  clock_offset INTEGER,
  hlc_ms INTEGER DEFAULT 0 NOT NULL,
  hlc_counter INTEGER DEFAULT 0 NOT NULL,
  PRIMARY KEY (one),
  CONSTRAINT identity_is_one_row CHECK (one = 1)
) STRICT;

CREATE TABLE items (
  ref INTEGER NOT NULL,
  facts TEXT NOT NULL,
  PRIMARY KEY (ref),
  UNIQUE (facts)
) STRICT;

CREATE TABLE keys (
  "key" TEXT NOT NULL,
  body_hash BLOB NOT NULL,
  sequence INTEGER NOT NULL,
  answer TEXT,
  PRIMARY KEY ("key")
) WITHOUT ROWID, STRICT;

CREATE TABLE ledger (
  sequence INTEGER NOT NULL,
  kind TEXT NOT NULL,
  encoded BLOB NOT NULL,
  chain_hash BLOB NOT NULL,
  item_ref INTEGER,
  product_id TEXT,
  quantity INTEGER,
  from_location TEXT,
  to_location TEXT,
  reason TEXT,
  occurred_at INTEGER,
  document TEXT,
  lot TEXT,
  expiry TEXT,
  actor TEXT,
  "key" TEXT,
  command_id TEXT,
  PRIMARY KEY (sequence)
) STRICT;

CREATE INDEX ledger_product ON ledger (product_id, sequence) WHERE product_id IS NOT NULL;

CREATE TABLE levels (
  product_id TEXT NOT NULL,
  location TEXT NOT NULL,
  quantity INTEGER NOT NULL,
  PRIMARY KEY (product_id, location)
) WITHOUT ROWID, STRICT;

CREATE TABLE policy (
  one INTEGER DEFAULT 1 NOT NULL,
  version_epoch INTEGER DEFAULT 0 NOT NULL,
  version_number INTEGER DEFAULT 0 NOT NULL,
  reorder_point INTEGER DEFAULT 0 NOT NULL,
  critical_level INTEGER DEFAULT 0 NOT NULL,
  settings TEXT DEFAULT '{}' NOT NULL,
  PRIMARY KEY (one),
  CONSTRAINT policy_is_one_row CHECK (one = 1)
) STRICT;

CREATE TABLE products (
  number INTEGER NOT NULL,
  product_id TEXT NOT NULL,
  sku TEXT NOT NULL,
  name TEXT NOT NULL,
  category TEXT DEFAULT '' NOT NULL,
  unit TEXT DEFAULT 'each' NOT NULL,
  price INTEGER,
  cost INTEGER,
  currency TEXT DEFAULT 'EUR' NOT NULL,
  lifecycle TEXT DEFAULT 'active' NOT NULL,
  reorder_point INTEGER,
  critical_level INTEGER,
  negative_policy TEXT,
  metadata TEXT DEFAULT '{}' NOT NULL,
  version_epoch INTEGER DEFAULT 0 NOT NULL,
  version_number INTEGER DEFAULT 0 NOT NULL,
  PRIMARY KEY (number)
) STRICT;

CREATE UNIQUE INDEX products_product_id ON products (product_id);

CREATE INDEX products_sku ON products (sku, product_id);

CREATE TABLE proposals (
  proposal_id TEXT NOT NULL,
  entity TEXT NOT NULL,
  entity_id TEXT NOT NULL,
  product_id TEXT NOT NULL,
  fields TEXT NOT NULL,
  position INTEGER NOT NULL,
  made_at INTEGER NOT NULL,
  PRIMARY KEY (proposal_id)
) WITHOUT ROWID, STRICT;

CREATE INDEX proposals_product ON proposals (product_id);

CREATE TABLE rejected (
  position INTEGER NOT NULL,
  told_at INTEGER NOT NULL,
  PRIMARY KEY (position)
) STRICT;

CREATE TABLE reservations (
  reservation_id TEXT NOT NULL,
  product_id TEXT NOT NULL,
  quantity INTEGER NOT NULL,
  document TEXT,
  command_id TEXT NOT NULL,
  PRIMARY KEY (reservation_id)
) WITHOUT ROWID, STRICT;

CREATE INDEX reservations_product ON reservations (product_id);

CREATE TABLE scans (
  number INTEGER NOT NULL,
  occurred_at INTEGER NOT NULL,
  device TEXT,
  mode TEXT NOT NULL,
  raw BLOB NOT NULL,
  position INTEGER,
  outcome TEXT NOT NULL,
  PRIMARY KEY (number)
) STRICT;

CREATE TABLE sites (
  site_id TEXT NOT NULL,
  code TEXT NOT NULL,
  name TEXT NOT NULL,
  version_epoch INTEGER DEFAULT 0 NOT NULL,
  version_number INTEGER DEFAULT 0 NOT NULL,
  PRIMARY KEY (site_id)
) WITHOUT ROWID, STRICT;

CREATE TABLE stocktakes (
  stocktake_id TEXT NOT NULL,
  name TEXT DEFAULT '' NOT NULL,
  state TEXT NOT NULL,
  is_blind INTEGER DEFAULT 0 NOT NULL,
  opened_at INTEGER NOT NULL,
  closed_at INTEGER,
  actor TEXT,
  PRIMARY KEY (stocktake_id)
) WITHOUT ROWID, STRICT;

CREATE TABLE tasks (
  task_id TEXT NOT NULL,
  rule TEXT NOT NULL,
  product_id TEXT,
  state TEXT NOT NULL,
  detail TEXT DEFAULT '' NOT NULL,
  opened_at INTEGER NOT NULL,
  done_at INTEGER,
  PRIMARY KEY (task_id)
) WITHOUT ROWID, STRICT;

CREATE INDEX tasks_open ON tasks (rule, product_id) WHERE state = 'open';

CREATE TABLE timeline (
  boot INTEGER NOT NULL,
  ticks_ms INTEGER NOT NULL,
  position INTEGER NOT NULL,
  clock_ms INTEGER NOT NULL,
  PRIMARY KEY (boot, ticks_ms)
) WITHOUT ROWID, STRICT;

CREATE TABLE transfer_lines (
  transfer_id TEXT NOT NULL,
  product_id TEXT NOT NULL,
  dispatched INTEGER DEFAULT 0 NOT NULL,
  received INTEGER DEFAULT 0 NOT NULL,
  PRIMARY KEY (transfer_id, product_id)
) WITHOUT ROWID, STRICT;

CREATE TABLE transfers (
  transfer_id TEXT NOT NULL,
  from_site TEXT NOT NULL,
  to_site TEXT NOT NULL,
  state TEXT NOT NULL,
  opened_at INTEGER NOT NULL,
  changed_at INTEGER NOT NULL,
  PRIMARY KEY (transfer_id)
) WITHOUT ROWID, STRICT;

CREATE TABLE unknown_changes (
  number INTEGER NOT NULL,
  kind TEXT NOT NULL,
  encoded BLOB NOT NULL,
  received_at INTEGER NOT NULL,
  PRIMARY KEY (number)
) STRICT;

CREATE TABLE staging_products (
  number INTEGER NOT NULL,
  product_id TEXT NOT NULL,
  sku TEXT NOT NULL,
  name TEXT NOT NULL,
  category TEXT DEFAULT '' NOT NULL,
  unit TEXT DEFAULT 'each' NOT NULL,
  price INTEGER,
  cost INTEGER,
  currency TEXT DEFAULT 'EUR' NOT NULL,
  lifecycle TEXT DEFAULT 'active' NOT NULL,
  reorder_point INTEGER,
  critical_level INTEGER,
  negative_policy TEXT,
  metadata TEXT DEFAULT '{}' NOT NULL,
  version_epoch INTEGER DEFAULT 0 NOT NULL,
  version_number INTEGER DEFAULT 0 NOT NULL,
  PRIMARY KEY (number)
) STRICT;

CREATE TABLE staging_barcodes (
  code TEXT NOT NULL,
  product_id TEXT NOT NULL,
  pack_quantity INTEGER DEFAULT 1000 NOT NULL
) STRICT;

CREATE VIRTUAL TABLE products_fts USING fts5(name, sku, category, content='products',
  content_rowid='number', columnsize=0, tokenize='unicode61 remove_diacritics 2');

CREATE TRIGGER products_added AFTER INSERT ON products BEGIN
  INSERT INTO products_fts(rowid, name, sku, category) VALUES (new.number, new.name, new.sku, new.category);
END;

CREATE TRIGGER products_removed AFTER DELETE ON products BEGIN
  INSERT INTO products_fts(products_fts, rowid, name, sku, category)
  VALUES ('delete', old.number, old.name, old.sku, old.category);
END;

CREATE TRIGGER products_changed AFTER UPDATE OF name, sku, category ON products BEGIN
  INSERT INTO products_fts(products_fts, rowid, name, sku, category)
  VALUES ('delete', old.number, old.name, old.sku, old.category);
  INSERT INTO products_fts(rowid, name, sku, category) VALUES (new.number, new.name, new.sku, new.category);
END;

INSERT INTO policy (one) VALUES (1);
