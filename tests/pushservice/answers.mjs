/*
 * What push services answer, as data: the named presets that tests play on demand, and the answer that
 * each service gives to each kind of bad push.
 *
 *   presets            name -> behaviour (see behave.mjs for what a behaviour may be)
 *   toBehaviour(x)     name, number or behaviour -> behaviour; throws on an unknown name
 *   refusal(kind, service, sentence) -> behaviour    for the checks in check.mjs
 *   serviceNames       the services whose manner is known
 *
 * Statuses, JSON shapes, reasons and texts are those that were seen from the real services: FCM answers in
 * plain text, Mozilla in JSON with an errno, Apple in JSON with a reason, WNS with an empty body and
 * X-WNS headers. One logical event has a different status at each of them; that is what the tests are for.
 */
import { STATUS_CODES } from "node:http";

export const serviceNames = ["generic", "fcm", "mozilla", "apple", "wns"];

/* A sender must not follow a redirect; the service records a request for this path as a violation. */
export const redirectPath = "/followed-a-redirect";

const fcm = (status, text, headers = {}) => ({
	status,
	headers: { "content-type": "text/plain; charset=utf-8", ...headers },
	body: text,
});

const mozilla = (status, errno, message, headers = {}) => ({
	status,
	headers: { "content-type": "application/json", ...headers },
	body: {
		code: status,
		errno,
		error: STATUS_CODES[status],
		message,
		more_info: "http://autopush.readthedocs.io/en/latest/http.html#error-codes",
	},
});

const apple = (status, reason, headers = {}) => ({
	status,
	headers: { "content-type": "application/json", "apns-id": "6f4d1c1e-0000-4000-8000-000000000000", ...headers },
	body: { reason },
});

const wns = (status, description, headers = {}) => ({
	status,
	headers: {
		"x-wns-status": "dropped",
		"x-wns-msg-id": "3A1B2C4D5E6F7A8B",
		"x-wns-debug-trace": "DB5PEPF00000000",
		...(description ? { "x-wns-error-description": description } : {}),
		...headers,
	},
	body: "",
});

const fcmTexts = {
	mismatch: "the VAPID credentials in the authorization header do not correspond to the credentials used to create the subscriptions.\n",
	senderId: "the key in the authorization header does not correspond to the sender ID used to subscribe this user. Please ensure you are using the correct sender ID and server Key from the Firebase console.\n",
	invalidJwt: "permission denied: invalid JWT provided\n",
	aud: "aud claim in the token MUST include the origin of the push resource URL\n",
	gone: "push subscription has unsubscribed or expired.\n",
	stale: "A valid push subscription endpoint should be specified in the URL as such: https://fcm.googleapis.com/wp/dHIoDxE7Hdg:APA91bH1Zj0kNa...\n",
};

const named = {
	created: { status: 201 },
	ok: { status: 200 },
	"accepted-202": { status: 202, headers: { link: '</receipt/1>; rel="urn:ietf:params:push:receipt"' } },
	"no-content": { status: 204 },

	"fcm-400-unauthorized": fcm(400, "UnauthorizedRegistration\n"),
	"fcm-400-token": fcm(400, "InvalidTokenFormat\n"),
	"fcm-403-mismatch": fcm(403, fcmTexts.mismatch),
	"fcm-403-sender-id": fcm(403, fcmTexts.senderId),
	"fcm-403-invalid-jwt": fcm(403, fcmTexts.invalidJwt),
	"fcm-403-aud": fcm(403, fcmTexts.aud),
	"fcm-404": fcm(404, fcmTexts.stale),
	"fcm-410": fcm(410, fcmTexts.gone),
	"fcm-413": fcm(413, "Payload too large\n"),
	"fcm-429": fcm(429, "Too Many Requests\n", { "retry-after": "60" }),
	"fcm-503": fcm(503, "The service is currently unavailable.\n"),
	"fcm-503-delivered": { ...fcm(503, "The service is currently unavailable.\n"), deliver: true },

	"mozilla-400-108": mozilla(400, 108, "Invalid router type"),
	"mozilla-400-110": mozilla(400, 110, "Invalid encryption headers"),
	"mozilla-400-111": mozilla(400, 111, "Missing or invalid TTL header"),
	"mozilla-400-113": mozilla(400, 113, "Invalid Topic header"),
	"mozilla-400-114": mozilla(400, 114, "Invalid TTL header value"),
	"mozilla-401-109": mozilla(401, 109, "A value in the vapid claims is either missing or incorrectly specified"),
	"mozilla-401-aud": mozilla(401, 109, "Invalid VAPID audience"),
	"mozilla-401-expiry": mozilla(401, 109, "Invalid VAPID expiry"),
	"mozilla-401-mismatch": mozilla(401, 109, "VAPID public key mismatch"),
	"mozilla-404": mozilla(404, 102, "Invalid URL endpoint"),
	"mozilla-410": mozilla(410, 106, "No such subscription", { "cache-control": "max-age=86400" }),
	"mozilla-410-user": mozilla(410, 103, "No such user", { "cache-control": "max-age=86400" }),
	"mozilla-413": mozilla(413, 104, "Data payload too large"),
	"mozilla-500": mozilla(500, 999, "Unknown error"),
	"mozilla-502": mozilla(502, 903, "Bridge request timeout"),
	"mozilla-503": mozilla(503, 201, "Database error", { "retry-after": "120" }),

	"apple-400-VapidPkHashMismatch": apple(400, "VapidPkHashMismatch"),
	"apple-400-BadWebPushTopic": apple(400, "BadWebPushTopic"),
	"apple-400-BadTtl": apple(400, "BadTtl"),
	"apple-400-BadUrgency": apple(400, "BadUrgency"),
	"apple-400-BadWebPushRequest": apple(400, "BadWebPushRequest"),
	"apple-400-BadVapidPublicKey": apple(400, "BadVapidPublicKey"),
	"apple-403-BadJwtToken": apple(403, "BadJwtToken"),
	"apple-404": { status: 404 },
	"apple-410": { status: 410 },
	"apple-413": apple(413, "PayloadTooLarge"),
	"apple-429": apple(429, "TooManyRequests"),

	"wns-400-ttl": wns(400, "Ttl value conflicts with X-WNS-Cache-Policy."),
	"wns-401": wns(401, ""),
	"wns-404": wns(404, ""),
	"wns-406": wns(406, "", { "retry-after": "900", "x-wns-status": "appthrottled" }),
	"wns-406-channel": wns(406, "", { "retry-after": "900", "x-wns-status": "channelthrottled" }),
	"wns-410": wns(410, "The channel expired."),
	"wns-410-blocked": wns(410, "Domain Blocked"),
	"wns-411": wns(411, ""),
	"wns-413": wns(413, ""),
	"wns-429": wns(429, "", { "retry-after": "900", "x-wns-status": "appthrottled" }),

	"ntfy-429": {
		status: 429,
		headers: { "content-type": "application/json" },
		body: { code: 42901, http: 429, error: "limit reached: too many requests", link: "https://ntfy.sh/docs/publish/#limitations" },
	},

	hang: { action: "hang" },
	"reset-refused": { action: "reset", code: "REFUSED_STREAM" },
	"reset-cancel": { action: "reset", code: "CANCEL" },
	"reset-internal": { action: "reset", code: "INTERNAL_ERROR" },
	goaway: { action: "goaway", after: 1 },
	"goaway-calm": { action: "goaway", after: 1, code: "ENHANCE_YOUR_CALM" },
	"goaway-refuse": { action: "goaway", after: 0 },
	close: { action: "close" },
	drip: { action: "drip", status: 400, body: "a body that comes one octet at a time" },
	endless: { action: "endless", status: 400 },
	"huge-headers": { action: "hugeHeaders", status: 400, bytes: 60_000 },
};

