// Buttons that open a list to choose from.
import { opened } from "../../lib/command.js";
import { fill, h } from "../../lib/dom.js";

/**
 * A chip that opens what `build` gives, anew each time.
 *
 * @param {string} text
 * @param {() => any} build
 * @param {{ on?: boolean, label?: string, role?: "menu" | "dialog" }} [options] `on`: it chooses something now
 */
export function drops(text, build, options = {}) {
  const role = options.role ?? "menu";
  const opener = h("button", { class: options.on ? "drop on" : "drop", "aria-haspopup": role, "aria-label": options.label }, h("span", { class: "text" }, text), h("span", { "aria-hidden": "true" }, " ▾"));
  opener.addEventListener("click", () => {
    const list = h("div", { class: "menu", popover: "auto", role, "aria-label": text }, build());
    document.body.append(list);
    list.addEventListener("toggle", (event) => Reflect.get(event, "newState") === "closed" && list.remove());
    opened(list, opener);
    if (role === "menu") list.addEventListener("click", () => list.hidePopover());
    else list.querySelector("input")?.focus();
  });
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
