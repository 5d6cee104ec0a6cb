/* sql_table.h - every SQL statement of the suite, one SQL(name, text) each, grouped by the module
 * that uses it. Included twice by design (sql.h makes the enum, sql.c the texts), so it has no
 * include guard.
 *
 * Columns are read by position: a text and its reader change together.  A scan of a large table on
 * purpose carries the comment "scan". */

/* ---- settings.c */
SQL(SETTINGS_ALL, "SELECT name, value FROM settings")
SQL(SETTINGS_GET, "SELECT value FROM settings WHERE name = :name")
SQL(SETTINGS_PUT,
    "INSERT INTO settings (name, value) VALUES (:name, :value)"
    " ON CONFLICT (name) DO UPDATE SET value = excluded.value WHERE value <> excluded.value")
SQL(SETTINGS_TOUCH,
    "INSERT INTO settings (name, value) VALUES ('content_rev', '1')"
    " ON CONFLICT (name) DO UPDATE SET value = CAST(CAST(value AS INTEGER) + 1 AS TEXT)")
SQL(SETTINGS_TOUCH_ALL,
    "INSERT INTO settings (name, value) SELECT 'content_all_rev', value FROM settings"
    " WHERE name = 'content_rev'"
    " ON CONFLICT (name) DO UPDATE SET value = excluded.value")
SQL(AUDIT_ADD, "INSERT INTO audit (at, actor, action, object, detail)"
	       " VALUES (:at, :actor, :action, :object, :detail)")
SQL(SECRET_GET, "SELECT value FROM secrets WHERE name = :name")
SQL(SECRET_ADD, "INSERT INTO secrets (name, value) VALUES (:name, :value) ON CONFLICT DO NOTHING")

/* ---- job.c */
SQL(JOB_MAX_SUBSCRIPTION, "SELECT coalesce(max(id), 0) FROM subscriptions")
SQL(JOB_ADD,
    "INSERT INTO jobs (public_id, created_at, trigger, title, incident_id, component_id,"
    " max_subscription_id, is_test, spread)"
    " VALUES (:public_id, :now, :trigger, :title, :incident, :component, :max, :test, :test)")
SQL(JOB_ADD_NOTICE, "INSERT INTO job_notices (job_id, position, trigger, subject_id, topic, "
		    "incident_id, components,"
		    " status, impact, max_impact, urgency, path, seq, expires_at)"
		    " VALUES (:job, :position, :trigger, :subject, :topic, :incident, :components, "
		    ":status, :impact,"
		    " :max_impact, :urgency, :path, :seq, :expires)")
SQL(JOB_ADD_TEXT, "INSERT INTO job_texts (job_id, position, lang, title, body)"
		  " VALUES (:job, :position, :lang, :title, :body)")
SQL(JOB_SEQUENCE,
    "INSERT INTO sequences (subject_id, seq) VALUES (:subject, :now)"
    " ON CONFLICT (subject_id) DO UPDATE SET seq = max(seq + 1, excluded.seq) RETURNING seq")
SQL(JOB_LANG, "SELECT lang FROM subscriptions WHERE id = :subscription")
SQL(JOB_ADD_TEST_EXCEPTION,
    "INSERT INTO exceptions (job_id, subscription_id, origin_id, shard, due_at)"
    " SELECT :job, id, origin_id, shard, :now FROM subscriptions WHERE id = :subscription")
SQL(JOB_LIST,
    "SELECT id, public_id, trigger, incident_id, component_id, title, state, created_at, first_at,"
    " last_at, retry_of, max_subscription_id FROM jobs WHERE is_test = 0 ORDER BY id DESC"
    " LIMIT :limit")
SQL(JOB_LIST_INCIDENT,
    "SELECT id, public_id, trigger, incident_id, component_id, title, state, created_at, first_at,"
    " last_at, retry_of, max_subscription_id FROM jobs WHERE incident_id = :incident AND is_test = "
    "0"
    " ORDER BY id DESC LIMIT :limit")
SQL(JOB_GET,
    "SELECT id, public_id, trigger, incident_id, component_id, title, state, created_at, first_at,"
    " last_at, retry_of, max_subscription_id FROM jobs WHERE public_id = :public_id AND is_test = "
    "0")
SQL(JOB_COUNTS, "SELECT o.origin, l.outcome, l.n FROM ledger l JOIN origins o ON o.id = l.origin_id"
		" WHERE l.job_id = :job ORDER BY o.origin")
SQL(JOB_RETRYING, "SELECT o.origin, count(*) FROM exceptions e JOIN origins o ON o.id = e.origin_id"
		  " WHERE e.job_id = :job GROUP BY o.id ORDER BY o.origin")
SQL(JOB_STOP, "UPDATE jobs SET state = 'stopped' WHERE public_id = :public_id AND state = 'sending'"
	      " AND is_test = 0")
SQL(JOB_STOP_INCIDENT,
    "UPDATE jobs SET state = 'stopped' WHERE incident_id = :incident AND state = 'sending'")
SQL(JOB_WAITING, /* scan: one row per push service; counts what its lanes have not read yet by the index alone */
    "SELECT o.origin, o.paused_until, o.pause_reason,"
    " (SELECT coalesce(sum((SELECT count(*) FROM subscriptions s WHERE s.origin_id = l.origin_id"
    "   AND s.shard = l.shard AND s.dead_at IS NULL AND s.id > l.cursor"
    "   AND s.id <= j.max_subscription_id)), 0)"
    "  FROM lanes l JOIN jobs j ON j.id = l.job_id"
    "  WHERE l.job_id = :job AND l.origin_id = o.id AND l.done = 0),"
    " (SELECT count(*) FROM exceptions e WHERE e.job_id = :job AND e.origin_id = o.id)"
    " FROM origins o ORDER BY o.origin")
/* what it says is what the page says still, and nothing was said of it since */
#define JOB_SAYS_WHAT_IS_SO                                                                        \
	" EXISTS (SELECT 1 FROM jobs WHERE id = :job AND state <> 'sending') AND NOT EXISTS"       \
	" (SELECT 1 FROM job_notices n WHERE n.job_id = :job AND (EXISTS"                          \
	"   (SELECT 1 FROM job_notices m WHERE m.topic = n.topic AND m.job_id > :job)"             \
	"  OR n.status <> coalesce((SELECT status FROM incidents WHERE id = n.subject_id),"        \
	"   (SELECT status FROM components WHERE id = n.subject_id), '')))"
SQL(JOB_MISSED, "SELECT count(*) FROM missed m JOIN subscriptions s ON s.id = m.subscription_id"
		" WHERE m.job_id = :job AND s.dead_at IS NULL AND" JOB_SAYS_WHAT_IS_SO)
