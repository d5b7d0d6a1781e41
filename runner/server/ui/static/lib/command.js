// Whatever a button does, a command does too: copy it as a command, as Python or as curl.
import { toast } from "./dialog.js";
import { h, svg } from "./dom.js";

/** @typedef {string | (() => string)} Text */
/** @typedef {{ command?: Text, python?: Text, curl?: Text }} Ways */

const TITLES = { command: "Copy as command", python: "Copy as Python", curl: "Copy as curl" };

/**
 * Put a small menu beside a button that copies what does the same elsewhere. Where the button is in the page already, what is
 * returned takes its place; else put in what is returned.
 *
 * @param {HTMLElement} button
 * @param {Ways} ways texts, or functions that give them when they are asked for
 * @returns {HTMLElement} the button with its menu
 */
export function copyAs(button, ways) {
  const items = /** @type {(keyof Ways)[]} */ (["command", "python", "curl"]).flatMap((way) => {
    const text = ways[way];
    return text === undefined ? [] : [item(TITLES[way], text)];
  });
  const list = h("div", { class: "menu", popover: "auto", role: "menu" }, items);
  const opener = h("button", { class: "opens", type: "button", "aria-haspopup": "menu", "aria-label": `Copy “${label(button)}” as…` }, copyIcon());
  opener.addEventListener("click", () => opened(list, opener));
  list.addEventListener("click", () => list.hidePopover());
  const group = h("span", { class: "copy-as" });
  if (button.parentNode) button.replaceWith(group);
  group.append(button, opener, list);
  return group;
}

/** @param {HTMLElement} button */
const label = (button) => button.getAttribute("aria-label") ?? button.textContent ?? "";

/** @param {string} title @param {Text} text */
function item(title, text) {
  const found = () => (typeof text === "string" ? text : text());
  return h("button", { type: "button", role: "menuitem", onclick: () => void copy(found()) }, title);
}

/**
 * Open a menu below what opens it, and let the arrow keys move in it.
 *
 * @param {HTMLElement} list a popover
 * @param {HTMLElement} opener
 */
export function opened(list, opener) {
  const place = opener.getBoundingClientRect();
  list.showPopover();
  const left = Math.max(8, Math.min(place.right - list.offsetWidth, innerWidth - list.offsetWidth - 8));
  const below = place.bottom + 4 + list.offsetHeight < innerHeight;
  list.style.setProperty("--x", `${left}px`);
  list.style.setProperty("--y", `${below ? place.bottom + 4 : Math.max(8, place.top - list.offsetHeight - 4)}px`);
  list.onkeydown = (event) => move(list, event);
  list.querySelector("button")?.focus();
}

/** @param {HTMLElement} list @param {KeyboardEvent} event */
function move(list, event) {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step === undefined) return;
  event.preventDefault();
  const items = [...list.querySelectorAll("button")];
  const at = items.findIndex((each) => each === document.activeElement);
  items[(at + step + items.length) % items.length]?.focus();
}

/**
 * Copy a text, and say so.
 *
 * @param {string} text
 */
export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    toast("Copied");
  } catch {
    if (copiedOldWay(text)) toast("Copied");
    else toast(`Not copied: the browser does not allow it. ${text}`, { bad: true });
  }
}

/** Over plain HTTP there is no clipboard but this. @param {string} text */
function copiedOldWay(text) {
  const before = document.activeElement;
  const field = h("textarea", { class: "visually-hidden", value: text, "aria-hidden": "true" });
  (document.querySelector("dialog[open]") ?? document.body).append(field);
  field.select();
  const done = document.execCommand("copy");
  field.remove();
  if (before instanceof HTMLElement) before.focus();
  return done;
}

/**
 * A command to be copied, as empty states show them.
 *
 * @param {string} text
 */
export function copyable(text) {
  return h(
    "div",
    { class: "copyable" },
    h("code", null, text),
    h("button", { type: "button", class: "plain", "aria-label": `Copy: ${text}`, onclick: () => void copy(text) }, copyIcon()),
  );
}

/** Two sheets: fonts have no such sign everywhere. */
const copyIcon = () =>
  svg("svg", { class: "icon", viewBox: "0 0 16 16", "aria-hidden": "true" },
    svg("rect", { x: 5.5, y: 5.5, width: 8, height: 8, rx: 1.5 }),
    svg("path", { d: "M3.5 10.5h-.5a1.5 1.5 0 0 1-1.5-1.5V3A1.5 1.5 0 0 1 3 1.5h6A1.5 1.5 0 0 1 10.5 3v.5" }));

/** A text as one word of a shell. @param {string} text */
export const quoted = (text) => (/^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\"'\"'")}'`);
