// Which columns are shown, in which order and how wide: chosen from a searched tree, by hand or by keys.
import { dialog, toast } from "../../lib/dialog.js";
import { fill, h } from "../../lib/dom.js";
import { columnTree } from "./columntree.js";
import { parts } from "./data.js";
import { refill } from "./menus.js";

/** @typedef {import("./data.js").Facts} Facts */
/** @typedef {import("./view.js").Chosen} Chosen */

const MOST_SHOWN = 150; // columns that the server answers at once

/**
 * @param {Facts[]} facts
 * @param {Chosen[]} before
 * @param {(chosen: Chosen[] | null) => void} chosen null: as it is without a choice
 */
export function choose(facts, before, chosen) {
  let now = before.map((each) => ({ ...each }));
  const search = h("input", { type: "search", placeholder: "Search columns, for example train/", "aria-label": "Search columns", autocomplete: "off" });
  const tree = h("div", { class: "tree" }), order = h("ol", { class: "order", "aria-label": "Columns in their order" });
  const moved = h("p", { class: "visually-hidden", role: "status" });

  const changed = () => {
    chosen(now.map((each) => ({ ...each })));
    drawTree();
    drawOrder();
  };
  const drawTree = () => {
    const open = new Set([...tree.querySelectorAll("details[open]")].map((each) => each.getAttribute("data-prefix"))), { scrollTop } = tree;
    refill(tree, columnTree(facts, search.value, { isIn, toggle, isOpen: (prefix) => open.has(prefix) }));
    tree.scrollTop = scrollTop;
  };
  const isIn = (/** @type {string} */ key) => now.some((each) => parts(each.key).key === key);
  const toggle = (/** @type {string[]} */ keys, /** @type {boolean} */ on) => {
    now = now.filter((each) => !keys.includes(parts(each.key).key));
    if (on && now.length + keys.length > MOST_SHOWN) toast(`A table has at most ${MOST_SHOWN} columns.`, { bad: true });
    else if (on) now.push(...keys.map((key) => ({ key })));
    changed();
  };
  const move = (/** @type {number} */ from, /** @type {number} */ to) => {
    const [column] = now.splice(from, 1);
    if (column === undefined) return;
    const at = Math.max(0, Math.min(to, now.length));
    now.splice(at, 0, column);
    changed();
    fill(moved, `${column.key}: place ${at + 1} of ${now.length}`);
    /** @type {HTMLElement | null | undefined} */ (order.children[at]?.querySelector("[data-move]"))?.focus();
  };
  const widen = (/** @type {number} */ at, /** @type {number} */ width) => {
    now = now.map((each, place) => (place === at ? (width ? { key: each.key, width } : { key: each.key }) : each));
    chosen(now.map((each) => ({ ...each })));
  };
  const drawOrder = () => fill(order, now.map((column, at) => place(column, at, { move, widen, remove: () => toggle([parts(column.key).key], false) })));

  search.addEventListener("input", drawTree);
  drawTree();
  drawOrder();
  const usual = h("button", { onclick: () => { chosen(null); close(); } }, "As without a choice");
  const { element, close } = dialog("Columns", h("div", { class: "chooser" }, h("div", null, search, tree), h("div", null, h("h3", null, "Shown"), order, moved)), {
    wide: true, actions: [usual, h("button", { class: "main", onclick: () => close() }, "Done")],
  });
  element.classList.add("columns");
  search.focus();
}

/**
 * @param {Chosen} column @param {number} at
 * @param {{ move: (from: number, to: number) => void, widen: (at: number, width: number) => void, remove: () => void }} does
 */
function place(column, at, { move, widen, remove }) {
  const width = h("input", { type: "number", min: 48, max: 800, step: 10, value: column.width ?? "", placeholder: "auto", "aria-label": `Width of ${column.key} in pixels` });
  width.addEventListener("change", () => widen(at, width.value ? Math.max(48, Number(width.value)) : 0));
  const handle = h("button", { class: "plain", "data-move": true, "aria-label": `Move ${column.key}: arrow keys` }, "⠿");
  handle.addEventListener("keydown", (event) => {
    const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    move(at, at + step);
  });
  const element = h("li", { draggable: "true" }, handle, h("span", { class: "text mono" }, column.key), width, h("button", { class: "plain", "aria-label": `Hide ${column.key}`, onclick: remove }, "✕"));
  element.addEventListener("dragstart", (event) => event.dataTransfer?.setData("text/plain", String(at)));
  element.addEventListener("dragover", (event) => event.preventDefault());
  element.addEventListener("drop", (event) => {
    event.preventDefault();
    move(Number(event.dataTransfer?.getData("text/plain")), at);
  });
  return element;
}
