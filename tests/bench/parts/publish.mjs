/* What one change costs a page with many incidents and components, and how that grows. */
import { binary, makeState, newId } from "../../cgi/harness.mjs";
import { atMost, count, median, ms, note, quick, measuredRun } from "../tools.mjs";

const DAY = 86_400_000;
const statuses = ["investigating", "identified", "monitoring", "resolved"];
const body = "We are looking into **errors** at checkout. More at <https://example.com/x>. It goes on for a sentence or two.";

/* Groups of nine; each component has been down twenty times in ninety days. */
function componentRows(n, now) {
	const ids = [], rows = [];
	while (ids.length < n) {
		const group = newId(), number = rows.length;
		rows.push(`INSERT INTO components (id, name, position, is_group, created_at, updated_at) VALUES ('${group}', 'Group ${number}', ${number + 1}, 1, ${now - 200 * DAY}, 1);`);
		for (let i = 0; i < 9 && ids.length < n; i++) {
			const id = newId();
			ids.push(id);
			rows.push(`INSERT INTO components (id, name, position, group_id, created_at, updated_at) VALUES ('${id}', 'Component ${ids.length}', ${i + 1}, '${group}', ${now - 200 * DAY}, 1);`);
			for (let h = 0; h < 20; h++) {
				const at = now - Math.floor((h + 0.5) * 4.5 * DAY);
				rows.push(`INSERT INTO component_history (component_id, at, old_status, new_status, cause) VALUES ('${id}', ${at}, 'operational', 'partial_outage', 'incident'), ('${id}', ${at + 3600_000}, 'partial_outage', 'operational', 'incident');`);
			}
		}
	}
	return { ids, rows };
}

/* Spread over a year, four updates each. */
function incidentRows(n, components, now) {
	return Array.from({ length: n }, (_, i) => {
		const id = newId(), at = now - Math.floor(i / n * 365 * DAY) - 3600_000, component = components[i % components.length];
		const updates = statuses.map((status, u) => {
			const update = newId(), when = at + u * 900_000;
			return `INSERT INTO incident_updates (id, incident_id, status, body, created_at, updated_at, display_at, deliver_notifications) VALUES ('${update}', '${id}', '${status}', '${body}', ${when}, ${when}, ${when}, 1);
				INSERT INTO incident_update_components VALUES ('${update}', '${component}', 'Component', 'operational', 'partial_outage');`;
		});
		return `INSERT INTO incidents (id, name, status, impact, max_impact, created_at, started_at, updated_at, resolved_at) VALUES ('${id}', 'Incident number ${i}', 'resolved', 'major', 'major', ${at}, ${at}, ${at + 3000_000}, ${at + 3000_000});
			${updates.join("\n")} INSERT INTO incident_components VALUES ('${id}', '${component}', 'operational');`;
	});
}

async function measure(incidents, components) {
	const state = makeState();
	const now = Date.now();
	const { ids, rows } = componentRows(components, now);
	const publish = async (...args) => (await measuredRun(binary("atstatus"), ["publish", ...args], { env: state.env })).cpu_us / 1000;
	try {
		state.run(`BEGIN;\n${rows.join("\n")}\n${incidentRows(incidents, ids, now).join("\n")}\nCOMMIT;`);
		const all = await publish();
		const changes = [];
		for (let i = 0; i < (quick ? 3 : 7); i++) {
			state.run(`INSERT INTO settings VALUES ('content_rev', '1') ON CONFLICT (name) DO UPDATE SET value = CAST(value AS INTEGER) + 1;
				UPDATE incidents SET name = 'Changed ${i}', updated_at = ${Date.now()}, content_rev = (SELECT CAST(value AS INTEGER) FROM settings WHERE name = 'content_rev')
				WHERE id = (SELECT id FROM incidents ORDER BY created_at DESC LIMIT 1 OFFSET 3);`);
			changes.push(await publish("--due"));
		}
		return { all, change: median(changes) };
	} finally {
		state.remove();
	}
}

export async function run() {
	const large = await measure(1000, 200);
	const others = [];
	for (const [incidents, components] of quick ? [[100, 20]] : [[10, 20], [100, 20], [1000, 20], [100, 200], [4000, 200]])
		others.push(`${count(incidents)} incidents, ${components} components: ${ms((await measure(incidents, components)).change)}`);
	return [
		atMost("", "publishing one change, 1,000 incidents, 200 components, CPU", large.change, 300, ms, ""),
		note(`grows: ${others.join("; ")}; everything drawn anew: ${ms(large.all)}`),
	];
}
