// What several views of environments have in common.
import { h } from "../../lib/dom.js";
import { ago, clock } from "../../lib/format.js";

const SHOWN = 12; // characters of a digest or a key

/** @param {string} digest */
export const short = (digest) => digest.replace(/^sha256:/, "").slice(0, SHOWN);

/** @param {string} digest */
export const lockUrl = (digest) => `/envs?lock=${digest}`;

/** @param {string} digest */
export const lockLink = (digest) => h("a", { class: "mono", href: lockUrl(digest), title: digest }, short(digest));

/** @param {string} key */
export const cachedLink = (key) => h("a", { class: "mono", href: `/envs?env=${key}`, title: key }, short(key));

/** Runs that had a lock. @param {string} digest */
export const runsUrl = (digest) => `/runs?q=${encodeURIComponent(`tags.\`runner.lock\` = "${digest}"`)}`;

/** @param {number | undefined} time */
export const since = (time) => h("td", { title: clock(time) }, ago(time));

/** @param {string} title @param {any[]} more */
export const heading = (title, ...more) =>
  h("div", { class: "head" }, h("h1", null, title), more, h("span", { class: "push" }), h("a", { href: "/envs" }, "All environments"));

/** A table, in a box of its own that can be scrolled to the side. @param {string} name @param {any[]} heads @param {any[]} rows */
export const scrolled = (name, heads, rows) =>
  h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": name }, h("table", { class: "wide" },
    h("thead", null, h("tr", null, heads.map((head) => (head instanceof Node ? head : h("th", { scope: "col", class: NUMBERS.has(head) && "number" }, head))))), h("tbody", null, rows)));

/** Draw something anew; what had the focus in it has it afterwards, if it is there still. @param {HTMLElement} element @param {() => void} draw */
export function redrawn(element, draw) {
  const name = (/** @type {Element | null} */ each) => each?.getAttribute("aria-label") ?? each?.getAttribute("href");
  const before = element.contains(document.activeElement) ? name(document.activeElement) : undefined;
  draw();
  const now = before && [...element.querySelectorAll("a, button, input, select, [tabindex]")].find((each) => name(each) === before);
  if (now instanceof HTMLElement) now.focus();
}

const NUMBERS = new Set(["Runs", "Packages", "Size", "Took"]);