SQL(JOB_IS_TRUE, "SELECT" JOB_SAYS_WHAT_IS_SO)
#undef JOB_SAYS_WHAT_IS_SO
SQL(JOB_RETRY_ADD,
    "INSERT INTO jobs (public_id, created_at, trigger, title, incident_id, component_id,"
    " max_subscription_id, spread, retry_of) SELECT :public_id, :now, trigger, title, incident_id,"
    " component_id, 0, 1, public_id FROM jobs WHERE id = :job")
SQL(JOB_RETRY_SUBJECTS,
    "SELECT position, subject_id FROM job_notices WHERE job_id = :job ORDER BY position")
SQL(JOB_RETRY_NOTICE,
    "INSERT INTO job_notices (job_id, position, trigger, subject_id, topic, incident_id, "
    "components,"
    " status, impact, max_impact, urgency, path, seq, expires_at)"
    " SELECT :new, position, trigger, subject_id, topic, incident_id, components, status, impact,"
    " max_impact, urgency, path, :seq, max(expires_at, :expires) FROM job_notices"
    " WHERE job_id = :job AND position = :position")
SQL(JOB_RETRY_TEXTS, "INSERT INTO job_texts (job_id, position, lang, title, body)"
		     " SELECT :new, position, lang, title, body FROM job_texts WHERE job_id = :job")
SQL(JOB_RETRY_EXCEPTIONS,
    "INSERT INTO exceptions (job_id, subscription_id, origin_id, shard, due_at)"
    " SELECT :new, s.id, s.origin_id, s.shard, :now FROM missed m"
    " JOIN subscriptions s ON s.id = m.subscription_id"
    " WHERE m.job_id = :job AND s.dead_at IS NULL")
SQL(JOB_RETRY_FORGET, "DELETE FROM missed WHERE job_id = :job")
SQL(JOB_HAD_SUBSCRIBERS,
    "SELECT EXISTS (SELECT 1 FROM lanes WHERE job_id = :job) OR EXISTS (SELECT 1 FROM jobs j"
    " JOIN subscriptions s ON s.id <= j.max_subscription_id WHERE j.id = :job"
    " AND (s.dead_at IS NULL OR s.dead_at > j.created_at))")
SQL(JOB_REACH, /* scan: one row per push service */
    "SELECT count(*), coalesce(sum(paused_until > :now), 0), coalesce(sum(paused_until > :now"
    " AND pause_reason IN ('auth', 'blocked')), 0) FROM origins WHERE subscriptions > 0")
SQL(JOB_WORK_DUE, "SELECT EXISTS (SELECT 1 FROM jobs WHERE state <> 'done' AND spread = 0)"
		  " OR EXISTS (SELECT 1 FROM lanes l JOIN origins o ON o.id = l.origin_id"
		  "  WHERE l.done = 0 AND o.paused_until <= :until)"
		  " OR EXISTS (SELECT 1 FROM exceptions e JOIN origins o ON o.id = e.origin_id"
		  "  WHERE e.due_at <= :until AND o.paused_until <= :until)")

/* ---- component.c */
#define COMPONENT_COLUMNS                                                                          \
	"id, name, description, status, is_group, group_id, position, showcase,"                   \
	" only_show_if_degraded, hidden, start_date, created_at, updated_at"
SQL(COMPONENT_LIST,
    "SELECT " COMPONENT_COLUMNS " FROM components c ORDER BY"
    " coalesce((SELECT g.position FROM components g WHERE g.id = c.group_id), position),"
    " coalesce(group_id, id), is_group DESC, position, created_at /* scan: tens of rows */")
SQL(COMPONENT_GET, "SELECT " COMPONENT_COLUMNS " FROM components WHERE id = :id")
SQL(COMPONENT_COUNT, "SELECT count(*) FROM components WHERE is_group = 0 /* scan */")
SQL(COMPONENT_NEXT_POSITION,
    "SELECT coalesce(max(position), 0) + 1 FROM components WHERE group_id IS :group")
SQL(COMPONENT_ADD,
    "INSERT INTO components (id, name, description, status, is_group, group_id, position, showcase,"
    " only_show_if_degraded, hidden, start_date, created_at, updated_at)"
    " VALUES (:id, :name, :description, :status, :is_group, :group, :position, :showcase,"
    " :only_degraded, :hidden, :start_date, :now, :now)")
SQL(COMPONENT_SAVE,
    "UPDATE components SET name = :name, description = :description, group_id = :group,"
    " position = :position, showcase = :showcase, only_show_if_degraded = :only_degraded,"
    " hidden = :hidden, start_date = :start_date, updated_at = :now WHERE id = :id")
SQL(COMPONENT_SET_STATUS, "UPDATE components SET status = :status, updated_at = :now WHERE id = "
			  ":id AND status <> :status")
SQL(COMPONENT_SET_POSITION, "UPDATE components SET position = :position WHERE id = :id")
SQL(COMPONENT_HIDE, "UPDATE components SET hidden = 1 WHERE id = :id")
SQL(COMPONENT_DELETE, "DELETE FROM components WHERE id = :id")
SQL(COMPONENT_HISTORY_ADD,
    "INSERT INTO component_history (component_id, at, old_status, new_status, cause, incident_id)"
    " VALUES (:id, :now, :old, :new, :cause, :incident)")
SQL(COMPONENT_OPEN_INCIDENT_STATUSES,
    "SELECT ic.status FROM incident_components ic JOIN incidents i ON i.id = ic.incident_id"
    " WHERE ic.component_id = :id AND i.resolved_at IS NULL"
    " AND (i.scheduled_for IS NULL OR i.status IN ('in_progress', 'verifying'))"
    " AND i.id <> :except")
SQL(COMPONENT_BEFORE_INCIDENT, /* the second: it was set by hand or by a program, not by an incident */
    "SELECT h.old_status, coalesce((SELECT p.cause IN ('manual', 'api') FROM component_history p"
    " WHERE p.component_id = h.component_id AND p.id < h.id ORDER BY p.id DESC LIMIT 1), 1)"
    " FROM component_history h WHERE h.component_id = :id AND h.incident_id = :incident"
    " ORDER BY h.id LIMIT 1")
SQL(COMPONENT_LAST_TROUBLE,
    "SELECT at, old_status, new_status FROM component_history WHERE component_id = :id"
    " ORDER BY at DESC, id DESC LIMIT 50")
SQL(COMPONENT_LAST_CHANGE,
    "SELECT h.at, h.cause, h.incident_id, i.name FROM component_history h"
    " LEFT JOIN incidents i ON i.id = h.incident_id WHERE h.component_id = :id"
    " ORDER BY h.at DESC, h.id DESC LIMIT 1")

