/* Goal 1: a whole message beside the arithmetic of P-256 alone. */
import { textLength } from "../stage.mjs";
import { atLeast, median, note, percent, quick, tool, us } from "../tools.mjs";

export async function run() {
	const { raw_us: raw, whole_us: whole } = await tool("limit", [quick ? 7 : 15, textLength]);
	const ratio = median(raw.map((one, i) => one / whole[i]));
	return [
		atLeast(1, "a whole RFC 8291 message, rate", ratio, 0.9, percent, `of the raw limit: ${us(median(whole))} beside ${us(median(raw))}`),
		note(`raw limit = key pair, point decoded, k*P, two affine conversions; text of ${textLength} octets, ${raw.length} rounds in turn, best and worst: raw ${us(Math.min(...raw))} to ${us(Math.max(...raw))}, whole ${us(Math.min(...whole))} to ${us(Math.max(...whole))}`),
	];
}
