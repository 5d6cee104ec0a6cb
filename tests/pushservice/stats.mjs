/*
 * Counters of the double: connections, requests, answers.
 *
 *   opened(protocol) -> connection number, closed(), streams(n), pinged(), tlsFailed()    from the listener
 *   request(httpVersion), answered(status, accepted), token(origin, jwt)                  from the service
 *   toJson(), clear()   clear() keeps the number of open connections and goes on numbering
 */
export class Stats {
	#connections = 0;
	#open = 0;
	#counts = emptyCounts();

	opened(protocol) {
		this.#open += 1;
		this.#counts.opened += 1;
		this.#counts.openedBy[protocol] = (this.#counts.openedBy[protocol] ?? 0) + 1;
		this.#counts.maxOpen = Math.max(this.#counts.maxOpen, this.#open);
		return ++this.#connections;
	}

	closed() {
		this.#open -= 1;
	}

	streams(open) {
		this.#counts.maxStreams = Math.max(this.#counts.maxStreams, open);
	}

	pinged() {
		this.#counts.pings += 1;
	}

	tlsFailed() {
		this.#counts.tlsFailures += 1;
	}

	request(httpVersion) {
		this.#counts.requests += 1;
		this.#counts.byProtocol[httpVersion] = (this.#counts.byProtocol[httpVersion] ?? 0) + 1;
	}

	answered(status, accepted) {
		this.#counts.byStatus[status] = (this.#counts.byStatus[status] ?? 0) + 1;
		if (accepted) this.#counts.accepted += 1;
	}

	token(origin, jwt) {
		const seen = this.#counts.tokens.get(origin) ?? new Set();
		this.#counts.tokens.set(origin, seen.add(jwt));
	}

	toJson() {
		const { opened, openedBy, maxOpen, requests, accepted, byStatus, byProtocol, maxStreams, pings, tlsFailures, tokens } = this.#counts;
		return {
			connections: { opened, open: this.#open, byProtocol: { ...openedBy } },
			maxOpenConnections: maxOpen,
			maxStreams,
			pings,
			tlsFailures,
			requests,
			accepted,
			byStatus: { ...byStatus },
			byProtocol: { ...byProtocol },
			tokens: Object.fromEntries([...tokens].map(([origin, seen]) => [origin, seen.size])),
		};
	}

	clear() {
		this.#counts = emptyCounts();
		this.#counts.maxOpen = this.#open;
	}
}

function emptyCounts() {
	return { opened: 0, openedBy: {}, maxOpen: 0, maxStreams: 0, pings: 0, tlsFailures: 0, requests: 0, accepted: 0, byStatus: {}, byProtocol: {}, tokens: new Map() };
}
