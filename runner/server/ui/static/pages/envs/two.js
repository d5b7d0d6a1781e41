// Two locks held against each other, by the newest run of each.
import { own } from "../../lib/api.js";
import { fill, h } from "../../lib/dom.js";
import { counted } from "../../lib/format.js";
import { changes } from "./changes.js";
import { lockLink, short } from "./parts.js";
import { copyable } from "../../lib/command.js";

/** @typedef {{ digest: string, newest: string, runs: number, packages?: number, python?: string, kind?: string }} Lock */

let asked = 0;

/**
 * Draw what differs from the lock `a` to `b`; nothing is drawn of none.
 *
 * @param {HTMLElement} place
 * @param {string} a digest, or ""
 * @param {string} b
 * @param {(a: string, b: string) => void} chosen told when others are to be compared
 */
export async function two(place, a, b, chosen) {
  const mine = (asked += 1);
  place.classList.toggle("card", a !== "");
  if (!a) return void fill(place);
  const stop = h("button", { type: "button", class: "plain", "aria-label": "Compare nothing", onclick: () => chosen("", "") }, "✕");
  if (!b) return void fill(place, h("div", { class: "two-head" }, h("h2", null, `Compare ${short(a)}`), h("span", { class: "soft" }, "with which? Tick another one."), h("span", { class: "push" }), stop));
  const body = h("div");
  const turn = h("button", { type: "button", onclick: () => chosen(b, a) }, "Turn round");
  fill(place, h("div", { class: "two-head" }, h("h2", null, lockLink(a), " → ", lockLink(b)), h("span", { class: "push" }), turn, stop), body);
  try {
    /** @type {Lock[]} */
    const [before, after] = await Promise.all([own(`/environments/${a}`), own(`/environments/${b}`)]);
    if (mine !== asked || !before || !after) return;
    const list = h("div");
    fill(body, h("p", { class: "soft" }, `${told(before)} → ${told(after)}`), list, copyable(`runner diff ${before.newest.slice(0, 8)} ${after.newest.slice(0, 8)}`));
    await changes(list, before.newest, after.newest);
  } catch (error) {
    if (mine === asked) fill(body, h("p", { class: "warn", role: "alert" }, error instanceof Error ? error.message : String(error)));
  }
}

/** @param {Lock} lock */
const told = ({ kind, python, packages, runs }) => [kind, python && `Python ${python}`, packages !== undefined && counted(packages, "package"), counted(runs, "run")].filter(Boolean).join(", ");