/* ---- uptime.c */
SQL(UPTIME_HISTORY, "SELECT at, old_status, new_status FROM component_history"
		    " WHERE component_id = :id AND at > :from ORDER BY at, id")

/* ---- incident.c */
#define INCIDENT_COLUMNS                                                                           \
	"id, name, status, impact, impact_override, max_impact, created_at, started_at,"           \
	" updated_at, monitoring_at, resolved_at, scheduled_for, scheduled_until, begun_at,"       \
	" overrun_at, auto_start, auto_end, sequence, content_rev"
#define NEXT_CONTENT_REV                                                                           \
	"1 + coalesce((SELECT CAST(value AS INTEGER) FROM settings WHERE name = 'content_rev'), "  \
	"0)"
SQL(INCIDENT_GET, "SELECT " INCIDENT_COLUMNS " FROM incidents WHERE id = :id")
SQL(INCIDENT_LIST_OPEN,
    "SELECT " INCIDENT_COLUMNS " FROM incidents WHERE resolved_at IS NULL AND scheduled_for IS NULL"
    " ORDER BY created_at DESC, rowid DESC")
SQL(INCIDENT_LIST_ALL,
    "SELECT " INCIDENT_COLUMNS " FROM incidents ORDER BY created_at DESC, rowid DESC LIMIT :limit")
SQL(INCIDENT_LIST_RECENT, "SELECT " INCIDENT_COLUMNS " FROM incidents WHERE scheduled_for IS NULL"
			  " AND (created_at >= :since OR updated_at >= :since)"
			  " ORDER BY created_at DESC, rowid DESC LIMIT :limit")
SQL(INCIDENT_LIST_REFS,
    "SELECT id, scheduled_for IS NOT NULL, coalesce(scheduled_for, started_at), content_rev"
    " FROM incidents WHERE content_rev > :after")
SQL(INCIDENT_ADD,
    "INSERT INTO incidents (id, name, status, impact, impact_override, max_impact, created_at,"
    " started_at, updated_at, monitoring_at, resolved_at, scheduled_for, scheduled_until,"
    " begun_at, overrun_at, auto_start, auto_end, sequence, content_rev)"
    " VALUES (:id, :name, :status, :impact, :override, :max_impact, :now, :started, :now,"
    " :monitoring, :resolved, :for, :until, :begun, :overrun, :auto_start, :auto_end,"
    " :sequence, " NEXT_CONTENT_REV ")")
SQL(INCIDENT_SAVE, "UPDATE incidents SET name = :name, status = :status, impact = :impact,"
		   " impact_override = :override, max_impact = :max_impact, started_at = :started,"
		   " updated_at = :now, monitoring_at = :monitoring, resolved_at = :resolved,"
		   " scheduled_for = :for, scheduled_until = :until, begun_at = :begun,"
		   " overrun_at = :overrun, auto_start = :auto_start, auto_end = :auto_end,"
		   " sequence = :sequence, content_rev = " NEXT_CONTENT_REV " WHERE id = :id")
SQL(INCIDENT_UNMUTE, "DELETE FROM mutes WHERE incident_id = :id AND until = 'resolved'")
SQL(INCIDENT_DELETE, "DELETE FROM incidents WHERE id = :id")
SQL(INCIDENT_UPDATES,
    "SELECT id, status, body, created_at, updated_at, display_at, deliver_notifications"
    " FROM incident_updates WHERE incident_id = :incident ORDER BY display_at DESC, rowid DESC")
SQL(INCIDENT_UPDATE_ADD,
    "INSERT INTO incident_updates (id, incident_id, status, body, created_at, updated_at, "
    "display_at,"
    " deliver_notifications) VALUES (:id, :incident, :status, :body, :now, :now, :now, :deliver)")
SQL(INCIDENT_UPDATE_EDIT,
    "UPDATE incident_updates SET body = :body, display_at = coalesce(:display, display_at),"
    " updated_at = :now WHERE id = :id AND incident_id = :incident")
SQL(INCIDENT_UPDATE_COMPONENTS,
    "SELECT component_id, name, old_status, new_status FROM incident_update_components"
    " WHERE update_id = :id ORDER BY name")
SQL(INCIDENT_UPDATE_COMPONENT_ADD,
    "INSERT INTO incident_update_components (update_id, component_id, name, old_status, new_status)"
    " VALUES (:update, :component, :name, :old, :new)")
SQL(INCIDENT_COMPONENTS, "SELECT ic.component_id, ic.status, c.name, c.group_id, c.status,"
			 " max(c.hidden, coalesce(g.hidden, 0)) FROM"
			 " incident_components ic JOIN components c ON c.id = ic.component_id"
			 " LEFT JOIN components g ON g.id = c.group_id"
			 " WHERE ic.incident_id = :incident ORDER BY c.position, c.name")
SQL(INCIDENT_COMPONENT_DROP, "DELETE FROM incident_components WHERE incident_id = :incident"
			     " AND component_id = :component")
SQL(INCIDENT_COMPONENT_PUT,
    "INSERT INTO incident_components (incident_id, component_id, status)"
    " VALUES (:incident, :component, :status)"
    " ON CONFLICT (incident_id, component_id) DO UPDATE SET status = excluded.status")

/* ---- maintenance*.c */
SQL(MAINTENANCE_LIST_PLANNED, "SELECT " INCIDENT_COLUMNS " FROM incidents WHERE resolved_at IS NULL"
			      " AND scheduled_for IS NOT NULL ORDER BY scheduled_for, rowid")
SQL(MAINTENANCE_LIST_RECENT,
    "SELECT " INCIDENT_COLUMNS " FROM incidents WHERE scheduled_for >= :since"
    " ORDER BY scheduled_for DESC, rowid DESC LIMIT :limit")
SQL(MAINTENANCE_OVERRUN, "UPDATE incidents SET overrun_at = :now, updated_at = :now,"
			 " content_rev = " NEXT_CONTENT_REV " WHERE id = :id")
SQL(MAINTENANCE_REMINDERS, "SELECT minutes_before FROM reminders WHERE incident_id = :incident"
			   " ORDER BY minutes_before DESC")
SQL(MAINTENANCE_REMINDERS_DROP, "DELETE FROM reminders WHERE incident_id = :incident")
SQL(MAINTENANCE_REMINDER_ADD,
    "INSERT INTO reminders (incident_id, minutes_before) VALUES (:incident, :minutes)"
    " ON CONFLICT DO NOTHING")
SQL(MAINTENANCE_REMINDERS_SETTLE,
    "UPDATE reminders SET settled = (:for - minutes_before * 60000 <= :now)"
    " WHERE incident_id = :incident")
