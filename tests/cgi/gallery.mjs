// gallery.mjs - a page with everything on it, in one state after the other: what the audits look at.
//
//   const gallery = makeGallery({ call(method, path, body) -> answer's JSON, run(sql), publish() }, { words })
//     words(text, max)      what stands for each text; default: itself, hostileWords: what people never write
//   for (const state of gallery.states) { await state.enter(); … look at "/" … }
//     .name                 "all well", "planned", "outage", "outage and maintenance"
//   gallery.pages()         after the last state: { what: path } of every other page that is published
//   gallery.ids             { component, group, open, update, scheduled, running } for addresses of the admin pages
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

export const HOSTILE = [
  `<script>alert(1)</script>"'><img src=x onerror=alert(1)>`,
  "W".repeat(200),
  "مرحبا بالعالم (API) שלום עולם 123!",
  "]]> <!-- --> @@name@@ {{7*7}} &amp; &#60; \\",
  "漢字".repeat(100),
  `" onmouseover="alert(1)" x='`,
  "👩‍👩‍👧‍👦".repeat(14),
];

// A name or a body that is as long as it may be, of the next kind.
export function hostileWords() {
  let next = 0;
  return (text, max) => {
    const kind = HOSTILE[next++ % HOSTILE.length];
    return [...(max > 200 ? `${HOSTILE.join("\n\n")}\n\n## ${kind}\n\n${text}` : kind)].slice(0, max).join("");
  };
}

const BODY = `We found the cause: a **full disk** on one of two servers.

## What we do

- Free space on \`db-2\`
- Move its load, see [our notes](https://example.com/notes)

> Orders are kept and will be sent later.`;

