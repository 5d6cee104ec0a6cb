-- 002.sql - from version 1 to 2: maintenances with a life of their own, and what publishing needs to
-- know which pages a change concerns.  The result is schema.sql at version 2.

ALTER TABLE incidents ADD COLUMN begun_at INTEGER;
ALTER TABLE incidents ADD COLUMN overrun_at INTEGER;
ALTER TABLE incidents ADD COLUMN auto_start INTEGER NOT NULL DEFAULT 1 CHECK (auto_start IN (0, 1));
ALTER TABLE incidents ADD COLUMN auto_end INTEGER NOT NULL DEFAULT 1 CHECK (auto_end IN (0, 1));
ALTER TABLE incidents ADD COLUMN sequence INTEGER NOT NULL DEFAULT 0;
ALTER TABLE incidents ADD COLUMN content_rev INTEGER NOT NULL DEFAULT 0;
CREATE INDEX incidents_planned ON incidents(scheduled_for) WHERE scheduled_for IS NOT NULL;
CREATE INDEX incidents_by_rev ON incidents(content_rev);

CREATE TABLE reminders (
	incident_id TEXT NOT NULL REFERENCES incidents(id) ON DELETE CASCADE,
	minutes_before INTEGER NOT NULL CHECK (minutes_before BETWEEN 1 AND 525600),
	settled INTEGER NOT NULL DEFAULT 0 CHECK (settled IN (0, 1)),
	PRIMARY KEY (incident_id, minutes_before)
) STRICT, WITHOUT ROWID;
