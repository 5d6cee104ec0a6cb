/* Goal 8: from the answer to an admin's Save to the first push on the wire, and to the 99th of a hundred. */
import { createInterface } from "node:readline";
import { makeState, startServer, until } from "../../cgi/harness.mjs";
import { INCIDENTS, Person } from "../../cgi/admin-client.mjs";
import { certificate, connectTo, defaultHost, openSink } from "../stage.mjs";
import { atMost, count, median, ms, note, percentile, quick, watchState } from "../tools.mjs";
import { fillState } from "../web.mjs";

const subscribers = 1000;
const nowUs = () => Number(process.hrtime.bigint() / 1000n);

/* { wire, most, answer } in milliseconds: Save answered to first push, to 99 % of them; Save itself. */
async function post(person, stamps, state) {
	const fields = await person.fill(`${INCIDENTS}/new`, INCIDENTS, { name: "Payments fail", body: "We are investigating.", deliver_notifications: "1" });
	stamps.length = 0;
	const began = nowUs();
	const answer = await person.post(INCIDENTS, fields);
	const answered = nowUs();
	if (answer.status !== 303) throw new Error(answer.text);
	await until(() => stamps.length === subscribers, 20_000);
	await until(() => state.value("SELECT count(*) FROM jobs WHERE state = 'sending'") === 0, 20_000);
	await new Promise((done) => { setTimeout(done, 60); }); /* the sender ends: the next one starts cold */
	return {
		wire: (stamps[0] - answered) / 1000, most: (stamps[Math.ceil(subscribers * 0.99) - 1] - answered) / 1000, answer: (answered - began) / 1000,
	};
}

export async function run() {
	const n = quick ? 50 : 100;
	const sink = await openSink(["--stamps"]);
	const state = watchState(makeState({ sender: "real", conf: { PUSH_CA_FILE: certificate.caFile, PUSH_CONNECT_TO: connectTo([defaultHost], sink.port) } }));
	const stamps = [];
	createInterface({ input: sink.stdout }).on("line", (line) => { if (line.startsWith("at ")) stamps.push(Number(line.slice(3))); });
	fillState(state, subscribers, defaultHost);
	const server = await startServer(state);
	try {
		const person = Person.signedIn(state, server);
		const posts = [];
		for (let i = 0; i < n + 1; i++) posts.push(await post(person, stamps, state));
		posts.shift(); /* the first one finds cold programs */
		const of = (name) => posts.map((one) => one[name]);
		return [
			atMost(8, "Save answered to first push, median", median(of("wire")), 15, ms, `${n} posts by form behind lighttpd`),
			atMost(8, "the same, 95th of a hundred", percentile(of("wire"), 0.95), 40, ms, ""),
			atMost("", `99 % of ${count(subscribers)} subscribers at the service`, percentile(of("most"), 0.95), 1000, ms, "95th of a hundred posts"),
			note(`Save itself was answered in ${ms(median(of("answer")))} (median), ${ms(percentile(of("answer"), 0.95))} (95th)`),
		];
	} finally {
		await server.stop();
		await sink.close();
		state.remove();
	}
}
