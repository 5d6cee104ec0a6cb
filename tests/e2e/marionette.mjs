/*
 * The wire protocol by which Firefox is driven: packets "LENGTH:JSON" (length in octets) over TCP on loopback.
 *
 *   const wire = await connectMarionette(port)     reads the greeting
 *   await wire.send("WebDriver:Navigate", { url }) -> result; throws the browser's error, with its name in .name
 *   await wire.exclusive(async () => …)            nobody else's commands come between those sent within
 *   wire.close()
 *
 * A request is [0, id, command, parameters], its answer [1, id, error, result].
 */
import { once } from "node:events";
import { createConnection } from "node:net";
import { within } from "./wait.mjs";

const answerMs = 180_000;

export async function connectMarionette(port) {
	const socket = createConnection({ host: "127.0.0.1", port });
	await once(socket, "connect");
	const wire = new Wire(socket);
	await within("Firefox's greeting", wire.greeting);
	return wire;
}

class Wire {
	#socket;
	#received = Buffer.alloc(0);
	#waiting = new Map();
	#last = 0;
	#turn = Promise.resolve();
	#greet;

	constructor(socket) {
		this.#socket = socket;
		this.greeting = new Promise((resolve) => (this.#greet = resolve));
		socket.on("data", (octets) => this.#onData(octets));
		socket.on("error", (error) => this.#fail(error));
		socket.on("close", () => this.#fail(new Error("Firefox closed the connection")));
	}

	send(command, parameters = {}) {
		const id = ++this.#last;
		const answer = new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
		const text = JSON.stringify([0, id, command, parameters]);
		this.#socket.write(`${Buffer.byteLength(text)}:${text}`);
		return within(`Firefox's answer to ${command}`, answer, answerMs);
	}

	exclusive(act) {
		const result = this.#turn.then(act);
		this.#turn = result.catch(() => {});
		return result;
	}

	close() {
		this.#socket.destroy();
	}

	#onData(octets) {
		this.#received = Buffer.concat([this.#received, octets]);
		for (;;) {
			const colon = this.#received.indexOf(":");
			if (colon < 0) return;
			const end = colon + 1 + Number(this.#received.toString("latin1", 0, colon));
			if (this.#received.length < end) return;
			const packet = JSON.parse(this.#received.toString("utf8", colon + 1, end));
			this.#received = this.#received.subarray(end);
			this.#onPacket(packet);
		}
	}

	#onPacket(packet) {
		if (!Array.isArray(packet)) return this.#greet(packet);
		const [, id, error, result] = packet;
		const { resolve, reject } = this.#waiting.get(id);
		this.#waiting.delete(id);
		if (error) reject(Object.assign(new Error(`${error.error}: ${error.message}`), { name: error.error, remote: error.stacktrace }));
		else resolve(result);
	}

	#fail(error) {
		for (const { reject } of this.#waiting.values()) reject(error);
		this.#waiting.clear();
	}
}
