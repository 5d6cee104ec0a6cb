/*
 * Drives headless Chromium by its DevTools protocol over a WebSocket.
 *
 *   const chromium = await startChromium() -> Chromium; a new profile and HOME of its own, both removed by stop()
 *     await .newPage({ width, height, isMobile, isDark, isPrinted, isStill, letters, withoutScript }) -> Page
 *     await .allow(origin)          notifications may be shown (the profile is no private one: those refuse push)
 *     await .stop()
 *
 *   Page:
 *     await .open(url)              until the page has loaded
 *     await .run(fn, ...args)       fn in the page, awaited; a JSON value
 *     await .waitFor(what, fn, ...args)
 *     await .resize({ width, height, isMobile, isDark, isPrinted, isStill, letters })   letters: px, as the reader set them
 *     await .load(source)           a script's text, run in the page whatever its policy says; with beforeOthers, in each
 *                                   page that is opened from now on, before its own scripts
 *     await .hover(x, y)            the mouse, in CSS pixels of the window; .click(x, y); .tap(x, y) a finger
 *     await .press(key)             "Escape", "ArrowLeft", "Tab", "Enter" …
 *     await .screenshot() -> PNG octets of the whole page; .glance() of the window alone, which moves nothing
 *     await .deliver(origin, data)  a decrypted push for the worker of that origin; data "" = without any. Returns when the
 *                                   worker has done with it -> { status: "Success" …, displayed: [title] }
 *     await .manifest() -> { errors, data }   .installabilityErrors() -> what keeps the page from being installed
 *     await .travel(timeZone)       the browser is in that zone ("Asia/Tokyo") from now on
 *     await .speak(languages)       the browser's languages ("de-AT,en") from now on
 *     await .hide(isHidden)         whether the page counts as seen
 *     .requests                     the address of every request that it made
 *     await .cookies() -> [cookie]  that the browser would send to the page
 *     .faults                       what the browser complained of: broken content security policy, uncaught errors of
 *                                   page and worker, files that are missing
 *     await .close()
 */
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { WebSocket } from "ws";
import { startProgram } from "./program.mjs";
import { patienceMs, until, within } from "./wait.mjs";

const flags = [
	"--headless=new",
	"--no-sandbox",
	"--disable-gpu",
	"--disable-quic",
	"--disable-dev-shm-usage",
	"--disable-background-networking",
	"--disable-component-update",
	"--disable-sync",
	"--no-first-run",
	"--remote-debugging-port=0",
];

const keyCodes = { Tab: 9, Enter: 13, Escape: 27, " ": 32, End: 35, Home: 36, ArrowLeft: 37, ArrowUp: 38, ArrowRight: 39, ArrowDown: 40 };

export async function startChromium() {
	const chromium = new Chromium(mkdtempSync(join(tmpdir(), "chromium-")));
	try {
		await chromium.start();
	} catch (error) {
		await chromium.stop().catch(() => {});
		throw error;
	}
	return chromium;
}

class Chromium {
	#home;
	#program = null;
	#socket = null;
	#last = 0;
	#waiting = new Map();
	#pages = new Map();

	constructor(home) {
		this.#home = home;
	}

