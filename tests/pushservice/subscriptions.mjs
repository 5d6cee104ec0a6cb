/*
 * The subscriptions of the push service double: made here, with the browser's key pair, and found again by
 * the path of a request.
 *
 *   create({ service, host, port, vapidPublicKey, bridge, withKeys }) -> subscription
 *     A subscription: { id, endpoint, path, authority, hostname, origin, service, personality, vapidPublicKey, bridge,
 *                       p256dh, auth, privateKey, revoked, deliver }
 *     service       name of a personality (personalities.mjs); left out: the host's
 *     bridge        a phone behind a bridge that takes less (Firefox on Android)
 *     revoked is 0, 404 or 410. deliver(record, body) is set for subscriptions of a connected browser.
 *     withKeys false: the browser keeps its keys to itself; p256dh, auth and privateKey are null.
 *   byPath(path), byId(id), byEndpoint(endpoint), all()
 *   toJson(subscription) -> what PushSubscription.toJSON() gives in a browser
 *   personalityOfOrigin("https://host[:port]")
 *
 * The path of each vendor has the odd octets that real endpoints have (a colon, %-escapes in a query), so that
 * a sender that rebuilds the URL rather than keeping its octets is found out.
 */
import { createECDH, randomBytes } from "node:crypto";
import { decodePoint } from "./check.mjs";
import { personalities, personalityOfHost } from "./personalities.mjs";

function token(octets) {
	return randomBytes(octets).toString("base64url");
}

export class Subscriptions {
	#byId = new Map();
	#byPath = new Map();
	#last = 0;

	/* port: undefined = defaultPort, or none for a vendor's own host; null or 443 = none. */
	create({ service, host, port, vapidPublicKey, bridge = false, withKeys = true }, defaultPort) {
		const personality = service ? personalities[service] : personalityOfHost(host);
		if (!personality) throw new Error(`no service is called "${service}"`);
		if (bridge && !personality.limits.bridge) throw new Error(`${personality.name} has no bridge`);
		const hostname = host ?? personality.host;
		const shownPort = port === undefined && !personalityOfHost(hostname).hosts ? defaultPort : port;
		const authority = shownPort && shownPort !== 443 ? `${hostname}:${shownPort}` : hostname;
		const path = personality.path(token);
		const subscription = {
			id: `s${++this.#last}`,
			endpoint: `https://${authority}${path}`,
			path,
			authority,
			hostname,
			origin: `https://${authority}`,
			service: personality.name,
			personality,
			bridge,
			vapidPublicKey: normalizeKey(vapidPublicKey),
			...(withKeys ? newKeys() : { p256dh: null, auth: null, privateKey: null }),
			revoked: 0,
			deliver: null,
		};
		this.#byId.set(subscription.id, subscription);
		this.#byPath.set(path, subscription);
		return subscription;
	}

	byId(id) {
		const subscription = this.#byId.get(id);
		if (!subscription) throw new Error(`no subscription is called "${id}"`);
		return subscription;
	}

	byPath(path) {
		return this.#byPath.get(path);
	}

	byEndpoint(endpoint) {
		return this.all().find((subscription) => subscription.endpoint === endpoint);
	}

	all() {
		return [...this.#byId.values()];
	}
}

export function toJson({ endpoint, p256dh, auth }) {
	return { endpoint, expirationTime: null, keys: { p256dh, auth } };
}

export function personalityOfOrigin(origin) {
	return personalityOfHost(new URL(origin).hostname);
}

function newKeys() {
	const pair = createECDH("prime256v1");
	return {
		p256dh: pair.generateKeys().toString("base64url"),
		auth: randomBytes(16).toString("base64url"),
		privateKey: pair.getPrivateKey(),
	};
}

/* Firefox pads the key; the comparison later is of text. */
function normalizeKey(key) {
	if (key === undefined || key === null || key === "") return null;
	const text = Buffer.from(key, "base64url").toString("base64url");
	if (!decodePoint(text)) throw new Error("vapidPublicKey is no uncompressed point of P-256 in base64url");
	return text;
}
