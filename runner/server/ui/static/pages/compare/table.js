// All values side by side: what differs, in the order metrics, parameters, tags; numbers against the baseline.
import { copy } from "../../lib/command.js";
import { fill, h } from "../../lib/dom.js";
import { counted } from "../../lib/format.js";
import { query, show } from "../../lib/state.js";
import { better } from "../runs/better.js";
import { lasting } from "../../lib/format.js";
import { latex, markdown } from "./exporting.js";
import { numeric } from "./model.js";
import { change, check, keepingFocus, nameOf, plain } from "./parts.js";

/** @typedef {import("./model.js").Subject} Subject */
/** @typedef {import("./model.js").Run} Run */
/** @typedef {import("./model.js").Key} Key */
/** @typedef {import("./model.js").Value} Value */

const TITLES = { metrics: "Metrics", params: "Parameters", tags: "Tags" };

/** @param {HTMLElement} container @param {Subject} subject */
export function tab(container, subject) {
  let now = subject;
  const draw = () => {
    const { scrollLeft = 0, scrollTop = 0 } = container.querySelector(".compare-scroll") ?? {};
    keepingFocus(container, () => fill(container, ...drawn(now, draw)));
    container.querySelector(".compare-scroll")?.scrollTo(scrollLeft, scrollTop);
  };
  const turn = () => {
    show({ same: !query().has("same") });
    draw();
  };
  container.addEventListener("toggle-same", turn);
  draw();
  return {
    close: () => container.removeEventListener("toggle-same", turn),
    renew: (/** @type {Subject} */ other) => {
      now = other;
      draw();
    },
  };
}

/** @param {Subject} subject @param {() => void} again */
function drawn({ runs, keys }, again) {
  const all = query().has("same"), across = query().has("across"), deltas = !query().has("nodelta");
  const shown = keys.filter((key) => all || !key.same), hidden = keys.length - shown.length;
  const set = (/** @type {string} */ name) => (/** @type {boolean} */ on) => (show({ [name]: on }), again());
  const rows = () => {
    const found = [["", ...runs.map(({ name }) => name)], ...shown.map((key) => [key.title, ...runs.map((run) => String(plain(run.values[key.key])))])];
    return across ? (found[0] ?? []).map((_, at) => found.map((row) => row[at] ?? "")) : found;
  };
  const bar = h(
    "div",
    { class: "compare-bar" },
    check("all values, the same ones too", all, set("same")),
    check("runs as rows", across, set("across")),
    check("against the baseline", deltas, (on) => set("nodelta")(!on)),
    h("span", { class: "grow soft" }, hidden > 0 && `${counted(hidden, "key")} ${hidden === 1 ? "is" : "are"} the same in all runs`),
    h("button", { type: "button", onclick: () => void copy(markdown(rows())) }, "Copy as Markdown"),
    h("button", { type: "button", onclick: () => void copy(latex(rows())) }, "Copy as LaTeX"),
  );
  if (shown.length === 0) return [bar, h("p", { class: "soft" }, "These runs have no values that differ.")];
  const table = across ? asRows(runs, shown, deltas) : asColumns(runs, shown, deltas);
  return [bar, h("div", { class: "compare-scroll", tabindex: 0, role: "region", "aria-label": "Values of the runs" }, table)];
}

/** A column for each run. @param {Run[]} runs @param {Key[]} keys @param {boolean} deltas */
function asColumns(runs, keys, deltas) {
  const head = h("tr", null, h("td"), runs.map((run, at) => h("th", { scope: "col", class: at === 0 ? "baseline" : null }, nameOf(run))));
  const facts = [fact("Status", runs, (run) => run.status.toLowerCase()), fact("Time", runs, (run) => (run.started && run.ended ? lasting(run.ended - run.started) : ""))];
  /** @type {HTMLElement[]} */
  const rows = [];
  keys.forEach((key, at) => {
    if (keys[at - 1]?.kind !== key.kind) rows.push(h("tr", { class: "kind" }, h("th", { scope: "rowgroup", colspan: runs.length + 1 }, TITLES[key.kind])));
    rows.push(h("tr", { class: key.same ? "same" : null }, h("th", { scope: "row" }, key.title), cells(runs, key, deltas)));
  });
  return h("table", { class: "compare-table" }, h("thead", null, head), h("tbody", null, facts, rows));
}

/** A row for each run. @param {Run[]} runs @param {Key[]} keys @param {boolean} deltas */
function asRows(runs, keys, deltas) {
  const head = h("tr", null, h("td"), keys.map((key) => h("th", { scope: "col", class: key.numeric ? "number" : null, title: key.key }, key.title)));
  const columns = keys.map((key) => cells(runs, key, deltas));
  const rows = runs.map((run, at) => h("tr", { class: at === 0 ? "baseline" : null }, h("th", { scope: "row" }, nameOf(run)), columns.map((column) => column[at])));
  return h("table", { class: "compare-table" }, h("thead", null, head), h("tbody", null, rows));
}

/** @param {string} title @param {Run[]} runs @param {(run: Run) => string} value */
const fact = (title, runs, value) => h("tr", { class: "fact" }, h("th", { scope: "row" }, title), runs.map((run) => h("td", null, value(run))));

/** @param {Run[]} runs @param {Key} key @param {boolean} deltas */
function cells(runs, key, deltas) {
  const base = runs[0]?.values[key.key], best = key.kind === "metrics" && !key.same ? bestOf(runs, key) : null;
  return runs.map((run, at) => {
    const value = run.values[key.key];
    const classes = [key.numeric && "number", at > 0 && value !== base && "differs", best !== null && value === best && "best"].filter(Boolean).join(" ");
    const cell = h("td", { class: classes || null }, plain(value), best !== null && value === best && h("span", { class: "visually-hidden" }, " (best)"));
    if (deltas && at > 0 && key.numeric) cell.append(...delta(key, base, value));
    return cell;
  });
}

/** @param {Key} key @param {Value} base @param {Value} value @returns {Node[]} */
function delta(key, base, value) {
  const from = numeric(base), to = numeric(value);
  if (from === null || to === null || from === to) return [];
  const good = key.kind === "metrics" && (better(key.title) === "min" ? to < from : to > from);
  return [h("span", { class: `delta ${key.kind === "metrics" ? (good ? "good" : "bad") : "soft"}` }, ` ${change(from, to)}`)];
}

/** @param {Run[]} runs @param {Key} key */
function bestOf(runs, key) {
  const values = runs.flatMap((run) => {
    const value = run.values[key.key];
    return typeof value === "number" ? [value] : [];
  });
  if (values.length < 2) return null;
  return better(key.title) === "min" ? Math.min(...values) : Math.max(...values);
}
