/*
 * An HTTP proxy that makes tunnels (CONNECT) to this machine, whatever the name, and counts them.
 *
 *   const proxy = await startConnectProxy()
 *   proxy.url, proxy.urlFor("user:password")
 *   proxy.asked         what CONNECT was sent: [{ target: "host:port", headers, status }]
 *   proxy.password      "user:password" that it wants, null = none
 *   proxy.refusal       a status to answer with instead, null = none
 *   proxy.drips         it answers one octet a second
 *   proxy.cut()         ends every tunnel at once, without a farewell
 *   proxy.close()
 */
import { createServer } from "node:http";
import { connect } from "node:net";

export async function startConnectProxy() {
	const proxy = new ConnectProxy();
	await proxy.open();
	return proxy;
}

class ConnectProxy {
	#server = createServer((_request, response) => { response.writeHead(400).end(); });
	#sockets = new Set();
	#timers = new Set();
	asked = [];
	password = null;
	refusal = null;
	drips = false;

	async open() {
		this.#server.on("connect", (request, socket) => this.#onConnect(request, socket));
		await new Promise((done) => { this.#server.listen(0, "127.0.0.1", done); });
		this.url = this.urlFor("");
	}

	urlFor(userinfo) {
		return `http://${userinfo === "" ? "" : `${userinfo}@`}127.0.0.1:${this.#server.address().port}`;
	}

	#status(request) {
		if (this.refusal !== null) return this.refusal;
		const shown = Buffer.from(/^Basic (.*)$/.exec(request.headers["proxy-authorization"] ?? "")?.[1] ?? "", "base64").toString();
		return this.password === null || shown === this.password ? 200 : 407;
	}

	#onConnect(request, socket) {
		const status = this.#status(request);
		this.#track(socket);
		this.asked.push({ target: request.url, headers: request.headers, status });
		if (this.drips) this.#drip(socket);
		else if (status === 200) this.#tunnel(Number(request.url.split(":").at(-1)), socket);
		else socket.end(`HTTP/1.1 ${status} No\r\nRetry-After: 7200\r\nContent-Length: 2\r\n\r\nno`);
	}

	#tunnel(port, socket) {
		const onward = connect(port, "127.0.0.1", () => {
			socket.write("HTTP/1.1 200 Connection established\r\n\r\n");
			socket.pipe(onward).pipe(socket);
		});
		this.#track(onward);
		onward.on("error", () => socket.destroy());
	}

	#drip(socket) {
		const timer = setInterval(() => { socket.write("H"); }, 1000);
		this.#timers.add(timer);
	}

	#track(socket) {
		this.#sockets.add(socket);
		socket.on("error", () => {});
		socket.on("close", () => this.#sockets.delete(socket));
	}

	cut() {
		for (const socket of this.#sockets) socket.destroy();
	}

	async close() {
		for (const timer of this.#timers) clearInterval(timer);
		const closed = new Promise((done) => { this.#server.close(done); });
		this.cut();
		await closed;
	}
}
