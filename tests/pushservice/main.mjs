/*
 * The push service double as a command.
 *
 *   node main.mjs --state DIR [--port N] [--http1 allowed|none|only] [--http1-port N] [--control-port N]
 *                 [--autopush-port N] [--max-streams N] [--window N] [--lax]
 *
 * Prints one line of JSON with its ports, its control URL and its CA file, then serves until SIGTERM or SIGINT.
 * --lax: nothing is refused but what the service of the subscription refuses itself. Exit 0 when ended by a signal, 1 when it cannot start, 2 usage.
 */
import { parseArgs } from "node:util";
import { startPushService } from "./service.mjs";

const usage = "usage: node main.mjs --state DIR [--port N] [--http1 allowed|none|only] [--http1-port N] [--control-port N] [--autopush-port N] [--max-streams N] [--window N] [--lax]\n";

const text = { type: "string" };
const options = {
	state: text,
	port: text,
	http1: text,
	"http1-port": text,
	"control-port": text,
	"autopush-port": text,
	"max-streams": text,
	window: text,
	lax: { type: "boolean" },
};

function refuseUsage(message) {
	process.stderr.write(`${message}\n${usage}`);
	process.exit(2);
}

function readArguments() {
	try {
		return parseArgs({ options, strict: true }).values;
	} catch (error) {
		return refuseUsage(error.message);
	}
}

function number(values, name) {
	if (values[name] === undefined) return undefined;
	if (!/^\d+$/.test(values[name])) return refuseUsage(`--${name} takes a number`);
	return Number(values[name]);
}

const values = readArguments();
if (!values.state) refuseUsage("--state is missing");
if (values.http1 && !["allowed", "none", "only"].includes(values.http1)) refuseUsage(`--http1 is "${values.http1}"`);

const settings = {};
if (values["max-streams"]) settings.maxConcurrentStreams = number(values, "max-streams");
if (values.window) settings.initialWindowSize = number(values, "window");

const service = await startPushService({
	stateDir: values.state,
	port: number(values, "port"),
	http1: values.http1,
	http1Port: number(values, "http1-port"),
	controlPort: number(values, "control-port"),
	autopushPort: number(values, "autopush-port"),
	settings,
	strict: !values.lax,
});

for (const signal of ["SIGTERM", "SIGINT"])
	process.on(signal, async () => {
		await service.close();
		process.exit(0);
	});

process.stdout.write(`${JSON.stringify(service.describe())}\n`);
