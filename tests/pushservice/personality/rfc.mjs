/*
 * A service that knows nothing but the standards (RFC 8030, 8188, 8291, 8292) and refuses every deviation from them, in
 * plain text with the reason. Every host that is no vendor's is this one. See personalities.mjs for the members.
 */
const kept = [
	"method", "authority", "sni", "double-header", "old-encoding-header",
	"ttl-missing", "ttl-form", "ttl-negative", "urgency-value", "topic-form", "topic-padding",
	"content-encoding", "content-length", "body-limit", "body-short", "body-keyid", "body-record", "body-point", "key-reuse",
	"repeated-salt", "repeated-sender-key", "decryption",
	"authorization-missing", "authorization-form", "authorization-unreadable", "jwt-header", "jwt-claims", "jwt-signature",
	"jwt-exp", "jwt-expired", "jwt-exp-far", "jwt-sub", "jwt-aud", "vapid-point", "vapid-key",
];

const plain = (status, text, headers = {}) => ({ status, headers: { "content-type": "text/plain; charset=utf-8", ...headers }, body: `${text}\n` });

export const rfc = {
	name: "rfc",
	host: "localhost",
	hosts: null,
	path: (token) => `/push/${token(32)}`,
	limits: { body: 4096 },
	accept: ({ origin, ttl, n }) => ({ location: `${origin}/message/${n}`, ttl: String(ttl) }),
	revoked: { 404: "rfc-404", 410: "rfc-410" },

	answers: {
		"rfc-404": plain(404, "the subscription has expired"),
		"rfc-410": plain(410, "the subscription is gone"),
		"rfc-429": plain(429, "too many messages", { "retry-after": "120" }),
		"rfc-429-date": { ...plain(429, "too many messages"), retryAfterDate: 300 },
	},

	refusals: Object.fromEntries(kept.map((rule) => [rule, null])),
};
