// What the schedules will start next.
import { ApiError, own } from "../../lib/api.js";
import { h } from "../../lib/dom.js";
import { clock, lasting } from "../../lib/format.js";

const MOST = 5;

/** @returns {Promise<any[]>} what a block shows; nothing where there is none, or none for who asks */
export async function upcoming() {
  const answer = await own("/schedules").catch((error) => (error instanceof ApiError ? null : Promise.reject(error)));
  const coming = (answer?.schedules ?? [])
    .filter((/** @type {any} */ each) => each.next && each.state !== "paused")
    .sort((/** @type {any} */ a, /** @type {any} */ b) => a.next - b.next)
    .slice(0, MOST);
  if (coming.length === 0) return [];
  return [h("h2", null, "Next"), h("ul", { class: "card rows" }, coming.map((/** @type {any} */ each) => item(each)))];
}

/** @param {{ name: string, expression: string, next: number, uri: string }} schedule */
function item({ name, next, uri }) {
  const late = next < Date.now();
  return h("li", null,
    h("span", { class: "who" }, h("a", { href: `/schedules?name=${encodeURIComponent(name)}` }, name)),
    h("span", { class: "what soft", title: uri }, short(uri)),
    h("time", { class: late ? "warn when" : "soft when", title: clock(next) }, late ? `${lasting(Date.now() - next)} late` : `in ${lasting(next - Date.now())}`),
  );
}

/** The end of an address says what it is. @param {string} uri */
const short = (uri) => uri.replace(/^.*?:\/\/[^/]*\//, "").replace(/\.git(?=#|$)/, "");
