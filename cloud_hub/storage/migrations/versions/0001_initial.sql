CREATE TABLE alerts (
	site_id UUID NOT NULL,
	alert_id UUID NOT NULL,
	rule TEXT NOT NULL,
	product_id UUID,
	state TEXT NOT NULL,
	severity TEXT NOT NULL,
	opened_at_position BIGINT NOT NULL,
	available BIGINT,
	detail TEXT DEFAULT '' NOT NULL,
	opened_at BIGINT NOT NULL,
	acknowledged_at BIGINT,
	acknowledged_by TEXT,
	resolved_at BIGINT,
	notified_at BIGINT,
	updated_at BIGINT NOT NULL,
	CONSTRAINT pk_alerts PRIMARY KEY (site_id, alert_id)
);

CREATE INDEX ix_alerts_site_id_state_product_id ON alerts (site_id, state, product_id);

CREATE TABLE audit (
	id BIGINT GENERATED ALWAYS AS IDENTITY,
	at BIGINT NOT NULL,
	actor TEXT NOT NULL,
	action TEXT NOT NULL,
	entity TEXT DEFAULT '' NOT NULL,
	detail JSONB DEFAULT '{}'::jsonb NOT NULL,
	previous_hash BYTEA NOT NULL,
	hash BYTEA NOT NULL,
	CONSTRAINT pk_audit PRIMARY KEY (id)
);

CREATE TABLE backups (
	id UUID NOT NULL,
	path TEXT NOT NULL,
	hub_epoch BIGINT NOT NULL,
	created_at BIGINT NOT NULL,
	verified_at BIGINT,
	bytes BIGINT NOT NULL,
	sha256 BYTEA NOT NULL,
	marks JSONB NOT NULL,
	state TEXT DEFAULT 'made' NOT NULL,
	detail TEXT DEFAULT '' NOT NULL,
	CONSTRAINT pk_backups PRIMARY KEY (id)
);

CREATE TABLE barcodes (
	code TEXT NOT NULL,
	product_id UUID NOT NULL,
	pack_quantity BIGINT DEFAULT 1000 NOT NULL,
	version_epoch BIGINT NOT NULL,
	version BIGINT NOT NULL,
	created_at BIGINT NOT NULL,
	CONSTRAINT pk_barcodes PRIMARY KEY (code)
);

CREATE INDEX ix_barcodes_product_id ON barcodes (product_id);

CREATE TABLE batches (
	site_id UUID NOT NULL,
	origin_id UUID NOT NULL,
	last_sequence BIGINT NOT NULL,
	first_sequence BIGINT NOT NULL,
	count BIGINT NOT NULL,
	previous_hash BYTEA NOT NULL,
	last_hash BYTEA NOT NULL,
	sealed BYTEA NOT NULL,
	recorded_at BIGINT NOT NULL,
	CONSTRAINT pk_batches PRIMARY KEY (site_id, origin_id, last_sequence)
);

CREATE TABLE branch_batches (
	site_id UUID NOT NULL,
	branch_id UUID NOT NULL,
	last_sequence BIGINT NOT NULL,
	sealed BYTEA NOT NULL,
	CONSTRAINT pk_branch_batches PRIMARY KEY (site_id, branch_id, last_sequence)
);

CREATE TABLE branch_records (
	site_id UUID NOT NULL,
	chain_hash BYTEA NOT NULL,
	branch_id UUID NOT NULL,
	position BIGINT NOT NULL,
	encoded BYTEA NOT NULL,
	state TEXT DEFAULT 'stored' NOT NULL,
	command_id UUID,
	detail TEXT DEFAULT '' NOT NULL,
	CONSTRAINT pk_branch_records PRIMARY KEY (site_id, chain_hash)
);

CREATE INDEX ix_branch_records_site_id_branch_id_position ON branch_records (site_id, branch_id, position);

CREATE TABLE branches (
	site_id UUID NOT NULL,
	branch_id UUID NOT NULL,
	origin_id UUID NOT NULL,
	device_id UUID NOT NULL,
	verdict TEXT NOT NULL,
	fork_position BIGINT NOT NULL,
	fork_hash BYTEA NOT NULL,
	head BIGINT NOT NULL,
	head_hash BYTEA NOT NULL,
	lease TEXT,
	state TEXT DEFAULT 'stored' NOT NULL,
	created_at BIGINT NOT NULL,
	updated_at BIGINT NOT NULL,
	decided_by TEXT,
	CONSTRAINT pk_branches PRIMARY KEY (site_id, branch_id)
);

