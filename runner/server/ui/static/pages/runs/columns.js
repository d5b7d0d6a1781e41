// The columns of the table as it is drawn.
import { h } from "../../lib/dom.js";
import { better } from "./better.js";
import * as cells from "./cells.js";
import { parts } from "./data.js";
import { drop } from "./menus.js";

/** @typedef {import("./data.js").Row} Row */
/** @typedef {import("./data.js").Facts} Facts */
/** @typedef {import("./data.js").Value} Value */
/** @typedef {import("./view.js").View} View */
/** @typedef {import("./view.js").Chosen} Chosen */
/** @typedef {import("../../lib/table.js").Column<Row>} Column */

/**
 * @typedef {object} Context
 * @property {View} view
 * @property {Map<string, Facts>} facts by key
 * @property {Map<string, number>} best by column
 * @property {Row | undefined} base the pinned run
 * @property {Map<string, string>} experiments names by id
 * @property {import("./curves.js").Curves} curves
 * @property {(row: Row) => boolean} isSelected
 * @property {(row: Row, range: boolean) => void} select
 * @property {(row: Row) => boolean} isOpen
 * @property {(row: Row, wide: boolean) => void} unfold
 * @property {(column: string, descending: boolean) => void} sort
 * @property {(column: string, other: string | null) => void} change a column for another one, or away
 * @property {(metric: string, which: "min" | "max") => void} say which is better
 */

const WIDTHS = { select: 34, name: 230, group: 320, status: 104, started: 78, duration: 84, experiment: 130 };
const NARROW = 720; // pixels of a window in which less of a name is seen
const METRIC = 112, PARAM = 112, LETTER = 8;
const DELTA = 76, SPREAD = 110; // more, where a cell also says by how much

/** @param {Context} context @param {Chosen[]} chosen @returns {Column[]} */
export function columns(context, chosen) {
  const { view } = context;
  const several = view.exp.length !== 1 && view.group.length === 0;
  const fixed = view.group.length > 0 ? [] : [
    attribute(context, "status", "Status", cells.status),
    attribute(context, "started", "Age", cells.age),
    attribute(context, "duration", "Time", cells.duration),
  ];
  return [
    select(context),
    name(context),
    ...fixed,
    ...(several ? [attribute(context, "experiment", "Experiment", (row) => context.experiments.get(row.experiment) ?? row.experiment)] : []),
    ...chosen.map((each) => value(context, each)),
  ];
}

/** @param {Context} context @returns {Column} */
function select({ isSelected, select: does, view }) {
  const draw = (/** @type {Row} */ row) => row.group ? "" : h("input", {
    type: "checkbox", tabindex: -1, checked: isSelected(row), "aria-label": `Select ${row.name}`,
    onclick: (/** @type {MouseEvent} */ event) => does(row, event.shiftKey),
  });
  return { key: "", title: "", width: WIDTHS.select, sticky: true, draw, head: () => h("span", { class: "visually-hidden" }, view.sel.length > 0 ? "Selected" : "Select") };
}

/** @param {Context} context @returns {Column} */
function name(context) {
  return {
    key: "name", title: context.view.group.length > 0 ? "Group" : "Run", width: innerWidth < NARROW ? WIDTHS.name / 2 : context.view.group.length > 0 ? WIDTHS.group : WIDTHS.name, sticky: true, names: true,
    ...(context.view.group.length > 0 ? {} : sorts(context, "name", "Run")),
    draw: (row, cell) => {
      cell.title = row.group ? row.name : `${row.name} ${row.id}${noteOf(row)}`;
      if (row.depth > 0) cell.classList.add("inside");
      const fold = row.holds > 0 && folds(context, row);
      if (row.group) return [fold, h("span", { class: "text" }, row.name), row.holds > 0 && h("span", { class: "soft count" }, String(row.holds))];
      const pinned = row.id === context.view.pin && h("span", { class: "chip", title: "the baseline" }, "baseline");
      return [fold, cells.dot(row.id), h("a", { class: "text", href: `/r/${row.id}`, tabindex: -1 }, row.name), pinned, row.holds > 0 && h("span", { class: "soft count" }, String(row.holds))];
    },
  };
}

/** @param {Row} row */
const noteOf = (row) => (row.values["tags.mlflow.note.content"] ? `\n${row.values["tags.mlflow.note.content"]}` : "");

/** @param {Context} context @param {Row} row */
function folds({ isOpen, unfold }, row) {
  const open = isOpen(row);
  return h("button", { class: "plain fold", tabindex: -1, "aria-label": open ? `Fold ${row.name}` : `Unfold ${row.name}`, onclick: () => unfold(row, !open) }, open ? "▾" : "▸");
}

