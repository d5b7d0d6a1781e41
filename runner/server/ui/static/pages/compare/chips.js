// The runs that are compared: the first is the baseline; each can be moved and removed, others added by name.
import { own } from "../../lib/api.js";
import { fill, h } from "../../lib/dom.js";
import { counted } from "../../lib/format.js";
import { goesOn } from "./model.js";
import { nameOf } from "./parts.js";

/** @typedef {import("./model.js").Run} Run */

const SHOWN = 24, PAUSE = 150;

/** @param {Run[]} runs @param {(ids: string[]) => void} changed */
export function chips(runs, changed) {
  const ids = runs.map(({ id }) => id);
  const moved = (/** @type {number} */ from, /** @type {number} */ to) => changed(ids.toSpliced(from, 1).toSpliced(to, 0, ids[from] ?? ""));
  const all = runs.slice(0, SHOWN).map((run, at) => chip(run, at, moved, () => changed(ids.toSpliced(at, 1))));
  const more = runs.length > SHOWN && h("span", { class: "soft" }, `and ${counted(runs.length - SHOWN, "more run")}`);
  return h("div", { class: "compare-runs" }, h("ol", { class: "compare-chips", "aria-label": "Runs that are compared" }, all), more, adding(ids, changed));
}

/** @param {Run} run @param {number} at @param {(from: number, to: number) => void} moved @param {() => void} removed */
function chip(run, at, moved, removed) {
  const button = (/** @type {string} */ sign, /** @type {string} */ label, /** @type {() => void} */ act) => h("button", { type: "button", class: "plain", "aria-label": `${label}: ${run.name}`, title: label, onclick: act }, sign);
  const element = h(
    "li",
    { class: "compare-chip", draggable: "true", "data-run": run.id },
    nameOf(run),
    run.status !== "FINISHED" && h("span", { class: goesOn(run) ? "chip going" : "chip broken" }, run.status.toLowerCase()),
    at === 0 ? h("span", { class: "soft" }, "baseline") : button("⇤", "Make it the baseline", () => moved(at, 0)),
    button("✕", "Remove", removed),
  );
  element.addEventListener("dragstart", (event) => event.dataTransfer?.setData("text/x-place", String(at)));
  element.addEventListener("dragover", (event) => event.preventDefault());
  element.addEventListener("drop", (event) => {
    const from = event.dataTransfer?.getData("text/x-place");
    if (from) moved(Number(from), at);
  });
  return element;
}

/** A field that finds runs by name. @param {string[]} ids @param {(ids: string[]) => void} changed */
function adding(ids, changed) {
  /** @type {Map<string, string>} */
  const known = new Map();
  const list = h("datalist", { id: "compare-found" });
  const field = h("input", { type: "search", placeholder: "Add a run…", "aria-label": "Add a run by name or id", list: "compare-found", spellcheck: "false" });
  const said = h("span", { class: "soft", role: "status" });
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let soon;
  const look = async () => {
    const answer = await own("/runs/table", { q: field.value.trim() ? `name ~ '${field.value.trim().replaceAll("'", "\\'")}'` : "", limit: 20 }).catch(() => ({ rows: [] }));
    known.clear();
    for (const { id, name } of answer.rows) known.set(name, id);
    fill(list, [...known.keys()].map((name) => h("option", { value: name })));
  };
  const add = () => {
    const wanted = field.value.trim(), id = known.get(wanted) ?? wanted;
    if (wanted === "") return;
    if (ids.includes(id)) return fill(said, "It is there already.");
    changed([...ids, id]);
  };
  field.addEventListener("input", () => {
    clearTimeout(soon);
    if (known.has(field.value)) return add();
    soon = setTimeout(() => void look(), PAUSE);
  });
  field.addEventListener("focus", () => void look(), { once: true });
  field.addEventListener("keydown", (event) => event.key === "Enter" && add());
  return h("span", { class: "compare-add" }, field, list, said);
}
