/*
 * The push service double: answers on HTTPS as the large push services do, holds every push to the standards,
 * and shows what the browser would have received.
 *
 *   const service = await startPushService(options)
 *
 * options, all optional:
 *   stateDir       folder of the CA and the certificate, kept for later starts; default: a new one, removed by close()
 *   port           main listener; default: a free port
 *   http1          main listener: "allowed" (h2 and http/1.1 by ALPN, default), "none" (h2 alone), "only" (http/1.1 alone)
 *   http1Port      second listener, always http/1.1 alone
 *   settings       HTTP/2 SETTINGS of the main listener: { maxConcurrentStreams, initialWindowSize }
 *   strict         false: nothing is refused but what the subscription's service refuses itself (personalities.mjs)
 *   allowHeaders   names of further request headers that are no violation
 *   now            () -> ms since 1970, the clock against which tokens are checked
 *   control, controlPort     plain HTTP side for other languages (control.mjs); control: false = none
 *   autopush, autopushPort   WebSocket side for Firefox (autopush.mjs); autopush: false = none
 *
 * A push that breaks a rule is refused in the manner of its service and recorded as a violation for each rule.
 * A good one gets what script ordered, else the 201 of its service. Everything is held in memory: for
 * hundreds of thousands of pushes use sink.c instead.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { redirectPath, toBehaviour } from "./answers.mjs";
import { startAutopush } from "./autopush.mjs";
import { actionNames, play } from "./behave.mjs";
import { ensureCertificate } from "./certificate.mjs";
import { checkPush, groupHeaders, Memory } from "./check.mjs";
import { startControl } from "./control.mjs";
import { openListener } from "./listener.mjs";
import { personalities, refusal } from "./personalities.mjs";
import { Records } from "./records.mjs";
import { Script } from "./script.mjs";
import { Stats } from "./stats.mjs";
import { personalityOfOrigin, Subscriptions, toJson } from "./subscriptions.mjs";

const defaultWaitMs = 10_000;

export async function startPushService(options = {}) {
	const service = new PushService(options);
	await service.open();
	return service;
}

class PushService {
	#options;
	#ownStateDir = null;
	#subscriptions = new Subscriptions();
	#records = new Records();
	#script = new Script();
	#stats = new Stats();
	#memory = new Memory();
	#listeners = [];
	#control = null;
	#messages = 0;
	autopush = null;

	constructor(options) {
		this.#options = options;
	}

	async open() {
		const { stateDir, port, http1 = "allowed", http1Port, settings, control = true, autopush = true } = this.#options;
		this.#ownStateDir = stateDir ? null : mkdtempSync(join(tmpdir(), "pushservice-"));
		Object.assign(this, ensureCertificate(stateDir ?? this.#ownStateDir));
		try {
			this.port = await this.#listen({ port, http1, settings });
			this.http1Port = await this.#listen({ port: http1Port, http1: "only" });
			if (autopush) this.autopush = await startAutopush(this, { port: this.#options.autopushPort });
			if (control) this.#control = await startControl(this, { port: this.#options.controlPort });
		} catch (error) {
			await this.close();
			throw error;
		}
		this.controlPort = this.#control?.port ?? null;
		this.controlUrl = this.#control?.url ?? null;
		this.autopushUrl = this.autopush?.url ?? null;
	}

	async close() {
		await this.#control?.close();
		await this.autopush?.close();
		await Promise.all(this.#listeners.map((listener) => listener.close()));
		if (this.#ownStateDir) rmSync(this.#ownStateDir, { recursive: true, force: true });
	}

	/* What a program in another language needs to know; main.mjs prints it. */
	describe() {
		const { port, http1Port, controlPort, controlUrl, autopushUrl, caFile, certFile, keyFile } = this;
		return { port, http1Port, controlPort, controlUrl, autopushPort: this.autopush?.port ?? null, autopushUrl, caFile, certFile, keyFile, pid: process.pid };
	}

	/* Subscriptions. */

	createSubscription(wanted = {}) {
		const subscription = this.#create(wanted);
		return { id: subscription.id, subscription: toJson(subscription) };
	}

	createSubscriptions(count, wanted = {}) {
		return Array.from({ length: count }, () => this.createSubscription(wanted));
	}

	/* For a browser that keeps its keys: deliver(record, body) is called with each accepted push. */
	createChannel(wanted, deliver) {
		return Object.assign(this.#create({ service: "mozilla", host: "localhost", ...wanted, withKeys: false }), { deliver });
	}

	#create(wanted) {
		return this.#subscriptions.create(wanted, wanted.http1 ? this.http1Port : this.port);
	}

	revoke(id, status = 410) {
		if (![404, 410].includes(status)) throw new Error(`a revoked subscription answers 404 or 410, not ${status}`);
		this.#subscriptions.byId(id).revoked = status;
	}

	findSubscription(endpoint) {
		const subscription = this.#subscriptions.byEndpoint(endpoint);
		return subscription && shown(subscription);
	}

	subscriptions() {
		return this.#subscriptions.all().map(shown);
	}

	/* What came in. */

	pushes(id) {
		return this.#records.pushes(id);
	}

	requests(id) {
		return this.#records.requests(id);
	}

	violations() {
		return this.#records.violations();
	}

	stats() {
		return { ...this.#stats.toJson(), violations: this.#records.violations().length };
	}

	clear() {
		this.#records.clear();
		this.#stats.clear();
	}

	/* What the device of that subscription gets that was away all the time: see Records. */
	waiting(id, now = Date.now()) {
		return this.#records.waiting(id, now);
	}

	waitForPush(id, n = 1, timeoutMs = defaultWaitMs) {
		return this.#records.waitFor(() => this.pushes(id), n, timeoutMs, `waited for pushes of ${id}`);
	}

	waitForRequest(id, n = 1, timeoutMs = defaultWaitMs) {
		return this.#records.waitFor(() => this.requests(id), n, timeoutMs, `waited for requests of ${id}`);
	}

	/* For parts of the double that keep lists of their own. */
	waitFor(list, n, timeoutMs, what) {
		return this.#records.waitFor(list, n, timeoutMs, what);
	}

	changed() {
		this.#records.changed();
	}

	/* Scripted answers. */

	answer(target, wanted, times = 1) {
		const behaviour = toBehaviour(wanted, this.#personalityOf(target));
		const isStatus = Number.isInteger(behaviour.status) && behaviour.status >= 200 && behaviour.status <= 599;
		if (behaviour.action !== undefined && !actionNames.includes(behaviour.action)) throw new Error(`no action is called "${behaviour.action}"`);
		if (["drip", "endless", "hugeHeaders", undefined].includes(behaviour.action) && !isStatus) throw new Error("a behaviour needs a status within 200 and 599");
		this.#script.add(target, behaviour, times);
	}

	#personalityOf(target) {
		if (target === "*") return undefined;
		return target.startsWith("https://") ? personalityOfOrigin(target) : this.#subscriptions.byId(target).personality;
	}

	clearAnswers(target) {
		this.#script.clear(target);
	}

	/* One request. */

	async #listen({ port, http1, settings }) {
		const listener = await openListener({
			port,
			http1,
			settings,
			key: readFileSync(this.keyFile),
			cert: readFileSync(this.certFile),
			stats: this.#stats,
			onRequest: (exchange) => this.#onRequest(exchange),
			onFault: (sentence) => this.#violate(null, { rule: "protocol", sentence }, 0, {}),
		});
		this.#listeners.push(listener);
		return listener.port;
	}

	#onRequest(exchange) {
		this.#stats.request(exchange.httpVersion);
		const subscription = this.#subscriptions.byPath(exchange.path);
		if (!subscription) return this.#refuseStranger(exchange);
		const { strict, allowHeaders, now } = this.#options;
		const { faults, facts } = checkPush(exchange, subscription, this.#memory, { strict, allowHeaders, now });
		if (facts.token) this.#stats.token(subscription.origin, facts.token);
		const record = newRecord(exchange, subscription, facts, faults);
		this.#records.addRequest(record);
		exchange.success = this.#success(subscription, facts);
		const behaviour = this.#choose(subscription, faults);
		for (const fault of faults) this.#violate(subscription, fault, behaviour.status, record.headers);
		play(this.#dress(behaviour, exchange.success), exchange, (status) => this.#onAnswer(status, behaviour, record, subscription, exchange.body));
	}

	/* Of several faults the one that the service itself would refuse decides. */
	#choose(subscription, faults) {
		const { personality, revoked } = subscription;
		const fault = faults.find(({ rule }) => Object.hasOwn(personality.refusals, rule)) ?? faults[0];
		if (fault) return refusal(personality, fault);
		if (revoked) return personality.answers[personality.revoked[revoked]];
		return this.#script.take(subscription) ?? { status: 201 };
	}

	#success({ origin, personality }, { ttl }) {
		return { status: 201, headers: personality.accept({ origin, ttl: ttl ?? 0, n: ++this.#messages }) };
	}

	/* A scripted success has the headers of a real one, unless the script names its own. */
	#dress(behaviour, success) {
		if (![201, 202].includes(behaviour.status)) return behaviour;
		return { ...behaviour, headers: { ...success.headers, ...behaviour.headers } };
	}

	#onAnswer(status, behaviour, record, subscription, body) {
		record.status = status;
		const isSuccess = status >= 200 && status < 300;
		const isAccepted = isSuccess || (behaviour.deliver === true && status !== 0);
		this.#stats.answered(status, isAccepted);
		if (isSuccess) this.#memory.settle(body);
		if (isAccepted) {
			this.#records.accept(record);
			subscription.deliver?.(record, body);
		}
		this.#records.changed();
	}

	/* A path that was never given out: a rebuilt endpoint, or a redirect that was followed. */
	#refuseStranger(exchange) {
		const isRedirect = exchange.path === redirectPath;
		const fault = isRedirect
			? { rule: "redirect-followed", sentence: "a redirect was followed" }
			: { rule: "unknown-endpoint", sentence: `the path "${exchange.path}" belongs to no subscription` };
		const behaviour = refusal(personalities.rfc, { ...fault, kind: "unknown" });
		this.#violate(null, fault, behaviour.status, flatten(exchange.rawHeaders));
		play(behaviour, exchange, (status) => this.#stats.answered(status, false));
	}

	#violate(subscription, { rule, sentence }, status, headers) {
		this.#records.addViolation({ at: Date.now(), subscriptionId: subscription?.id ?? null, rule, sentence, status, headers });
		this.#records.changed();
	}
}

function newRecord(exchange, subscription, facts, faults) {
	const { at, body, connection, streamId, httpVersion, rawHeaders } = exchange;
	return {
		subscriptionId: subscription.id,
		at,
		headers: flatten(rawHeaders),
		...facts,
		bodyLength: body.length,
		connectionId: connection.id,
		streamId,
		httpVersion,
		status: 0,
		accepted: false,
		violations: faults.map((fault) => fault.rule),
	};
}

function flatten(rawHeaders) {
	return Object.fromEntries([...groupHeaders(rawHeaders)].map(([name, values]) => [name, values.join(", ")]));
}

function shown({ id, endpoint, origin, service, bridge, vapidPublicKey, revoked, p256dh, auth }) {
	return { id, endpoint, origin, service, bridge, vapidPublicKey, revoked, keys: { p256dh, auth } };
}
