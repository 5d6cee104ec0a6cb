-- 003.sql - from version 2 to 3: what an operator is shown of the delivery.  The result is schema.sql at version 3.

ALTER TABLE origins ADD COLUMN subscriptions INTEGER NOT NULL DEFAULT 0;
ALTER TABLE origins ADD COLUMN trouble_since INTEGER;
ALTER TABLE origins ADD COLUMN clock_skew INTEGER NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN retry_of TEXT;
UPDATE origins SET subscriptions = (SELECT count(*) FROM subscriptions s
	WHERE s.origin_id = origins.id AND s.dead_at IS NULL);

CREATE TRIGGER subscriptions_came AFTER INSERT ON subscriptions WHEN new.dead_at IS NULL BEGIN
	UPDATE origins SET subscriptions = subscriptions + 1 WHERE id = new.origin_id;
END;
CREATE TRIGGER subscriptions_went AFTER DELETE ON subscriptions WHEN old.dead_at IS NULL BEGIN
	UPDATE origins SET subscriptions = subscriptions - 1 WHERE id = old.origin_id;
END;
CREATE TRIGGER subscriptions_died AFTER UPDATE OF dead_at ON subscriptions
	WHEN old.dead_at IS NULL AND new.dead_at IS NOT NULL BEGIN
	UPDATE origins SET subscriptions = subscriptions - 1 WHERE id = new.origin_id;
END;
CREATE TRIGGER subscriptions_revived AFTER UPDATE OF dead_at ON subscriptions
	WHEN old.dead_at IS NOT NULL AND new.dead_at IS NULL BEGIN
	UPDATE origins SET subscriptions = subscriptions + 1 WHERE id = new.origin_id;
END;

-- the other index of what is unproven serves as well; one less to write for each new subscription
DROP INDEX subscriptions_unproven_age;

CREATE TABLE missed (
	job_id INTEGER NOT NULL REFERENCES jobs(id) ON DELETE CASCADE,
	subscription_id INTEGER NOT NULL,
	PRIMARY KEY (job_id, subscription_id)
) STRICT, WITHOUT ROWID;
