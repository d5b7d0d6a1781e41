// What all metrics were where the cursor of one of the charts is.
import { fill, h } from "../../../lib/dom.js";
import { clock, lasting, number } from "../../../lib/format.js";

/** @typedef {import("./axis.js").Axis} Axis */
/** @typedef {import("./panel.js").Panel} Panel */

const MOST = 24; // metrics

/** @returns {{ element: HTMLElement, show: (x: number | null, axis: Axis, panels: Panel[]) => void }} */
export function cursorTable() {
  const element = h("aside", { class: "at-cursor card", "aria-hidden": "true", hidden: true });
  return { element, show: (x, axis, panels) => shown(element, x, axis, panels) };
}

/** @param {HTMLElement} element @param {number | null} x @param {Axis} axis @param {Panel[]} panels */
function shown(element, x, axis, panels) {
  const found = x === null ? [] : panels.flatMap((panel) => {
    const value = panel.at(x);
    return value === undefined ? [] : [{ key: panel.key, value }];
  });
  element.hidden = found.length < 2 || x === null;
  if (element.hidden || x === null) return;
  fill(element, h("strong", null, place(x, axis)), found.slice(0, MOST).map(({ key, value }) => h("span", null, h("span", { class: "soft" }, key), " ", number(value))), found.length > MOST && h("span", { class: "soft" }, `and ${found.length - MOST} more`));
}

/** @param {number} x @param {Axis} axis */
function place(x, { kind, title }) {
  if (kind === "time") return clock(x);
  return kind === "lasting" ? `after ${lasting(x)}` : `${title} ${number(title === "step" ? Math.round(x) : x)}`;
}
