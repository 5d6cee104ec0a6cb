/*
 * Runs inside Firefox with all privileges, in a sandbox of its own that lives as long as the browser: stands between
 * Firefox and its alerts service, and notes each decrypted push.
 *
 * Whoever wants to know something asks by an observer notification, topic "recorder-ask", with a subject
 * { wrappedJSObject: { verb, … } }, and finds the answer in wrappedJSObject.answer. Verbs:
 *   alerts              [{ index, at, name, title, text, imageURL, lang, dir, silent, actions, isOpen, isReplaced }]
 *   click  { index }    what the desktop does on a click, and then on the alert's end
 *   press  { index, action }   one of the alert's own buttons
 *   close  { index }    the person closes it
 *   pushes              [{ at, scope, text }]      text: null for a push without data
 *   clear               forgets both lists; alerts that are open stay open
 *
 * Alerts are handed on to Firefox's own windows, with one change: they do not leave by themselves after twenty
 * seconds, since that would also take them from registration.getNotifications() and make tests depend on speed.
 */
"use strict";

const contract = "@mozilla.org/alerts-service;1";
const real = Cc[contract].getService(Ci.nsIAlertsService);
const registrar = Components.manager.QueryInterface(Ci.nsIComponentRegistrar);
let alerts = [];
let pushes = [];

function describe(alert) {
	const { name, title, text, imageURL, lang, dir, silent, cookie } = alert;
	const actions = Array.from(alert.actions ?? [], (action) => ({ action: action.action, title: action.title }));
	return { at: Date.now(), name, title, text, imageURL, lang, dir, silent, cookie, actions };
}

function copyThatStays(alert) {
	const members = ["id", "name", "imageURL", "image", "title", "text", "textClickable", "cookie", "dir", "lang", "data", "principal"];
	const init = { requireInteraction: true, inPrivateBrowsing: alert.inPrivateBrowsing, silent: alert.silent };
	for (const member of members) {
		try {
			init[member] = alert[member];
		} catch {
			/* A member that was never set. */
		}
	}
	const copy = Cc["@mozilla.org/alert-notification;1"].createInstance(Ci.nsIAlertNotification);
	copy.initWithObject(init);
	return copy;
}

function listen(record, listener) {
	return {
		QueryInterface: ChromeUtils.generateQI(["nsIObserver"]),
		observe(subject, topic, data) {
			if (topic === "alertshow") record.isOpen = true;
			if (topic === "alertfinished") record.isOpen = false;
			listener?.observe(subject, topic, data);
		},
	};
}

const recorder = {
	QueryInterface: ChromeUtils.generateQI(["nsIAlertsService", "nsIAlertsDoNotDisturb", "nsIFactory"]),
	createInstance(iid) {
		return this.QueryInterface(iid);
	},

	showAlert(alert, listener) {
		for (const earlier of alerts) if (earlier.name === alert.name && earlier.isOpen) earlier.isReplaced = true;
		const record = { ...describe(alert), isOpen: false, isReplaced: false, original: alert };
		record.listener = listen(record, listener);
		alerts.push(record);
		real.showAlert(copyThatStays(alert), record.listener);
	},
	closeAlert(name, contextClosed) {
		real.closeAlert(name, contextClosed);
	},
	getHistory: () => real.getHistory(),
	teardown: () => real.teardown(),
	pbmTeardown: () => real.pbmTeardown(),
	isFullscreen: () => false,
	manualDoNotDisturb: false,
	suppressForScreenSharing: false,
};

function find({ index }) {
	const record = alerts[index];
	if (!record) throw new Error(`there is no alert number ${index}, there are ${alerts.length}`);
	return record;
}

function finish(record) {
	real.closeAlert(record.name, false);
}

const verbs = {
	alerts: () => alerts.map(({ original, listener, cookie, ...shown }, index) => ({ index, ...shown })),
	click(question) {
		const record = find(question);
		record.listener.observe(null, "alertclickcallback", record.cookie);
		finish(record);
	},
	press(question) {
		const record = find(question);
		const action = Array.from(record.original.actions).find((candidate) => candidate.action === question.action);
		if (!action) throw new Error(`the alert has no action "${question.action}"`);
		record.listener.observe(action, "alertclickcallback", record.cookie);
		finish(record);
	},
	close: (question) => finish(find(question)),
	pushes: () => pushes,
	clear() {
		alerts = alerts.filter((record) => record.isOpen);
		pushes = [];
	},
};

registrar.registerFactory(Services.uuid.generateUUID(), "alert recorder", contract, recorder);

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