const retryAfterOneSecond = new Set([429, 503]);

/* Bare statuses: no text at all, so that only the status can decide. */
const numbered = Object.fromEntries(
	Object.keys(STATUS_CODES)
		.map(Number)
		.filter((status) => status >= 200)
		.map((status) => [String(status), bare(status)]),
);

function bare(status) {
	if (status >= 300 && status < 400) return { status, headers: { location: redirectPath } };
	if (retryAfterOneSecond.has(status)) return { status, headers: { "retry-after": "1" } };
	return { status };
}

export const presets = Object.freeze({ ...numbered, ...named });

export function toBehaviour(wanted) {
	if (typeof wanted === "object" && wanted !== null) return wanted;
	const behaviour = Object.hasOwn(presets, String(wanted)) ? presets[String(wanted)] : undefined;
	if (!behaviour) throw new Error(`no preset is called "${wanted}"`);
	return behaviour;
}

/*
 * Kind of fault -> service -> preset. A service that is not named answers with the RFC's own status and the
 * sentence of the check as its text. "body" stands for what only the browser could notice (decryption, text,
 * repeated salts): a real service answers 201 there, and the browser drops the message without a word; the
 * double refuses, so that nobody can overlook it.
 */
const refusals = {
	method: { status: 405 },
	unknown: { status: 404, fcm: "fcm-404", mozilla: "mozilla-404", apple: "apple-404", wns: "wns-404" },
	gone: { status: 410, fcm: "fcm-410", mozilla: "mozilla-410", apple: "apple-410", wns: "wns-410" },
	host: { status: 421 },
	ttl: { status: 400, mozilla: "mozilla-400-111", apple: "apple-400-BadTtl", wns: "wns-400-ttl" },
	urgency: { status: 400, apple: "apple-400-BadUrgency" },
	topic: { status: 400, mozilla: "mozilla-400-113", apple: "apple-400-BadWebPushTopic" },
	encoding: { status: 400, mozilla: "mozilla-400-110", apple: "apple-400-BadWebPushRequest" },
	type: { status: 415 },
	length: { status: 411, wns: "wns-411" },
	header: { status: 400, apple: "apple-400-BadWebPushRequest" },
	credentials: { status: 401, mozilla: "mozilla-401-109", apple: "apple-403-BadJwtToken", wns: "wns-401" },
	jwt: { status: 403, fcm: "fcm-403-invalid-jwt", mozilla: "mozilla-401-109", apple: "apple-403-BadJwtToken", wns: "wns-401" },
	aud: { status: 403, fcm: "fcm-403-aud", mozilla: "mozilla-401-aud", apple: "apple-403-BadJwtToken", wns: "wns-401" },
	expiry: { status: 403, fcm: "fcm-403-invalid-jwt", mozilla: "mozilla-401-expiry", apple: "apple-403-BadJwtToken", wns: "wns-401" },
	key: { status: 400, mozilla: "mozilla-401-109", apple: "apple-400-BadVapidPublicKey", wns: "wns-401" },
	mismatch: {
		status: 403,
		fcm: "fcm-403-mismatch",
		mozilla: "mozilla-401-mismatch",
		apple: "apple-400-VapidPkHashMismatch",
		wns: "wns-401",
	},
	size: { status: 413, fcm: "fcm-413", mozilla: "mozilla-413", apple: "apple-413", wns: "wns-413" },
	body: { status: 400 },
};

export function refusal(kind, service, sentence) {
	const row = refusals[kind];
	if (!row) throw new Error(`no refusal of kind "${kind}"`);
	if (row[service]) return presets[row[service]];
	return { status: row.status, headers: { "content-type": "text/plain; charset=utf-8" }, body: `${sentence}\n` };
}
