/*
 * FCM: Chrome and most browsers made from it. Answers are plain text behind Google's usual headers; what is older than
 * VAPID, and what its front ends say before the service is asked, is HTML. See personalities.mjs for the members.
 */
import { randomBytes } from "node:crypto";

const fourWeeks = 2_419_200;
const frontEnd = { "x-content-type-options": "nosniff", "x-frame-options": "SAMEORIGIN", "x-xss-protection": "0" };

const plain = (status, text, headers = {}) => ({ status, headers: { "content-type": "text/plain; charset=utf-8", ...frontEnd, ...headers }, body: `${text}\n` });
const html = (status, body) => ({ status, headers: { "content-type": "text/html; charset=UTF-8", ...frontEnd }, body });

const gcmPage = (status, word) => html(status, `<HTML>
<HEAD>
<TITLE>${word}</TITLE>
</HEAD>
<BODY BGCOLOR="#FFFFFF" TEXT="#000000">
<H1>${word}</H1>
<H2>Error ${status}</H2>
</BODY>
</HTML>
`);

const googlePage = (status, title, sentence) => html(status, `<!DOCTYPE html>
<html lang=en>
  <meta charset=utf-8>
  <meta name=viewport content="initial-scale=1, minimum-scale=1, width=device-width">
  <title>Error ${status} (${title})!!1</title>
  <style>${"*{margin:0;padding:0}html,code{font:15px/22px arial,sans-serif}".repeat(20)}</style>
  <p><b>${status}.</b> <ins>That’s an error.</ins>
  <p>${sentence}  <ins>That’s all we know.</ins>
`);

export const fcm = {
	name: "fcm",
	host: "fcm.googleapis.com",
	hosts: /(^|\.)(fcm\.googleapis\.com|jmt17\.google\.com|android\.googleapis\.com)$/,
	path: (token) => `/fcm/send/${token(8)}:APA91b${token(96)}`,
	limits: { body: 4096, ttl: fourWeeks },
	accept: ({ origin }) => ({ location: `${origin}/wp/0:${Date.now()}${randomBytes(4).toString("hex")}`, ...frontEnd }),
	revoked: { 404: "fcm-404", 410: "fcm-410" },

	answers: {
		"fcm-400-unauthorized": gcmPage(400, "UnauthorizedRegistration"),
		"fcm-400-token": gcmPage(400, "InvalidTokenFormat"),
		"fcm-401-endpoint": plain(401, "invalid push subscription endpoint"),
		"fcm-403-mismatch": plain(403, "the VAPID credentials in the authorization header do not correspond to the credentials used to create the subscriptions."),
		"fcm-403-sender-id": plain(403, "the key in the authorization header does not correspond to the sender ID used to subscribe this user. Please ensure you are using the correct sender ID and server Key from the Firebase console."),
		"fcm-403-invalid-jwt": plain(403, "permission denied: invalid JWT provided"),
		"fcm-403-aud": plain(403, "aud claim in the token MUST include the origin of the push resource URL"),
		"fcm-404": plain(404, "A valid push subscription endpoint should be specified in the URL as such: https://fcm.googleapis.com/wp/dHIoDxE7Hdg:APA91bH1Zj0kNa..."),
		"fcm-404-html": googlePage(404, "Not Found", "The requested URL was not found on this server."),
		"fcm-410": plain(410, "push subscription has unsubscribed or expired."),
		"fcm-410-not-registered": gcmPage(410, "NotRegistered"),
		"fcm-413": plain(413, "Payload too large"),
		"fcm-429": plain(429, "Too Many Requests", { "retry-after": "60" }),
		"fcm-500": plain(500, "Internal Server Error"),
		"fcm-502-html": googlePage(502, "Server Error", "The server encountered a temporary error and could not complete your request.<p>Please try again in 30 seconds."),
		"fcm-503": plain(503, "The service is currently unavailable."),
		"fcm-503-delivered": { ...plain(503, "The service is currently unavailable."), deliver: true },
	},

	refusals: {
		method: null,
		authority: null,
		"ttl-missing": null,
		"ttl-form": null,
		"ttl-negative": null,
		"ttl-limit": null,
		"urgency-value": null,
		"topic-form": null,
		"topic-padding": null,
		"body-limit": "fcm-413",
		"authorization-missing": null,
		"authorization-form": "fcm-403-invalid-jwt",
		"authorization-unreadable": "fcm-403-invalid-jwt",
		"jwt-header": "fcm-403-invalid-jwt",
		"jwt-claims": "fcm-403-invalid-jwt",
		"jwt-signature": "fcm-403-invalid-jwt",
		"jwt-exp": "fcm-403-invalid-jwt",
		"jwt-expired": "fcm-403-invalid-jwt",
		"jwt-exp-far": "fcm-403-invalid-jwt",
		"jwt-sub": "fcm-403-invalid-jwt",
		"jwt-aud": "fcm-403-aud",
		"vapid-point": "fcm-403-invalid-jwt",
		"vapid-key": "fcm-403-mismatch",
	},
};
