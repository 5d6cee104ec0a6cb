/*
 * Proves the browser's side: a WebSocket client takes the part of Firefox and decrypts with npm http_ece.
 */
import assert from "node:assert/strict";
import { createECDH, randomBytes, randomUUID } from "node:crypto";
import { once } from "node:events";
import { after, before, test } from "node:test";
import ece from "http_ece";
import WebSocket from "ws";
import { newVapid, push } from "./sender.mjs";
import { startPushService } from "./service.mjs";

const vapid = newVapid();
let service;

before(async () => {
	service = await startPushService({ control: false });
});

after(() => service.close());

/* Frames are kept as they come, so that none is lost between two waits. */
class Browser {
	#frames = [];
	#arrived = () => {};

	static async connect(uaid) {
		const browser = new Browser();
		browser.socket = new WebSocket(service.autopushUrl, "push-notification");
		browser.socket.on("message", (data) => {
			browser.#frames.push(JSON.parse(data.toString()));
			browser.#arrived();
		});
		await once(browser.socket, "open");
		browser.send({ messageType: "hello", broadcasts: {}, use_webpush: true, ...(uaid && { uaid }) });
		browser.hello = await browser.next("hello");
		return browser;
	}

	send(frame) {
		this.socket.send(JSON.stringify(frame));
	}

