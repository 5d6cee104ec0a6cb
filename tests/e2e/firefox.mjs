/*
 * Drives Debian's firefox-esr, headless, by its own remote protocol: no geckodriver, X, D-Bus or network.
 *
 *   const firefox = await startFirefox({ pushUrl, prefs }) -> Firefox
 *     pushUrl   WebSocket address of the push service double (service.autopushUrl); prefs: further { name: value }
 *
 * It has a new profile and a HOME of its own, both removed by stop(), which ends only what was started here.
 *
 * The page (of the tab that is driven):
 *   open(url)  reload()  url()  click(selector)  text(selector)  screenshot() -> PNG octets
 *   page(fn, ...args)                runs fn in the page, awaits it, returns a JSON value
 *   waitForPage(what, fn, ...args)   until fn gives something truthy there
 *   tabs() -> [{ url, isSelected }] of all windows
 *   newTab(url)  driveTab(url)  closeOtherTabs()    closes all but the one that is driven
 *   notifications(filter) -> registration.getNotifications(filter): [{ title, body, icon, tag, lang, data }]
 *   worker() -> { state, script, scope, isController } or null
 * Permission for notifications, by origin:
 *   allow(origin)  deny(origin)  forget(origin)  permission(origin) -> "allow" | "deny" | "prompt"
 *   forgetSite(origin)               everything that the site has stored, but the permission
 *   answerPrompt("allow" | "deny")   waits for the browser's question and presses its button
 * Alerts and pushes, seen from the browser's inside (firefox-recorder.js):
 *   alerts()  waitForAlerts(n)  clickAlert(index)  pressAlert(index, action)  closeAlert(index)
 *   pushes()  waitForPushes(n)  clearRecords()
 *   chrome(fn, ...args)              runs fn with all privileges
 *   setPref(name, value)
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connectMarionette } from "./marionette.mjs";
import { startProgram } from "./program.mjs";
import { patienceMs, until } from "./wait.mjs";

const elementKey = "element-6066-11e4-a52e-4f735466cecf";
const recorderSource = readFileSync(new URL("firefox-recorder.js", import.meta.url), "utf8");
const actions = { allow: "ALLOW_ACTION", deny: "DENY_ACTION" };

/* What is not about push keeps a browser without network quiet. */
const prefs = {
	"marionette.port": 0,
	"remote.prefs.recommended": false,
	"focusmanager.testmode": false,
	"alerts.useSystemBackend": false,
	"dom.push.connection.enabled": false,
	"dom.push.testing.allowInsecureServerURL": true,
	"dom.push.retryBaseInterval": 200,
	"dom.webnotifications.disable_open_click_delay": patienceMs,
	"dom.input_events.security.minNumTicks": 0,
	"dom.input_events.security.minTimeElapsedInMS": 0,
	"security.notification_enable_delay": 0,
	"network.manage-offline-status": false,
	"network.captive-portal-service.enabled": false,
	"network.connectivity-service.enabled": false,
	"app.update.enabled": false,
	"app.normandy.enabled": false,
	"browser.aboutwelcome.enabled": false,
	"browser.preonboarding.enabled": false,
	"termsofuse.bypassNotification": true,
	"browser.newtabpage.enabled": false,
	"browser.region.update.enabled": false,
	"browser.safebrowsing.update.enabled": false,
	"browser.search.update": false,
	"browser.shell.checkDefaultBrowser": false,
	"browser.startup.homepage": "about:blank",
	"browser.startup.page": 0,
	"datareporting.policy.dataSubmissionEnabled": false,
	"extensions.getAddons.cache.enabled": false,
	"extensions.update.enabled": false,
	"services.settings.server": "data:,#none",
	"toolkit.telemetry.server": "data:,",
};

export async function startFirefox(options = {}) {
	const home = mkdtempSync(join(tmpdir(), "firefox-"));
	const firefox = new Firefox(home);
	try {
		await firefox.start(options);
	} catch (error) {
		await firefox.stop().catch(() => {});
		throw error;
	}
	return firefox;
}