SQL(MAINTENANCE_REMINDER_DUE,
    "SELECT min(minutes_before) FROM reminders WHERE incident_id = :incident AND settled = 0"
    " AND :for - minutes_before * 60000 <= :now")

/* ---- view_history.c */
#define VIEW_MONTH_COLUMNS                                                                         \
	"id, name, status, impact, created_at, started_at, resolved_at, scheduled_for,"            \
	" scheduled_until, begun_at, (SELECT body FROM incident_updates u"                         \
	"  WHERE u.incident_id = incidents.id AND u.status <> 'postmortem'"                        \
	"  ORDER BY display_at DESC, rowid DESC LIMIT 1)"
SQL(VIEW_MONTH, "SELECT " VIEW_MONTH_COLUMNS ", created_at AS began FROM incidents"
		" WHERE scheduled_for IS NULL AND created_at >= :first AND created_at < :next"
		" UNION ALL SELECT " VIEW_MONTH_COLUMNS ", scheduled_for FROM incidents"
		" WHERE scheduled_for >= :first AND scheduled_for < :next ORDER BY began DESC, id")
#undef VIEW_MONTH_COLUMNS
SQL(VIEW_OLDEST, "SELECT min(coalesce((SELECT created_at FROM incidents WHERE scheduled_for IS NULL"
		 "  ORDER BY created_at LIMIT 1), :now),"
		 " coalesce((SELECT scheduled_for FROM incidents WHERE scheduled_for IS NOT NULL"
		 "  ORDER BY scheduled_for LIMIT 1), :now), :now)")

/* ---- post.c: one-time keys of forms */
SQL(POST_GET, "SELECT location, digest FROM posts WHERE post_id = :id")
SQL(POST_ADD, "INSERT INTO posts (post_id, digest, location, created_at)"
	      " VALUES (:id, :digest, :location, :now)")

SQL(POST_SWEEP, "DELETE FROM posts WHERE created_at < :before")

/* ---- admin.c: people, sessions, tokens */
SQL(USER_BY_NAME,
    "SELECT id, name, password_hash, role FROM users WHERE name = :name AND disabled_at IS NULL")
SQL(USER_COUNT, "SELECT count(*) FROM users /* scan */")
SQL(USER_ADD,
    "INSERT INTO users (name, password_hash, role, created_at) VALUES (:name, :hash, :role, :now)"
    " ON CONFLICT DO NOTHING")
SQL(USER_SET_PASSWORD, "UPDATE users SET password_hash = :hash WHERE name = :name")
SQL(SESSION_ADD, "INSERT INTO sessions (token_hash, user_id, created_at, last_used_at)"
		 " VALUES (:hash, :user, :now, :now)")
SQL(SESSION_GET,
    "SELECT u.id, u.name, u.role, s.created_at, s.last_used_at FROM sessions s"
    " JOIN users u ON u.id = s.user_id WHERE s.token_hash = :hash AND u.disabled_at IS NULL")
SQL(SESSION_TOUCH,
    "UPDATE sessions SET last_used_at = :now WHERE token_hash = :hash AND last_used_at < :before")
SQL(SESSION_DELETE, "DELETE FROM sessions WHERE token_hash = :hash")
SQL(SESSION_DELETE_USER,
    "DELETE FROM sessions WHERE user_id = (SELECT id FROM users WHERE name = :name)"
    " AND token_hash <> :except")
SQL(SESSION_DELETE_OLD,
    "DELETE FROM sessions WHERE last_used_at < :idle OR created_at < :absolute /* scan */")
SQL(TOKEN_ADD,
    "INSERT INTO tokens (name, token_hash, scopes, created_at) VALUES (:name, :hash, :scopes, :now)"
    " ON CONFLICT DO NOTHING")
SQL(TOKEN_GET,
    "SELECT id, name, scopes, coalesce(last_used_at, 0) FROM tokens WHERE token_hash = :hash"
    " AND revoked_at IS NULL")
SQL(TOKEN_TOUCH, "UPDATE tokens SET last_used_at = :now WHERE id = :id")
SQL(TOKEN_REVOKE, "UPDATE tokens SET revoked_at = :now WHERE name = :name AND revoked_at IS NULL")
SQL(VAPID_KEY_ADD,
    "INSERT INTO vapid_keys (public_key, created_at) VALUES (:key, :now) ON CONFLICT DO NOTHING")
SQL(VAPID_KEY_ID, "SELECT id FROM vapid_keys WHERE public_key = :key")
SQL(VAPID_KEY_COUNT, "SELECT subscriptions FROM vapid_keys WHERE public_key = :key")
SQL(SUBSCRIPTION_COUNT, "SELECT n FROM counters WHERE name = 'subscriptions'")
SQL(SUBSCRIPTION_COUNT_ALIVE,
    "SELECT coalesce(sum(subscriptions), 0) FROM origins") /* scan: one row per push service */

/* ---- limiter.c: in the limiter's own database */
SQL(LIMITER_SALT, "SELECT salt FROM salts WHERE day = :day")
SQL(LIMITER_FORGET_SALTS, "DELETE FROM salts")
SQL(LIMITER_FORGET_HITS, "DELETE FROM hits")
SQL(LIMITER_ADD_SALT, "INSERT INTO salts (day, salt) VALUES (:day, :salt)")
SQL(LIMITER_SWEEP, "DELETE FROM hits WHERE ends_at <= :now")
/* an end beyond a whole period means that the clock was set back: the count begins anew */
SQL(LIMITER_HIT, "INSERT INTO hits (key, n, ends_at) VALUES (:key, 1, :ends_at)"
		 " ON CONFLICT (key) DO UPDATE SET"
		 " n = CASE WHEN hits.ends_at > excluded.ends_at THEN 1 ELSE hits.n + 1 END,"
		 " ends_at = min(hits.ends_at, excluded.ends_at) RETURNING n, ends_at")

/* ---- throttle.c: in the limiter's own database */
SQL(THROTTLE_GET, "SELECT n, next_at FROM failures WHERE key = :key")
SQL(THROTTLE_PUT,
    "INSERT INTO failures (key, n, next_at, ends_at) VALUES (:key, :n, :next_at, :ends_at)"
    " ON CONFLICT (key) DO UPDATE SET n = excluded.n, next_at = excluded.next_at,"
    " ends_at = excluded.ends_at")
SQL(THROTTLE_DROP, "DELETE FROM failures WHERE key = :key")
SQL(THROTTLE_SWEEP, "DELETE FROM failures WHERE ends_at <= :now")

