/*
 * The browser's side of the double: the WebSocket protocol that Firefox speaks to its push service.
 *
 *   startAutopush(service, { port }) -> Autopush { port, url, … }
 *
 * Firefox is pointed here with dom.push.serverURL = url (and dom.push.testing.allowInsecureServerURL). Each
 * register makes an endpoint on the service's HTTPS listener, bound to the VAPID key that was given; a push that
 * the service accepts there is handed on as a notification frame. The browser keeps its private keys, so such a
 * push is not decrypted: see .acks() for whether the browser could (code 100).
 *
 *   clients()                 [{ uaid, connected, channels: [{ channelID, subscriptionId, endpoint }] }]
 *   acks(filter), unregisters()
 *   waitForClient(ms), waitForRegister(ms, n), waitForAck(filter, n, ms)
 *     filter: { subscription?, channelID?, version?, kind? }, kind "ack" or "nack"
 *     an ack: { at, uaid, channelID, subscriptionId, version, kind, code }
 *   dropUaid(uaid)            forgets a browser, or all: its endpoints answer 410, and at its next hello it gets
 *                             another uaid, upon which Firefox drops its subscriptions and fires pushsubscriptionchange
 *   disconnect(uaid)          closes the connection only; messages wait, each until its TTL is over, and a newer one
 *                             of the same Topic replaces an older one that is still waiting (RFC 8030 5.2, 5.4)
 *
 * A message stays until it is acknowledged, so one that was sent into a dying connection comes again.
 */
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { WebSocketServer } from "ws";

const defaultWaitMs = 10_000;
const subprotocol = "push-notification";
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

export async function startAutopush(service, { port = 0 } = {}) {
	const server = new WebSocketServer({
		host: "127.0.0.1",
		port,
		handleProtocols: (offered) => (offered.has(subprotocol) ? subprotocol : false),
	});
	await Promise.race([once(server, "listening"), once(server, "error").then(([error]) => Promise.reject(error))]);
	return new Autopush(service, server);
}

class Autopush {
	#service;
	#server;
	#clients = new Map();
	#registers = [];
	#unregisters = [];
	#acks = [];