class Firefox {
	#home;
	#program = null;
	#wire = null;

	constructor(home) {
		this.#home = home;
	}

	async start({ pushUrl, prefs: further = {} }) {
		const profile = this.#makeProfile({ ...prefs, ...(pushUrl && { "dom.push.serverURL": pushUrl }), ...further });
		const args = ["--headless", "--no-remote", "--profile", profile, "--marionette", "--remote-allow-system-access"];
		const env = { PATH: process.env.PATH, HOME: this.#home, TMPDIR: this.#home, LANG: "C.UTF-8", MOZ_HEADLESS: "1", MOZ_CRASHREPORTER_DISABLE: "1" };
		this.#program = startProgram("firefox-esr", args, { cwd: this.#home, env, name: "Firefox" });
		const port = await this.#waitForPort(profile);
		this.#wire = await connectMarionette(port);
		await this.#wire.send("WebDriver:NewSession", { unhandledPromptBehavior: "ignore" });
		await this.#wire.send("WebDriver:SetTimeouts", { script: patienceMs, pageLoad: patienceMs, implicit: 0 });
		await this.#startRecorder();
		/* Only now, so that no message is shown before somebody looks. */
		if (pushUrl) await this.setPref("dom.push.connection.enabled", true);
	}

	async stop() {
		try {
			this.#wire?.close();
			await this.#program?.stop();
		} finally {
			rmSync(this.#home, { recursive: true, force: true, maxRetries: 5 });
		}
	}

	get pid() {
		return this.#program.pid;
	}

	get output() {
		return this.#program.output;
	}

	#makeProfile(values) {
		const profile = join(this.#home, "profile");
		mkdirSync(profile);
		const lines = Object.entries(values).map(([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});\n`);
		writeFileSync(join(profile, "user.js"), lines.join(""));
		return profile;
	}

	async #waitForPort(profile) {
		const file = join(profile, "MarionetteActivePort");
		const read = () => {
			if (!this.#program.isRunning) return "ended";
			return readFileSync(file, "utf8");
		};
		const port = await until("Firefox to listen", read, { explain: () => this.output });
		if (port === "ended") throw new Error(`Firefox did not start:\n${this.output}`);
		return Number(port);
	}

	/* The page. */

	open(url) {
		return this.#wire.exclusive(() => this.#wire.send("WebDriver:Navigate", { url }));
	}

	reload() {
		return this.#wire.exclusive(() => this.#wire.send("WebDriver:Refresh"));
	}

	async url() {
		return (await this.#wire.exclusive(() => this.#wire.send("WebDriver:GetCurrentURL"))).value;
	}

	async click(selector) {
		const id = await this.#find(selector);
		await this.#wire.exclusive(() => this.#wire.send("WebDriver:ElementClick", { id }));
	}

	async text(selector) {
		const id = await this.#find(selector);
		return (await this.#wire.exclusive(() => this.#wire.send("WebDriver:GetElementText", { id }))).value;
	}

	async screenshot() {
		const { value } = await this.#wire.exclusive(() => this.#wire.send("WebDriver:TakeScreenshot", { full: true }));
		return Buffer.from(value, "base64");
	}

	async #find(selector) {
		const found = await this.#wire.exclusive(() => this.#wire.send("WebDriver:FindElement", { using: "css selector", value: selector }));
		return found.value[elementKey];
	}

	page(fn, ...args) {
		return this.#wire.exclusive(() => this.#execute(fn, args));
	}

	waitForPage(what, fn, ...args) {
		const explain = () => this.output.slice(-2000);
		return until(what, () => this.page(fn, ...args), { explain });
	}

	notifications(filter = {}) {
		return this.page(async (wanted) => {
			const registration = await navigator.serviceWorker.ready;
			const shown = await registration.getNotifications(wanted);
			return shown.map(({ title, body, icon, tag, lang, data }) => ({ title, body, icon, tag, lang, data: JSON.parse(JSON.stringify(data)) }));
		}, filter);
	}

	worker() {
		return this.page(async () => {
			const registration = await navigator.serviceWorker.getRegistration();
			const worker = registration && (registration.active ?? registration.waiting ?? registration.installing);
			if (!worker) return null;
			const isController = navigator.serviceWorker.controller?.scriptURL === worker.scriptURL;
			return { state: worker.state, script: worker.scriptURL, scope: registration.scope, isController };
		});
	}

	tabs() {
		return this.chrome(() =>
			[...Services.wm.getEnumerator("navigator:browser")].flatMap(({ gBrowser }) =>
				gBrowser.tabs.map((tab) => ({ url: tab.linkedBrowser.currentURI.spec, isSelected: tab.selected }))));
	}

	/* Drives the tab that shows this address; waits until there is one. */
	driveTab(url) {
		return until(`a tab with ${url}`, () => this.#wire.exclusive(() => this.#switchTo(url)), { explain: () => this.output.slice(-2000) });
	}

	async #switchTo(url) {
		for (const handle of await this.#wire.send("WebDriver:GetWindowHandles")) {
			await this.#wire.send("WebDriver:SwitchToWindow", { handle, focus: false });
			if ((await this.#wire.send("WebDriver:GetCurrentURL")).value === url) return true;
		}
		return false;
	}

	/* From now on the new tab is the one that is driven. */
	newTab(url) {
		return this.#wire.exclusive(async () => {
			const { handle } = await this.#wire.send("WebDriver:NewWindow", { type: "tab", focus: true });
			await this.#wire.send("WebDriver:SwitchToWindow", { handle, focus: true });
			await this.#wire.send("WebDriver:Navigate", { url });
		});
	}

	closeOtherTabs() {
		return this.#wire.exclusive(async () => {
			const driven = (await this.#wire.send("WebDriver:GetWindowHandle")).value;
			for (const handle of await this.#wire.send("WebDriver:GetWindowHandles")) {
				if (handle === driven) continue;
				await this.#wire.send("WebDriver:SwitchToWindow", { handle, focus: false });
				await this.#wire.send("WebDriver:CloseWindow");
			}
			await this.#wire.send("WebDriver:SwitchToWindow", { handle: driven, focus: true });
		});
	}

	/* Permission. */

	allow(origin) {
		return this.#setPermission(origin, actions.allow);
	}

	deny(origin) {
		return this.#setPermission(origin, actions.deny);
	}

	forget(origin) {
		return this.#setPermission(origin, null);
	}

	/* What "Clear cookies and site data" does: workers, databases, caches and subscriptions go; permissions stay. */
	forgetSite(origin) {
		return this.chrome((address) => new Promise((resolve) => {
			const principal = Services.scriptSecurityManager.createContentPrincipal(Services.io.newURI(address), {});
			const { CLEAR_DOM_STORAGES, CLEAR_COOKIES, CLEAR_ALL_CACHES, CLEAR_DOM_PUSH_NOTIFICATIONS } = Ci.nsIClearDataService;
			Services.clearData.deleteDataFromPrincipal(principal, true, CLEAR_DOM_STORAGES | CLEAR_COOKIES | CLEAR_ALL_CACHES | CLEAR_DOM_PUSH_NOTIFICATIONS, () => resolve());
		}), origin);
	}

	permission(origin) {
		return this.chrome((address) => {
			const principal = Services.scriptSecurityManager.createContentPrincipal(Services.io.newURI(address), {});
			const value = Services.perms.testPermissionFromPrincipal(principal, "desktop-notification");
			return { [Ci.nsIPermissionManager.ALLOW_ACTION]: "allow", [Ci.nsIPermissionManager.DENY_ACTION]: "deny" }[value] ?? "prompt";
		}, origin);
	}

	#setPermission(origin, action) {
		return this.chrome(
			(address, name) => {
				const principal = Services.scriptSecurityManager.createContentPrincipal(Services.io.newURI(address), {});
				const type = "desktop-notification";
				if (name) Services.perms.addFromPrincipal(principal, type, Ci.nsIPermissionManager[name]);
				else Services.perms.removeFromPrincipal(principal, type);
			},
			origin,
			action,
		);
	}

	/* A press while another window is active only takes the focus: it is repeated until the question is gone. */
	async answerPrompt(answer) {
		const selector = { allow: ".popup-notification-primary-button", deny: ".popup-notification-secondary-button" }[answer];
		let wasPressed = false;
		await until(`the question for permission to be answered with "${answer}"`, async () => {
			const state = await this.chrome((button) => {
				const { PopupNotifications, gBrowser, document } = Services.wm.getMostRecentWindow("navigator:browser");
				if (!PopupNotifications.getNotification("web-notifications", gBrowser.selectedBrowser)) return "none";
				const question = document.getElementById("web-notifications-notification");
				const target = question?.querySelector(button) ?? question?.[button.includes("primary") ? "button" : "secondaryButton"];
				if (!target) return "not drawn";
				target.click();
				return "pressed";
			}, selector);
			wasPressed ||= state === "pressed";
			return wasPressed && state === "none";
		});
	}

	/* Alerts and pushes. */

	alerts() {
		return this.#ask("alerts");
	}

	waitForAlerts(n = 1) {
		return this.#waitForList("alerts", n);
	}

	clickAlert(index) {
		return this.#ask("click", { index });
	}

	pressAlert(index, action) {
		return this.#ask("press", { index, action });
	}

	closeAlert(index) {
		return this.#ask("close", { index });
	}

	pushes() {
		return this.#ask("pushes");
	}

	waitForPushes(n = 1) {
		return this.#waitForList("pushes", n);
	}

	clearRecords() {
		return this.#ask("clear");
	}

	async #waitForList(verb, n) {
		let seen = [];
		const read = async () => {
			seen = await this.#ask(verb);
			return seen.length >= n && seen;
		};
		return until(`${n} ${verb} in the browser`, read, { explain: () => `seen: ${JSON.stringify(seen)}\n${this.output.slice(-2000)}` });
	}

	async #ask(verb, further = {}) {
		const answer = await this.chrome((question) => {
			Services.obs.notifyObservers({ wrappedJSObject: question }, "recorder-ask");
			if (question.error) throw new Error(question.error);
			return question.answer;
		}, { verb, ...further });
		return JSON.parse(answer);
	}

	async #startRecorder() {
		await this.chrome((source) => {
			const principal = Services.scriptSecurityManager.getSystemPrincipal();
			const sandbox = new Cu.Sandbox(principal, { sandboxName: "recorder", wantComponents: true });
			Object.assign(sandbox, { Services, ChromeUtils });
			/* false: the name of the code is no file of the browser's. */
			Cu.evalInSandbox(source, sandbox, null, "firefox-recorder.js", 1, false);
		}, recorderSource);
	}

	setPref(name, value) {
		return this.chrome(
			(pref, wanted) => {
				const set = { boolean: "setBoolPref", number: "setIntPref", string: "setStringPref" }[typeof wanted];
				Services.prefs[set](pref, wanted);
			},
			name,
			value,
		);
	}

	chrome(fn, ...args) {
		return this.#wire.exclusive(async () => {
			await this.#wire.send("Marionette:SetContext", { value: "chrome" });
			try {
				return await this.#execute(fn, args);
			} finally {
				await this.#wire.send("Marionette:SetContext", { value: "content" });
			}
		});
	}

	async #execute(fn, args) {
		const { value } = await this.#wire.send("WebDriver:ExecuteScript", { script: `return (${fn})(...arguments);`, args });
		return value;
	}
}
