/*
 * Every rule that one push request must keep: RFC 8030 (headers), 8188 and 8291 (body), 8292 (credentials),
 * what single services add to them, and the rules of our own house. strict: false leaves those that the service of the
 * subscription enforces itself (personalities.mjs, refusals).
 *
 *   checkPush(request, subscription, memory, { strict, allowHeaders, now }) -> { faults, facts }
 *     request       { method, authority, servername, httpVersion, rawHeaders, body }
 *                   rawHeaders: name, value, name, value … as received; servername: TLS SNI or undefined
 *     subscription  { id, authority, hostname, origin, personality, bridge, vapidPublicKey, privateKey, auth }
 *                   privateKey null: the browser has it, so the body is not decrypted
 *     memory        what was seen before, a Memory
 *     faults        [{ kind, rule, sentence }], in the order in which a service would look; empty = a good push
 *     facts         { ttl, urgency, topic, jwt, token, vapidKey, text, plaintext, paddedLength }, what could be read
 *
 * kind and rule choose the answer (personalities.mjs); rule is a short stable name for tests too.
 */
import { createHash, createPublicKey, createECDH, verify } from "node:crypto";
import ece from "http_ece";

const bodyLimit = 4096;
const headerLength = 86;
const recordSize = 4096;
const plaintextLimit = 2800;
const tagAndDelimiter = 17;
const ttlLimit = 2_419_200;
const dayInSeconds = 86_400;
const urgencies = ["very-low", "low", "normal", "high"];
const requestHeaders = ["ttl", "urgency", "topic", "content-encoding", "content-type", "content-length", "authorization"];
const oldEncodingHeaders = ["encryption", "crypto-key"];
const forbiddenHeaders = ["accept-encoding", "expect", "cookie", "prefer"];

/* Salts, sender keys and bodies of the whole run, and the tokens whose signature was checked already. */
export class Memory {
	#salts = new Map();
	#keys = new Map();
	#bodies = new Map();
	tokens = new Map();

