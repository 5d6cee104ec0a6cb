// read-api-shapes.mjs - every member of every object of Statuspage's read API, from its documentation: what a strict reader
// accepts.  A member too many is refused as one too few.
import assert from "node:assert/strict";

const ID = /^[a-z0-9]{12}$/;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}(Z|[+-]\d\d:\d\d)$/;
const DATE = /^\d{4}-\d\d-\d\d$/;

const matches = (pattern) => (value, where) => assert.match(value, pattern, where);
const isOneOf = (...words) => (value, where) => assert.ok(words.includes(value), `${where} is "${value}"`);
const isNull = (value, where) => assert.equal(value, null, where);
const or = (check) => (value, where) => (value === null ? undefined : check(value, where));
const isA = (type) => (value, where) => assert.equal(typeof value, type, where);
const listOf = (check) => (value, where) => {
  assert.ok(Array.isArray(value), `${where} is no list`);
  value.forEach((member, i) => check(member, `${where}[${i}]`));
};
const object = (members) => (value, where) => {
  assert.deepEqual(Object.keys(value).sort(), Object.keys(members).sort(), where);
  for (const [name, check] of Object.entries(members)) check(value[name], `${where}.${name}`);
};

const isId = matches(ID);
const isTime = (value, where) => {
  assert.match(value, TIME, where);
  assert.ok(Number.isFinite(Date.parse(value)), `${where} is no time`);
};
const isText = isA("string");
const isTrueOrFalse = isA("boolean");
const isAddress = (value, where) => assert.match(new URL(value).protocol, /^https?:$/, where);
const componentStatus = isOneOf("operational", "degraded_performance", "partial_outage", "major_outage", "under_maintenance");

const page = object({ id: isId, name: isText, url: isAddress, time_zone: matches(/^[A-Za-z_]+(\/[A-Za-z_+0-9-]+)*$/), updated_at: isTime });

const status = object({
  indicator: isOneOf("none", "minor", "major", "critical", "maintenance"),
  description: isOneOf("All Systems Operational", "Major System Outage", "Partial System Outage", "Minor Service Outage", "Degraded System Service",
    "Partially Degraded Service", "Service Under Maintenance"),
});

const leaf = {
  id: isId, name: isText, status: componentStatus, created_at: isTime, updated_at: isTime,
  position: (value, where) => assert.ok(Number.isInteger(value) && value >= 1, where),
  description: or(isText), showcase: isTrueOrFalse, start_date: or(matches(DATE)), group_id: or(isId), page_id: isId,
  group: (value, where) => assert.equal(value, false, where), only_show_if_degraded: isTrueOrFalse,
};
const group = { ...leaf, group: (value, where) => assert.equal(value, true, where), group_id: isNull, components: listOf(isId) };
const component = (value, where) => object(value.group ? group : leaf)(value, where);

const change = object({ code: isId, name: isText, old_status: componentStatus, new_status: componentStatus });

const entry = (statuses, impacts, more = {}) => {
  const update = object({
    id: isId, status: isOneOf(...statuses), body: isText, incident_id: isId, created_at: isTime, updated_at: isTime, display_at: isTime,
    affected_components: or(listOf(change)), deliver_notifications: isTrueOrFalse, custom_tweet: isNull, tweet_id: isNull,
  });
  const members = object({
    id: isId, name: isText, status: isOneOf(...statuses), created_at: isTime, updated_at: isTime, monitoring_at: or(isTime), resolved_at: or(isTime),
    impact: isOneOf(...impacts), impact_override: or(isOneOf("none", "minor", "major", "critical")), shortlink: isAddress, started_at: isTime, page_id: isId,
    incident_updates: listOf(update), components: listOf(component), reminder_intervals: isNull, ...more,
  });
  return (value, where) => {
    members(value, where);
    const times = value.incident_updates.map(({ display_at: at }) => at);
    assert.deepEqual(times, times.slice().sort().reverse(), `${where}: updates are not newest first`);
    for (const { incident_id: id } of value.incident_updates) assert.equal(id, value.id, where);
    assert.equal(new Set(value.components.map(({ id }) => id)).size, value.components.length, `${where}: a component twice`);
  };
};
const incident = entry(["investigating", "identified", "monitoring", "resolved", "postmortem"], ["none", "minor", "major", "critical"]);
const maintenance = entry(["scheduled", "in_progress", "verifying", "completed"], ["maintenance"], { scheduled_for: isTime, scheduled_until: isTime });

const whole = (members) => object({ page, ...members });
const incidents = listOf(incident);
const maintenances = listOf(maintenance);

export const files = {
  "summary.json": whole({ status, components: listOf(component), incidents, scheduled_maintenances: maintenances }),
  "status.json": whole({ status }),
  "components.json": whole({ components: listOf(component) }),
  "incidents.json": whole({ incidents }),
  "incidents/unresolved.json": whole({ incidents }),
  "scheduled-maintenances.json": whole({ scheduled_maintenances: maintenances }),
  "scheduled-maintenances/upcoming.json": whole({ scheduled_maintenances: maintenances }),
  "scheduled-maintenances/active.json": whole({ scheduled_maintenances: maintenances }),
};
