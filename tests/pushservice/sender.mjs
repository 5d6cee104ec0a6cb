/*
 * A small sender with which the double itself is tested: it makes good pushes and, told so, bad ones.
 * It shares no line with the product; the encryption is npm http_ece's.
 *
 *   newVapid() -> { publicKey (base64url), privateKey (KeyObject) }
 *   makePush(subscription, vapid, changes) -> { headers, body }
 *     subscription is PushSubscription.toJSON(). changes, all optional:
 *       plaintext, pad, salt, senderKeys (ECDH), recordSize      of the body
 *       body(octets) -> octets                                   applied to the finished body
 *       claims, jwtHeader       merged into the token's; a member set to undefined is left out
 *       signWith, k, authorization(text) -> text
 *       headers                 merged; a value of undefined leaves the header out, an array sends it twice
 *   openSession(service, endpoint) -> an HTTP/2 session to the double for that endpoint's host
 *   send(session, endpoint, { headers, body }, method) -> { status, headers, body }; throws when there is no answer
 *   push(service, subscription, vapid, changes, method) -> the same, on a session of its own
 */
import { createECDH, createPrivateKey, generateKeyPairSync, sign } from "node:crypto";
import { once } from "node:events";
import { connect } from "node:http2";
import ece from "http_ece";

const halfDay = 43_200;

export function newVapid() {
	const { privateKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
	return { publicKey: publicOctets(privateKey).toString("base64url"), privateKey };
}

/* One pair in both shapes, for the test in which the VAPID key wrongly encrypts as well. */
export function vapidAsEcdh(vapid) {
	const pair = createECDH("prime256v1");
	pair.setPrivateKey(Buffer.from(createPrivateKey(vapid.privateKey.export({ type: "pkcs8", format: "pem" })).export({ format: "jwk" }).d, "base64url"));
	return pair;
}

function publicOctets(privateKey) {
	const { x, y } = privateKey.export({ format: "jwk" });
	return Buffer.concat([Buffer.of(4), Buffer.from(x, "base64url"), Buffer.from(y, "base64url")]);
}

export function makePush(subscription, vapid, changes = {}) {
	const body = (changes.body ?? ((octets) => octets))(encrypt(subscription, changes));
	const headers = {
		ttl: "3600",
		urgency: "normal",
		topic: "0123456789abcdef0123456789abcdef",
		"content-encoding": "aes128gcm",
		"content-type": "application/octet-stream",
		"content-length": String(body.length),
		authorization: authorization(subscription, vapid, changes),
		...changes.headers,
	};
	return { headers: withoutUndefined(headers), body };
}

function encrypt({ keys }, { plaintext = '{"title":"good"}', pad = 0, salt, senderKeys, recordSize = 4096 }) {
	const pair = senderKeys ?? createECDH("prime256v1");
	if (!senderKeys) pair.generateKeys();
	return ece.encrypt(Buffer.from(plaintext), { version: "aes128gcm", privateKey: pair, dh: keys.p256dh, authSecret: keys.auth, salt, rs: recordSize, pad });
}

function authorization({ endpoint }, vapid, { claims, jwtHeader, signWith, k, authorization: change = (text) => text }) {
	const encode = (value) => Buffer.from(JSON.stringify(withoutUndefined(value))).toString("base64url");
	const header = encode({ typ: "JWT", alg: "ES256", ...jwtHeader });
	const body = encode({ aud: new URL(endpoint).origin, exp: Math.floor(Date.now() / 1000) + halfDay, sub: "mailto:push@example.com", ...claims });
	const signature = sign("sha256", Buffer.from(`${header}.${body}`), { key: signWith ?? vapid.privateKey, dsaEncoding: "ieee-p1363" });
	return change(`vapid t=${header}.${body}.${signature.toString("base64url")}, k=${k ?? vapid.publicKey}`);
}

function withoutUndefined(object) {
	return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined));
}

export async function openSession(service, endpoint, port = service.port) {
	const { hostname, origin } = new URL(endpoint);
	const session = connect(origin, { host: "127.0.0.1", port, servername: /^[\d.]+$/.test(hostname) ? "" : hostname, ca: service.caPem });
	session.on("error", () => {});
	await once(session, "connect");
	return session;
}

export function send(session, endpoint, { headers, body }, method = "POST") {
	const { host, origin } = new URL(endpoint);
	const path = endpoint.slice(origin.length);
	return new Promise((resolve, reject) => {
		const stream = session.request({ ":method": method, ":authority": host, ":path": path, ...headers });
		const answer = { status: 0, headers: {}, body: "" };
		stream.setEncoding("utf8");
		stream.on("response", (received) => Object.assign(answer, { status: received[":status"], headers: received }));
		stream.on("data", (part) => (answer.body += part));
		stream.on("error", reject);
		stream.on("close", () => (answer.status ? resolve(answer) : reject(new Error(`no answer, reset code ${stream.rstCode}`))));
		stream.end(method === "GET" ? undefined : body);
	});
}

export async function push(service, subscription, vapid, changes = {}, method = "POST") {
	const session = await openSession(service, subscription.endpoint);
	try {
		return await send(session, subscription.endpoint, makePush(subscription, vapid, changes), method);
	} finally {
		session.close();
	}
}