	async start() {
		const profile = join(this.#home, "profile");
		const env = { PATH: process.env.PATH, HOME: this.#home, TMPDIR: this.#home, LANG: "C.UTF-8" };
		this.#program = startProgram("chromium", [...flags, `--user-data-dir=${profile}`, "about:blank"], { cwd: this.#home, env, name: "Chromium" });
		this.#socket = new WebSocket(await this.#waitForAddress(join(profile, "DevToolsActivePort")), { perMessageDeflate: false });
		this.#socket.on("message", (data) => this.#onMessage(JSON.parse(data)));
		this.#socket.on("error", () => {});
		this.#socket.on("close", () => this.#fail());
		await within("Chromium's DevTools", once(this.#socket, "open"));
	}

	async stop() {
		try {
			this.#socket?.terminate();
			await this.#program?.stop();
		} finally {
			rmSync(this.#home, { recursive: true, force: true, maxRetries: 5 });
		}
	}

	get output() {
		return this.#program.output;
	}

	async #waitForAddress(file) {
		/* The file is there before it is whole. */
		const read = () => (this.#program.isRunning ? /^(\d+)\n(.+)/.exec(readFileSync(file, "utf8")) : ["ended"]);
		const [all, port, path] = await until("Chromium to listen", read, { explain: () => this.output });
		if (all === "ended") throw new Error(`Chromium did not start:\n${this.output}`);
		return `ws://127.0.0.1:${port}${path}`;
	}

	allow(origin) {
		return this.send("Browser.grantPermissions", { origin, permissions: ["notifications"] });
	}

	async newPage(options = {}) {
		const { targetId } = await this.send("Target.createTarget", { url: "about:blank" });
		const { sessionId } = await this.send("Target.attachToTarget", { targetId, flatten: true });
		const page = new Page(this, targetId, sessionId);
		this.#pages.set(sessionId, page);
		await page.start(options);
		return page;
	}

	send(method, params = {}, sessionId = undefined) {
		const id = ++this.#last;
		const answer = new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject, method }));
		this.#socket.send(JSON.stringify({ id, method, params, sessionId }));
		return within(`Chromium's answer to ${method}`, answer, 2 * patienceMs);
	}

	#onMessage({ id, method, params, result, error, sessionId }) {
		if (id === undefined) return this.#pages.get(sessionId)?.onEvent(method, params);
		const waiting = this.#waiting.get(id);
		this.#waiting.delete(id);
		if (error) waiting.reject(new Error(`${waiting.method}: ${error.message}`));
		else waiting.resolve(result);
	}

	#fail() {
		for (const { reject, method } of this.#waiting.values()) reject(new Error(`Chromium ended during ${method}`));
		this.#waiting.clear();
	}
}

class Page {
	#chromium;
	#target;
	#session;
	#loads = 0;
	#registrations = new Map();
	#completed = [];
	#displayed = [];
	faults = [];
	requests = [];

	constructor(chromium, target, session) {
		this.#chromium = chromium;
		this.#target = target;
		this.#session = session;
	}

	async start({ withoutScript = false, ...view }) {
		for (const domain of ["Page", "Runtime", "Log", "Audits", "Network", "ServiceWorker"]) await this.#send(`${domain}.enable`);
		for (const service of ["notifications", "pushMessaging"]) {
			await this.#send("BackgroundService.startObserving", { service });
			await this.#send("BackgroundService.setRecording", { service, shouldRecord: true });
		}
		if (withoutScript) await this.#send("Emulation.setScriptExecutionDisabled", { value: true });
		await this.resize(view);
	}

	async resize({ width = 1024, height = 768, isMobile = false, isDark = false, isPrinted = false, isStill = false, letters = 16 } = {}) {
		await this.#send("Emulation.setDeviceMetricsOverride", { width, height, mobile: isMobile, deviceScaleFactor: 1 });
		await this.#send("Emulation.setTouchEmulationEnabled", { enabled: isMobile });
		await this.#send("Emulation.setEmulatedMedia", { media: isPrinted ? "print" : "", features: [{ name: "prefers-color-scheme", value: isDark ? "dark" : "light" }, { name: "prefers-reduced-motion", value: isStill ? "reduce" : "" }] });
		await this.#send("Page.setFontSizes", { fontSizes: { standard: letters, fixed: 13 } });
	}

