// Nested values to open and close; what is inside is drawn when it is opened.
import { h } from "./dom.js";
import { counted } from "./format.js";

const OPEN = 60; // entries of the first levels that are open at once
const AT_ONCE = 500; // entries of one level drawn at once

/** @param {any} value */
export const tree = (value) => h("div", { class: "tree mono" }, entry("", value, { left: OPEN }));

/** @param {string} name @param {any} value @param {{ left: number }} room @returns {HTMLElement} */
function entry(name, value, room) {
  const key = name !== "" && [h("span", { class: "tree-key" }, name), ": "];
  if (value === null || typeof value !== "object") return h("div", { class: "tree-leaf" }, key, leaf(value));
  const entries = Object.entries(value), isList = Array.isArray(value);
  if (entries.length === 0) return h("div", { class: "tree-leaf" }, key, isList ? "[]" : "{}");
  const open = entries.length <= room.left;
  if (open) room.left -= entries.length;
  const body = h("div", { class: "tree-body" });
  const draw = () => {
    if (element.open && body.childElementCount === 0) more(body, entries, 0, room);
  };
  const element = h("details", { open, ontoggle: draw }, h("summary", null, key, h("span", { class: "soft" }, isList ? `[${entries.length}]` : `{${counted(entries.length, "key")}}`)), body);
  draw();
  return element;
}

/** @param {HTMLElement} body @param {[string, any][]} entries @param {number} from @param {{ left: number }} room */
function more(body, entries, from, room) {
  for (const [name, value] of entries.slice(from, from + AT_ONCE)) body.append(entry(name, value, room));
  const next = from + AT_ONCE;
  if (next >= entries.length) return;
  const button = h("button", { class: "plain", onclick: () => (button.remove(), more(body, entries, next, room)) }, `${counted(entries.length - next, "more entry").replace(/entrys$/, "entries")}`);
  body.append(button);
}

/** @param {any} value */
function leaf(value) {
  if (typeof value === "string") return h("span", { class: "tree-text" }, value);
  return h("span", { class: "tree-value" }, String(value));
}

