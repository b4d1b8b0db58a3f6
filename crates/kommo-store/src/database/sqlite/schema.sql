-- Step 1.
CREATE TABLE kommo_grants (
    key TEXT NOT NULL PRIMARY KEY,
    realm TEXT NOT NULL,
    client_id TEXT NOT NULL,
    account_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    host TEXT NOT NULL,
    generation INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    state TEXT NOT NULL,
    is_admin INTEGER,
    expires_at INTEGER,
    due_at INTEGER,
    lease_token BLOB,
    lease_until INTEGER,
    claimed_revision INTEGER,
    stored_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    record BLOB NOT NULL
) STRICT;
CREATE INDEX kommo_grants_due ON kommo_grants (realm, client_id, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX kommo_grants_account ON kommo_grants (realm, client_id, account_id);

CREATE TABLE kommo_history (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL,
    at INTEGER NOT NULL,
    happened TEXT NOT NULL,
    detail TEXT NOT NULL,
    generation INTEGER NOT NULL,
    revision INTEGER NOT NULL
) STRICT;
CREATE INDEX kommo_history_key ON kommo_history (key, id);

CREATE TABLE kommo_primary (
    realm TEXT NOT NULL,
    client_id TEXT NOT NULL,
    account_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    PRIMARY KEY (realm, client_id, account_id)
) STRICT;

CREATE TABLE kommo_codes (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    hash TEXT NOT NULL UNIQUE,
    realm TEXT NOT NULL,
    client_id TEXT NOT NULL,
    host TEXT NOT NULL,
    origin TEXT NOT NULL,
    received_at INTEGER NOT NULL,
    is_done INTEGER NOT NULL DEFAULT FALSE,
    is_erased INTEGER NOT NULL DEFAULT FALSE,
    claims INTEGER NOT NULL DEFAULT 0,
    lease_token BLOB,
    lease_until INTEGER,
    record BLOB NOT NULL,
    answer BLOB,
    pair_hash TEXT
) STRICT;
CREATE INDEX kommo_codes_received ON kommo_codes (realm, received_at);
CREATE INDEX kommo_codes_erased ON kommo_codes (pair_hash) WHERE is_erased;

CREATE TABLE kommo_secrets (
    state_hash TEXT NOT NULL PRIMARY KEY,
    client_id TEXT NOT NULL,
    record BLOB NOT NULL,
    stored_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX kommo_secrets_client ON kommo_secrets (client_id);

CREATE TABLE kommo_key_uses (
    purpose TEXT NOT NULL,
    key_id TEXT NOT NULL,
    used_at INTEGER NOT NULL,
    PRIMARY KEY (purpose, key_id)
) STRICT;

-- When each bucket of requests will be full, in microseconds.
CREATE TABLE kommo_buckets (
    name TEXT NOT NULL PRIMARY KEY,
    full_at INTEGER NOT NULL
) STRICT;