	async open(url) {
		const loads = this.#loads;
		const { errorText } = await this.#send("Page.navigate", { url });
		if (errorText) throw new Error(`${url}: ${errorText}`);
		await until(`${url} to load`, () => this.#loads > loads);
	}

	async run(fn, ...args) {
		const expression = `(${fn})(...${JSON.stringify(args)})`;
		const { result, exceptionDetails } = await this.#send("Runtime.evaluate", { expression, awaitPromise: true, returnByValue: true, userGesture: true });
		if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
		return result.value;
	}

	async load(source, { beforeOthers = false } = {}) {
		if (beforeOthers) return this.#send("Page.addScriptToEvaluateOnNewDocument", { source });
		const { exceptionDetails } = await this.#send("Runtime.evaluate", { expression: `${source}\n;0` });
		if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
	}

	waitFor(what, fn, ...args) {
		return until(what, () => this.run(fn, ...args));
	}

	hover(x, y) {
		return this.#send("Input.dispatchMouseEvent", { type: "mouseMoved", x, y });
	}

	async click(x, y) {
		for (const type of ["mousePressed", "mouseReleased"]) await this.#send("Input.dispatchMouseEvent", { type, x, y, button: "left", clickCount: 1 });
	}

	async tap(x, y) {
		await this.#send("Input.dispatchTouchEvent", { type: "touchStart", touchPoints: [{ x, y }] });
		await this.#send("Input.dispatchTouchEvent", { type: "touchEnd", touchPoints: [] });
	}

	/* Chromium acts upon the code of the key, not upon its name. */
	async press(key) {
		const code = keyCodes[key];
		if (code === undefined) throw new Error(`a key without a code: ${key}`);
		await this.#send("Input.dispatchKeyEvent", { type: "rawKeyDown", key, code: key, windowsVirtualKeyCode: code });
		if (key === "Enter") await this.#send("Input.dispatchKeyEvent", { type: "char", key, text: "\r" });
		await this.#send("Input.dispatchKeyEvent", { type: "keyUp", key, code: key, windowsVirtualKeyCode: code });
	}

	async glance() {
		const { data } = await this.#send("Page.captureScreenshot", { format: "png" });
		return Buffer.from(data, "base64");
	}

	async screenshot() {
		const { data } = await this.#send("Page.captureScreenshot", { format: "png", captureBeyondViewport: true });
		return Buffer.from(data, "base64");
	}

	/*
	 * Waits for the browser's own record of the event. Asking registration.getNotifications() until something appears would
	 * not do: Chromium takes a notification that is shown during such a question for one that was closed, and forgets it.
	 */
	async deliver(origin, data) {
		const scope = `${origin}/`;
		const registrationId = await until(`the worker of ${scope}`, () => this.#registrations.get(scope));
		this.#completed = [];
		this.#displayed = [];
		await this.#send("ServiceWorker.deliverPushMessage", { origin, registrationId, data });
		const [status] = await until("the worker to be done with a push", () => this.#completed.length > 0 && this.#completed);
		return { status, displayed: this.#displayed };
	}

	async manifest() {
		const { errors, data } = await this.#send("Page.getAppManifest");
		return { errors, data };
	}

	async installabilityErrors() {
		return (await this.#send("Page.getInstallabilityErrors")).installabilityErrors;
	}

	travel(timezoneId) {
		return this.#send("Emulation.setTimezoneOverride", { timezoneId });
	}

	/* With the name that it has anyway, which cannot be left out. */
	async speak(acceptLanguage) {
		const userAgent = await this.run(() => navigator.userAgent);
		return this.#send("Emulation.setUserAgentOverride", { userAgent, acceptLanguage });
	}

	/* Headless, every page counts as seen: its own answer is replaced, and the event is the real one's. */
	hide(isHidden) {
		return this.run((value) => {
			Object.defineProperty(document, "hidden", { value, configurable: true });
			Object.defineProperty(document, "visibilityState", { value: value ? "hidden" : "visible", configurable: true });
			document.dispatchEvent(new Event("visibilitychange"));
		}, isHidden);
	}

	async cookies() {
		return (await this.#send("Network.getCookies")).cookies;
	}

	close() {
		return this.#chromium.send("Target.closeTarget", { targetId: this.#target });
	}

	onEvent(method, params) {
		if (method === "Page.loadEventFired") this.#loads++;
		if (method === "Network.requestWillBeSent") this.requests.push(params.request.url);
		if (method === "ServiceWorker.workerRegistrationUpdated") {
			for (const { scopeURL, registrationId, isDeleted } of params.registrations) {
				if (isDeleted) this.#registrations.delete(scopeURL);
				else this.#registrations.set(scopeURL, registrationId);
			}
		}
		if (method === "BackgroundService.backgroundServiceEventReceived") this.#onRecord(params.backgroundServiceEvent);
		const fault = readFault(method, params);
		if (fault) this.faults.push(fault);
	}

	#onRecord({ eventName, eventMetadata }) {
		const value = (name) => eventMetadata.find(({ key }) => key === name)?.value;
		if (eventName === "Push event completed") this.#completed.push(value("Status"));
		if (eventName === "Notification displayed") this.#displayed.push(value("Title"));
	}

	#send(method, params) {
		return this.#chromium.send(method, params, this.#session);
	}
}

function readFault(method, params) {
	if (method === "Runtime.exceptionThrown") return `uncaught: ${params.exceptionDetails.exception?.description ?? params.exceptionDetails.text}`;
	if (method === "Log.entryAdded" && params.entry.level === "error") return `log: ${params.entry.text} ${params.entry.url ?? ""}`;
	if (method === "ServiceWorker.workerErrorReported") return `worker: ${params.errorMessage.errorMessage}`;
	const policy = method === "Audits.issueAdded" && params.issue.details.contentSecurityPolicyIssueDetails;
	return policy ? `policy: ${policy.violatedDirective} ${policy.blockedURL ?? ""}` : null;
}