/* ---- subscription*.c */
SQL(SUBSCRIPTION_GET,
    "SELECT s.id, s.p256dh, s.auth, k.public_key, s.components, s.events, s.min_impact, s.lang,"
    " s.quiet_from, s.quiet_to, s.quiet_tz, s.quiet_critical, s.last_seen_at, s.dead_at,"
    " s.last_test_at, s.last_test_outcome, s.origin_id, s.shard, s.proven"
    " FROM subscriptions s JOIN vapid_keys k ON k.id = s.key_id WHERE s.endpoint_hash = :hash")
SQL(SUBSCRIPTION_COMPONENT, "SELECT 1 FROM components WHERE id = :id")
SQL(SUBSCRIPTION_INCIDENT, "SELECT resolved_at FROM incidents WHERE id = :id")
SQL(SUBSCRIPTION_ORIGIN, "SELECT id FROM origins WHERE origin = :origin")
SQL(SUBSCRIPTION_ORIGINS, "SELECT count(*) FROM origins WHERE suffix = :suffix")
SQL(SUBSCRIPTION_ORIGIN_ADD, "INSERT INTO origins (origin, suffix) VALUES (:origin, :suffix)")
SQL(SUBSCRIPTION_ADD,
    "INSERT INTO subscriptions (endpoint_hash, endpoint, p256dh, auth, key_id, origin_id, shard,"
    " components, events, min_impact, lang, quiet_from, quiet_to, quiet_tz, quiet_critical,"
    " created_at, last_seen_at)"
    " VALUES (:hash, :endpoint, :p256dh, :auth, :key, :origin, :shard, :components, :events,"
    " :min_impact, :lang, :quiet_from, :quiet_to, :quiet_tz, :quiet_critical, :now, :now)")
SQL(SUBSCRIPTION_CHANGE,
    "UPDATE subscriptions SET p256dh = :p256dh, auth = :auth, key_id = :key,"
    " components = :components, events = :events, min_impact = :min_impact, lang = :lang,"
    " quiet_from = :quiet_from, quiet_to = :quiet_to, quiet_tz = :quiet_tz,"
    " quiet_critical = :quiet_critical, last_seen_at = :now, dead_at = NULL, dead_reason = NULL,"
    " proven = CASE WHEN :fresh THEN 0 ELSE proven END,"
    " strikes = CASE WHEN :fresh THEN 0 ELSE strikes END,"
    " suspended_until = CASE WHEN :fresh THEN 0 ELSE suspended_until END WHERE id = :id")
SQL(SUBSCRIPTION_DELETE, "DELETE FROM subscriptions WHERE id = :id")
SQL(SUBSCRIPTION_DELETE_EMPTY,
    "DELETE FROM subscriptions WHERE id = :id AND components = ''"
    " AND NOT EXISTS (SELECT 1 FROM follows f WHERE f.subscription_id = subscriptions.id)")
SQL(SUBSCRIPTION_EVICT, "DELETE FROM subscriptions WHERE id IN (SELECT id FROM subscriptions"
			" WHERE proven = 0 AND id <> :id ORDER BY id LIMIT :n)")
SQL(SUBSCRIPTION_FOLLOW, "INSERT INTO follows (subscription_id, incident_id)"
			 " VALUES (:id, :incident) ON CONFLICT DO NOTHING")
SQL(SUBSCRIPTION_UNFOLLOW,
    "DELETE FROM follows WHERE subscription_id = :id AND incident_id = :incident")
SQL(SUBSCRIPTION_FOLLOWS_ONE,
    "SELECT 1 FROM follows WHERE subscription_id = :id AND incident_id = :incident")
SQL(SUBSCRIPTION_FOLLOWS,
    "SELECT incident_id FROM follows WHERE subscription_id = :id ORDER BY incident_id")
SQL(SUBSCRIPTION_FOLLOWS_COUNT, "SELECT count(*) FROM follows WHERE subscription_id = :id")
SQL(SUBSCRIPTION_MUTE,
    "INSERT INTO mutes (subscription_id, incident_id, until) VALUES (:id, :incident, :until)"
    " ON CONFLICT (subscription_id, incident_id) DO UPDATE SET until = excluded.until")
SQL(SUBSCRIPTION_MUTES,
    "SELECT incident_id, until FROM mutes WHERE subscription_id = :id ORDER BY incident_id")
SQL(SUBSCRIPTION_MUTES_COUNT, "SELECT count(*) FROM mutes WHERE subscription_id = :id")
SQL(SUBSCRIPTION_TESTED, "UPDATE subscriptions SET last_test_at = :now,"
			 " last_test_outcome = 'queued' WHERE id = :id")
/* a row takes another one over; jobs that are neither done nor stopped, by their partial index */
SQL(SUBSCRIPTION_TAKE_JOBS,
    "INSERT INTO exceptions (job_id, subscription_id, origin_id, shard, due_at)"
    " SELECT j.id, s.id, s.origin_id, s.shard, :now FROM jobs j JOIN subscriptions s ON s.id = :id"
    " WHERE j.state <> 'done' AND j.state = 'sending' AND j.is_test = 0"
    " AND (:old <= j.max_subscription_id OR EXISTS (SELECT 1 FROM exceptions e"
    "  WHERE e.job_id = j.id AND e.subscription_id = :old))"
    " AND :id > j.max_subscription_id ON CONFLICT DO NOTHING")
SQL(SUBSCRIPTION_DROP_EXCEPTIONS, "DELETE FROM exceptions WHERE subscription_id = :id"
				  " AND job_id IN (SELECT id FROM jobs WHERE state <> 'done')")
SQL(SUBSCRIPTION_TAKE_FOLLOWS,
    "INSERT INTO follows (subscription_id, incident_id)"
    " SELECT :id, incident_id FROM follows WHERE subscription_id = :old ON CONFLICT DO NOTHING")
SQL(SUBSCRIPTION_TAKE_MUTES, "INSERT INTO mutes (subscription_id, incident_id, until)"
			     " SELECT :id, incident_id, until FROM mutes"
			     " WHERE subscription_id = :old ON CONFLICT DO NOTHING")

/* ---- subscription_push.c: what became of the last notification; asked by visitors, so a handful of rows each */
SQL(SUBSCRIPTION_JOBS,
    "SELECT id, public_id, created_at, state, spread, max_subscription_id, first_at, retry_of"
    " FROM jobs WHERE is_test = 0 ORDER BY id DESC LIMIT :limit")
SQL(SUBSCRIPTION_JOB_NOTICES,
    "SELECT trigger, incident_id, components, max_impact, expires_at FROM job_notices"
    " WHERE job_id = :job ORDER BY position LIMIT 64")
SQL(SUBSCRIPTION_JOB_ROWS,
    "SELECT (SELECT tries FROM exceptions WHERE job_id = :job AND subscription_id = :id),"
    " EXISTS (SELECT 1 FROM missed WHERE job_id = :job AND subscription_id = :id),"
    " (SELECT done OR cursor >= :id FROM lanes"
    "  WHERE job_id = :job AND origin_id = :origin AND shard = :shard)")
