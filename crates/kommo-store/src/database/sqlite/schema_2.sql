-- Step 2.
CREATE INDEX kommo_codes_waiting ON kommo_codes (realm, origin) WHERE NOT is_done;
CREATE INDEX kommo_codes_ended ON kommo_codes (realm, origin, id) WHERE is_done AND NOT is_erased;

-- States, as hashes, that brought a secret which was kept already, and those of secrets that are gone: the latter have no client_id.
CREATE TABLE kommo_secret_states (
    state_hash TEXT NOT NULL PRIMARY KEY,
    client_id TEXT NOT NULL,
    stored_at INTEGER NOT NULL
) STRICT;
