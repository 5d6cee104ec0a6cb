/*
 * What can be ordered as an answer, by name: all that the personalities say, and besides them
 *
 *   "200" … "511"     a bare status without any text, so that only the status can decide
 *   the rest          below: successes, and ways in which a connection goes wrong
 *
 *   presets                  name -> behaviour (see behave.mjs for what a behaviour may be)
 *   toBehaviour(x, personality)   name, number or behaviour -> behaviour; throws on an unknown name, and on the
 *                            answer of another vendor than the personality's
 */
import { STATUS_CODES } from "node:http";
import { personalities } from "./personalities.mjs";

/* A sender must not follow a redirect; the service records a request for this path as a violation. */
export const redirectPath = "/followed-a-redirect";

const common = {
	created: { status: 201 },
	ok: { status: 200 },
	"accepted-202": { status: 202, headers: { link: '</receipt/1>; rel="urn:ietf:params:push:receipt"' } },
	"no-content": { status: 204 },

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

export const presets = Object.freeze(Object.assign({}, numbered, common, ...Object.values(personalities).map(({ answers }) => answers)));

export function toBehaviour(wanted, personality = personalities.rfc) {
	if (typeof wanted === "object" && wanted !== null) return wanted;
	const name = String(wanted);
	const behaviour = Object.hasOwn(presets, name) ? presets[name] : undefined;
	if (!behaviour) throw new Error(`no preset is called "${wanted}"`);
	const owner = Object.values(personalities).find(({ answers }) => Object.hasOwn(answers, name));
	if (owner && personality !== personalities.rfc && owner !== personality) throw new Error(`${personality.name} never answers "${name}"`);
	return behaviour;
}