SQL(SUBSCRIPTION_JOB_LEDGER,
    "SELECT outcome, n FROM ledger WHERE job_id = :job AND origin_id = :origin")

/* ---- bulletin.c */
SQL(BULLETIN_JOB,
    "SELECT state, is_test, max_subscription_id, created_at FROM jobs WHERE id = :job")
SQL(BULLETIN_NOTICES,
    "SELECT position, trigger, subject_id, topic, incident_id, components, status, impact,"
    " max_impact, urgency, path, seq, expires_at FROM job_notices WHERE job_id = :job"
    " ORDER BY position LIMIT :limit")
SQL(BULLETIN_TEXTS, "SELECT lang, title, body FROM job_texts"
		    " WHERE job_id = :job AND position = :position ORDER BY lang")
SQL(BULLETIN_OPEN_INCIDENTS, /* scan: of what is open, by its index */
    "SELECT count(*) FROM incidents WHERE resolved_at IS NULL AND scheduled_for IS NULL")
SQL(BULLETIN_NEWER,
    "SELECT n.job_id, j.max_subscription_id, n.incident_id, n.trigger, n.components, n.max_impact"
    " FROM job_notices n JOIN jobs j ON j.id = n.job_id"
    " WHERE n.topic = :topic AND n.job_id > :job AND j.state <> 'stopped' AND j.is_test = 0"
    " ORDER BY n.job_id DESC")

/* ---- lane.c */
SQL(LANE_REVISION, "SELECT (SELECT coalesce(max(id), 0) FROM jobs),"
		   " (SELECT count(*) FROM jobs WHERE state <> 'done' AND state = 'stopped'),"
		   " EXISTS (SELECT 1 FROM settings WHERE name = 'push_enabled' AND value <> '1')")
SQL(LANE_UNSPREAD, "SELECT id FROM jobs WHERE state <> 'done' AND spread = 0 ORDER BY id LIMIT 1")
SQL(LANE_SPREAD, "WITH RECURSIVE shards (n) AS"
		 " (SELECT 0 UNION ALL SELECT n + 1 FROM shards WHERE n < 15)"
		 " INSERT INTO lanes (job_id, origin_id, shard)"
		 " SELECT j.id, o.id, shards.n FROM jobs j, origins o, shards"
		 " WHERE j.id = :job AND EXISTS (SELECT 1 FROM subscriptions s"
		 "  WHERE s.origin_id = o.id AND s.shard = shards.n AND s.dead_at IS NULL"
		 "  AND s.id <= j.max_subscription_id)"
		 " ON CONFLICT DO NOTHING")
SQL(LANE_SPREAD_DONE, "UPDATE jobs SET spread = 1 WHERE id = :job")
SQL(LANE_JOB_DONE,
    "UPDATE jobs SET state = 'done' WHERE id = :job AND state = 'sending' AND spread = 1"
    " AND NOT EXISTS (SELECT 1 FROM lanes WHERE job_id = :job AND done = 0)"
    " AND NOT EXISTS (SELECT 1 FROM exceptions WHERE job_id = :job)")
SQL(LANE_REWIND_EXCEPTIONS, "UPDATE exceptions SET due_at = :now WHERE due_at > :far")
SQL(LANE_REWIND_ORIGINS, "UPDATE origins SET paused_until = :now WHERE paused_until > :far")
/* an error that is remembered from the future: what came of it moves back along with the clock */
SQL(LANE_REWIND_RETRIES,
    "UPDATE exceptions SET due_at = max(:now, due_at - (SELECT o.last_error_at - :now"
    "  FROM origins o WHERE o.id = exceptions.origin_id)) WHERE due_at > :now" /* scan: retries */
    " AND origin_id IN (SELECT id FROM origins WHERE last_error_at > :ahead)")
SQL(LANE_REWIND_PAUSES, /* scan: one row per push service */
    "UPDATE origins SET last_error_at = :now,"
    " paused_until = max(0, paused_until - (last_error_at - :now)) WHERE last_error_at > :ahead")
SQL(LANE_HURRY_STOPPED,
    "UPDATE exceptions SET due_at = :now WHERE due_at > :now AND (job_id IN"
    "  (SELECT id FROM jobs WHERE state <> 'done' AND state = 'stopped') OR EXISTS"
    "  (SELECT 1 FROM settings WHERE name = 'push_enabled' AND value <> '1'))")
SQL(LANE_PLACES, "SELECT p.origin_id, o.origin, o.suffix, p.shard FROM"
		 " (SELECT origin_id, shard FROM lanes WHERE done = 0"
		 "  UNION SELECT origin_id, shard FROM exceptions) p" /* scan: only what is open */
		 " JOIN origins o ON o.id = p.origin_id"
		 " WHERE p.shard % :workers = :worker ORDER BY p.origin_id, p.shard")
SQL(LANE_NEXT_WORK,
    "SELECT coalesce(min(t), 9223372036854775807) FROM"
    " (SELECT 0 AS t FROM jobs WHERE state <> 'done' AND spread = 0"
    "  UNION ALL SELECT o.paused_until FROM lanes l JOIN origins o ON o.id = l.origin_id"
    "   WHERE l.done = 0"
    "  UNION ALL SELECT max(e.due_at, o.paused_until) FROM exceptions e" /* scan: only what is open */
    "   JOIN origins o ON o.id = e.origin_id)")

/* ---- lane_claim.c */
#define LANE_COLUMNS                                                                               \
	"s.id, s.endpoint_hash, s.endpoint, s.p256dh, s.auth, s.key_id, s.components, s.events,"   \
	" s.min_impact, s.lang, s.proven, s.max_payload, s.strikes, s.struck_at,"                  \
	" s.suspended_until, s.quiet_from, s.quiet_to, s.quiet_tz, s.quiet_critical"
SQL(LANE_NEWEST,
    "SELECT job_id, cursor, claimed_to, tries FROM lanes WHERE origin_id = :origin"
    " AND shard = :shard AND done = 0 AND job_id < :below ORDER BY job_id DESC LIMIT 1")
SQL(LANE_NEWEST_EXCEPTION, "SELECT max(job_id) FROM exceptions WHERE origin_id = :origin"
			   " AND shard = :shard AND due_at <= :now AND job_id < :below")
SQL(LANE_CHOSEN, "SELECT EXISTS (SELECT 1 FROM follows WHERE incident_id = :incident)"
		 " OR EXISTS (SELECT 1 FROM mutes WHERE incident_id = :incident)")
