-- Step 3.
-- When the code came by the database's clock, in milliseconds; how often it was claimed, whatever came of it; why it waits.
ALTER TABLE kommo_codes ADD COLUMN kept_at BIGINT;
ALTER TABLE kommo_codes ADD COLUMN tries BIGINT NOT NULL DEFAULT 0;
ALTER TABLE kommo_codes ADD COLUMN why TEXT;
CREATE INDEX kommo_codes_kept ON kommo_codes (realm, COALESCE(kept_at, received_at * 1000));
CREATE INDEX kommo_codes_host ON kommo_codes (realm, host, origin) WHERE NOT is_done;

-- When the secret came by the database's clock, in milliseconds, and whether its integration ever had a grant.
ALTER TABLE kommo_secrets ADD COLUMN kept_at BIGINT;
ALTER TABLE kommo_secrets ADD COLUMN has_grant BOOLEAN NOT NULL DEFAULT FALSE;
CREATE INDEX kommo_secrets_unclaimed ON kommo_secrets (kept_at) WHERE NOT has_grant;
CREATE INDEX kommo_grants_client ON kommo_grants (client_id);

-- Exports that were imported here, by the hash of their key and newest refresh token: none is taken twice.
CREATE TABLE kommo_imports (
    hash TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    key TEXT COLLATE "C" NOT NULL,
    at BIGINT NOT NULL
);