export function makeGallery(door, { words = (text) => text } = {}) {
  const name = (text) => words(text, 100);
  const title = (text) => words(text, 200);
  const body = (text) => words(text, 2000);
  const ids = {};
  const component = async (fields) => (await door.call("POST", "/components", { component: { ...fields, name: name(fields.name) } })).id;
  const incident = async (fields) => (await door.call("POST", "/incidents", { incident: { ...fields, name: title(fields.name), body: body(fields.body) } })).id;
  const change = (id, fields) => door.call("PATCH", `/incidents/${id}`, { incident: { ...fields, ...(fields.body && { body: body(fields.body) }) } });
  const maintenance = (text, inHours, components) => incident({
    name: text, body: "Search may be slow for a few minutes.", components,
    scheduled_for: new Date(Date.now() + inHours * HOUR).toISOString(),
    scheduled_until: new Date(Date.now() + (inHours + 2) * HOUR).toISOString(),
  });

  // What the API cannot do: to have happened long ago.
  function moveBack(id, ms) {
    const times = (table, columns, where) => `UPDATE ${table} SET ${columns.map((c) => `${c} = ${c} - ${ms}`).join(", ")} WHERE ${where} = '${id}';`;
    door.run(times("incidents", ["created_at", "started_at", "updated_at", "resolved_at"], "id") +
      times("incident_updates", ["created_at", "updated_at", "display_at"], "incident_id") +
      times("component_history", ["at"], "incident_id"));
  }

  function wasDown(component, daysAgo, hours, status) {
    const from = Date.now() - daysAgo * DAY;
    door.run(`INSERT INTO component_history (component_id, at, old_status, new_status, cause)
      VALUES ('${component}', ${from}, 'operational', '${status}', 'manual'), ('${component}', ${from + hours * HOUR}, '${status}', 'operational', 'manual');`);
  }

  async function furnish() {
    ids.group = await component({ name: "Europe", description: words("What is served from Frankfurt and Dublin.", 200), group: true });
    const quiet = await component({ name: "Back office", group: true });
    ids.component = await component({ name: "Checkout", group_id: ids.group });
    ids.search = await component({ name: "Search", group_id: ids.group, description: words("Everything that finds something.", 200) });
    ids.mail = await component({ name: "Mail", group_id: quiet });
    ids.alone = await component({ name: "Documentation", description: words("Manuals and examples.", 200) });
    ids.young = await component({ name: "Beta", start_date: new Date(Date.now() - 12 * DAY).toISOString().slice(0, 10) });
    door.run(`UPDATE components SET created_at = created_at - ${200 * DAY} WHERE id <> '${ids.young}'`);
    wasDown(ids.component, 70, 3, "major_outage");
    wasDown(ids.component, 33, 50, "partial_outage");
    wasDown(ids.search, 12, 7, "degraded_performance");
    wasDown(ids.alone, 5, 1, "under_maintenance");
    door.publish();
  }

  async function makeHistory() {
    ids.resolved = await incident({ name: "Orders were delayed", body: "Orders arrive late.", components: { [ids.component]: "partial_outage" } });
    await change(ids.resolved, { status: "identified", body: BODY });
    await change(ids.resolved, { status: "resolved", body: "Every order has arrived." });
    await change(ids.resolved, { status: "postmortem", body: `# What happened\n\n${BODY}\n\n#### What we learned\n\n1. Look at disks\n2. Look again` });
    moveBack(ids.resolved, 3 * DAY);
    const old = await incident({ name: "Pages were slow", body: "We look into it.", components: { [ids.search]: "degraded_performance" } });
    await change(old, { status: "resolved", body: "It is quick again." });
    moveBack(old, 70 * DAY);
    ids.completed = await maintenance("A larger disk", 1, { [ids.alone]: "under_maintenance" });
    await change(ids.completed, { status: "in_progress", body: "It begins." });
    await change(ids.completed, { status: "completed", body: "It is done." });
    moveBack(ids.completed, 4 * DAY);
    ids.cancelled = await maintenance("A move that is not needed", 30, { [ids.mail]: "under_maintenance" });
    await change(ids.cancelled, { status: "cancelled", body: "Not needed any more." });
    ids.scheduled = await maintenance("New database servers", 20, { [ids.search]: "under_maintenance", [ids.mail]: "under_maintenance" });
    await maintenance("New network", 80, {});
    door.publish();
  }

  async function breakDown() {
    ids.open = await incident({ name: "Checkout is failing", body: "Payments are refused.", components: { [ids.component]: "major_outage", [ids.search]: "degraded_performance" } });
    await change(ids.open, { status: "identified", body: BODY, components: { [ids.component]: "partial_outage" } });
    const { incident_updates: updates } = await door.call("GET", `/incidents/${ids.open}`);
    ids.update = updates.at(-1).id;
    await door.call("PATCH", `/incidents/${ids.open}/incident_updates/${ids.update}`, { incident_update: { body: body("Payments by card are refused.") } });
    await incident({ name: "Some mails are late", body: "Mails wait in a queue.", components: { [ids.mail]: "degraded_performance" } });
  }

  async function maintain() {
    ids.running = await maintenance("Documentation moves", 1, { [ids.alone]: "under_maintenance" });
    await change(ids.running, { status: "in_progress", body: "It begins." });
  }

  const month = (back) => new Date(new Date().setUTCMonth(new Date().getUTCMonth() - back, 1)).toISOString().slice(0, 7);
  return {
    ids,
    states: [
      { name: "all well", enter: furnish },
      { name: "planned", enter: makeHistory },
      { name: "outage", enter: breakDown },
      { name: "outage and maintenance", enter: maintain },
    ],
    pages: () => ({
      "an open incident": `/incidents/${ids.open}/`,
      "a resolved incident": `/incidents/${ids.resolved}/`,
      "a maintenance to come": `/maintenance/${ids.scheduled}/`,
      "a maintenance that runs": `/maintenance/${ids.running}/`,
      "a completed maintenance": `/maintenance/${ids.completed}/`,
      "a cancelled maintenance": `/maintenance/${ids.cancelled}/`,
      "this month": "/history/",
      "an empty month": `/history/${month(1)}/`,
      "a month with an incident": `/history/${new Date(Date.now() - 70 * DAY).toISOString().slice(0, 7)}/`,
      "help": "/help/notifications/",
      "no page": "/nothing/here",
    }),
  };
}

// Every page of the admin, for somebody who may do all.
export const adminPages = ({ component, group, open, update, resolved, scheduled, running }) => ({
  "overview": "/cgi-bin/incident-post",
  "new incident": "/cgi-bin/incident-post/new",
  "open incident": `/cgi-bin/incident-post/${open}`,
  "resolved incident": `/cgi-bin/incident-post/${resolved}`,
  "one update": `/cgi-bin/incident-post/${open}/updates/${update}`,
  "delete an incident": `/cgi-bin/incident-post/${open}/delete`,
  "maintenances": "/cgi-bin/incident-post/maintenance",
  "new maintenance": "/cgi-bin/incident-post/maintenance/new",
  "planned maintenance": `/cgi-bin/incident-post/maintenance/${scheduled}`,
  "running maintenance": `/cgi-bin/incident-post/maintenance/${running}`,
  "components": "/cgi-bin/admin-settings/components",
  "new component": "/cgi-bin/admin-settings/components/new",
  "new group": "/cgi-bin/admin-settings/components/new-group",
  "a component": `/cgi-bin/admin-settings/components/${component}`,
  "a group": `/cgi-bin/admin-settings/components/${group}`,
  "delete a component": `/cgi-bin/admin-settings/components/${component}/delete`,
  "notifications": "/cgi-bin/admin-settings/settings/notifications",
  "settings of the page": "/cgi-bin/admin-settings/settings/page",
  "account": "/cgi-bin/admin-settings/settings/account",
});