SQL(LANE_PAGE, "SELECT " LANE_COLUMNS ", 0, NULL FROM subscriptions s"
	       " WHERE s.origin_id = :origin AND s.shard = :shard AND s.id > :from AND s.id <= :to"
	       " AND s.dead_at IS NULL ORDER BY s.id LIMIT :limit")
SQL(LANE_PAGE_CHOSEN,
    "SELECT " LANE_COLUMNS ", f.incident_id IS NOT NULL, m.until FROM subscriptions s"
    " LEFT JOIN follows f ON f.subscription_id = s.id AND f.incident_id = :incident"
    " LEFT JOIN mutes m ON m.subscription_id = s.id AND m.incident_id = :incident"
    " WHERE s.origin_id = :origin AND s.shard = :shard AND s.id > :from AND s.id <= :to"
    " AND s.dead_at IS NULL ORDER BY s.id LIMIT :limit")
SQL(LANE_PAGE_EXCEPTIONS,
    "SELECT " LANE_COLUMNS ", f.incident_id IS NOT NULL, m.until, e.subscription_id, e.tries,"
    " e.claims, e.without_topic, e.minimal, e.short_ttl FROM exceptions e"
    " LEFT JOIN subscriptions s ON s.id = e.subscription_id AND s.dead_at IS NULL"
    " LEFT JOIN follows f ON f.subscription_id = e.subscription_id AND f.incident_id = :incident"
    " LEFT JOIN mutes m ON m.subscription_id = e.subscription_id AND m.incident_id = :incident"
    " WHERE e.origin_id = :origin AND e.shard = :shard AND e.due_at <= :now AND e.job_id = :job"
    " ORDER BY e.due_at LIMIT :limit")
SQL(LANE_FOLLOW,
    "SELECT EXISTS (SELECT 1 FROM follows WHERE subscription_id = :id"
    "  AND incident_id = :incident),"
    " (SELECT until FROM mutes WHERE subscription_id = :id AND incident_id = :incident)")
SQL(LANE_HAS_EXCEPTION, "SELECT 1 FROM exceptions WHERE job_id = :job AND subscription_id = :id")
SQL(LANE_CLAIM, "UPDATE lanes SET claimed_to = :to, tries = :tries"
		" WHERE job_id = :job AND origin_id = :origin AND shard = :shard")
SQL(LANE_CLAIM_EXCEPTION, "UPDATE exceptions SET claims = claims + 1"
			  " WHERE job_id = :job AND subscription_id = :id")
SQL(LANE_NEXT_DUE,
    "SELECT min(due_at) FROM exceptions WHERE origin_id = :origin AND shard = :shard")
SQL(LANE_ABANDON_LANES, "UPDATE lanes SET done = 1 WHERE job_id = :job AND done = 0")
SQL(LANE_ABANDON_EXCEPTIONS, "DELETE FROM exceptions WHERE job_id = :job")
#undef LANE_COLUMNS

/* ---- lane_store.c */
SQL(LANE_ADVANCE,
    "UPDATE lanes SET cursor = :cursor, claimed_to = :cursor, tries = :tries, done = :done"
    " WHERE job_id = :job AND origin_id = :origin AND shard = :shard AND cursor = :from")
SQL(LANE_PUT_EXCEPTION,
    "INSERT INTO exceptions (job_id, subscription_id, origin_id, shard, due_at, tries,"
    " without_topic, minimal, short_ttl)"
    " VALUES (:job, :id, :origin, :shard, :due, :tries, :without_topic, :minimal, :short_ttl)"
    " ON CONFLICT (job_id, subscription_id) DO UPDATE SET due_at = excluded.due_at,"
    " tries = excluded.tries, claims = 0, without_topic = excluded.without_topic,"
    " minimal = excluded.minimal, short_ttl = excluded.short_ttl")
SQL(LANE_UNCLAIM_EXCEPTION, "UPDATE exceptions SET claims = 0"
			    " WHERE job_id = :job AND subscription_id = :id")
SQL(LANE_DROP_EXCEPTION, "DELETE FROM exceptions WHERE job_id = :job AND subscription_id = :id")
SQL(LANE_COUNT, "INSERT INTO ledger (job_id, origin_id, outcome, n)"
		" VALUES (:job, :origin, :outcome, :n)"
		" ON CONFLICT (job_id, origin_id, outcome) DO UPDATE SET n = n + excluded.n")
/* the bound is counted in the ledger: no scan of what is kept already */
SQL(LANE_MISSED, "INSERT INTO missed (job_id, subscription_id) SELECT :job, :id WHERE"
		 " (SELECT coalesce(sum(n), 0) FROM ledger WHERE job_id = :job"
		 "  AND outcome IN ('refused', 'expired')) < 10000 ON CONFLICT DO NOTHING")
SQL(LANE_JOB_TIMES, "UPDATE jobs SET first_at = min(coalesce(first_at, :first), :first),"
		    " last_at = max(coalesce(last_at, :last), :last) WHERE id = :job")
SQL(LANE_PROVEN, "UPDATE subscriptions SET proven = 1 WHERE origin_id = :origin"
		 " AND shard = :shard AND id BETWEEN :from AND :to AND proven = 0")
SQL(LANE_DEAD, "UPDATE subscriptions SET dead_at = :now, dead_reason = :reason"
	       " WHERE id = :id AND endpoint_hash = :hash AND dead_at IS NULL")
SQL(LANE_STANDING, "UPDATE subscriptions SET strikes = :strikes, struck_at = :struck,"
		   " suspended_until = :suspended WHERE id = :id AND endpoint_hash = :hash")
SQL(LANE_MAX_PAYLOAD, "UPDATE subscriptions SET max_payload = :octets"
		      " WHERE id = :id AND endpoint_hash = :hash")
SQL(LANE_TEST_OUTCOME, "UPDATE subscriptions SET last_test_at = :now, last_test_outcome = :outcome"
		       " WHERE id = :id")
SQL(LANE_TEST_END, "DELETE FROM jobs WHERE id = :job AND is_test = 1")

/* ---- breaker.c */
SQL(BREAKER_GET, "SELECT paused_until, failures, clock_skew, transport FROM origins WHERE id = :id")
SQL(BREAKER_PROTOCOL, "UPDATE origins SET transport = :transport WHERE id = :id")
SQL(BREAKER_PAUSE,
    "UPDATE origins SET paused_until = max(paused_until, :until),"
    " pause_reason = coalesce(:reason, pause_reason), failures = max(failures, :failures),"
    " trouble_since = CASE WHEN max(failures, :failures) > 0"
    "  THEN coalesce(trouble_since, :now) END,"
    " last_error = coalesce(:error, last_error), last_error_at = max(coalesce(last_error_at, 0),"
    " :error_at) WHERE id = :id")