	constructor(service, server) {
		this.#service = service;
		this.#server = server;
		this.port = server.address().port;
		this.url = `ws://127.0.0.1:${this.port}/`;
		server.on("connection", (socket) => this.#onConnection(socket));
	}

	clients() {
		return [...this.#clients.values()].map(({ uaid, socket, channels }) => ({
			uaid,
			connected: socket !== null,
			channels: [...channels.values()].map(shownChannel),
		}));
	}

	acks({ subscription, channelID, version, kind } = {}) {
		const fits = (wanted, value) => wanted === undefined || wanted === "*" || wanted === value;
		return this.#acks.filter(
			(ack) => fits(subscription, ack.subscriptionId) && fits(channelID, ack.channelID) && fits(version, ack.version) && fits(kind, ack.kind),
		);
	}

	unregisters() {
		return [...this.#unregisters];
	}

	async waitForClient(timeoutMs = defaultWaitMs) {
		const connected = () => this.clients().filter((client) => client.connected);
		return (await this.#service.waitFor(connected, 1, timeoutMs, "waited for a browser"))[0];
	}

	async waitForRegister(timeoutMs = defaultWaitMs, n = 1) {
		return (await this.#service.waitFor(() => this.#registers, n, timeoutMs, "waited for a register"))[n - 1];
	}

	waitForAck(filter = {}, n = 1, timeoutMs = defaultWaitMs) {
		return this.#service.waitFor(() => this.acks(filter), n, timeoutMs, `waited for an answer of the browser to ${JSON.stringify(filter)}`);
	}

	dropUaid(uaid) {
		for (const client of this.#chosen(uaid)) {
			for (const channel of client.channels.values()) this.#revoke(channel);
			this.#clients.delete(client.uaid);
			client.socket?.close(1001);
		}
	}

	disconnect(uaid) {
		for (const client of this.#chosen(uaid)) client.socket?.close(1001);
	}

	async close() {
		for (const socket of this.#server.clients) socket.terminate();
		await new Promise((resolve) => this.#server.close(resolve));
	}

	#chosen(uaid) {
		if (uaid === undefined) return [...this.#clients.values()];
		const client = this.#clients.get(uaid);
		if (!client) throw new Error(`no browser is called "${uaid}"`);
		return [client];
	}

	#onConnection(socket) {
		const connection = { socket, client: null };
		socket.on("message", (data) => this.#onMessage(connection, data.toString("utf8")));
		socket.on("close", () => this.#onClose(connection));
		socket.on("error", () => {});
	}

	#onClose({ socket, client }) {
		if (client?.socket !== socket) return;
		client.socket = null;
		for (const { waiting } of client.channels.values()) for (const message of waiting) message.isSent = false;
		this.#service.changed();
	}

	/* A frame that is not of the protocol ends the connection, as the real service does. */
	#onMessage(connection, text) {
		const message = parse(text);
		const handler = message && this.#handlers[message.messageType ?? "ping"];
		const isHello = message?.messageType === "hello";
		const isPing = message && (message.messageType === undefined || message.messageType === "ping");
		if (!handler || (!connection.client && !isHello && !isPing)) return connection.socket.close(4774, "not of the protocol");
		handler.call(this, connection, message);
		this.#service.changed();
	}

	#handlers = {
		hello: this.#hello,
		register: this.#register,
		unregister: this.#unregister,
		ack: this.#ack,
		nack: this.#nack,
		ping: this.#ping,
		broadcast_subscribe: () => {},
	};

	#ping({ socket }) {
		socket.send("{}");
	}

	#hello(connection, { uaid, use_webpush: useWebpush }) {
		if (useWebpush !== true) return connection.socket.close(4774, "use_webpush is missing");
		const client = this.#clients.get(uaid) ?? { uaid: randomUUID().replaceAll("-", ""), socket: null, channels: new Map() };
		this.#clients.set(client.uaid, client);
		if (client.socket) client.socket.terminate();
		client.socket = connection.socket;
		connection.client = client;
		send(connection.socket, { messageType: "hello", status: 200, uaid: client.uaid, use_webpush: true, broadcasts: {} });
		for (const channel of client.channels.values()) this.#flush(channel);
	}

	#register({ socket, client }, { channelID, key }) {
		if (!uuid.test(channelID ?? "")) return send(socket, { messageType: "register", channelID, status: 400 });
		const channel = client.channels.get(channelID) ?? this.#newChannel(client, channelID, key);
		if (!channel) return send(socket, { messageType: "register", channelID, status: 400 });
		send(socket, { messageType: "register", channelID, status: 200, pushEndpoint: channel.subscription.endpoint });
		this.#registers.push({ uaid: client.uaid, ...shownChannel(channel) });
	}

	#newChannel(client, channelID, key) {
		const channel = { client, channelID, subscription: null, waiting: [] };
		try {
			channel.subscription = this.#service.createChannel({ vapidPublicKey: key }, (record, body) => this.#deliver(channel, record, body));
		} catch {
			return null;
		}
		client.channels.set(channelID, channel);
		return channel;
	}

	#unregister({ socket, client }, { channelID, code }) {
		const channel = client.channels.get(channelID);
		if (channel) {
			this.#revoke(channel);
			client.channels.delete(channelID);
		}
		this.#unregisters.push({ at: Date.now(), uaid: client.uaid, channelID, subscriptionId: channel?.subscription.id ?? null, code });
		send(socket, { messageType: "unregister", channelID, status: 200 });
	}

	#revoke(channel) {
		this.#service.revoke(channel.subscription.id, 410);
		channel.waiting = [];
	}

	#ack({ client }, { updates = [] }) {
		for (const { channelID, version, code } of updates) this.#settle(client, channelID, version, "ack", code);
	}

	/* A nack names no channel; the version alone must find it. */
	#nack({ client }, { version, code }) {
		const channel = [...client.channels.values()].find(({ waiting }) => waiting.some((message) => message.version === version));
		this.#settle(client, channel?.channelID ?? null, version, "nack", code);
	}

	#settle(client, channelID, version, kind, code) {
		const channel = client.channels.get(channelID);
		if (channel) channel.waiting = channel.waiting.filter((message) => message.version !== version);
		this.#acks.push({ at: Date.now(), uaid: client.uaid, channelID, subscriptionId: channel?.subscription.id ?? null, version, kind, code });
	}

	#deliver(channel, record, body) {
		const message = { version: randomUUID(), body, topic: record.topic, until: Date.now() + record.ttl * 1000, isSent: false };
		record.version = message.version;
		channel.waiting = channel.waiting.filter((older) => older.isSent || message.topic === null || older.topic !== message.topic);
		channel.waiting.push(message);
		this.#flush(channel, message);
	}

	/* only: one new message; without it, after a hello, all that wait. */
	#flush(channel, only) {
		const { socket } = channel.client;
		if (!socket) return;
		channel.waiting = channel.waiting.filter((message) => message.until > Date.now());
		for (const message of only ? [only] : channel.waiting) {
			message.isSent = true;
			send(socket, {
				messageType: "notification",
				channelID: channel.channelID,
				version: message.version,
				data: message.body.toString("base64url"),
				headers: { encoding: "aes128gcm" },
			});
		}
	}
}

function shownChannel({ channelID, subscription }) {
	return { channelID, subscriptionId: subscription.id, endpoint: subscription.endpoint };
}

function parse(text) {
	try {
		const value = JSON.parse(text);
		return typeof value === "object" && value !== null ? value : null;
	} catch {
		return null;
	}
}

function send(socket, value) {
	socket.send(JSON.stringify(value));
}
