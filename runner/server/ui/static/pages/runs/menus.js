// Buttons that open a list to choose from.
import { opened } from "../../lib/command.js";
import { fill, h } from "../../lib/dom.js";

/**
 * Fill an element anew; the button that had the focus has it again, known by its name.
 *
 * @param {HTMLElement} element @param {...any} children
 */
export function refill(element, ...children) {
  const before = document.activeElement, name = element.contains(before) ? before?.getAttribute("name") : null;
  fill(element, ...children);
  if (name) /** @type {HTMLElement | null} */ (element.querySelector(`[name="${CSS.escape(name)}"]`))?.focus();
}

/**
 * A menu at a button; it is gone when it is closed, and the focus is back at a button of that name.
 *
 * @param {HTMLElement} opener @param {any} content @param {{ role: string, label: string }} options
 */
export function drop(opener, content, { role, label }) {
  const list = h("div", { class: "menu", popover: "auto", role, "aria-label": label }, content);
  document.body.append(list);
  list.addEventListener("keydown", (event) => event.stopPropagation()); // Escape closes it, and does nothing else
  list.addEventListener("toggle", (event) => {
    if (Reflect.get(event, "newState") !== "closed") return;
    const back = opener.isConnected ? opener : document.querySelector(`button[name="${CSS.escape(opener.getAttribute("name") ?? "")}"]`);
    if (list.contains(document.activeElement) || document.activeElement === document.body) /** @type {HTMLElement | null} */ (back)?.focus();
    list.remove();
  });
  if (role === "menu") list.addEventListener("click", () => list.hidePopover());
  opened(list, opener);
  if (role !== "menu") list.querySelector("input")?.focus();
}

/**
 * A chip that opens what `build` gives, anew each time.
 *
 * @param {string} name of the button @param {string} text
 * @param {() => any} build
 * @param {{ on?: boolean, label?: string, role?: "menu" | "dialog" }} [options] `on`: it chooses something now
 */
export function drops(name, text, build, options = {}) {
  const role = options.role ?? "menu";
  const opener = h("button", { name, class: options.on ? "drop on" : "drop", "aria-haspopup": role, "aria-label": options.label }, h("span", { class: "text" }, text), h("span", { "aria-hidden": "true" }, " ▾"));
  opener.addEventListener("click", () => drop(opener, build(), { role, label: text }));
  return opener;
}

/**
 * A searched list of things to tick.
 *
 * @param {{ id: string, name: string, soft?: string }[]} things
 * @param {string[]} ticked
 * @param {string} label
 * @param {(ids: string[]) => void} changed
 */
export function ticks(things, ticked, label, changed) {
  const now = new Set(ticked);
  const search = h("input", { type: "search", placeholder: "Search", "aria-label": `Search: ${label}`, autocomplete: "off" });
  const list = h("div", { class: "ticks", role: "group", "aria-label": label });
  const draw = () => {
    const text = search.value.toLowerCase(), found = things.filter(({ name }) => name.toLowerCase().includes(text));
    const first = [...found.filter(({ id }) => now.has(id)), ...found.filter(({ id }) => !now.has(id))].slice(0, MOST);
    fill(list, first.map((each) => tick(each)), found.length > MOST && h("p", { class: "soft" }, `${found.length - MOST} more: search`));
    if (found.length === 0) fill(list, h("p", { class: "soft" }, "Nothing of that name."));
  };
  const tick = (/** @type {{ id: string, name: string, soft?: string }} */ { id, name, soft }) => {
    const box = h("input", { type: "checkbox", checked: now.has(id) });
    box.addEventListener("change", () => {
      if (box.checked) now.add(id);
      else now.delete(id);
      changed([...now]);
    });
    return h("label", { class: "entry" }, box, h("span", { class: "text" }, name), soft && h("span", { class: "soft" }, soft));
  };
  search.addEventListener("input", draw);
  draw();
  return [search, list];
}

const MOST = 100; // entries that are drawn: a search finds the others
