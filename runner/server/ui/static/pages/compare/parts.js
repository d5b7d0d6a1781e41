// Small things that all tabs have.
import { colourOf } from "../../lib/colour.js";
import { h } from "../../lib/dom.js";
import { number } from "../../lib/format.js";
import { swatch } from "../../charts/tooltip.js";

/** @typedef {import("./model.js").Run} Run */
/** @typedef {import("./model.js").Value} Value */

/** A run by its colour and name. @param {{ id: string, name: string }} run */
export const nameOf = (run) => h("a", { class: "run-name", href: `/r/${run.id}` }, swatch(colourOf(run.id)), " ", run.name);

/** @param {Value} value */
export const plain = (value) => (typeof value === "number" ? number(value) : (value ?? ""));

/** How much more or less than the baseline. @param {number} from @param {number} to */
export function change(from, to) {
  const far = to - from;
  return `${far > 0 ? "+" : far < 0 ? "−" : "±"}${number(Math.abs(Number(far.toPrecision(4))))}`;
}

/** A choice out of a few. @template {string} V @param {string} label @param {[V, string][]} options @param {string} value @param {(value: V) => void} chosen */
export function select(label, options, value, chosen) {
  const element = h("select", { "aria-label": label, onchange: () => chosen(/** @type {V} */ (element.value)) }, options.map(([each, text]) => h("option", { value: each }, text)));
  element.value = value;
  return h("label", { class: "compare-choice" }, h("span", null, label), element);
}

/** @param {string} label @param {boolean} on @param {(on: boolean) => void} changed */
export function check(label, on, changed) {
  const input = h("input", { type: "checkbox", checked: on, onchange: () => changed(input.checked) });
  return h("label", { class: "compare-check" }, input, " ", label);
}

/** @param {unknown} error */
export const failure = (error) => h("p", { class: "bad", role: "alert" }, error instanceof Error ? error.message : String(error));

const CONTROLS = "a[href], button, input, select, summary, [tabindex]";

/** Draw something anew; what had the focus in it has it again, known by its place. @param {HTMLElement} place @param {() => void} draw */
export function keepingFocus(place, draw) {
  const at = [...place.querySelectorAll(CONTROLS)].findIndex((each) => each === document.activeElement);
  draw();
  if (at >= 0) /** @type {HTMLElement | undefined} */ ([...place.querySelectorAll(CONTROLS)][at])?.focus({ preventScroll: true });
}
