/*
 * Runs inside Firefox with all privileges, in a sandbox of its own that lives as long as the browser: takes the place
 * of its alerts service, as the notification centre of a desktop would, and notes each decrypted push.
 *
 * An alert stays until it is clicked, closed, or replaced by one of the same name. Firefox's own alert windows would
 * leave after twenty seconds, and with them the notification of registration.getNotifications(): a test would then
 * depend on speed.
 *
 * Whoever wants to know something asks by an observer notification, topic "recorder-ask", with a subject
 * { wrappedJSObject: { verb, … } }, and finds the answer in wrappedJSObject.answer, as JSON. Verbs:
 *   alerts              [{ index, at, name, title, text, imageURL, lang, dir, silent, actions, isOpen }]
 *   click  { index }            the person clicks it
 *   press  { index, action }    one of its buttons
 *   close  { index }            the person closes it
 *   pushes              [{ at, scope, text }]      text: null for a push without data
 *   clear               forgets both lists; alerts that are open are closed first
 */
"use strict";

const contract = "@mozilla.org/alerts-service;1";
let alerts = [];
let pushes = [];

function describe(alert) {
	const { name, title, text, imageURL, lang, dir, silent } = alert;
	const actions = Array.from(alert.actions ?? [], ({ action, title: label }) => ({ action, title: label }));
	return { at: Date.now(), name, title, text, imageURL, lang, dir, silent, actions };
}

function tell(record, topic, subject = null) {
	record.listener?.observe(subject, topic, record.alert.cookie);
}

function finish(record) {
	if (!record.isOpen) return;
	record.isOpen = false;
	tell(record, "alertfinished");
}

/* The order of the desktop back ends: the new one is known, the old one ends, the new one is on the screen. */
function show(record) {
	const replaced = alerts.filter((earlier) => earlier !== record && earlier.isOpen && earlier.shown.name === record.shown.name);
	for (const earlier of replaced) finish(earlier);
	tell(record, "alertshow");
}

const service = {
	QueryInterface: ChromeUtils.generateQI(["nsIAlertsService", "nsIAlertsDoNotDisturb", "nsIFactory"]),
	createInstance(iid) {
		return this.QueryInterface(iid);
	},

	/* Never answers within the call, as no desktop does. */
	showAlert(alert, listener) {
		const record = { alert, listener, shown: describe(alert), isOpen: true };
		alerts.push(record);
		Services.tm.dispatchToMainThread(() => show(record));
	},
	closeAlert(name) {
		for (const record of alerts) if (record.shown.name === name) finish(record);
	},
	getHistory: () => [],
	teardown() {},
	pbmTeardown() {},
	isFullscreen: () => false,
	manualDoNotDisturb: false,
	suppressForScreenSharing: false,
};

function find({ index }) {
	const record = alerts[index];
	if (!record?.isOpen) throw new Error(`there is no open alert number ${index}, there are ${alerts.length}`);
	return record;
}

function activate(record, action = null) {
	tell(record, "alertclickcallback", action);
	finish(record);
}

const verbs = {
	alerts: () => alerts.map(({ shown, isOpen }, index) => ({ index, ...shown, isOpen })),
	click: (question) => activate(find(question)),
	press(question) {
		const record = find(question);
		const action = Array.from(record.alert.actions).find((candidate) => candidate.action === question.action);
		if (!action) throw new Error(`the alert has no action "${question.action}"`);
		activate(record, action);
	},
	close: (question) => finish(find(question)),
	pushes: () => pushes,
	clear() {
		alerts.forEach(finish);
		alerts = [];
		pushes = [];
	},
};

Components.manager
	.QueryInterface(Ci.nsIComponentRegistrar)
	.registerFactory(Services.uuid.generateUUID(), "alert recorder", contract, service);

Services.obs.addObserver((subject, topic, scope) => {
	const message = subject.QueryInterface(Ci.nsIPushMessage);
	pushes.push({ at: Date.now(), scope, text: message.data ? message.data.text() : null });
}, "push-message");

Services.obs.addObserver((subject) => {
	const question = subject.wrappedJSObject;
	try {
		question.answer = JSON.stringify(verbs[question.verb](question) ?? null);
	} catch (error) {
		question.error = String(error);
	}
}, "recorder-ask");
