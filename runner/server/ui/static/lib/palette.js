// Ctrl-K: go to any run, experiment, model or page, or do what the page offers. The server searches.
import { change, mlflow, own, pattern } from "./api.js";
import { h, fill } from "./dom.js";
import { dialog } from "./dialog.js";
import { showKeys } from "./keys.js";
import { actions } from "./actions.js";
import { choose, chosen, isDark } from "./look.js";

/** @typedef {{ kind: string, title: string, soft?: string, go: string | (() => void) }} Entry */

const MOST = 6; // of each kind
const PAUSE = 120; // milliseconds without a key before the server is asked

/** @type {Entry[]} */
const PAGES = [
  ["Home", "/"], ["Runs", "/runs"], ["Models", "/models"], ["Schedules", "/schedules"],
  ["Environments", "/envs"], ["Settings", "/settings"],
].map(([title = "", go = ""]) => ({ kind: "page", title, go }));

/** @type {Entry[]} */
const ACTIONS = [
  { kind: "action", title: "Light or dark", go: () => choose("theme", isDark() ? "light" : "dark") },
  { kind: "action", title: "Roomy or compact", go: () => choose("density", chosen("density") ? "" : "compact") },
  { kind: "action", title: "Show the keys of this page", go: showKeys },
];

/** Open it, unless it is open. */
export function open() {
  if (document.querySelector("dialog.palette[open]")) return;
  const field = h("input", {
    type: "text", role: "combobox", "aria-label": "Go to a run, experiment, model, page or action", "aria-expanded": "true",
    "aria-controls": "palette-list", "aria-autocomplete": "list", placeholder: "Run, experiment, model, page, action", autocomplete: "off", spellcheck: "false",
  });
  const list = h("ul", { id: "palette-list", role: "listbox", "aria-label": "Found" });
  const { element, close } = dialog("Go to", [field, list]);
  element.classList.add("palette");
  let active = 0;
  /** @type {Entry[]} */
  let entries = [];
  let asked = new AbortController();

  /** @param {Entry} entry */
  const choice = (entry) => {
    close();
    if (typeof entry.go === "string") location.assign(entry.go);
    else entry.go();
  };

  /** @param {Entry[]} found */
  const show = (found) => {
    entries = found;
    active = Math.max(0, Math.min(active, entries.length - 1));
    fill(list, entries.map((entry, at) => option(entry, at === active, at, () => choice(entry))));
    if (entries.length === 0) fill(list, h("li", { class: "soft", role: "option", "aria-disabled": "true" }, "Nothing of that name."));
    field.setAttribute("aria-activedescendant", entries.length > 0 ? `palette-${active}` : "");
    list.querySelector("[aria-selected=true]")?.scrollIntoView({ block: "nearest" });
  };

  const search = async () => {
    asked.abort();
    asked = new AbortController();
    const mine = asked, text = field.value.trim(), near = [...PAGES, ...actions(), ...ACTIONS].filter((entry) => fits(entry, text));
    active = 0;
    show(near);
    if (text === "") return;
    await new Promise((resolve) => setTimeout(resolve, PAUSE));
    for (const look of [runs, experiments, models]) {
      if (mine.signal.aborted) return;
      const found = await look(text, mine.signal).catch(() => []);
      if (!mine.signal.aborted) show([...entries, ...found]);
    }
  };

  field.addEventListener("input", () => void search());
  field.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key], entry = entries[active];
    if (event.key === "Enter" && entry) choice(entry);
    else if (step !== undefined && entries.length > 0) active = (active + step + entries.length) % entries.length;
    else return;
    event.preventDefault();
    show(entries);
  });
  void search();
  field.focus();
}

/** @param {Entry} entry @param {boolean} selected @param {number} at @param {() => void} chosenBy */
function option(entry, selected, at, chosenBy) {
  return h(
    "li",
    { id: `palette-${at}`, role: "option", "aria-selected": String(selected), onclick: chosenBy },
    h("span", { class: "soft kind" }, entry.kind),
    h("span", { class: "title" }, entry.title),
    entry.soft && h("span", { class: "soft mono" }, entry.soft),
  );
}

/** @param {Entry} entry @param {string} text */
const fits = (entry, text) => entry.title.toLowerCase().includes(text.toLowerCase());

/** @param {string} text @param {AbortSignal} signal @returns {Promise<Entry[]>} */
async function runs(text, signal) {
  const { rows } = await own("/runs/table", { q: JSON.stringify(text), limit: MOST }, signal);
  return rows.map((/** @type {any} */ row) => ({ kind: "run", title: row.name, soft: row.id.slice(0, 8), go: `/r/${row.id}` }));
}

/** @param {string} text @returns {Promise<Entry[]>} */
async function experiments(text) {
  const { experiments: found = [] } = await change("experiments/search", { filter: `name ILIKE '%${pattern(text)}%'`, max_results: MOST });
  return found.map((/** @type {any} */ each) => ({ kind: "experiment", title: each.name, go: `/runs?experiment=${each.experiment_id}` }));
}

/** @param {string} text @returns {Promise<Entry[]>} */
async function models(text) {
  const { registered_models: found = [] } = await mlflow("registered-models/search", { filter: `name ILIKE '%${pattern(text)}%'`, max_results: MOST });
  return found.map((/** @type {any} */ each) => ({ kind: "model", title: each.name, go: `/models/${encodeURIComponent(each.name)}` }));
}
