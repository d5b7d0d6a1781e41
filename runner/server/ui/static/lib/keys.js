// Keys of a page. `?` shows all of them.
import { dialog } from "./dialog.js";
import { h } from "./dom.js";

/** @typedef {[description: string, handler: (event: KeyboardEvent) => void]} Binding */

/** @type {Map<string, Binding>} the newest binding of a key counts */
const bindings = new Map();

/**
 * Bind keys until the returned function is called: `bind({ "/": ["Filter", focusFilter], "Ctrl+k": [...], "ArrowDown": [...] })`.
 * Keys are `KeyboardEvent.key`, with `Ctrl+` (also the command key), `Alt+` and, for keys with a name, `Shift+`. They mean
 * nothing while somebody writes in a field or a dialog is open, except those with `Ctrl+`.
 *
 * @param {Record<string, Binding>} keys
 * @returns {() => void}
 */
export function bind(keys) {
  for (const [key, binding] of Object.entries(keys)) bindings.set(key, binding);
  return () => {
    for (const [key, binding] of Object.entries(keys)) if (bindings.get(key) === binding) bindings.delete(key);
  };
}

/** Show all keys of the page. */
export function showKeys() {
  const rows = [...bindings].map(([key, [description]]) =>
    h("tr", null, h("th", { scope: "row" }, shown(key)), h("td", null, description)),
  );
  dialog("Keys", h("table", { class: "keys" }, h("tbody", null, rows)));
}

/** @param {string} key */
function shown(key) {
  return key.split(/\+(?=.)/).map((part) => h("kbd", null, NAMES[part] ?? part));
}

/** @type {Record<string, string>} */
const NAMES = { ArrowUp: "↑", ArrowDown: "↓", ArrowLeft: "←", ArrowRight: "→", " ": "Space", Escape: "Esc" };

/** @param {KeyboardEvent} event */
function nameOf(event) {
  const { key } = event;
  const shift = event.shiftKey && key.length > 1 ? "Shift+" : "";
  const control = event.ctrlKey || event.metaKey ? "Ctrl+" : "";
  return `${control}${event.altKey ? "Alt+" : ""}${shift}${control ? key.toLowerCase() : key}`;
}

/** @param {KeyboardEvent} event */
function pressed(event) {
  const name = nameOf(event), binding = bindings.get(name);
  if (!binding || event.defaultPrevented || event.isComposing) return;
  if (!name.startsWith("Ctrl+") && (isWriting(event.target) || document.querySelector("dialog[open]"))) return;
  if ((name === "Enter" || name === " ") && isPressed(event.target)) return;
  event.preventDefault();
  binding[1](event);
}

/** @param {EventTarget | null} target */
function isWriting(target) {
  if (!(target instanceof HTMLElement) || !target.checkVisibility()) return false; // a dialog that closes has the focus for a moment more
  if (target instanceof HTMLInputElement) return !["checkbox", "radio", "button", "range", "submit"].includes(target.type);
  return target.isContentEditable || target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement;
}

/** Whether Enter and Space are for what has the focus. @param {EventTarget | null} target */
const isPressed = (target) => target instanceof HTMLElement && target.matches("a[href], button, summary, input, [role=button]");

document.addEventListener("keydown", pressed);
bind({ "?": ["Show these keys", showKeys] });
