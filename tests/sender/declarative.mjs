/*
 * What Safari makes of a push message before any script of ours runs (Declarative Web Push), by the rules of WebKit's parser,
 * written here a second time and from nothing of ours:
 *
 *  - the text is JSON, an object, its `web_push` the number 8030;
 *  - `notification` is an object with a `title` that is not empty and a `navigate` that is an absolute URL;
 *  - members that it knows have their type, whatever they mean: dir lang body tag icon badge image are strings, dir one of
 *    three; silent renotify requireInteraction are booleans; timestamp is an integer; icon, badge and image are absolute URLs;
 *  - silent with vibrate, and renotify without a tag, are refused;
 *  - each action has an action, a title and a navigate;
 *  - at the top `app_badge` is an integer that is not negative, `mutable` a boolean;
 *  - what it does not know, it passes over.
 *
 * Any fault makes it an ordinary push event, which an iPhone punishes where no script shows a notification.
 *
 *   parseDeclarative(text) -> { title, navigate, appBadge, mutable, options } or { fault: "..." }
 */
const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
const kinds = {
	string: (value) => typeof value === "string",
	boolean: (value) => typeof value === "boolean",
	integer: (value) => Number.isSafeInteger(value) && value >= 0,
	url: (value) => typeof value === "string" && isAbsolute(value),
	direction: (value) => ["auto", "ltr", "rtl"].includes(value),
};

const members = {
	dir: "direction", lang: "string", body: "string", tag: "string", icon: "url", badge: "url", image: "url",
	silent: "boolean", renotify: "boolean", requireInteraction: "boolean", timestamp: "integer",
};

/* Of a page that is not local: the phone refuses that. */
function isAbsolute(text) {
	try {
		const { protocol, hostname } = new URL(text);
		return protocol === "https:" && hostname !== "localhost";
	} catch {
		return false;
	}
}

function faultOfActions(actions) {
	if (actions === undefined) return null;
	if (!Array.isArray(actions)) return "actions is no array";
	const whole = (action) => isObject(action) && kinds.string(action.action) && kinds.string(action.title) && kinds.url(action.navigate) &&
		(action.icon === undefined || kinds.url(action.icon));
	return actions.every(whole) ? null : "an action lacks something";
}

function faultOfNotification(notification) {
	if (!isObject(notification)) return "notification is no object";
	if (!kinds.string(notification.title) || notification.title === "") return "title";
	if (!kinds.url(notification.navigate)) return "navigate";
	for (const [name, kind] of Object.entries(members)) {
		if (name in notification && !kinds[kind](notification[name])) return `${name} is no ${kind}`;
	}
	if (notification.silent && "vibrate" in notification) return "silent with vibrate";
	if (notification.renotify && !notification.tag) return "renotify without a tag";
	return faultOfActions(notification.actions);
}

function faultOf(message) {
	if (!isObject(message)) return "no object";
	if (message.web_push !== 8030) return "web_push is not the number 8030";
	if ("app_badge" in message && !kinds.integer(message.app_badge)) return "app_badge is no integer";
	if ("mutable" in message && !kinds.boolean(message.mutable)) return "mutable is no boolean";
	return faultOfNotification(message.notification);
}

export function parseDeclarative(text) {
	let message;
	try {
		message = JSON.parse(text);
	} catch {
		return { fault: "no JSON" };
	}
	const fault = faultOf(message);
	if (fault) return { fault };
	const { title, navigate, ...options } = message.notification;
	return { title, navigate, options, appBadge: message.app_badge ?? null, mutable: message.mutable ?? false };
}
