/*
 * The five push services whose manner the double knows; a subscription has the one that its host belongs to.
 *
 *   personalities              name -> personality: fcm, mozilla, apple, wns, rfc
 *   personalityOfHost(host)    rfc for every host that is no vendor's
 *   refusal(personality, { kind, rule, sentence })    its answer to a push that breaks a rule of check.mjs
 *
 * A personality:
 *   name, host       host: of an endpoint that is made without naming one
 *   hosts            which hosts are its own, as a pattern; sub-domains included
 *   path(token)      the path of a new endpoint; token(n): n random octets as text. Odd characters as in real ones
 *   limits           { body, ttl, bridge } in octets and seconds, where it has such a limit
 *   accept({ origin, ttl, n }) -> the headers of its 201; n counts messages
 *   revoked          404 and 410 -> name of its answer for a subscription that has ended
 *   answers          name -> behaviour (behave.mjs): all that it is known to say when it does not accept
 *   refusals         rule -> name of its answer, for the rules that it really enforces. null: it refuses, with the
 *                    standards' status; its text is not known, so the rule's sentence stands there
 *
 * Statuses, JSON shapes, reasons and texts are those that were seen from the real services. One logical event has a
 * different status at each of them; that is what the tests are for.
 */
import { apple } from "./personality/apple.mjs";
import { fcm } from "./personality/fcm.mjs";
import { mozilla } from "./personality/mozilla.mjs";
import { rfc } from "./personality/rfc.mjs";
import { wns } from "./personality/wns.mjs";

export const personalities = Object.freeze({ fcm, mozilla, apple, wns, rfc });

export function personalityOfHost(host) {
	return Object.values(personalities).find(({ hosts }) => host && hosts?.test(host)) ?? rfc;
}

/*
 * The standards' status for each kind of fault. "body" stands for what only the browser could notice (decryption, text,
 * repeated salts): a real service answers 201 there, and the browser drops the message without a word; the double
 * refuses, so that nobody can overlook it.
 */
const statuses = {
	method: 405, unknown: 404, host: 421, ttl: 400, urgency: 400, topic: 400, encoding: 400, type: 415, length: 411, header: 400,
	credentials: 401, jwt: 403, aud: 403, expiry: 403, key: 400, mismatch: 403, size: 413, body: 400,
};

export function refusal({ refusals, answers }, { kind, rule, sentence }) {
	if (!Object.hasOwn(statuses, kind)) throw new Error(`no refusal of kind "${kind}"`);
	const name = refusals[rule];
	if (name) return answers[name];
	return { status: statuses[kind], headers: { "content-type": "text/plain; charset=utf-8" }, body: `${sentence}\n` };
}