	/*
	 * A body that is sent again octet for octet to the same subscription, after an answer that was no success,
	 * is the same message and no repeat. Returns which of the two was met before, as a list of names.
	 */
	repeats(body, subscriptionId) {
		const digest = createHash("sha256").update(body).digest("base64");
		const salt = body.subarray(0, 16).toString("base64");
		const key = body.subarray(21, headerLength).toString("base64");
		const before = this.#bodies.get(digest);
		const isResend = before && before.subscriptionId === subscriptionId && !before.accepted;
		const met = [];
		if (!isResend) {
			if (this.#salts.has(salt)) met.push("salt");
			if (this.#keys.has(key)) met.push("sender key");
		}
		this.#salts.set(salt, true);
		this.#keys.set(key, true);
		if (!before) this.#bodies.set(digest, { subscriptionId, accepted: false });
		return met;
	}

	/* Tells that the sender was given a success for this body. */
	settle(body) {
		const known = this.#bodies.get(createHash("sha256").update(body).digest("base64"));
		if (known) known.accepted = true;
	}
}

export function checkPush(request, subscription, memory, { strict = true, allowHeaders = [], now = Date.now } = {}) {
	const faults = [];
	const push = {
		...request,
		headers: groupHeaders(request.rawHeaders),
		subscription,
		limits: subscription.personality.limits,
		memory,
		allowHeaders,
		nowSeconds: Math.floor(now() / 1000),
		facts: { ttl: null, urgency: null, topic: null, jwt: null, token: null, vapidKey: null, text: null, plaintext: null, paddedLength: null },
		fault: (kind, rule, sentence) => void faults.push({ kind, rule, sentence }),
	};
	for (const check of [checkMethod, checkHost, checkNames, checkTtl, checkUrgency, checkTopic, checkCoding, checkLength, checkCredentials, checkBody])
		check(push);
	const { refusals } = subscription.personality;
	return { faults: strict ? faults : faults.filter(({ rule }) => Object.hasOwn(refusals, rule)), facts: push.facts };
}

/* name -> array of values, so that a header sent twice stays visible; pseudo-headers left out. */
export function groupHeaders(rawHeaders) {
	const headers = new Map();
	for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
		const name = rawHeaders[i].toLowerCase();
		if (name.startsWith(":")) continue;
		headers.set(name, [...(headers.get(name) ?? []), rawHeaders[i + 1]]);
	}
	return headers;
}

function checkMethod({ method, fault }) {
	if (method !== "POST") fault("method", "method", `the method is ${method}, not POST (RFC 8030 5)`);
}

function checkHost({ authority, servername, subscription, fault }) {
	if (authority !== subscription.authority)
		fault("host", "authority", `the request names "${authority}", the endpoint "${subscription.authority}"`);
	const isAddress = /^[\d.]+$|^\[/.test(subscription.hostname);
	if (!isAddress && servername !== subscription.hostname)
		fault("host", "sni", `the TLS server name is "${servername || ""}", the endpoint's host "${subscription.hostname}"`);
}

function checkNames({ headers, httpVersion, allowHeaders, fault }) {
	for (const name of oldEncodingHeaders)
		if (headers.has(name)) fault("encoding", "old-encoding-header", `the header ${name} belongs to a draft and must not be sent (RFC 8291 4)`);
	for (const name of forbiddenHeaders)
		if (headers.has(name)) fault("header", "forbidden-header", `the header ${name} must not be sent`);
	const expected = new Set([...requestHeaders, ...allowHeaders, ...(httpVersion === "2.0" ? [] : ["host"])]);
	for (const [name, values] of headers) {
		if (values.length > 1) fault("header", "double-header", `the header ${name} is sent ${values.length} times`);
		if (!expected.has(name) && ![...oldEncodingHeaders, ...forbiddenHeaders].includes(name)) fault("header", "unexpected-header", `the header ${name} is not one of a push`);
	}
}

function checkTtl({ headers, facts, limits, fault }) {
	const [value] = headers.get("ttl") ?? [];
	if (value === undefined) return fault("ttl", "ttl-missing", "there is no TTL (RFC 8030 5.2)");
	if (/^-\d+$/.test(value)) return fault("ttl", "ttl-negative", `the TTL "${value}" is negative (RFC 8030 5.2)`);
	if (!/^\d+$/.test(value)) return fault("ttl", "ttl-form", `the TTL "${value}" is not 1*DIGIT (RFC 8030 5.2)`);
	facts.ttl = Number(value);
	if (facts.ttl < 1) fault("ttl", "ttl-zero", "the TTL is 0: whoever is away never gets it");
	if (facts.ttl > limits.ttl) fault("ttl", "ttl-limit", `the TTL ${value} is more than ${limits.ttl}`);
	else if (facts.ttl > ttlLimit) fault("ttl", "ttl-range", `the TTL ${value} is more than ${ttlLimit}, the least of the services' limits`);
}

function checkUrgency({ headers, facts, fault }) {
	const [value] = headers.get("urgency") ?? [];
	if (value === undefined) return fault("urgency", "urgency-missing", "there is no Urgency");
	if (!urgencies.includes(value)) return fault("urgency", "urgency-value", `the Urgency "${value}" is none of ${urgencies.join(", ")} (RFC 8030 5.3)`);
	facts.urgency = value;
}

function checkTopic({ headers, facts, fault }) {
	const [value] = headers.get("topic") ?? [];
	if (value === undefined) return;
	facts.topic = value;
	if (/^[A-Za-z0-9_-]{1,32}=+$/.test(value)) fault("topic", "topic-padding", `the Topic "${value}" ends with padding (RFC 8030 5.4)`);
	else if (!/^[A-Za-z0-9_-]{1,32}$/.test(value))
		fault("topic", "topic-form", `the Topic "${value}" is not 1 to 32 characters of base64url (RFC 8030 5.4)`);
	else if (value.length % 4 === 1) fault("topic", "topic-length", `the Topic "${value}" has a length that no base64url text has (Apple refuses it)`);
	else if (!/^[0-9a-f]{32}$/.test(value)) fault("topic", "topic-house", `the Topic "${value}" is not 32 lower-case hexadecimal digits`);
}

function checkCoding({ headers, fault }) {
	const [coding] = headers.get("content-encoding") ?? [];
	if (coding !== "aes128gcm") fault("encoding", "content-encoding", `the Content-Encoding is "${coding ?? ""}", not aes128gcm (RFC 8291 4)`);
	const [type] = headers.get("content-type") ?? [];
	if (type !== "application/octet-stream") fault("type", "content-type", `the Content-Type is "${type ?? ""}", not application/octet-stream`);
}

function checkLength({ headers, body, limits, subscription, fault }) {
	const [length] = headers.get("content-length") ?? [];
	if (length === undefined || headers.has("transfer-encoding")) fault("length", "content-length-missing", "there is no Content-Length (WNS answers 411)");
	else if (length !== String(body.length)) fault("length", "content-length", `the Content-Length is "${length}", the body has ${body.length} octets`);
	if (body.length > limits.body) fault("size", "body-limit", `the body has ${body.length} octets, more than ${limits.body}`);
	else if (body.length > bodyLimit) fault("size", "body-size", `the body has ${body.length} octets, more than the ${bodyLimit} that everybody takes (RFC 8291 4)`);
	if (subscription.bridge && body.length > limits.bridge) fault("size", "body-bridge", `the body has ${body.length} octets, more than the ${limits.bridge} that the bridge takes`);
}

function checkCredentials(push) {
	const { headers, facts, subscription, memory, nowSeconds, fault } = push;
	const [value] = headers.get("authorization") ?? [];
	if (value === undefined) return fault("credentials", "authorization-missing", "there is no Authorization (RFC 8292 4.2)");
	const form = /^vapid t=([\w-]+)\.([\w-]+)\.([\w-]+), k=([\w-]+)$/;
	const readable = /^(?:vapid|webpush|bearer) t=([\w-]+)\.([\w-]+)\.([\w-]+), *k=([\w+/-]+)=*$/i;
	const match = form.exec(value) ?? readable.exec(value);
	if (!match) return fault("jwt", "authorization-unreadable", `the Authorization "${value}" is not "vapid t=…, k=…" (RFC 8292 3)`);
	if (!form.test(value)) fault("jwt", "authorization-form", `the Authorization "${value}" is not "vapid t=…, k=…" in unpadded base64url (RFC 8292 3)`);
	const [, header, claims, signature] = match;
	const key = match[4].replaceAll("+", "-").replaceAll("/", "_");
	const cacheKey = value;
	if (!memory.tokens.has(cacheKey)) {
		if (memory.tokens.size > 10_000) memory.tokens.clear();
		memory.tokens.set(cacheKey, examineToken(header, claims, signature, key));
	}
	const token = memory.tokens.get(cacheKey);
	facts.token = `${header}.${claims}.${signature}`;
	facts.vapidKey = key;
	facts.jwt = token.claims;
	for (const { kind, rule, sentence } of token.faults) fault(kind, rule, sentence);
	if (token.claims) checkClaims(token.claims, subscription, nowSeconds, fault);
	if (subscription.vapidPublicKey && subscription.vapidPublicKey !== key)
		fault("mismatch", "vapid-key", "the key k is not the one that the subscription was made with (RFC 8292 4.2)");
}

/* What is the same each time the token is used: form, header, signature. */
function examineToken(headerText, claimsText, signatureText, keyText) {
	const faults = [];
	const fault = (kind, rule, sentence) => faults.push({ kind, rule, sentence });
	const header = parseObject(headerText);
	const claims = parseObject(claimsText);
	if (!header) fault("jwt", "jwt-header", "the header of the JWT is no JSON object in base64url");
	else if (header.typ !== "JWT" || header.alg !== "ES256" || Object.keys(header).length !== 2)
		fault("jwt", "jwt-header", `the header of the JWT is ${JSON.stringify(header)}, not typ JWT and alg ES256 (RFC 8292 2)`);
	if (!claims) fault("jwt", "jwt-claims", "the claims of the JWT are no JSON object in base64url");
	const key = decodePoint(keyText);
	const signature = decodeBase64url(signatureText);
	if (!key) fault("key", "vapid-point", "the key k is no uncompressed point of P-256 (RFC 8292 3.2)");
	else if (signature?.length !== 64) fault("jwt", "jwt-signature", `the signature has ${signature?.length ?? 0} octets, not 64 (RFC 7518 3.4)`);
	else if (!verify("sha256", Buffer.from(`${headerText}.${claimsText}`), { key, dsaEncoding: "ieee-p1363" }, signature))
		fault("jwt", "jwt-signature", "the signature of the JWT does not fit the key k (RFC 8292 2)");
	return { claims, faults };
}

function checkClaims(claims, subscription, nowSeconds, fault) {
	const { aud, exp, sub, ...others } = claims;
	if (aud !== subscription.origin) fault("aud", "jwt-aud", `aud is ${JSON.stringify(aud)}, the endpoint's origin "${subscription.origin}" (RFC 8292 2)`);
	if (!Number.isInteger(exp)) fault("expiry", "jwt-exp", `exp is ${JSON.stringify(exp)}, not an integer (RFC 8292 2)`);
	else if (exp <= nowSeconds) fault("expiry", "jwt-expired", `exp is ${nowSeconds - exp} s in the past (RFC 8292 2)`);
	else if (exp > nowSeconds + dayInSeconds) fault("expiry", "jwt-exp-far", `exp is ${exp - nowSeconds} s ahead, more than a day (RFC 8292 2)`);
	const host = contactHost(sub);
	if (!host) fault("jwt", "jwt-sub", `sub is ${JSON.stringify(sub)}, no contact by mailto: or https: (RFC 8292 2.1)`);
	else if (isLocal(host) && Object.hasOwn(subscription.personality.refusals, "jwt-sub-local")) fault("jwt", "jwt-sub-local", `sub is ${JSON.stringify(sub)}, a contact that nobody can reach`);
	if (Object.keys(others).length) fault("jwt", "jwt-further-claims", `the JWT has further claims: ${Object.keys(others).join(", ")}`);
}

function contactHost(sub) {
	if (typeof sub !== "string") return null;
	const mail = /^mailto:[^\s<>@:]+@([^\s<>@:]+)$/.exec(sub);
	const page = /^https:\/\/([^\s<>/:@]+)(:\d+)?(\/[^\s<>]*)?$/.exec(sub);
	return mail?.[1] ?? page?.[1] ?? null;
}

function isLocal(host) {
	return !host.includes(".") || /(^|\.)localhost$/.test(host);
}

function checkBody(push) {
	const { body, facts, subscription, memory, fault } = push;
	if (body.length < headerLength + tagAndDelimiter)
		return fault("encoding", "body-short", `the body has ${body.length} octets, less than a header of 86 and an empty record (RFC 8188 2.1)`);
	facts.paddedLength = body.length - headerLength - tagAndDelimiter;
	const size = body.readUInt32BE(16);
	if (body[20] !== 65 || body[21] !== 4)
		return fault("encoding", "body-keyid", `the key id has ${body[20]} octets and begins with ${body[21]}: no uncompressed point (RFC 8291 4)`);
	if (size <= body.length - headerLength) fault("encoding", "body-record", `the record size ${size} does not hold the record of ${body.length - headerLength} octets (RFC 8291 4)`);
	else if (size !== recordSize) fault("encoding", "body-record-size", `the record size is ${size}, not ${recordSize}`);
	if (facts.vapidKey === body.subarray(21, headerLength).toString("base64url"))
		fault("encoding", "key-reuse", "the VAPID key is also the sender key of the message (RFC 8292 3.2)");
	for (const what of memory.repeats(body, subscription.id))
		fault("body", `repeated-${what.replace(" ", "-")}`, `the ${what} was used before in this run (RFC 8188 2.1, RFC 8291 3.1)`);
	if (subscription.privateKey) checkPlaintext(push);
	else if (!decodePoint(body.subarray(21, headerLength).toString("base64url")))
		fault("encoding", "body-point", "the key id is no point of P-256 (RFC 8291 4)");
}

function checkPlaintext({ body, facts, subscription, fault }) {
	const plaintext = decrypt(body, subscription);
	if (plaintext instanceof Error) return fault("body", "decryption", `the body cannot be decrypted with the subscription's keys: ${plaintext.message}`);
	if (plaintext.length > plaintextLimit) fault("size", "plaintext-size", `the plaintext has ${plaintext.length} octets, more than ${plaintextLimit}`);
	try {
		facts.text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(plaintext);
	} catch {
		return fault("body", "utf-8", "the plaintext is no UTF-8");
	}
	try {
		facts.plaintext = JSON.parse(facts.text);
	} catch (error) {
		fault("body", "json", `the plaintext is no JSON: ${error.message}`);
	}
}

function decrypt(body, { privateKey, auth }) {
	const keys = createECDH("prime256v1");
	keys.setPrivateKey(privateKey);
	try {
		return ece.decrypt(body, { version: "aes128gcm", privateKey: keys, authSecret: auth });
	} catch (error) {
		return error;
	}
}

/* Strict: another spelling of the same octets (padding, stray bits, other alphabet) is refused. */
export function decodeBase64url(text) {
	const octets = Buffer.from(text, "base64url");
	return octets.toString("base64url") === text ? octets : null;
}

/* The import checks that the point is on the curve. */
export function decodePoint(text) {
	const octets = decodeBase64url(text);
	if (octets?.length !== 65 || octets[0] !== 4) return null;
	const coordinate = (from) => octets.subarray(from, from + 32).toString("base64url");
	try {
		return createPublicKey({ format: "jwk", key: { kty: "EC", crv: "P-256", x: coordinate(1), y: coordinate(33) } });
	} catch {
		return null;
	}
}

function parseObject(text) {
	const octets = decodeBase64url(text);
	if (!octets) return null;
	try {
		const value = JSON.parse(octets.toString("utf8"));
		return typeof value === "object" && value !== null && !Array.isArray(value) ? value : null;
	} catch {
		return null;
	}
}
