// What differs between the environments of two runs: packages added, removed, upgraded, and why each is there.
import { own } from "../../lib/api.js";
import { fill, h } from "../../lib/dom.js";
import { counted } from "../../lib/format.js";

/** @typedef {{ aspect: string, name: string, change: string, before?: string, after?: string, detail?: string }} Difference */

const ASPECTS = new Set(["package", "interpreter", "image", "variable"]);
const ORDER = ["upgraded", "downgraded", "changed", "added", "removed"];
/** @type {Record<string, string>} */
const MOODS = { upgraded: "good", added: "good", removed: "bad", downgraded: "warn" };

/**
 * Draw what differs from the one run to the other.
 *
 * @param {HTMLElement} place
 * @param {string} before id of a run
 * @param {string} after
 */
export async function changes(place, before, after) {
  fill(place, h("p", { class: "soft", role: "status" }, "Looking at both…"));
  try {
    const told = await own("/diff", { a: before, b: after });
    fill(place, told.trouble ? h("p", { class: "warn" }, told.trouble) : drawn(told.differences.filter((/** @type {Difference} */ { aspect }) => ASPECTS.has(aspect))), whole(before, after));
  } catch (error) {
    fill(place, h("p", { class: "warn", role: "alert" }, error instanceof Error ? error.message : String(error)), whole(before, after));
  }
}

/** @param {string} before @param {string} after */
const whole = (before, after) => h("p", null, h("a", { href: `/compare?runs=${before},${after}` }, "All that changed between these runs"));

/** @param {Difference[]} found */
function drawn(found) {
  if (found.length === 0) return h("p", null, "Nothing that matters: the same packages, in the same versions.");
  const sorted = found.toSorted((a, b) => Number(b.aspect !== "package") - Number(a.aspect !== "package") || ORDER.indexOf(a.change) - ORDER.indexOf(b.change) || a.name.localeCompare(b.name));
  return [
    h("p", { class: "change-counts" }, counts(found)),
    h("div", { class: "packages-scroll", tabindex: 0, role: "region", "aria-label": "What differs" }, h("table", { class: "wide" },
      h("thead", null, h("tr", null, ["Package", "Before", "After", "Change", "Why it is there"].map((title) => h("th", { scope: "col" }, title)))),
      h("tbody", null, sorted.map(row)))),
  ];
}

/** @param {Difference[]} found */
const counts = (found) => ORDER.flatMap((change) => {
  const count = found.filter((one) => one.aspect === "package" && one.change === change).length;
  return count > 0 ? [h("span", { class: `chip ${MOODS[change] ?? ""}` }, `${count} ${change}`), " "] : [];
});

/** @param {Difference} one */
const row = (one) => h("tr", null,
  h("th", { scope: "row" }, one.name, one.aspect !== "package" && h("span", { class: "soft" }, ` ${one.aspect}`)),
  h("td", { class: "mono break" }, one.before ?? ""),
  h("td", { class: "mono break" }, one.after ?? ""),
  h("td", { class: MOODS[one.change] ?? "soft" }, one.change),
  h("td", { class: "soft why" }, one.detail ?? ""));

/** Digests by their beginning. @param {string} [text] */
const value = (text = "") => h("td", { class: "mono break", title: text }, /^[0-9a-f]{64}$/.test(text) ? text.slice(0, 12) : text);

/** Of pairs of values under names: a table. @param {string} caption @param {{ name: string, there?: string, here?: string }[]} pairs */
export function pairs(caption, pairs) {
  if (pairs.length === 0) return null;
  const kind = (/** @type {{ there?: string, here?: string }} */ { there, here }) => (there === undefined ? "added" : here === undefined ? "removed" : "changed");
  return h("details", { open: pairs.length <= 20 }, h("summary", null, counted(pairs.length, caption), " not the same"),
    h("div", { class: "packages-scroll", tabindex: 0, role: "region", "aria-label": caption }, h("table", { class: "wide" },
      h("thead", null, h("tr", null, ["Name", "There", "Here", "Change"].map((title) => h("th", { scope: "col" }, title)))),
      h("tbody", null, pairs.map((each) => h("tr", null, h("th", { scope: "row" }, each.name), value(each.there), value(each.here), h("td", { class: MOODS[kind(each)] ?? "soft" }, kind(each))))))));
}
