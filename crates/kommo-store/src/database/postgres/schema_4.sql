-- Step 4.
-- The reading of a worker's clock that due_at was reckoned from, in seconds, if nothing confirms it; and when the grant was claimed last,
-- by the clock of the worker that claimed it.
ALTER TABLE kommo_grants ADD COLUMN reckoned_at BIGINT;
ALTER TABLE kommo_grants ADD COLUMN claimed_at BIGINT;
CREATE INDEX kommo_grants_reckoned ON kommo_grants (realm, client_id, reckoned_at) WHERE reckoned_at IS NOT NULL;
-- What a clock that was ahead wrote before this step.
UPDATE kommo_grants SET reckoned_at = updated_at WHERE due_at IS NOT NULL AND updated_at > EXTRACT(EPOCH FROM clock_timestamp()) + 300;
