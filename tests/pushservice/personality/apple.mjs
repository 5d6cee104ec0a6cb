/*
 * Apple: Safari on Macs, home screen apps on iPhone and iPad. Errors are JSON with one reason; a Topic is really decoded,
 * the contact is really read, and a wrong key is 400. See personalities.mjs for the members.
 */
import { randomUUID } from "node:crypto";

const thirtyDays = 2_592_000;

const json = (status, reason, headers = {}) => ({
	status,
	headers: { "content-type": "application/json; charset=UTF-8", "apns-id": "6f4d1c1e-0000-4000-8000-000000000000", ...headers },
	body: { reason },
});

export const apple = {
	name: "apple",
	host: "web.push.apple.com",
	hosts: /(^|\.)push\.apple\.com$/,
	path: (token) => `/Q${token(112)}`,
	limits: { body: 4096, ttl: thirtyDays },
	accept: () => ({ "apns-id": randomUUID().toUpperCase() }),
	revoked: { 404: "apple-404", 410: "apple-410" },

	answers: {
		"apple-400-VapidPkHashMismatch": json(400, "VapidPkHashMismatch"),
		"apple-400-BadWebPushTopic": json(400, "BadWebPushTopic"),
		"apple-400-BadTtl": json(400, "BadTtl"),
		"apple-400-BadUrgency": json(400, "BadUrgency"),
		"apple-400-BadWebPushRequest": json(400, "BadWebPushRequest"),
		"apple-400-BadVapidPublicKey": json(400, "BadVapidPublicKey"),
		"apple-403-BadJwtToken": json(403, "BadJwtToken"),
		"apple-404": { status: 404 },
		"apple-405": { status: 405 },
		"apple-410": { status: 410 },
		"apple-413": json(413, "PayloadTooLarge"),
		"apple-429": json(429, "TooManyRequests"),
		"apple-500": { status: 500 },
		"apple-503": { status: 503 },
	},

	refusals: {
		method: "apple-405",
		authority: null,
		"ttl-missing": "apple-400-BadTtl",
		"ttl-form": "apple-400-BadTtl",
		"ttl-negative": "apple-400-BadTtl",
		"ttl-zero": "apple-400-BadTtl",
		"ttl-limit": "apple-400-BadTtl",
		"urgency-value": "apple-400-BadUrgency",
		"topic-form": "apple-400-BadWebPushTopic",
		"topic-padding": "apple-400-BadWebPushTopic",
		"topic-length": "apple-400-BadWebPushTopic",
		"content-encoding": "apple-400-BadWebPushRequest",
		"old-encoding-header": "apple-400-BadWebPushRequest",
		"body-limit": "apple-413",
		"authorization-missing": "apple-403-BadJwtToken",
		"authorization-form": "apple-403-BadJwtToken",
		"authorization-unreadable": "apple-403-BadJwtToken",
		"jwt-header": "apple-403-BadJwtToken",
		"jwt-claims": "apple-403-BadJwtToken",
		"jwt-signature": "apple-403-BadJwtToken",
		"jwt-exp": "apple-403-BadJwtToken",
		"jwt-expired": "apple-403-BadJwtToken",
		"jwt-exp-far": "apple-403-BadJwtToken",
		"jwt-sub": "apple-403-BadJwtToken",
		"jwt-sub-local": "apple-403-BadJwtToken",
		"jwt-aud": "apple-403-BadJwtToken",
		"vapid-point": "apple-400-BadVapidPublicKey",
		"vapid-key": "apple-400-VapidPkHashMismatch",
	},
};