SQL(BREAKER_RECOVER, "UPDATE origins SET paused_until = 0, pause_reason = NULL, failures = 0,"
		     " trouble_since = NULL WHERE id = :id")
SQL(BREAKER_CLOCK, "UPDATE origins SET clock_skew = :skew WHERE id = :id")
SQL(BREAKER_KEEP_GONE, "UPDATE subscriptions SET dead_reason = 'mass_gone' WHERE dead_at >= :since"
		       " AND dead_reason IN ('gone', 'not_found') AND origin_id = :id")

/* ---- upkeep.c */
SQL(UPKEEP_PURGE_DEAD, "DELETE FROM subscriptions WHERE id IN (SELECT id FROM subscriptions"
		       " WHERE dead_at IS NOT NULL AND dead_at < :before"
		       " AND dead_reason IS NOT 'mass_gone' LIMIT 500)")
SQL(UPKEEP_PURGE_UNSEEN, /* scan: of those that never got a push */
    "DELETE FROM subscriptions WHERE id IN (SELECT id FROM subscriptions"
    " WHERE proven = 0 AND last_seen_at < :before LIMIT 500)")
SQL(UPKEEP_ENDED, /* scan: incidents, two looks into an index for each */
    "SELECT i.id FROM incidents i WHERE i.resolved_at <= :before AND"
    " (EXISTS (SELECT 1 FROM follows f WHERE f.incident_id = i.id)"
    "  OR EXISTS (SELECT 1 FROM mutes m WHERE m.incident_id = i.id)) LIMIT 1")
/* rows that were made by a follow of this and have nothing else; also before it is deleted */
SQL(UPKEEP_ERASE_FOLLOWERS,
    "DELETE FROM subscriptions WHERE id IN (SELECT s.id FROM follows f"
    " JOIN subscriptions s ON s.id = f.subscription_id"
    " WHERE f.incident_id = :incident AND s.components = '' AND NOT EXISTS (SELECT 1 FROM follows o"
    "  WHERE o.subscription_id = s.id AND o.incident_id <> :incident) LIMIT 500)")
SQL(UPKEEP_END_FOLLOWS,
    "DELETE FROM follows WHERE incident_id = :incident AND subscription_id IN"
    " (SELECT subscription_id FROM follows WHERE incident_id = :incident LIMIT 500)")
SQL(UPKEEP_END_MUTES,
    "DELETE FROM mutes WHERE incident_id = :incident AND subscription_id IN"
    " (SELECT subscription_id FROM mutes WHERE incident_id = :incident LIMIT 500)")
SQL(UPKEEP_POSTS, "DELETE FROM posts WHERE created_at < :before")
SQL(UPKEEP_LANES, "DELETE FROM lanes WHERE done = 1 AND job_id IN" /* scan: kept small by this */
		  " (SELECT l.job_id FROM lanes l JOIN jobs j ON j.id = l.job_id"
		  " WHERE j.state <> 'sending')")
SQL(UPKEEP_MISSED, "DELETE FROM missed WHERE job_id IN" /* scan: of the failures of a week */
		   " (SELECT DISTINCT m.job_id FROM missed m JOIN jobs j ON j.id = m.job_id"
		   " WHERE j.created_at < :before)")

/* ---- alarm.c */
SQL(ALARM_ORIGINS, /* scan: one row per push service */
    "SELECT origin, pause_reason, paused_until, coalesce(trouble_since, :now), last_error, "
    "failures,"
    " clock_skew FROM origins WHERE failures > 0 OR clock_skew <> 0 ORDER BY trouble_since, origin")
SQL(ALARM_OVERDUE,
    "SELECT EXISTS (SELECT 1 FROM jobs j WHERE j.state <> 'done' AND j.state = 'sending'"
    "  AND j.created_at < :before AND coalesce(j.last_at, 0) < :before AND (j.spread = 0 OR EXISTS"
    "  (SELECT 1 FROM lanes l JOIN origins o ON o.id = l.origin_id WHERE l.job_id = j.id"
    "   AND l.done = 0 AND o.paused_until < :before)))"
    " OR EXISTS (SELECT 1 FROM exceptions e JOIN origins o ON o.id = e.origin_id"
    "  WHERE e.due_at < :before AND o.paused_until < :before)")
SQL(ALARM_KEY_MISMATCH,
    "SELECT count(*) FROM (SELECT dead_reason FROM subscriptions WHERE dead_at >= :since"
    " ORDER BY dead_at DESC LIMIT 200) WHERE dead_reason = 'key_mismatch'")
SQL(ALARM_OPEN_INCIDENT, "SELECT EXISTS (SELECT 1 FROM incidents WHERE resolved_at IS NULL"
			 " AND scheduled_for IS NULL)")

/* ---- metrics.c */
SQL(METRICS_ORIGINS, /* scan: one row per push service */
    "SELECT origin, subscriptions, paused_until, failures, clock_skew FROM origins ORDER BY origin")
SQL(METRICS_LEDGER, /* scan: a few rows per job */
    "SELECT o.origin, l.outcome, sum(l.n) FROM ledger l JOIN origins o ON o.id = l.origin_id"
    " GROUP BY o.origin, l.outcome ORDER BY o.origin, l.outcome")
SQL(METRICS_JOBS, "SELECT count(*), coalesce(min(created_at), 0) FROM jobs"
		  " WHERE state <> 'done' AND state = 'sending' AND is_test = 0")
/* what open lanes have still to read, from how far their cursors are: without looking at one
 * subscription but the first */
SQL(METRICS_UNREAD,
    "SELECT coalesce(sum(left), 0) FROM ("
    "SELECT o.subscriptions / 16.0 * max(0, j.max_subscription_id - max(l.cursor, f.id - 1))"
    "  / max(1, j.max_subscription_id - f.id + 1) AS left"
    " FROM jobs j JOIN lanes l ON l.job_id = j.id AND l.done = 0 JOIN origins o ON o.id = "
    "l.origin_id,"
    "  (SELECT coalesce(min(id), 1) AS id FROM subscriptions) f"
    " WHERE j.state <> 'done' AND j.state = 'sending'"
    " UNION ALL SELECT o.subscriptions FROM jobs j, origins o" /* scan: one row per push service */
    " WHERE j.state <> 'done' AND j.state = 'sending' AND j.spread = 0)")
SQL(METRICS_EXCEPTIONS, /* scan: only what is to be tried again */
    "SELECT count(*), coalesce(sum(due_at <= :now), 0) FROM exceptions")

/* ---- push-sender.c */
SQL(SENDER_SUBSCRIPTIONS, "SELECT n FROM counters WHERE name = 'subscriptions'")
