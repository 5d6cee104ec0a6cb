/*
 * WNS: Edge on Windows. Bodies are empty, what it has to say stands in X-WNS headers; too much is 406, a blocked sender
 * 410, and everything about the token is 401. See personalities.mjs for the members.
 */
import { randomBytes } from "node:crypto";

const trace = { "x-wns-msg-id": "3A1B2C4D5E6F7A8B", "x-wns-debug-trace": "DB5PEPF00000000", "ms-cv": "k0pPZ0Vd0kqWkqzE.0" };

const empty = (status, description, headers = {}) => ({
	status,
	headers: { "x-wns-status": "dropped", ...trace, ...(description ? { "x-wns-error-description": description } : {}), ...headers },
	body: "",
});

const throttled = (status, what) => empty(status, "", { "retry-after": "900", "x-wns-status": what });

export const wns = {
	name: "wns",
	host: "wns2-par02p.notify.windows.com",
	hosts: /(^|\.)notify\.windows\.com$/,
	path: (token) => `/w/?token=BQYAAAB%2f${token(60)}%2b${token(120)}%3d`,
	limits: { body: 5000 },
	accept: ({ origin, ttl }) => ({
		location: `${origin}/m/${randomBytes(8).toString("hex")}`,
		ttl: String(ttl),
		"x-wns-status": "received",
		"x-wns-notificationstatus": "received",
		...trace,
	}),
	revoked: { 404: "wns-404", 410: "wns-410" },

	answers: {
		"wns-400": empty(400, "A required header is missing or malformed."),
		"wns-400-ttl": empty(400, "Ttl value conflicts with X-WNS-Cache-Policy."),
		"wns-401": empty(401, ""),
		"wns-401-tokens": empty(401, "Zero or duplicate tokens."),
		"wns-403": empty(403, "The cloud service is not authorized to send a notification to this URI."),
		"wns-404": empty(404, ""),
		"wns-406": throttled(406, "appthrottled"),
		"wns-406-channel": throttled(406, "channelthrottled"),
		"wns-406-bare": empty(406, "", { "x-wns-status": "appthrottled" }),
		"wns-410": empty(410, "The channel expired."),
		"wns-410-blocked": empty(410, "Domain Blocked"),
		"wns-411": empty(411, ""),
		"wns-413": empty(413, ""),
		"wns-429": throttled(429, "appthrottled"),
		"wns-500": empty(500, ""),
		"wns-503": empty(503, ""),
	},

	refusals: {
		method: null,
		authority: null,
		"ttl-missing": "wns-400",
		"ttl-form": "wns-400",
		"ttl-negative": "wns-400",
		"ttl-zero": "wns-400-ttl",
		"topic-form": "wns-400",
		"topic-padding": "wns-400",
		"content-length-missing": "wns-411",
		"content-length": "wns-400",
		"old-encoding-header": "wns-401-tokens",
		"body-limit": "wns-413",
		"authorization-missing": "wns-401",
		"authorization-form": "wns-401",
		"authorization-unreadable": "wns-401",
		"jwt-header": "wns-401",
		"jwt-claims": "wns-401",
		"jwt-signature": "wns-401",
		"jwt-exp": "wns-401",
		"jwt-expired": "wns-401",
		"jwt-exp-far": "wns-401",
		"jwt-aud": "wns-401",
		"vapid-point": "wns-401",
		"vapid-key": "wns-401",
	},
};
