/*
 * The certificate authority and the server certificate of the push service double.
 *
 * ensureCertificate(dir) -> { caFile, certFile, keyFile, caPem }
 *
 * The files are made once with the openssl command (P-256, valid for thirty days) and kept in dir for
 * later starts. They are made anew when one is missing, when the certificate ends within a day, or when
 * its list of names is not the one below. The authority's private key is thrown away at once: it signs
 * this one certificate and can sign no other.
 *
 * As a command: node certificate.mjs DIR prints {"caFile","certFile","keyFile"} as one line of JSON.
 */
import { execFileSync } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const days = 30;
const dayMs = 86_400_000;

/* Vendor hosts stand here so that a sender can be led to the double without being told to trust less. */
export const certificateNames = [
	"DNS:localhost",
	"DNS:push.test",
	"DNS:*.push.test",
	"DNS:fcm.googleapis.com",
	"DNS:*.fcm.googleapis.com",
	"DNS:jmt17.google.com",
	"DNS:android.googleapis.com",
	"DNS:updates.push.services.mozilla.com",
	"DNS:*.push.services.mozilla.com",
	"DNS:web.push.apple.com",
	"DNS:*.push.apple.com",
	"DNS:*.notify.windows.com",
	"DNS:wns2-par02p.notify.windows.com",
	"IP:127.0.0.1",
	"IP:::1",
];

export function ensureCertificate(dir) {
	const home = resolve(dir);
	const files = {
		caFile: join(home, "ca.pem"),
		certFile: join(home, "server.pem"),
		keyFile: join(home, "server.key"),
		namesFile: join(home, "names"),
	};
	if (!isUsable(files)) create(home, files);
	return { ...files, caPem: readFileSync(files.caFile, "utf8") };
}

function isUsable({ caFile, certFile, keyFile, namesFile }) {
	if (![caFile, certFile, keyFile, namesFile].every((file) => existsSync(file))) return false;
	if (readFileSync(namesFile, "utf8") !== certificateNames.join(",")) return false;
	const certificate = new X509Certificate(readFileSync(certFile));
	const authority = new X509Certificate(readFileSync(caFile));
	const left = Date.parse(certificate.validTo) - Date.now();
	return left > dayMs && Date.parse(certificate.validFrom) <= Date.now() && certificate.verify(authority.publicKey);
}

/* Made in a folder beside the final one and moved file by file, so that a killed start leaves no half pair. */
function create(home, files) {
	mkdirSync(home, { recursive: true });
	const work = mkdtempSync(join(home, "new-"));
	const at = (name) => join(work, name);
	try {
		writeFileSync(at("extensions"), extensions());
		openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-sha256",
			"-days", days, "-subj", "/CN=Push service double CA", "-keyout", at("ca.key"), "-out", at("ca.pem"),
			"-addext", "keyUsage=critical,keyCertSign,cRLSign");
		openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-sha256",
			"-subj", "/CN=Push service double", "-keyout", at("server.key"), "-out", at("server.csr"));
		openssl("x509", "-req", "-in", at("server.csr"), "-CA", at("ca.pem"), "-CAkey", at("ca.key"), "-sha256",
			"-days", days, "-CAcreateserial", "-extfile", at("extensions"), "-out", at("server.pem"));
		writeFileSync(at("names"), certificateNames.join(","));
		chmodSync(at("server.key"), 0o600);
		rmSync(files.namesFile, { force: true });
		renameSync(at("server.key"), files.keyFile);
		renameSync(at("server.pem"), files.certFile);
		renameSync(at("ca.pem"), files.caFile);
		renameSync(at("names"), files.namesFile);
	} finally {
		rmSync(work, { recursive: true, force: true });
	}
}

function extensions() {
	return [
		"basicConstraints=critical,CA:FALSE",
		"keyUsage=critical,digitalSignature",
		"extendedKeyUsage=serverAuth",
		`subjectAltName=${certificateNames.join(",")}`,
		"",
	].join("\n");
}

function openssl(...args) {
	execFileSync("openssl", args.map(String), { stdio: ["ignore", "ignore", "pipe"] });
}

if (process.argv[1] && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
	if (process.argv.length !== 3) {
		process.stderr.write("usage: node certificate.mjs DIR\n");
		process.exit(2);
	}
	const { caFile, certFile, keyFile } = ensureCertificate(process.argv[2]);
	process.stdout.write(`${JSON.stringify({ caFile, certFile, keyFile })}\n`);
}
