-- schema.sql - the whole database of ATStatus, each table with its reason.
--
-- One file, STATE_DIR/data/atstatus.db, WAL mode.  Times are milliseconds since 1970 (UTC); ids of things that
-- have a page or an API are 12 characters [a-z0-9]; words are those of docs/contract.md.  The limiter of the
-- public programs has a small database of its own (lib/limiter.c): losing it harms nobody.

-- What an admin can set, and what the programs tell each other: site_name, page_id, push_enabled,
-- trigger.<name>, content_rev (raised by each change that shows on the page), content_at (when that was),
-- content_all_rev (the last change that concerns every page), published (revision, day and build that the static files
-- show), vapid_verdict.
CREATE TABLE settings (
	name TEXT PRIMARY KEY,
	value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Random keys made by `atstatus init`: topic (HMAC of ids in the Topic header), csrf (form tokens).
CREATE TABLE secrets (
	name TEXT PRIMARY KEY,
	value BLOB NOT NULL CHECK (length(value) = 32)
) STRICT, WITHOUT ROWID;

-- Numbers that would cost a scan to count.
CREATE TABLE counters (
	name TEXT PRIMARY KEY,
	n INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

----------------------------------------------------------------------------------------------- people

CREATE TABLE users (
	id INTEGER PRIMARY KEY,
	name TEXT NOT NULL UNIQUE CHECK (length(name) BETWEEN 1 AND 64),
	password_hash TEXT NOT NULL,    -- scrypt with its parameters, lib/password.h
	role TEXT NOT NULL CHECK (role IN ('owner', 'editor', 'viewer')),
	created_at INTEGER NOT NULL,
	disabled_at INTEGER
) STRICT;

-- Only the SHA-256 of the cookie is stored: who reads this table cannot sign in.
CREATE TABLE sessions (
	token_hash BLOB PRIMARY KEY CHECK (length(token_hash) = 32),
	user_id INTEGER NOT NULL REFERENCES users(id) ON DELETE CASCADE,
	created_at INTEGER NOT NULL,
	last_used_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_by_user ON sessions(user_id);

-- Bearer tokens of the write API; shown once, stored as SHA-256.
CREATE TABLE tokens (
	id INTEGER PRIMARY KEY,
	name TEXT NOT NULL UNIQUE CHECK (length(name) BETWEEN 1 AND 64),
	token_hash BLOB NOT NULL UNIQUE CHECK (length(token_hash) = 32),
	scopes TEXT NOT NULL,           -- words with a space between: read components incidents maintenance admin
	created_at INTEGER NOT NULL,
	last_used_at INTEGER,
	revoked_at INTEGER
) STRICT;

-- A form's one-time key and the page its first posting led to: a second click answers with the same page.
CREATE TABLE posts (
	post_id TEXT PRIMARY KEY CHECK (length(post_id) BETWEEN 12 AND 64),
	digest BLOB NOT NULL CHECK (length(digest) = 32),  -- SHA-256 of what was sent, where to and by whom
	location TEXT NOT NULL,
	created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX posts_by_age ON posts(created_at);

-- Who did what, never with a secret in it; rows are only added.
CREATE TABLE audit (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	at INTEGER NOT NULL,
	actor TEXT NOT NULL,            -- user name, "token NAME", or "atstatus"
	action TEXT NOT NULL,           -- component.create, incident.update, settings.save, ...
	object TEXT,                    -- id of what was changed
	detail TEXT
) STRICT;

----------------------------------------------------------------------------------------------- the page

-- Components and their groups.  A group is a row with is_group = 1 (as in the Statuspage API); a row points to
-- its group by group_id; groups do not nest.
CREATE TABLE components (
	id TEXT PRIMARY KEY CHECK (length(id) = 12),
	name TEXT NOT NULL,
	description TEXT,
	status TEXT NOT NULL DEFAULT 'operational' CHECK (status IN ('operational',
		'degraded_performance', 'partial_outage', 'major_outage', 'under_maintenance')),
	is_group INTEGER NOT NULL DEFAULT 0 CHECK (is_group IN (0, 1)),
	group_id TEXT REFERENCES components(id) ON DELETE SET NULL,
	position INTEGER NOT NULL,      -- 1-based, unique by convention inside a group
	showcase INTEGER NOT NULL DEFAULT 1 CHECK (showcase IN (0, 1)),
	only_show_if_degraded INTEGER NOT NULL DEFAULT 0 CHECK (only_show_if_degraded IN (0, 1)),
	hidden INTEGER NOT NULL DEFAULT 0 CHECK (hidden IN (0, 1)),
	start_date TEXT,                -- YYYY-MM-DD: no uptime before it
	created_at INTEGER NOT NULL,
	updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX components_in_order ON components(group_id, position);

-- Every change of a component's status with its cause: the uptime bars are computed from this.
CREATE TABLE component_history (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	component_id TEXT NOT NULL REFERENCES components(id) ON DELETE CASCADE,
	at INTEGER NOT NULL,
	old_status TEXT NOT NULL,
	new_status TEXT NOT NULL,
	cause TEXT NOT NULL CHECK (cause IN ('manual', 'api', 'incident', 'maintenance')),
	incident_id TEXT
) STRICT;
CREATE INDEX component_history_by_component ON component_history(component_id, at);

-- Incidents; a maintenance is an incident with scheduled_for and scheduled_until.
CREATE TABLE incidents (
	id TEXT PRIMARY KEY CHECK (length(id) = 12),
	name TEXT NOT NULL,
	status TEXT NOT NULL CHECK (status IN ('investigating', 'identified', 'monitoring', 'resolved',
		'postmortem', 'scheduled', 'in_progress', 'verifying', 'completed', 'cancelled')),
	impact TEXT NOT NULL CHECK (impact IN ('none', 'minor', 'major', 'critical', 'maintenance')),
	impact_override TEXT CHECK (impact_override IN ('none', 'minor', 'major', 'critical', 'maintenance')),
	max_impact TEXT NOT NULL,       -- the highest so far: who heard of it hears of its end
	created_at INTEGER NOT NULL,
	started_at INTEGER NOT NULL,
	updated_at INTEGER NOT NULL,
	monitoring_at INTEGER,
	resolved_at INTEGER,
	scheduled_for INTEGER,          -- with scheduled_until: this is a maintenance; it has a life of its own (lib/maintenance.h)
	scheduled_until INTEGER,
	begun_at INTEGER,               -- when the maintenance first was in progress
	overrun_at INTEGER,             -- when people were told that it takes longer
	auto_start INTEGER NOT NULL DEFAULT 1 CHECK (auto_start IN (0, 1)),
	auto_end INTEGER NOT NULL DEFAULT 1 CHECK (auto_end IN (0, 1)),
	sequence INTEGER NOT NULL DEFAULT 0,    -- of the calendar entry (RFC 5545 §3.8.7.4)
	content_rev INTEGER NOT NULL DEFAULT 0  -- of settings, when its page last changed: what a publisher must draw
) STRICT;
CREATE INDEX incidents_by_age ON incidents(created_at);
CREATE INDEX incidents_open ON incidents(created_at) WHERE resolved_at IS NULL;
CREATE INDEX incidents_planned ON incidents(scheduled_for) WHERE scheduled_for IS NOT NULL;
CREATE INDEX incidents_by_rev ON incidents(content_rev);

-- How long before its beginning people are reminded of a maintenance.  Settled: told, or there was nothing to tell because
-- that moment had passed when it was planned.
CREATE TABLE reminders (
	incident_id TEXT NOT NULL REFERENCES incidents(id) ON DELETE CASCADE,
	minutes_before INTEGER NOT NULL CHECK (minutes_before BETWEEN 1 AND 525600),
	settled INTEGER NOT NULL DEFAULT 0 CHECK (settled IN (0, 1)),
	PRIMARY KEY (incident_id, minutes_before)
) STRICT, WITHOUT ROWID;

CREATE TABLE incident_updates (
	id TEXT PRIMARY KEY CHECK (length(id) = 12),
	incident_id TEXT NOT NULL REFERENCES incidents(id) ON DELETE CASCADE,
	status TEXT NOT NULL,
	body TEXT NOT NULL,             -- Markdown
	created_at INTEGER NOT NULL,
	updated_at INTEGER NOT NULL,
	display_at INTEGER NOT NULL,
	deliver_notifications INTEGER NOT NULL CHECK (deliver_notifications IN (0, 1))
) STRICT;
CREATE INDEX incident_updates_in_order ON incident_updates(incident_id, display_at);

-- What an update did to which component (affected_components of the Statuspage API).
CREATE TABLE incident_update_components (
	update_id TEXT NOT NULL REFERENCES incident_updates(id) ON DELETE CASCADE,
	component_id TEXT NOT NULL,
	name TEXT NOT NULL,             -- as it was then
	old_status TEXT NOT NULL,
	new_status TEXT NOT NULL,
	PRIMARY KEY (update_id, component_id)
) STRICT, WITHOUT ROWID;

-- Every component an incident ever affected, and the status it last gave it.
CREATE TABLE incident_components (
	incident_id TEXT NOT NULL REFERENCES incidents(id) ON DELETE CASCADE,
	component_id TEXT NOT NULL REFERENCES components(id) ON DELETE CASCADE,
	status TEXT NOT NULL,
	PRIMARY KEY (incident_id, component_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX incident_components_by_component ON incident_components(component_id);

----------------------------------------------------------------------------------------------- subscribers

-- Public keys that subscriptions were made with; the private halves are in the configuration.
CREATE TABLE vapid_keys (
	id INTEGER PRIMARY KEY,
	public_key BLOB NOT NULL UNIQUE CHECK (length(public_key) = 65),
	created_at INTEGER NOT NULL,
	subscriptions INTEGER NOT NULL DEFAULT 0  -- that are not dead; kept by the triggers below
) STRICT;

-- One row per push service host, with what the sender learnt about it.
CREATE TABLE origins (
	id INTEGER PRIMARY KEY,
	origin TEXT NOT NULL UNIQUE,    -- https://host[:port]
	suffix TEXT NOT NULL,           -- the built-in suffix it matched, '' for an entry of the operator
	transport TEXT NOT NULL DEFAULT 'unknown' CHECK (transport IN ('unknown', 'h2', 'http1')),
	paused_until INTEGER NOT NULL DEFAULT 0,
	pause_reason TEXT,
	failures INTEGER NOT NULL DEFAULT 0,  -- pauses in a row: each is longer than the one before
	last_error TEXT,
	last_error_at INTEGER,
	subscriptions INTEGER NOT NULL DEFAULT 0,  -- that are not dead; kept by the triggers below
	trouble_since INTEGER,          -- first of the pauses in a row
	clock_skew INTEGER NOT NULL DEFAULT 0      -- ms that its clock is ahead of ours; 0: less than a minute
) STRICT;
CREATE INDEX origins_by_suffix ON origins(suffix);

-- A browser that wants to be told.  Nothing here says who that is: no name, address or account.
-- Ids only grow, so a job concerns exactly the ids up to the highest one when it was written.
CREATE TABLE subscriptions (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	endpoint_hash BLOB NOT NULL UNIQUE CHECK (length(endpoint_hash) = 16), -- first half of SHA-256(endpoint)
	endpoint TEXT NOT NULL CHECK (length(endpoint) <= 2048),
	p256dh BLOB NOT NULL CHECK (length(p256dh) = 65),
	auth BLOB NOT NULL CHECK (length(auth) = 16),
	key_id INTEGER NOT NULL REFERENCES vapid_keys(id),
	origin_id INTEGER NOT NULL REFERENCES origins(id),
	shard INTEGER NOT NULL CHECK (shard BETWEEN 0 AND 15),                 -- endpoint_hash mod 16
	components TEXT,                -- ids of components and groups with a space between; NULL all, '' none
	events TEXT,                    -- triggers with a space between; NULL all
	min_impact TEXT NOT NULL DEFAULT 'none' CHECK (min_impact IN ('none', 'minor', 'major', 'critical')),
	lang TEXT NOT NULL DEFAULT 'en',
	quiet_from TEXT,                -- HH:MM in quiet_tz; all three or none
	quiet_to TEXT,
	quiet_tz TEXT,
	quiet_critical INTEGER NOT NULL DEFAULT 0 CHECK (quiet_critical IN (0, 1)),
	created_at INTEGER NOT NULL,
	last_seen_at INTEGER NOT NULL,  -- last time the browser posted it
	proven INTEGER NOT NULL DEFAULT 0 CHECK (proven IN (0, 1)),            -- a push service accepted one
	max_payload INTEGER,            -- octets, learnt from a 413
	strikes INTEGER NOT NULL DEFAULT 0,
	struck_at INTEGER NOT NULL DEFAULT 0,                                  -- last strike that counted
	suspended_until INTEGER NOT NULL DEFAULT 0,
	dead_at INTEGER,                -- the push service said gone; kept 30 days so that a visit revives it
	dead_reason TEXT,
	last_test_at INTEGER,
	last_test_outcome TEXT
) STRICT;
CREATE INDEX subscriptions_by_shard ON subscriptions(origin_id, shard, id) WHERE dead_at IS NULL;
CREATE INDEX subscriptions_unproven ON subscriptions(origin_id, shard, id) WHERE proven = 0;
CREATE INDEX subscriptions_dead ON subscriptions(dead_at) WHERE dead_at IS NOT NULL;

CREATE TRIGGER subscriptions_counted_in AFTER INSERT ON subscriptions BEGIN
	UPDATE counters SET n = n + 1 WHERE name = 'subscriptions';
END;
CREATE TRIGGER subscriptions_counted_out AFTER DELETE ON subscriptions BEGIN
	UPDATE counters SET n = n - 1 WHERE name = 'subscriptions';
END;

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

-- "Follow only this incident"; ends 24 h after the incident's end.
CREATE TABLE follows (
	subscription_id INTEGER NOT NULL REFERENCES subscriptions(id) ON DELETE CASCADE,
	incident_id TEXT NOT NULL REFERENCES incidents(id) ON DELETE CASCADE,
	PRIMARY KEY (subscription_id, incident_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX follows_by_incident ON follows(incident_id);

CREATE TABLE mutes (
	subscription_id INTEGER NOT NULL REFERENCES subscriptions(id) ON DELETE CASCADE,
	incident_id TEXT NOT NULL REFERENCES incidents(id) ON DELETE CASCADE,
	until TEXT NOT NULL CHECK (until IN ('resolved', 'end')),
	PRIMARY KEY (subscription_id, incident_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX mutes_by_incident ON mutes(incident_id);

----------------------------------------------------------------------------------------------- the queue

-- One admin action to tell people of, written in the transaction of the fact itself: there is never a fact that
-- nobody will hear of, nor a message about a fact that did not happen.  See lib/job.h.
CREATE TABLE jobs (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	public_id TEXT NOT NULL UNIQUE CHECK (length(public_id) = 12),
	created_at INTEGER NOT NULL,
	trigger TEXT NOT NULL,          -- of its first notice
	title TEXT NOT NULL,
	incident_id TEXT,               -- plain text: the ledger outlives the incident
	component_id TEXT,
	max_subscription_id INTEGER NOT NULL,
	state TEXT NOT NULL DEFAULT 'sending' CHECK (state IN ('sending', 'done', 'stopped')),
	is_test INTEGER NOT NULL DEFAULT 0 CHECK (is_test IN (0, 1)),
	spread INTEGER NOT NULL DEFAULT 0 CHECK (spread IN (0, 1)),  -- its lanes exist
	first_at INTEGER,               -- first and last push accepted
	last_at INTEGER,
	retry_of TEXT                   -- public id of the job whose `missed` this one tells; its audience is exceptions alone
) STRICT;
CREATE INDEX jobs_unfinished ON jobs(id) WHERE state <> 'done';
CREATE INDEX jobs_by_incident ON jobs(incident_id);

-- What a job may say; a subscriber gets the first one (by position) that passes their choices.
CREATE TABLE job_notices (
	job_id INTEGER NOT NULL REFERENCES jobs(id) ON DELETE CASCADE,
	position INTEGER NOT NULL,
	trigger TEXT NOT NULL,
	subject_id TEXT NOT NULL,       -- incident, maintenance or component the notice is about: its tag
	topic TEXT NOT NULL CHECK (length(topic) = 32),
	incident_id TEXT,
	components TEXT NOT NULL,       -- ids of components and of their groups, with a space between; '' everyone
	status TEXT NOT NULL,
	impact TEXT NOT NULL,
	max_impact TEXT NOT NULL,       -- the audience is judged by this one
	urgency TEXT NOT NULL CHECK (urgency IN ('low', 'normal', 'high')),
	path TEXT NOT NULL,             -- of the page that a click opens, from the root
	seq INTEGER NOT NULL,           -- grows with each notice of the same subject
	expires_at INTEGER NOT NULL,
	PRIMARY KEY (job_id, position)
) STRICT, WITHOUT ROWID;
CREATE INDEX job_notices_by_topic ON job_notices(topic, job_id);

CREATE TABLE job_texts (
	job_id INTEGER NOT NULL,
	position INTEGER NOT NULL,
	lang TEXT NOT NULL,
	title TEXT NOT NULL,
	body TEXT NOT NULL,
	PRIMARY KEY (job_id, position, lang),
	FOREIGN KEY (job_id, position) REFERENCES job_notices(job_id, position) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- The last seq per subject, so that it grows also when the clock is set back.
CREATE TABLE sequences (
	subject_id TEXT PRIMARY KEY,
	seq INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- How far a job is at one push service and shard.  See lib/lane.h.
CREATE TABLE lanes (
	job_id INTEGER NOT NULL REFERENCES jobs(id) ON DELETE CASCADE,
	origin_id INTEGER NOT NULL REFERENCES origins(id),
	shard INTEGER NOT NULL,
	cursor INTEGER NOT NULL DEFAULT 0,      -- every id up to here is answered or has an exception
	claimed_to INTEGER NOT NULL DEFAULT 0,  -- ids up to here may have been sent
	tries INTEGER NOT NULL DEFAULT 0,       -- times this claim was begun
	done INTEGER NOT NULL DEFAULT 0 CHECK (done IN (0, 1)),
	PRIMARY KEY (job_id, origin_id, shard)
) STRICT, WITHOUT ROWID;
CREATE INDEX lanes_open ON lanes(origin_id, shard, job_id) WHERE done = 0;

-- One subscription whose push of one job must be tried again.  No foreign key to the subscription: one that
-- was removed meanwhile is still counted.
CREATE TABLE exceptions (
	job_id INTEGER NOT NULL REFERENCES jobs(id) ON DELETE CASCADE,
	subscription_id INTEGER NOT NULL,
	origin_id INTEGER NOT NULL REFERENCES origins(id),
	shard INTEGER NOT NULL,
	due_at INTEGER NOT NULL,
	tries INTEGER NOT NULL DEFAULT 0,       -- attempts answered or lost so far
	claims INTEGER NOT NULL DEFAULT 0,      -- attempts begun since the last answer: a crash leaves one
	without_topic INTEGER NOT NULL DEFAULT 0,
	minimal INTEGER NOT NULL DEFAULT 0,     -- send the smallest payload
	short_ttl INTEGER NOT NULL DEFAULT 0,   -- send TTL 60
	PRIMARY KEY (job_id, subscription_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX exceptions_due ON exceptions(origin_id, shard, due_at);
CREATE INDEX exceptions_by_due ON exceptions(due_at);

-- The ledger: accepted + gone + refused + expired + superseded + stopped = audience, when a job is done.
CREATE TABLE ledger (
	job_id INTEGER NOT NULL REFERENCES jobs(id) ON DELETE CASCADE,
	origin_id INTEGER NOT NULL REFERENCES origins(id),
	outcome TEXT NOT NULL CHECK (outcome IN ('accepted', 'gone', 'refused', 'expired', 'superseded',
		'stopped')),
	n INTEGER NOT NULL,
	PRIMARY KEY (job_id, origin_id, outcome)
) STRICT, WITHOUT ROWID;

-- Who was not told though the subscription lives: refused, or too late.  Written on the path of failures alone, no more
-- than some 10,000 a job, for a week: "notify again those who failed" is made of it.
CREATE TABLE missed (
	job_id INTEGER NOT NULL REFERENCES jobs(id) ON DELETE CASCADE,
	subscription_id INTEGER NOT NULL,
	PRIMARY KEY (job_id, subscription_id)
) STRICT, WITHOUT ROWID;

INSERT INTO counters VALUES ('subscriptions', 0);

PRAGMA user_version = 4;
