-- Step 5.
-- Hooks that were proven, or that came without a proof. Times are milliseconds of the database's clock. due_at is there for the head of a
-- conversation, and for whatever has no conversation: from when on it can be claimed; of a leased one, the end of the lease.
CREATE TABLE kommo_hooks (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    key TEXT NOT NULL UNIQUE,
    realm TEXT NOT NULL,
    inbox TEXT NOT NULL,
    kind TEXT NOT NULL,
    event TEXT NOT NULL,
    account TEXT,
    conversation TEXT,
    is_unsigned INTEGER NOT NULL,
    state TEXT NOT NULL,
    due_at INTEGER,
    attempts INTEGER NOT NULL DEFAULT 0,
    lease_token BLOB,
    stored_at INTEGER NOT NULL,
    ended_at INTEGER,
    reason TEXT,
    record BLOB NOT NULL
) STRICT;
-- At most one of a conversation can be claimed: the database itself sees to it.
CREATE UNIQUE INDEX kommo_hooks_head ON kommo_hooks (conversation) WHERE due_at IS NOT NULL;
CREATE INDEX kommo_hooks_due ON kommo_hooks (realm, inbox, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX kommo_hooks_waiting ON kommo_hooks (conversation, id) WHERE state = 'waiting';
CREATE INDEX kommo_hooks_ended ON kommo_hooks (realm, inbox, state, ended_at) WHERE ended_at IS NOT NULL;
CREATE INDEX kommo_hooks_unsigned ON kommo_hooks (realm, inbox, account) WHERE is_unsigned AND state = 'waiting';
