-- 004.sql - from version 3 to 4: how many subscriptions each key of ours has, so that an operator who rotates it sees
-- when the one before is no longer needed.  The result is schema.sql at version 4.

ALTER TABLE vapid_keys ADD COLUMN subscriptions INTEGER NOT NULL DEFAULT 0;
UPDATE vapid_keys SET subscriptions = coalesce((SELECT n FROM (SELECT key_id, count(*) AS n FROM subscriptions
	WHERE dead_at IS NULL GROUP BY key_id) WHERE key_id = vapid_keys.id), 0);

DROP TRIGGER subscriptions_came;
DROP TRIGGER subscriptions_went;
DROP TRIGGER subscriptions_died;
DROP TRIGGER subscriptions_revived;
CREATE TRIGGER subscriptions_came AFTER INSERT ON subscriptions WHEN new.dead_at IS NULL BEGIN
	UPDATE origins SET subscriptions = subscriptions + 1 WHERE id = new.origin_id;
	UPDATE vapid_keys SET subscriptions = subscriptions + 1 WHERE id = new.key_id;
END;
CREATE TRIGGER subscriptions_went AFTER DELETE ON subscriptions WHEN old.dead_at IS NULL BEGIN
	UPDATE origins SET subscriptions = subscriptions - 1 WHERE id = old.origin_id;
	UPDATE vapid_keys SET subscriptions = subscriptions - 1 WHERE id = old.key_id;
END;
CREATE TRIGGER subscriptions_died AFTER UPDATE OF dead_at ON subscriptions
	WHEN old.dead_at IS NULL AND new.dead_at IS NOT NULL BEGIN
	UPDATE origins SET subscriptions = subscriptions - 1 WHERE id = new.origin_id;
	UPDATE vapid_keys SET subscriptions = subscriptions - 1 WHERE id = old.key_id;
END;
CREATE TRIGGER subscriptions_revived AFTER UPDATE OF dead_at ON subscriptions
	WHEN old.dead_at IS NOT NULL AND new.dead_at IS NULL BEGIN
	UPDATE origins SET subscriptions = subscriptions + 1 WHERE id = new.origin_id;
	UPDATE vapid_keys SET subscriptions = subscriptions + 1 WHERE id = new.key_id;
END;
CREATE TRIGGER subscriptions_rekeyed AFTER UPDATE OF key_id ON subscriptions
	WHEN old.key_id <> new.key_id AND old.dead_at IS NULL AND new.dead_at IS NULL BEGIN
	UPDATE vapid_keys SET subscriptions = subscriptions - 1 WHERE id = old.key_id;
	UPDATE vapid_keys SET subscriptions = subscriptions + 1 WHERE id = new.key_id;
END;