	async next(type) {
		for (;;) {
			const at = this.#frames.findIndex((frame) => frame.messageType === type);
			if (at >= 0) return this.#frames.splice(at, 1)[0];
			await new Promise((resolve) => (this.#arrived = resolve));
		}
	}

	async subscribe(key = `${vapid.publicKey}=`) {
		const channelID = randomUUID();
		this.send({ messageType: "register", channelID, key });
		const { status, pushEndpoint, channelID: same } = await this.next("register");
		assert.deepEqual([status, same], [200, channelID]);
		const keys = createECDH("prime256v1");
		const auth = randomBytes(16).toString("base64url");
		const p256dh = keys.generateKeys().toString("base64url");
		return { channelID, keys, auth, subscription: { endpoint: pushEndpoint, keys: { p256dh, auth } } };
	}

	async close() {
		this.socket.close();
		await once(this.socket, "close");
	}
}

function decrypt({ data, headers }, { keys, auth }) {
	assert.deepEqual(headers, { encoding: "aes128gcm" });
	return ece.decrypt(Buffer.from(data, "base64url"), { version: "aes128gcm", privateKey: keys, authSecret: auth }).toString();
}

test("a push reaches the browser, which decrypts and acknowledges it", async () => {
	const browser = await Browser.connect();
	assert.equal(browser.socket.protocol, "push-notification");
	assert.equal(browser.hello.use_webpush, true);
	assert.match(browser.hello.uaid, /^.{1,128}$/);
	const channel = await browser.subscribe();
	assert.equal((await push(service, channel.subscription, vapid, { plaintext: '{"title":"hello"}' })).status, 201);
	const frame = await browser.next("notification");
	assert.equal(frame.channelID, channel.channelID);
	assert.equal(decrypt(frame, channel), '{"title":"hello"}');
	browser.send({ messageType: "ack", updates: [{ channelID: channel.channelID, version: frame.version, code: 100 }] });
	const { id } = service.findSubscription(channel.subscription.endpoint);
	const [ack] = await service.autopush.waitForAck({ subscription: id }, 1, 1000);
	assert.deepEqual([ack.code, ack.kind, ack.version], [100, "ack", service.pushes(id)[0].version]);
	assert.equal(service.pushes(id)[0].plaintext, null);
	assert.deepEqual(service.violations(), []);
	await browser.close();
});

test("all checks but decryption are made for a browser's subscription", async () => {
	const browser = await Browser.connect();
	const { subscription } = await browser.subscribe();
	assert.equal((await push(service, subscription, newVapid())).status, 401);
	assert.equal((await push(service, subscription, vapid, { headers: { ttl: undefined } })).status, 400);
	const offCurve = (octets) => Buffer.concat([octets.subarray(0, 22), Buffer.alloc(64, 1), octets.subarray(86)]);
	assert.equal((await push(service, subscription, vapid, { body: offCurve })).status, 400);
	assert.deepEqual(service.violations().slice(-3).map((violation) => violation.rule), ["vapid-key", "ttl-missing", "body-point"]);
	await browser.close();
});

test("a nack is found by its version", async () => {
	const browser = await Browser.connect();
	const { subscription } = await browser.subscribe();
	await push(service, subscription, vapid);
	const { version } = await browser.next("notification");
	browser.send({ messageType: "nack", version, code: 301 });
	const { id } = service.findSubscription(subscription.endpoint);
	const [nack] = await service.autopush.waitForAck({ subscription: id, kind: "nack" }, 1, 1000);
	assert.equal(nack.code, 301);
	await browser.close();
});

test("an endpoint that was unregistered answers 410", async () => {
	const browser = await Browser.connect();
	const { channelID, subscription } = await browser.subscribe();
	browser.send({ messageType: "unregister", channelID, code: 200 });
	assert.equal((await browser.next("unregister")).status, 200);
	assert.equal((await push(service, subscription, vapid)).status, 410);
	assert.equal(service.autopush.unregisters().at(-1).code, 200);
	await browser.close();
});

test("while the browser is away messages wait; Topic replaces, TTL ends, acknowledged ones are not repeated", async () => {
	const browser = await Browser.connect();
	const channel = await browser.subscribe();
	const { uaid } = browser.hello;
	await browser.close();
	const topic = (digit) => ({ topic: digit.repeat(32) });
	await push(service, channel.subscription, vapid, { plaintext: '"old"', headers: topic("a") });
	await push(service, channel.subscription, vapid, { plaintext: '"other"', headers: topic("b") });
	await push(service, channel.subscription, vapid, { plaintext: '"new"', headers: topic("a") });
	await push(service, channel.subscription, vapid, { plaintext: '"short"', headers: { ...topic("c"), ttl: "1" } });
	await new Promise((resolve) => setTimeout(resolve, 1050));
	const again = await Browser.connect(uaid);
	assert.equal(again.hello.uaid, uaid);
	const frames = [await again.next("notification"), await again.next("notification")];
	assert.deepEqual(frames.map((frame) => decrypt(frame, channel)), ['"other"', '"new"']);
	again.send({ messageType: "ack", updates: [{ channelID: channel.channelID, version: frames[0].version, code: 100 }] });
	await service.autopush.waitForAck({ version: frames[0].version }, 1, 1000);
	await again.close();
	const third = await Browser.connect(uaid);
	assert.equal(decrypt(await third.next("notification"), channel), '"new"');
	await third.close();
});

test("a browser that was dropped gets another id and its endpoints are gone", async () => {
	const browser = await Browser.connect();
	const { subscription } = await browser.subscribe();
	const closed = once(browser.socket, "close");
	service.autopush.dropUaid(browser.hello.uaid);
	await closed;
	assert.equal((await push(service, subscription, vapid)).status, 410);
	const again = await Browser.connect(browser.hello.uaid);
	assert.notEqual(again.hello.uaid, browser.hello.uaid);
	await again.close();
});

test("a ping is answered, a frame outside the protocol ends the connection", async () => {
	const browser = await Browser.connect();
	browser.send({});
	await once(browser.socket, "message");
	const closed = once(browser.socket, "close");
	browser.socket.send("no JSON");
	assert.equal((await closed)[0], 4774);
});

test("a register with a bad channel or key is refused, one without a key is unrestricted", async () => {
	const browser = await Browser.connect();
	browser.send({ messageType: "register", channelID: "x" });
	assert.equal((await browser.next("register")).status, 400);
	browser.send({ messageType: "register", channelID: randomUUID(), key: "AAAA" });
	assert.equal((await browser.next("register")).status, 400);
	const { subscription } = await browser.subscribe(undefined);
	assert.equal((await push(service, subscription, vapid)).status, 201);
	await browser.close();
});

test("the connected browsers and their channels can be asked for", async () => {
	const browser = await Browser.connect();
	const { channelID, subscription } = await browser.subscribe();
	const client = service.autopush.clients().find(({ uaid }) => uaid === browser.hello.uaid);
	assert.equal(client.connected, true);
	assert.deepEqual([client.channels[0].channelID, client.channels[0].endpoint], [channelID, subscription.endpoint]);
	assert.equal((await service.autopush.waitForClient(1000)).connected, true);
	assert.ok((await service.autopush.waitForRegister(1000)).endpoint);
	service.autopush.disconnect(browser.hello.uaid);
	await once(browser.socket, "close");
});
