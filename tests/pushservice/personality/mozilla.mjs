/*
 * Mozilla's autopush: Firefox. Errors are JSON with an errno; every trouble with the token is 401. Firefox on phones is
 * reached through a bridge whose messages are shorter than those of the standard (a subscription made with bridge: true).
 * See personalities.mjs for the members.
 */
import { STATUS_CODES } from "node:http";
import { randomBytes } from "node:crypto";

const thirtyDays = 2_592_000;

const json = (status, errno, message, headers = {}) => ({
	status,
	headers: { "content-type": "application/json", ...headers },
	body: { code: status, errno, error: STATUS_CODES[status], message, more_info: "http://autopush.readthedocs.io/en/latest/http.html#error-codes" },
});

const gone = { "cache-control": "max-age=86400" };
const soon = { "retry-after": "120" };

export const mozilla = {
	name: "mozilla",
	host: "updates.push.services.mozilla.com",
	hosts: /(^|\.)push\.services\.mozilla\.com$/,
	path: (token) => `/wpush/v2/gAAAAA${token(120)}`,
	/* The bridge wraps the body in base64url and JSON of at most 4,096 octets. 2,820 octets of text are what other
	 * senders found to pass always; the body has 103 more. */
	limits: { body: 5630, bridge: 2820 + 103, ttl: thirtyDays },
	/* A TTL above the maximum is no error: the answer says how long it really is. */
	accept: ({ origin, ttl }) => ({ location: `${origin}/m/${randomBytes(24).toString("base64url")}`, ttl: String(Math.min(ttl, thirtyDays)) }),
	revoked: { 404: "mozilla-404", 410: "mozilla-410" },

	answers: {
		"mozilla-400-108": json(400, 108, "Invalid router type"),
		"mozilla-400-110": json(400, 110, "Invalid encryption headers"),
		"mozilla-400-111": json(400, 111, "Missing or invalid TTL header"),
		"mozilla-400-113": json(400, 113, "Invalid Topic header"),
		"mozilla-400-114": json(400, 114, "Invalid TTL header value"),
		"mozilla-401-109": json(401, 109, "A value in the vapid claims is either missing or incorrectly specified"),
		"mozilla-401-aud": json(401, 109, "Invalid VAPID audience"),
		"mozilla-401-expiry": json(401, 109, "Invalid VAPID expiry"),
		"mozilla-401-mismatch": json(401, 109, "VAPID public key mismatch"),
		"mozilla-404": json(404, 102, "Invalid URL endpoint"),
		"mozilla-410": json(410, 106, "No such subscription", gone),
		"mozilla-410-user": json(410, 103, "No such user", gone),
		"mozilla-410-deleted": json(410, 105, "User was deleted during routing", gone),
		"mozilla-413": json(413, 104, "Data payload too large"),
		"mozilla-500": json(500, 999, "Unknown error"),
		"mozilla-502-901": json(502, 901, "Bridge authentication error"),
		"mozilla-502-902": json(502, 902, "Bridge unavailable"),
		"mozilla-502": json(502, 903, "Bridge request timeout"),
		"mozilla-503": json(503, 201, "Database error", soon),
		"mozilla-503-null": json(503, null, "Service unavailable", soon),
	},

	refusals: {
		method: null,
		authority: null,
		"ttl-missing": "mozilla-400-111",
		"ttl-form": "mozilla-400-111",
		"ttl-negative": "mozilla-400-114",
		"topic-form": "mozilla-400-113",
		"content-encoding": "mozilla-400-110",
		"old-encoding-header": "mozilla-400-110",
		"body-limit": "mozilla-413",
		"body-bridge": "mozilla-413",
		"authorization-missing": "mozilla-401-109",
		"authorization-unreadable": "mozilla-401-109",
		"jwt-header": "mozilla-401-109",
		"jwt-claims": "mozilla-401-109",
		"jwt-signature": "mozilla-401-109",
		"jwt-exp": "mozilla-401-109",
		"jwt-expired": "mozilla-401-expiry",
		"jwt-exp-far": "mozilla-401-expiry",
		"jwt-aud": "mozilla-401-aud",
		"vapid-point": "mozilla-401-109",
		"vapid-key": "mozilla-401-mismatch",
	},
};
