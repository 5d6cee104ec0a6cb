/*
 * The answers that a test has ordered, as queues.
 *
 *   add(target, behaviour, times)   target: a subscription's id, an origin ("https://host[:port]") or "*";
 *                                   times: how many good pushes it answers, or "always"
 *   take(subscription)              -> the next behaviour for it, or null; a counted one is used up
 *   clear(target)                   forgets the queue of one target, or of all
 *
 * The nearest queue speaks first: the subscription's own, then its origin's, then everybody's.
 */
export class Script {
	#queues = new Map();

	add(target, behaviour, times = 1) {
		if (times !== "always" && !(Number.isInteger(times) && times > 0)) throw new Error(`times is ${times}, neither a positive integer nor "always"`);
		const queue = this.#queues.get(target) ?? [];
		queue.push({ behaviour, left: times === "always" ? Infinity : times });
		this.#queues.set(target, queue);
	}

	take({ id, origin }) {
		for (const target of [id, origin, "*"]) {
			const queue = this.#queues.get(target);
			if (!queue?.length) continue;
			const [first] = queue;
			first.left -= 1;
			if (first.left === 0) queue.shift();
			return first.behaviour;
		}
		return null;
	}

	clear(target) {
		if (target === undefined) this.#queues.clear();
		else this.#queues.delete(target);
	}
}
