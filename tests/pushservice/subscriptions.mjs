/*
 * The subscriptions of the push service double: made here, with the browser's key pair, and found again by
 * the path of a request.
 *
 *   create({ service, host, port, vapidPublicKey, withKeys }) -> subscription
 *     A subscription: { id, endpoint, path, authority, hostname, origin, service, vapidPublicKey, p256dh, auth,
 *                       privateKey, revoked, deliver }
 *     revoked is 0, 404 or 410. deliver(record, body) is set for subscriptions of a connected browser.
 *     withKeys false: the browser keeps its keys to itself; p256dh, auth and privateKey are null.
 *   byPath(path), byId(id), byEndpoint(endpoint), all()
 *   toJson(subscription) -> what PushSubscription.toJSON() gives in a browser
 *
 * The path of each vendor has the odd octets that real endpoints have (a colon, %-escapes in a query), so that
 * a sender that rebuilds the URL rather than keeping its octets is found out.
 */
import { createECDH, randomBytes } from "node:crypto";
import { decodePoint } from "./check.mjs";

const vendors = {
	fcm: { host: "fcm.googleapis.com", path: () => `/fcm/send/${token(8)}:APA91b${token(96)}` },
	mozilla: { host: "updates.push.services.mozilla.com", path: () => `/wpush/v2/gAAAAA${token(120)}` },
	apple: { host: "web.push.apple.com", path: () => `/Q${token(112)}` },
	wns: { host: "wns2-par02p.notify.windows.com", path: () => `/w/?token=BQYAAAB%2f${token(60)}%2b${token(120)}%3d` },
	generic: { host: "localhost", path: () => `/push/${token(32)}` },
};

const vendorHosts = [
	[/(^|\.)(fcm\.googleapis\.com|jmt17\.google\.com|android\.googleapis\.com)$/, "fcm"],
	[/(^|\.)push\.services\.mozilla\.com$/, "mozilla"],
	[/(^|\.)push\.apple\.com$/, "apple"],
	[/(^|\.)notify\.windows\.com$/, "wns"],
];

function token(octets) {
	return randomBytes(octets).toString("base64url");
}

export class Subscriptions {
	#byId = new Map();
	#byPath = new Map();
	#last = 0;

	/* port: undefined = defaultPort, or none for a vendor's own host; null or 443 = none. */
	create({ service, host, port, vapidPublicKey, withKeys = true }, defaultPort) {
		const manner = service ?? serviceOfHost(host);
		const vendor = vendors[manner];
		if (!vendor) throw new Error(`no service is called "${service}"`);
		const hostname = host ?? vendor.host;
		const shownPort = port === undefined && serviceOfHost(hostname) === "generic" ? defaultPort : port;
		const authority = shownPort && shownPort !== 443 ? `${hostname}:${shownPort}` : hostname;
		const path = vendor.path();
		const subscription = {
			id: `s${++this.#last}`,
			endpoint: `https://${authority}${path}`,
			path,
			authority,
			hostname,
			origin: `https://${authority}`,
			service: manner,
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

function serviceOfHost(host) {
	return vendorHosts.find(([pattern]) => host && pattern.test(host))?.[1] ?? "generic";
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
