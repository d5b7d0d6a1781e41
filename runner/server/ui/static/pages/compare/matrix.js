// More than two runs: a row for each, a column for each kind of input. Equal digests have one colour.
import { own } from "../../lib/api.js";
import { colourAt } from "../../lib/colour.js";
import { fill, h } from "../../lib/dom.js";
import { counted } from "../../lib/format.js";
import { swatch } from "../../charts/tooltip.js";
import { KINDS } from "./inputs.js";
import { nameOf } from "./parts.js";

/** @typedef {import("./model.js").Subject} Subject */
/** @typedef {import("./changed.js").Inputs} Inputs */

const MOST = 100;

/** @param {HTMLElement} container @param {Subject} subject */
export async function matrix(container, { runs }) {
  fill(container, h("p", { class: "soft" }, "Looking at the runs…"));
  /** @type {{ runs: Inputs[] }} */
  const answer = await own("/diff/inputs", { runs: runs.slice(0, MOST).map(({ id }) => id) });
  const places = new Map(KINDS.map(([kind]) => [kind, ranks(answer.runs.map((each) => each[kind].digest))]));
  const base = answer.runs[0];
  const head = h("tr", null, h("td"), KINDS.map(([kind, title]) => h("th", { scope: "col" }, title, h("span", { class: "soft kinds" }, ` ${kinds(places.get(kind)?.size ?? 0, answer.runs.some((each) => !each[kind].digest))}`))), h("td"));
  const rows = answer.runs.map((each, at) =>
    h("tr", { class: at === 0 ? "baseline" : null }, h("th", { scope: "row" }, nameOf(each)), KINDS.map(([kind]) => cell(each[kind], places.get(kind), base?.[kind].digest, at)), h("td", null, at > 0 && base && h("a", { href: `/compare?runs=${base.id},${each.id}` }, "what changed"))),
  );
  fill(
    container,
    h("p", { class: "soft" }, `What ${counted(answer.runs.length, "run")} were made of. One letter and colour in a column: the very same, by digest.`),
    runs.length > MOST && h("p", { class: "warn" }, `The first ${MOST} of ${runs.length} runs.`),
    h("div", { class: "compare-scroll", tabindex: 0, role: "region", "aria-label": "What runs were made of" }, h("table", { class: "compare-table compare-matrix" }, h("thead", null, head), h("tbody", null, rows))),
  );
}

/** @param {number} count @param {boolean} some of which nothing is known */
const kinds = (count, some) => (count === 0 ? "unknown" : count > 1 ? `${count} different` : some ? "the same where known" : "all the same");

/** The most common digest first. @param {(string | null)[]} digests @returns {Map<string, number>} */
function ranks(digests) {
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const digest of digests) if (digest) counts.set(digest, (counts.get(digest) ?? 0) + 1);
  return new Map([...counts].toSorted((a, b) => b[1] - a[1]).map(([digest], at) => [digest, at]));
}

/** @param {import("./changed.js").Kind} kind @param {Map<string, number> | undefined} places @param {string | null | undefined} base @param {number} at */
function cell({ digest, label }, places, base, at) {
  const place = digest ? places?.get(digest) : undefined;
  const letter = place === undefined ? "?" : place < 26 ? String.fromCharCode(65 + place) : `${place + 1}`;
  return h("td", { class: at > 0 && digest !== base ? "differs" : null, title: digest ?? "not recorded" }, place !== undefined && swatch(colourAt(place)), h("strong", null, ` ${letter} `), h("span", { class: "soft" }, label));
}