CREATE INDEX ix_branches_origin_id_lease ON branches (origin_id, lease);

CREATE TABLE certificates (
	serial TEXT NOT NULL,
	device_id UUID NOT NULL,
	issued_at BIGINT NOT NULL,
	expires_at BIGINT NOT NULL,
	revoked_at BIGINT,
	reason TEXT,
	CONSTRAINT pk_certificates PRIMARY KEY (serial)
);

CREATE INDEX ix_certificates_device_id ON certificates (device_id);

COMMENT ON TABLE certificates IS 'Client certificates of boxes for the broker; a renewed one is good until it ends.';

CREATE TABLE changes (
	position BIGINT NOT NULL,
	site_id UUID,
	kind TEXT NOT NULL,
	body JSONB NOT NULL,
	created_at BIGINT NOT NULL,
	CONSTRAINT pk_changes PRIMARY KEY (position)
);

COMMENT ON TABLE changes IS 'site_id null: for every site.';

CREATE TABLE commands (
	site_id UUID NOT NULL,
	id UUID NOT NULL,
	key TEXT NOT NULL,
	kind TEXT NOT NULL,
	body JSONB NOT NULL,
	expected_quantity BIGINT,
	expires_at BIGINT,
	actor TEXT,
	state TEXT DEFAULT 'pending' NOT NULL,
	code TEXT DEFAULT '' NOT NULL,
	detail TEXT DEFAULT '' NOT NULL,
	product_id UUID,
	pending_quantity BIGINT DEFAULT 0 NOT NULL,
	outcome_origin UUID,
	outcome_sequence BIGINT,
	movement_id UUID,
	created_at BIGINT NOT NULL,
	settled_at BIGINT,
	CONSTRAINT pk_commands PRIMARY KEY (site_id, id),
	CONSTRAINT uq_commands_site_id_key UNIQUE (site_id, key)
);

CREATE INDEX ix_commands_pending ON commands (site_id, product_id) WHERE state = 'pending';

COMMENT ON TABLE commands IS 'pending_quantity: what a pending adjust will change (thousandths, signed).';

CREATE TABLE conflicts (
	site_id UUID NOT NULL,
	id UUID NOT NULL,
	entity TEXT NOT NULL,
	entity_id TEXT NOT NULL,
	field TEXT NOT NULL,
	kept JSONB,
	lost JSONB,
	rule TEXT NOT NULL,
	actor TEXT,
	state TEXT DEFAULT 'open' NOT NULL,
	created_at BIGINT NOT NULL,
	settled_at BIGINT,
	settled_by TEXT,
	CONSTRAINT pk_conflicts PRIMARY KEY (site_id, id)
);

CREATE TABLE count_lines (
	site_id UUID NOT NULL,
	line_id UUID NOT NULL,
	stocktake_id UUID NOT NULL,
	product_id UUID NOT NULL,
	location TEXT NOT NULL,
	counted BIGINT NOT NULL,
	expected BIGINT NOT NULL,
	variance BIGINT NOT NULL,
	after_position BIGINT NOT NULL,
	until_position BIGINT NOT NULL,
	status TEXT NOT NULL,
	revisions BIGINT DEFAULT 0 NOT NULL,
	occurred_at BIGINT NOT NULL,
	CONSTRAINT pk_count_lines PRIMARY KEY (site_id, line_id)
);

CREATE INDEX ix_count_lines_site_id_stocktake_id ON count_lines (site_id, stocktake_id);

CREATE TABLE counters (
	name TEXT NOT NULL,
	value BIGINT DEFAULT 0 NOT NULL,
	CONSTRAINT pk_counters PRIMARY KEY (name)
)
 WITH (fillfactor = 10);

CREATE TABLE devices (
	id UUID NOT NULL,
	site_id UUID NOT NULL,
	name TEXT NOT NULL,
	public_key BYTEA NOT NULL,
	certificate_expires_at BIGINT,
	state TEXT DEFAULT 'active' NOT NULL,
	enrolled_at BIGINT NOT NULL,
	revoked_at BIGINT,
	revoked_by TEXT,
	is_online BOOLEAN DEFAULT false NOT NULL,
	presence_at BIGINT,
	telemetry JSONB,
	telemetry_at BIGINT,
	CONSTRAINT pk_devices PRIMARY KEY (id)
);

CREATE INDEX ix_devices_site_id ON devices (site_id);

