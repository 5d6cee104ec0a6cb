/*
 * A visitor in Chromium, which cannot subscribe without its maker's servers: its PushManager is replaced by one that gives
 * out an endpoint of a real push service's form, so that page, worker, server and row are the real ones. Also the browsers
 * that there is no machine for, by what they say of themselves.
 *
 *   await becomeVisitor(page, kind)      before page.open; kinds:
 *     "able"       may be shown notifications, has no subscription     "subscribed"   has one once the bell was pressed
 *     "iphone"     Safari in a tab of iOS 18     "ipad"  the same, called a Mac     "old"  iOS 16.3
 *     "in-app"     the browser of another app on Android     "android"  Chrome on Android
 */
const SAFARI = "AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1";
const ANDROID = "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko)";

export const AGENTS = {
	iphone: { userAgent: `Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) ${SAFARI}`, platform: "iPhone", maxTouchPoints: 5 },
	ipad: { userAgent: `Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) ${SAFARI.replace(" Mobile/15E148", "")}`, platform: "MacIntel", maxTouchPoints: 5 },
	old: { userAgent: `Mozilla/5.0 (iPhone; CPU iPhone OS 16_3 like Mac OS X) ${SAFARI.replace("18.5", "16.3")}`, platform: "iPhone", maxTouchPoints: 5 },
	"in-app": { userAgent: `${ANDROID} Version/4.0 Chrome/130.0.0.0 Mobile Safari/537.36; wv) Instagram 300.0`, platform: "Linux armv8l", maxTouchPoints: 5 },
	android: { userAgent: `${ANDROID} Chrome/130.0.0.0 Mobile Safari/537.36`, platform: "Linux armv8l", maxTouchPoints: 5 },
};

/* Runs in the page, before its scripts. */
function replacePush() {
	const toText = (octets) => btoa(String.fromCharCode(...octets)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
	const kept = () => JSON.parse(localStorage.getItem("fake-push"));
	const revive = (row) => row && {
		endpoint: row.endpoint,
		options: { userVisibleOnly: true, applicationServerKey: Uint8Array.from(row.key).buffer },
		toJSON: () => ({ endpoint: row.endpoint, expirationTime: null, keys: row.keys }),
		unsubscribe: async () => {
			localStorage.removeItem("fake-push");
			return true;
		},
	};
	PushManager.prototype.getSubscription = async () => revive(kept());
	PushManager.prototype.subscribe = async ({ applicationServerKey }) => {
		const pair = await crypto.subtle.generateKey({ name: "ECDH", namedCurve: "P-256" }, true, ["deriveBits"]);
		const p256dh = toText(new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey)));
		const auth = toText(crypto.getRandomValues(new Uint8Array(16)));
		const endpoint = `https://fcm.googleapis.com/fcm/send/${toText(crypto.getRandomValues(new Uint8Array(24)))}`;
		localStorage.setItem("fake-push", JSON.stringify({ endpoint, keys: { p256dh, auth }, key: [...applicationServerKey] }));
		return revive(kept());
	};
}

/* The same. */
function speakAs(agent, isAble) {
	for (const [name, value] of Object.entries(agent)) Object.defineProperty(navigator, name, { get: () => value });
	if (!isAble) delete window.PushManager;
}

export async function becomeVisitor(page, kind) {
	if (kind === "able" || kind === "subscribed") return page.load(`(${replacePush})()`, { beforeOthers: true });
	if (kind === "android") await page.load(`(${replacePush})()`, { beforeOthers: true });
	return page.load(`(${speakAs})(${JSON.stringify(AGENTS[kind])}, ${kind === "android"})`, { beforeOthers: true });
}
