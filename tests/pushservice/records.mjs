/*
 * What came in, and who waits for it.
 *
 *   addRequest(record), accept(record), addViolation(violation)   called by the service
 *   requests(id), pushes(id), violations()                        id undefined or "*" = all
 *   waiting(id, now)      the pushes that a device gets which was away: each until its TTL is over, TTL 0 never, and of
 *                         one Topic the last alone (RFC 8030 5.2, 5.4)
 *   waitFor(list, n, timeoutMs, describe)                         list: () -> array; resolves with its first n entries
 *   changed()                                                     wakes the waiters
 *   clear()
 *
 * Times are milliseconds since 1970.
 */
import { EventEmitter } from "node:events";

export class Records {
	#requests = [];
	#pushes = [];
	#violations = [];
	#changes = new EventEmitter().setMaxListeners(0);

	addRequest(record) {
		this.#requests.push(record);
		this.changed();
	}

	accept(record) {
		record.accepted = true;
		this.#pushes.push(record);
		this.changed();
	}

	addViolation(violation) {
		this.#violations.push(violation);
	}

	requests(id) {
		return ofSubscription(this.#requests, id);
	}

	pushes(id) {
		return ofSubscription(this.#pushes, id);
	}

	waiting(id, now) {
		const kept = this.pushes(id).filter(({ at, ttl }) => at + ttl * 1000 > now);
		return kept.filter(({ topic }, index) => topic === null || !kept.slice(index + 1).some((later) => later.topic === topic));
	}

	violations() {
		return [...this.#violations];
	}

	changed() {
		this.#changes.emit("change");
	}

	clear() {
		this.#requests = [];
		this.#pushes = [];
		this.#violations = [];
	}

	/* The error of a wait that was too short carries what there was: .found, and the violations in its message. */
	async waitFor(list, n, timeoutMs, what) {
		const found = await new Promise((resolve) => {
			const done = () => {
				clearTimeout(timer);
				this.#changes.off("change", look);
				resolve(list());
			};
			const look = () => list().length >= n && done();
			const timer = setTimeout(done, timeoutMs);
			this.#changes.on("change", look);
			look();
		});
		if (found.length >= n) return found.slice(0, n);
		const sentences = this.#violations.slice(-5).map((violation) => violation.sentence);
		const error = new Error([`${what}: ${found.length} of ${n} after ${timeoutMs} ms`, ...sentences].join("; "));
		throw Object.assign(error, { found });
	}
}

function ofSubscription(list, id) {
	return id === undefined || id === "*" ? [...list] : list.filter((record) => record.subscriptionId === id);
}