CREATE TABLE enrolment_codes (
	hash BYTEA NOT NULL,
	site_id UUID NOT NULL,
	replaces_origin UUID,
	created_at BIGINT NOT NULL,
	expires_at BIGINT NOT NULL,
	used_at BIGINT,
	used_by_device UUID,
	created_by TEXT,
	CONSTRAINT pk_enrolment_codes PRIMARY KEY (hash)
);

CREATE TABLE exceptions (
	site_id UUID NOT NULL,
	kind TEXT NOT NULL,
	subject TEXT NOT NULL,
	id UUID NOT NULL,
	detail TEXT NOT NULL,
	state TEXT DEFAULT 'open' NOT NULL,
	origin_id UUID,
	sequence BIGINT,
	occurrences BIGINT DEFAULT 1 NOT NULL,
	first_at BIGINT NOT NULL,
	last_at BIGINT NOT NULL,
	settled_at BIGINT,
	settled_by TEXT,
	CONSTRAINT pk_exceptions PRIMARY KEY (site_id, kind, subject),
	CONSTRAINT uq_exceptions_site_id_id UNIQUE (site_id, id)
);

CREATE TABLE facts (
	site_id UUID NOT NULL,
	origin_id UUID NOT NULL,
	sequence BIGINT NOT NULL,
	kind TEXT NOT NULL,
	body JSONB NOT NULL,
	recorded_at BIGINT NOT NULL,
	CONSTRAINT pk_facts PRIMARY KEY (site_id, origin_id, sequence)
);

CREATE TABLE feed_records (
	site_id UUID NOT NULL,
	feed_origin UUID NOT NULL,
	position BIGINT NOT NULL,
	encoded BYTEA NOT NULL,
	chain_hash BYTEA NOT NULL,
	created_at BIGINT NOT NULL,
	CONSTRAINT pk_feed_records PRIMARY KEY (site_id, feed_origin, position)
);

CREATE TABLE feeds (
	site_id UUID NOT NULL,
	feed_origin UUID NOT NULL,
	head BIGINT DEFAULT 0 NOT NULL,
	chain_hash BYTEA NOT NULL,
	changes_cursor BIGINT DEFAULT 0 NOT NULL,
	safe_mark BIGINT DEFAULT 0 NOT NULL,
	acked BIGINT DEFAULT 0 NOT NULL,
	first_retained BIGINT DEFAULT 1 NOT NULL,
	fork_of UUID,
	fork_position BIGINT,
	fork_hash BYTEA,
	created_at BIGINT NOT NULL,
	CONSTRAINT pk_feeds PRIMARY KEY (site_id)
)
 WITH (fillfactor = 50);

CREATE TABLE hub_state (
	id SMALLINT NOT NULL,
	hub_id UUID NOT NULL,
	hub_epoch BIGINT NOT NULL,
	public_key BYTEA,
	epochs JSONB DEFAULT '[]'::jsonb NOT NULL,
	CONSTRAINT pk_hub_state PRIMARY KEY (id),
	CONSTRAINT one_row CHECK (id = 1)
);

CREATE TABLE items (
	site_id UUID NOT NULL,
	origin_id UUID NOT NULL,
	ref BIGINT NOT NULL,
	product_id UUID NOT NULL,
	code TEXT,
	pack_quantity BIGINT DEFAULT 1000 NOT NULL,
	unit TEXT DEFAULT 'each' NOT NULL,
	price BIGINT,
	cost BIGINT,
	currency TEXT,
	CONSTRAINT pk_items PRIMARY KEY (site_id, origin_id, ref)
);

CREATE TABLE jobs (
	id UUID NOT NULL,
	kind TEXT NOT NULL,
	state TEXT NOT NULL,
	body JSONB DEFAULT '{}'::jsonb NOT NULL,
	created_at BIGINT NOT NULL,
	run_at BIGINT NOT NULL,
	attempts BIGINT DEFAULT 0 NOT NULL,
	error TEXT,
	done_at BIGINT,
	CONSTRAINT pk_jobs PRIMARY KEY (id)
);

CREATE TABLE level_claims (
	site_id UUID NOT NULL,
	origin_id UUID NOT NULL,
	kind TEXT NOT NULL,
	product_id UUID NOT NULL,
	location TEXT NOT NULL,
	position BIGINT NOT NULL,
	quantity BIGINT NOT NULL,
	evidence BYTEA,
	told_at BIGINT NOT NULL,
	CONSTRAINT pk_level_claims PRIMARY KEY (site_id, origin_id, kind, product_id, location)
);

