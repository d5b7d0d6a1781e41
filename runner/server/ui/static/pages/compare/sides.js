// Two texts side by side: lines of the same step, or else the same lines, stand beside each other, and only those that differ are shown.
import { fill, h } from "../../lib/dom.js";
import { counted } from "../../lib/format.js";
import { apart } from "../../lib/patch.js";
import { matches } from "./unified.js";

/** @typedef {{ a?: number, b?: number, same: boolean }} Row places in both texts */

const AROUND = 2; // rows of the same before and behind those that differ
const AT_ONCE = 1000; // rows drawn at once
const LONGEST = 2000; // characters of a line that are shown
const STEP = /\b(step|epoch|iter(?:ation)?|batch|round|trial)\b\W{0,3}(\d+)/gi;

/** @param {HTMLElement} container @param {string[]} a @param {string[]} b @param {{ left: string, right: string, empty: string }} told */
export function sides(container, a, b, { left, right, empty }) {
  const rows = aligned(a, b), shown = around(rows), differing = rows.filter(({ same }) => !same).length;
  if (differing === 0) return void fill(container, h("p", { class: "soft" }, empty));
  const body = h("div", { class: "sides-rows" });
  fill(container, h("p", { class: "soft" }, `${counted(differing, "line")} of ${counted(rows.length, "line")} differ.`), h("div", { class: "sides", tabindex: 0, role: "region", "aria-label": "Lines that differ" }, h("div", { class: "sides-row sides-head" }, h("span"), h("strong", null, left), h("span"), h("strong", null, right)), body));
  more(body, shown, 0, a, b);
}

/** @param {HTMLElement} body @param {(Row | number)[]} shown @param {number} from @param {string[]} a @param {string[]} b */
function more(body, shown, from, a, b) {
  const to = Math.min(shown.length, from + AT_ONCE);
  body.append(...shown.slice(from, to).map((each) => (typeof each === "number" ? h("div", { class: "diff-gap" }, `⋯ ${counted(each, "line")} the same`) : row(each, a, b))));
  if (to === shown.length) return;
  const button = h("button", { class: "plain diff-more", onclick: () => (button.remove(), more(body, shown, to, a, b)) }, counted(shown.length - to, "more row"));
  body.append(button);
}

/** @param {Row} row @param {string[]} a @param {string[]} b */
function row({ a: at, b: other, same }, a, b) {
  const left = at === undefined ? undefined : a[at], right = other === undefined ? undefined : b[other];
  const [from, mine, its] = left !== undefined && right !== undefined && !same ? apart(left, right) : [0, 0, 0];
  return h("div", { class: `sides-row${same ? "" : " differs"}` }, side(at, left, from, mine), side(other, right, from, its));
}

/** @param {number | undefined} at @param {string | undefined} text @param {number} from @param {number} to */
function side(at, text, from, to) {
  if (at === undefined || text === undefined) return [h("span"), h("span", { class: "sides-none" })];
  const cut = text.slice(0, LONGEST), content = to > from ? [cut.slice(0, from), h("mark", null, cut.slice(from, to)), cut.slice(to)] : cut;
  return [h("span", { class: "diff-number", "data-n": at + 1 }), h("span", { class: "sides-text" }, content)];
}

/** By their steps where they say them, else by the fewest edits. @param {string[]} a @param {string[]} b @returns {Row[]} */
export function aligned(a, b) {
  /** @type {Row[]} */
  const rows = [];
  let x = 0, y = 0;
  for (const [atX = 0, atY = 0] of [...matches(a.map(keyOf), b.map(keyOf)), [a.length, b.length]]) {
    while (x < atX || y < atY) rows.push({ a: x < atX ? x++ : undefined, b: y < atY ? y++ : undefined, same: false });
    if (x < a.length && y < b.length) rows.push({ a: x, b: y, same: a[x++] === b[y++] });
  }
  return rows;
}

/** What a line is about: its steps with their numbers, and its words without. @param {string} line */
function keyOf(line) {
  const steps = [...line.matchAll(STEP)].map(([, word, number]) => `${word?.toLowerCase()} ${number}`);
  return steps.length === 0 ? line : `${steps.join(" ")} ${line.replace(/[-+]?\d[\d.,:e+-]*/gi, "#")}`;
}

/** Rows that differ and those around them; numbers stand for how many are left out. @param {Row[]} rows @returns {(Row | number)[]} */
function around(rows) {
  const near = new Set();
  rows.forEach(({ same }, at) => {
    if (!same) for (let each = at - AROUND; each <= at + AROUND; each += 1) near.add(each);
  });
  /** @type {(Row | number)[]} */
  const shown = [];
  rows.forEach((each, at) => {
    const last = shown.at(-1);
    if (near.has(at)) shown.push(each);
    else if (typeof last === "number") shown[shown.length - 1] = last + 1;
    else shown.push(1);
  });
  return shown;
}