/** @param {Context} context @param {keyof typeof WIDTHS} key @param {string} title @param {(row: Row, cell: HTMLElement) => any} draw @returns {Column} */
function attribute(context, key, title, draw) {
  return { key, title, width: WIDTHS[key], draw: (row, cell) => (row.group ? "" : draw(row, cell)), ...sorts(context, key, title), numeric: key === "started" || key === "duration" };
}

/** @param {Context} context @param {Chosen} chosen @returns {Column} */
function value(context, chosen) {
  const { which, key, metric, last } = parts(chosen.key), facts = context.facts.get(key);
  const short = key.slice(key.indexOf(".") + 1), title = which === "last" ? short : `${which}${last ? ` of last ${last}` : ""} ${short}`;
  const spreads = context.view.group.length > 0 && (metric !== undefined || (facts?.numeric && !isShared(context.view, key)));
  const more = spreads ? SPREAD : metric !== undefined && context.base ? DELTA : 0;
  const least = (metric === undefined ? PARAM : METRIC) + more, numeric = metric !== undefined || facts?.numeric === true;
  return {
    key: chosen.key, title, numeric, width: chosen.width ?? Math.min(220, Math.max(least, title.length * LETTER + 52)),
    ...sorts(context, which === "curve" ? key : chosen.key, title, menu(context, chosen.key)),
    draw: (row, cell) => draw(context, chosen.key, row, cell),
  };
}

/** Whether all runs of a group are equal in it. @param {View} view @param {string} key */
const isShared = ({ group }, key) => (group.includes("seed") ? !/seed$/i.test(key) : group.includes(key));

/** @param {Context} context @param {string} column @param {Row} row @param {HTMLElement} cell */
function draw({ facts, best, base, view, curves }, column, row, cell) {
  const { which, key, metric } = parts(column), value = row.values[column], spread = row.spread?.[column];
  if (row.group) return spread && cells.spread(spread, cell, metric === undefined ? undefined : better(metric));
  if (metric === undefined) return cells.param(value, facts.get(key), cell);
  if (which === "curve") return curves.draw(row.id, metric);
  const against = base && base.id !== row.id ? base.values[column] : undefined;
  return cells.metric(value, cell, { best: best.get(column), base: against, better: better(metric), percent: view.percent });
}

// heads -----------------------------------------------------------------------------------------------------
/** @param {Context} context @param {string} column @param {string} title @param {() => (HTMLElement | false)[]} [items] */
function sorts({ view, sort }, column, title, items) {
  const place = view.sort.findIndex((each) => each === column || each === `-${column}`), down = view.sort[place]?.startsWith("-") ?? false;
  const several = view.sort.length > 1 && place >= 0 ? String(place + 1) : "";
  const arrow = place < 0 ? "" : down ? "↓" : "↑";
  /** @type {"ascending" | "descending" | "none"} */
  const told = place < 0 ? "none" : down ? "descending" : "ascending";
  const head = () => [
    h("button", { class: "plain sort" }, h("span", { class: "text" }, title), arrow && h("span", { class: "arrow", "aria-hidden": "true" }, arrow + several)),
    items && headMenu(title, () => [item("Sort, least first", () => sort(column, false)), item("Sort, greatest first", () => sort(column, true)), ...items()]),
  ];
  return { sort: told, head };
}

/** @param {string} title @param {() => (HTMLElement | false)[]} items */
function headMenu(title, items) {
  const opener = h("button", { class: "plain opens", "aria-haspopup": "menu", "aria-label": `Column ${title}`, name: `column ${title}` }, "⋮");
  opener.addEventListener("click", () => drop(opener, items(), { role: "menu", label: title }));
  return opener;
}

/** @param {string} text @param {() => void} does @param {boolean} [now] */
export const item = (text, does, now) => h("button", { type: "button", role: "menuitem", onclick: does }, text, now && h("span", { class: "soft" }, " ✓"));

/** @param {Context} context @param {string} column */
function menu({ change, say }, column) {
  const { which, key, metric, last } = parts(column);
  const other = (/** @type {string} */ each) => (each === "last" ? key : each === "recent" ? `mean(${key},${RECENT})` : `${each}(${key})`);
  const values = metric === undefined ? [] : Object.entries(TOLD).map(([each, title]) => item(title, () => change(column, other(each)), each === (last ? "recent" : which)));
  const directions = metric === undefined ? [] : [
    item("Less is better", () => say(metric, "min"), better(metric) === "min"),
    item("More is better", () => say(metric, "max"), better(metric) === "max"),
  ];
  const line = () => h("hr", null);
  return () => [line(), ...values, metric !== undefined && line(), ...directions, metric !== undefined && line(), item("Hide", () => change(column, null))];
}

const RECENT = 10; // points of a mean of the last ones

const TOLD = {
  last: "Last value", first: "First value", best: "Best value", min: "Least value", max: "Greatest value",
  mean: "Mean of all values", recent: `Mean of the last ${RECENT}`, curve: "Its course",
};