COMMENT ON TABLE level_claims IS 'What an edge told of levels beyond the mark: kind summary (advisory) or pruned (signed evidence).';

CREATE TABLE levels (
	site_id UUID NOT NULL,
	product_id UUID NOT NULL,
	location TEXT NOT NULL,
	quantity BIGINT NOT NULL,
	CONSTRAINT pk_levels PRIMARY KEY (site_id, product_id, location)
)
 WITH (fillfactor = 70);

CREATE TABLE movement_keys (
	site_id UUID NOT NULL,
	key TEXT NOT NULL,
	origin_id UUID NOT NULL,
	sequence BIGINT NOT NULL,
	body_hash BYTEA,
	answer JSONB,
	CONSTRAINT pk_movement_keys PRIMARY KEY (site_id, key)
);

CREATE TABLE movements (
	site_id UUID NOT NULL,
	origin_id UUID NOT NULL,
	sequence BIGINT NOT NULL,
	recorded_at TIMESTAMP WITH TIME ZONE NOT NULL,
	movement_id UUID NOT NULL,
	occurred_at TIMESTAMP WITH TIME ZONE NOT NULL,
	corrected_at TIMESTAMP WITH TIME ZONE NOT NULL,
	item_ref BIGINT NOT NULL,
	product_id UUID NOT NULL,
	quantity BIGINT NOT NULL,
	from_location TEXT NOT NULL,
	to_location TEXT NOT NULL,
	reason TEXT NOT NULL,
	document TEXT,
	lot TEXT,
	expiry DATE,
	actor TEXT,
	key TEXT,
	command_id TEXT,
	adopted TEXT,
	note TEXT,
	CONSTRAINT pk_movements PRIMARY KEY (site_id, origin_id, sequence, recorded_at)
)
 PARTITION BY RANGE (recorded_at);

CREATE TABLE movements_rest PARTITION OF movements DEFAULT;

CREATE INDEX ix_movements_product ON movements (site_id, product_id, recorded_at);

CREATE TABLE origins (
	site_id UUID NOT NULL,
	origin_id UUID NOT NULL,
	device_id UUID NOT NULL,
	public_key BYTEA NOT NULL,
	state TEXT DEFAULT 'open' NOT NULL,
	predecessor_origin UUID,
	predecessor_position BIGINT,
	predecessor_hash BYTEA,
	mark BIGINT DEFAULT 0 NOT NULL,
	chain_hash BYTEA NOT NULL,
	safe_mark BIGINT DEFAULT 0 NOT NULL,
	lease TEXT,
	session TEXT,
	boot BIGINT DEFAULT 0 NOT NULL,
	instance TEXT,
	last_seen BIGINT,
	clock_offset_ms BIGINT,
	head_told BIGINT DEFAULT 0 NOT NULL,
	pending_told BIGINT DEFAULT 0 NOT NULL,
	oldest_unacked_at BIGINT,
	digest_position BIGINT,
	is_digest_equal BOOLEAN DEFAULT true NOT NULL,
	digest_at BIGINT,
	agent_version TEXT DEFAULT '' NOT NULL,
	last_error TEXT,
	last_error_at BIGINT,
	successor_certificate TEXT,
	opened_at BIGINT NOT NULL,
	closed_at BIGINT,
	CONSTRAINT pk_origins PRIMARY KEY (site_id, origin_id),
	CONSTRAINT uq_origins_origin_id UNIQUE (origin_id),
	CONSTRAINT state CHECK (state IN ('open', 'closed', 'fenced'))
)
 WITH (fillfactor = 50);

CREATE INDEX ix_origins_device_id ON origins (device_id);

CREATE TABLE policies (
	site_id UUID NOT NULL,
	category TEXT NOT NULL,
	reorder_point BIGINT,
	critical_level BIGINT,
	settings JSONB DEFAULT '{}'::jsonb NOT NULL,
	version_epoch BIGINT NOT NULL,
	version BIGINT NOT NULL,
	CONSTRAINT pk_policies PRIMARY KEY (site_id, category)
);

