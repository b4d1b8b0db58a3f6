-- Step 5.
-- The inboxes that have taken a hook. number is a hash of realm and name.
CREATE TABLE kommo_inboxes (
    number INTEGER NOT NULL PRIMARY KEY,
    realm TEXT NOT NULL,
    name TEXT NOT NULL
) STRICT;
-- Hooks that were proven, or that came without a proof. Times are milliseconds of the database's clock. inbox is the
-- number of its inbox. due_at is there for the head of a conversation, and for whatever has no conversation: from when on it can be claimed.
-- A lease is in columns without an index, so that a claim changes the row alone. What changes stands together, right before the record:
-- PostgreSQL logs what is between the first and the last byte that an update changes.
CREATE TABLE kommo_hooks (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    inbox INTEGER NOT NULL,
    stored_at INTEGER NOT NULL,
    key BLOB NOT NULL UNIQUE,
    conversation BLOB,
    kind TEXT NOT NULL,
    event TEXT NOT NULL,
    account TEXT,
    is_unsigned INTEGER NOT NULL,
    state TEXT NOT NULL,
    due_at INTEGER,
    attempts INTEGER NOT NULL DEFAULT 0,
    leased_until INTEGER,
    ended_at INTEGER,
    lease_token BLOB,
    reason TEXT,
    record BLOB NOT NULL
) STRICT;
-- At most one of a conversation can be claimed: the database itself sees to it.
CREATE UNIQUE INDEX kommo_hooks_head ON kommo_hooks (conversation) WHERE due_at IS NOT NULL;
CREATE INDEX kommo_hooks_due ON kommo_hooks (inbox, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX kommo_hooks_behind ON kommo_hooks (conversation, id) WHERE state = 'waiting' AND due_at IS NULL;
CREATE INDEX kommo_hooks_done ON kommo_hooks (inbox, ended_at) WHERE state = 'done';
CREATE INDEX kommo_hooks_failed ON kommo_hooks (inbox, ended_at) WHERE state = 'failed';
CREATE INDEX kommo_hooks_unsigned ON kommo_hooks (inbox, account) WHERE is_unsigned AND state = 'waiting';
CREATE INDEX kommo_hooks_known ON kommo_hooks (inbox, account, id) WHERE is_unsigned AND state = 'done';
