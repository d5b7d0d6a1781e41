// What stands beside the cursor of a chart: a small table of values.
import { fill, h } from "../lib/dom.js";

/** @typedef {{ run?: string, colour: string, name: string, value: string, more?: string, lit?: boolean }} Value */

const MOST = 12; // lines of a tooltip

/** @param {HTMLElement} element of the chart */
export function tooltip(element) {
  const box = h("div", { class: "chart-tip", "aria-hidden": "true", hidden: true });
  element.append(box);
  const hide = () => {
    box.hidden = true;
  };
  /** @param {number} x @param {number} y place of the cursor @param {string} title @param {Value[]} values */
  const show = (x, y, title, values) => {
    const lit = values.findIndex((each) => each.lit);
    const from = Math.max(0, Math.min(lit - MOST / 2, values.length - MOST));
    const left = values.length - MOST;
    fill(box, h("div", { class: "chart-tip-title" }, title), h("table", null, h("tbody", null, values.slice(from, from + MOST).map(line))), left > 0 && h("div", { class: "soft" }, `and ${left} more`));
    box.hidden = false;
    const right = x + 14 + box.offsetWidth < element.clientWidth || x < box.offsetWidth + 14;
    box.style.setProperty("--x", `${right ? x + 14 : x - 14 - box.offsetWidth}px`);
    box.style.setProperty("--y", `${Math.max(0, Math.min(y - 20, element.clientHeight - box.offsetHeight))}px`);
  };
  return { show, hide };
}

/** @param {Value} each */
function line({ colour, name, value, more, lit }) {
  return h("tr", { class: lit ? "lit" : null }, h("td", null, swatch(colour)), h("td", { class: "name" }, name), h("td", { class: "number" }, value), more && h("td", { class: "soft" }, more));
}

/** A piece of a colour. @param {string} colour for CSS */
export function swatch(colour) {
  const mark = h("span", { class: "swatch", "aria-hidden": "true" });
  mark.style.setProperty("--run", colour);
  return mark;
}
