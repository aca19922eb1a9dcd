"""People: e-mail addresses, sign-ins with refresh tokens, keys of integrations, one-time codes."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_UP = (
    """ALTER TABLE users
        ADD email TEXT, ADD code_hash BYTEA, ADD code_expires_at BIGINT, ADD version BIGINT DEFAULT 1 NOT NULL,
        DROP token_generation, ALTER username DROP NOT NULL, ALTER password_hash DROP NOT NULL,
        DROP CONSTRAINT uq_users_username""",
    "UPDATE users SET email = username, username = NULL WHERE username LIKE '%@%'",
    """ALTER TABLE users
        ADD CONSTRAINT ck_users_name CHECK (username NOT LIKE '%@%'),
        ADD CONSTRAINT ck_users_email CHECK (email LIKE '%@%'),
        ADD CONSTRAINT ck_users_known_as CHECK (username IS NOT NULL OR email IS NOT NULL)""",
    "CREATE UNIQUE INDEX uq_users_username ON users (lower(username))",
    "CREATE UNIQUE INDEX uq_users_email ON users (lower(email))",
    """COMMENT ON TABLE users IS 'A name never has an @ and an address always has one,"""
    """ so what is typed at a login means one person.'""",
    "DROP TABLE refresh_tokens",
    """CREATE TABLE sign_ins (
        id UUID NOT NULL, user_id UUID NOT NULL, serial BIGINT DEFAULT 1 NOT NULL, started_at BIGINT NOT NULL,
        renewed_at BIGINT NOT NULL, expires_at BIGINT NOT NULL, ended_at BIGINT, ended_by TEXT DEFAULT '' NOT NULL,
        address TEXT DEFAULT '' NOT NULL, agent TEXT DEFAULT '' NOT NULL,
        CONSTRAINT pk_sign_ins PRIMARY KEY (id))""",
    "COMMENT ON TABLE sign_ins IS 'One log-in on one device; serial is the number of its newest refresh token.'",
    "CREATE INDEX ix_sign_ins_user_id ON sign_ins (user_id)",
    """CREATE TABLE api_keys (
        id UUID NOT NULL, hash BYTEA NOT NULL, prefix TEXT NOT NULL, name TEXT NOT NULL, scopes TEXT[] NOT NULL,
        site_ids UUID[] DEFAULT '{}' NOT NULL, is_everywhere BOOLEAN DEFAULT false NOT NULL, made_by UUID NOT NULL,
        created_at BIGINT NOT NULL, expires_at BIGINT, last_used_at BIGINT, revoked_at BIGINT,
        CONSTRAINT pk_api_keys PRIMARY KEY (id), CONSTRAINT uq_api_keys_hash UNIQUE (hash))""",
)

_DOWN = (
    "DROP TABLE api_keys",
    "DROP TABLE sign_ins",
    """CREATE TABLE refresh_tokens (
        hash BYTEA NOT NULL, family_id UUID NOT NULL, user_id UUID NOT NULL, replaced_by BYTEA,
        issued_at BIGINT NOT NULL, expires_at BIGINT NOT NULL, used_at BIGINT, revoked_at BIGINT,
        CONSTRAINT pk_refresh_tokens PRIMARY KEY (hash))""",
    "CREATE INDEX ix_refresh_tokens_family_id ON refresh_tokens (family_id)",
    "CREATE INDEX ix_refresh_tokens_user_id ON refresh_tokens (user_id)",
    "COMMENT ON TABLE users IS NULL",
    "DROP INDEX uq_users_username",
    "DROP INDEX uq_users_email",
    """ALTER TABLE users
        DROP CONSTRAINT ck_users_name, DROP CONSTRAINT ck_users_email, DROP CONSTRAINT ck_users_known_as""",
    "UPDATE users SET username = coalesce(username, email), password_hash = coalesce(password_hash, '')",
    """ALTER TABLE users
        DROP email, DROP code_hash, DROP code_expires_at, DROP version,
        ADD token_generation BIGINT DEFAULT 0 NOT NULL,
        ALTER username SET NOT NULL, ALTER password_hash SET NOT NULL,
        ADD CONSTRAINT uq_users_username UNIQUE (username)""",
)


def upgrade() -> None:
    """What was typed as a name and is an address becomes one."""
    for statement in _UP:
        op.get_bind().exec_driver_sql(statement)


def downgrade() -> None:
    """Sign-ins, keys and addresses are lost; who had no name gets the address as one."""
    for statement in _DOWN:
        op.get_bind().exec_driver_sql(statement)