COMMENT ON TABLE policies IS 'Thresholds to fall back to: site or everywhere (nil UUID), category or all ('''').';

CREATE TABLE products (
	id UUID NOT NULL,
	sku TEXT NOT NULL,
	name TEXT NOT NULL,
	category TEXT DEFAULT '' NOT NULL,
	unit TEXT DEFAULT 'each' NOT NULL,
	price NUMERIC,
	cost NUMERIC,
	currency TEXT DEFAULT 'EUR' NOT NULL,
	lifecycle TEXT DEFAULT 'active' NOT NULL,
	metadata JSONB DEFAULT '{}'::jsonb NOT NULL,
	reorder_point BIGINT,
	critical_level BIGINT,
	negative_policy TEXT,
	registers JSONB DEFAULT '{}'::jsonb NOT NULL,
	version_epoch BIGINT NOT NULL,
	version BIGINT NOT NULL,
	proposed_by_site UUID,
	merged_into UUID,
	created_at BIGINT NOT NULL,
	updated_at BIGINT NOT NULL,
	deleted_at BIGINT,
	search TSVECTOR GENERATED ALWAYS AS (to_tsvector('simple'::regconfig, ((name || ' '::text) || sku) || ' '::text || category)) STORED,
	CONSTRAINT pk_products PRIMARY KEY (id),
	CONSTRAINT uq_products_sku UNIQUE (sku)
);

CREATE INDEX ix_products_category_id ON products (category, id);

CREATE INDEX ix_products_search ON products USING gin (search);

CREATE TABLE quarantine (
	site_id UUID NOT NULL,
	origin_id UUID NOT NULL,
	sequence BIGINT NOT NULL,
	encoded BYTEA NOT NULL,
	chain_hash BYTEA NOT NULL,
	why TEXT NOT NULL,
	state TEXT DEFAULT 'open' NOT NULL,
	recorded_at BIGINT NOT NULL,
	settled_at BIGINT,
	CONSTRAINT pk_quarantine PRIMARY KEY (site_id, origin_id, sequence)
);

CREATE TABLE refresh_tokens (
	hash BYTEA NOT NULL,
	family_id UUID NOT NULL,
	user_id UUID NOT NULL,
	replaced_by BYTEA,
	issued_at BIGINT NOT NULL,
	expires_at BIGINT NOT NULL,
	used_at BIGINT,
	revoked_at BIGINT,
	CONSTRAINT pk_refresh_tokens PRIMARY KEY (hash)
);

CREATE INDEX ix_refresh_tokens_family_id ON refresh_tokens (family_id);

CREATE INDEX ix_refresh_tokens_user_id ON refresh_tokens (user_id);

CREATE TABLE request_keys (
	principal TEXT NOT NULL,
	key TEXT NOT NULL,
	body_hash BYTEA NOT NULL,
	status BIGINT,
	answer JSONB,
	created_at BIGINT NOT NULL,
	CONSTRAINT pk_request_keys PRIMARY KEY (principal, key)
);

COMMENT ON TABLE request_keys IS 'Idempotency-Key of REST requests that make no movement.';

CREATE TABLE shard_leases (
	shard BIGINT NOT NULL,
	worker TEXT,
	term BIGINT DEFAULT 0 NOT NULL,
	expires_at BIGINT DEFAULT 0 NOT NULL,
	CONSTRAINT pk_shard_leases PRIMARY KEY (shard)
);

CREATE TABLE site_products (
	site_id UUID NOT NULL,
	product_id UUID NOT NULL,
	is_stocked BOOLEAN DEFAULT true NOT NULL,
	price NUMERIC,
	reorder_point BIGINT,
	critical_level BIGINT,
	minimum BIGINT,
	maximum BIGINT,
	negative_policy TEXT,
	version_epoch BIGINT NOT NULL,
	version BIGINT NOT NULL,
	CONSTRAINT pk_site_products PRIMARY KEY (site_id, product_id)
);

CREATE TABLE sites (
	id UUID NOT NULL,
	code TEXT NOT NULL,
	name TEXT NOT NULL,
	kind TEXT NOT NULL,
	writer_origin UUID,
	is_default BOOLEAN DEFAULT false NOT NULL,
	timezone TEXT DEFAULT 'UTC' NOT NULL,
	currency TEXT DEFAULT 'EUR' NOT NULL,
	reorder_point BIGINT,
	critical_level BIGINT,
	negative_policy TEXT,
	settings JSONB DEFAULT '{}'::jsonb NOT NULL,
	version_epoch BIGINT DEFAULT 0 NOT NULL,
	version BIGINT DEFAULT 0 NOT NULL,
	created_at BIGINT NOT NULL,
	archived_at BIGINT,
	CONSTRAINT pk_sites PRIMARY KEY (id),
	CONSTRAINT uq_sites_code UNIQUE (code),
	CONSTRAINT kind CHECK (kind IN ('edge', 'hub'))
);

CREATE TABLE slots (
	job TEXT NOT NULL,
	slot BIGINT NOT NULL,
	worker TEXT NOT NULL,
	claimed_until BIGINT NOT NULL,
	done_at BIGINT,
	error TEXT,
	CONSTRAINT pk_slots PRIMARY KEY (job, slot)
);

CREATE TABLE snapshot_chunks (
	hash BYTEA NOT NULL,
	data BYTEA NOT NULL,
	records BIGINT NOT NULL,
	used_at BIGINT NOT NULL,
	CONSTRAINT pk_snapshot_chunks PRIMARY KEY (hash)
);

CREATE TABLE snapshots (
	site_id UUID NOT NULL,
	snapshot_id UUID NOT NULL,
	manifest JSONB NOT NULL,
	created_at BIGINT NOT NULL,
	CONSTRAINT pk_snapshots PRIMARY KEY (site_id, snapshot_id)
);

CREATE TABLE stocktakes (
	site_id UUID NOT NULL,
	stocktake_id UUID NOT NULL,
	name TEXT DEFAULT '' NOT NULL,
	state TEXT NOT NULL,
	opened_at BIGINT NOT NULL,
	updated_at BIGINT NOT NULL,
	CONSTRAINT pk_stocktakes PRIMARY KEY (site_id, stocktake_id)
);

CREATE TABLE tasks (
	site_id UUID NOT NULL,
	task_id UUID NOT NULL,
	rule TEXT NOT NULL,
	product_id UUID,
	state TEXT NOT NULL,
	detail TEXT DEFAULT '' NOT NULL,
	opened_at BIGINT NOT NULL,
	updated_at BIGINT NOT NULL,
	CONSTRAINT pk_tasks PRIMARY KEY (site_id, task_id)
);

CREATE TABLE transfer_lines (
	from_site UUID NOT NULL,
	transfer_id UUID NOT NULL,
	product_id UUID NOT NULL,
	dispatched BIGINT DEFAULT 0 NOT NULL,
	received BIGINT DEFAULT 0 NOT NULL,
	CONSTRAINT pk_transfer_lines PRIMARY KEY (from_site, transfer_id, product_id)
);

CREATE TABLE transfers (
	from_site UUID NOT NULL,
	transfer_id UUID NOT NULL,
	to_site UUID NOT NULL,
	step TEXT NOT NULL,
	is_dispatched BOOLEAN DEFAULT false NOT NULL,
	created_at BIGINT NOT NULL,
	updated_at BIGINT NOT NULL,
	CONSTRAINT pk_transfers PRIMARY KEY (from_site, transfer_id)
);

CREATE INDEX ix_transfers_to_site_step ON transfers (to_site, step);

CREATE TABLE unknown_records (
	site_id UUID NOT NULL,
	origin_id UUID NOT NULL,
	sequence BIGINT NOT NULL,
	encoded BYTEA NOT NULL,
	chain_hash BYTEA NOT NULL,
	recorded_at BIGINT NOT NULL,
	CONSTRAINT pk_unknown_records PRIMARY KEY (site_id, origin_id, sequence)
);

CREATE TABLE users (
	id UUID NOT NULL,
	username TEXT NOT NULL,
	name TEXT DEFAULT '' NOT NULL,
	password_hash TEXT NOT NULL,
	role TEXT NOT NULL,
	site_ids UUID[] DEFAULT '{}' NOT NULL,
	is_everywhere BOOLEAN DEFAULT false NOT NULL,
	state TEXT DEFAULT 'active' NOT NULL,
	token_generation BIGINT DEFAULT 0 NOT NULL,
	created_at BIGINT NOT NULL,
	last_login_at BIGINT,
	CONSTRAINT pk_users PRIMARY KEY (id),
	CONSTRAINT uq_users_username UNIQUE (username)
);

CREATE TABLE workers (
	worker TEXT NOT NULL,
	seen_at BIGINT NOT NULL,
	CONSTRAINT pk_workers PRIMARY KEY (worker)
);

INSERT INTO hub_state (id, hub_id, hub_epoch) VALUES (1, gen_random_uuid(), 1);

INSERT INTO counters (name, value) VALUES ('changes', 0), ('version', 0), ('audit', 0);

INSERT INTO shard_leases (shard) SELECT generate_series(0, 63);
