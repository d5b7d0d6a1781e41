// Up to 2,000 runs across parallel axes: brushes narrow them down, and what is left opens in Runs.
import { parallel } from "../../charts/parallel.js";
import { own } from "../../lib/api.js";
import { fill, h } from "../../lib/dom.js";
import { counted } from "../../lib/format.js";
import { query, show } from "../../lib/state.js";
import { isConstant } from "../../charts/axis.js";
import { quotedKey } from "../runs/grouping.js";
import { importance } from "./importance.js";
import { numeric } from "./model.js";
import { select } from "./parts.js";

/** @typedef {import("./model.js").Subject} Subject */
/** @typedef {import("./model.js").Run} Run */
/** @typedef {import("./model.js").Key} Key */
/** @typedef {import("../../charts/parallel.js").Brushes} Brushes */
/** @typedef {import("../../charts/parallel.js").AxisOption} AxisOption */

const MOST = 2000, AXES = 12; // lines; axes that are shown unless asked for
const LISTED = 200; // ids that the URL of Runs holds

/** @param {HTMLElement} container @param {Subject} subject */
export async function tab(container, subject) {
  const runs = query().has("q") && !query().has("runs") ? await all(subject) : subject.runs;
  const metrics = subject.keys.filter(({ kind, numeric: number }) => kind === "metrics" && number);
  const target = metrics.find(({ key }) => key === query().get("colour")) ?? metrics.find(({ same }) => !same) ?? metrics[0];
  const rows = runs.map((run) => ({ id: run.id, name: run.name, values: valuesOf(run, subject.keys) }));
  const axes = axesOf(subject.keys, rows, target);
  const constant = subject.keys.filter(({ kind, key }) => kind === "params" && isConstant(rows.map(({ values }) => values[key]))).length;
  const count = h("span", { role: "status" }), open = h("a", { class: "button" }, ""), clear = h("button", { type: "button", class: "plain" }, "No brushes");
  const told = (/** @type {string[]} */ ids) => {
    fill(count, `${ids.length.toLocaleString("en")} of ${counted(runs.length, "run")}`);
    fill(open, `Open these ${ids.length.toLocaleString("en")}${isExact(ids, chart.brushed()) ? "" : ", and those between the brushes,"} in Runs`);
    open.setAttribute("href", inRuns(ids, chart.brushed(), rows));
  };
  const bar = h("div", { class: "compare-bar" }, count, h("span", { class: "grow soft" }, constant > 0 && `${counted(constant, "parameter")} the same in all`), target && select("Colour", metrics.map(({ key, title }) => [key, title]), target.key, (key) => {
    show({ colour: key });
    fill(container);
    void tab(container, subject);
  }), clear, open);
  const card = h("section", { class: "card compare-tall", "aria-label": "Parallel coordinates" });
  fill(container, bar, card, h("p", { class: "soft" }, "Drag along an axis to keep a part of it, drag titles to order the axes, click a title for a log scale."));
  const made = parallel(card, {
    label: "Runs by parameters and metrics", axes, rows, colour: target?.key, brushes: brushesOf(),
    onBrush: (brushes, ids) => (show({ brush: textOf(brushes) }), told(ids)),
    onAxes: (order) => show({ axes: order.slice(0, axes.length).map(({ key, log }) => (log ? `log:${key}` : key)).join(";") }),
  });
  const chart = { brushed: brushesOf, made };
  clear.addEventListener("click", () => {
    show({ brush: null });
    made.update({ brushes: {} });
    told(runs.map(({ id }) => id));
  });
  requestAnimationFrame(() => told(made.chosen()));
  return () => made.close();
}

/** All runs that fit the filter. @param {Subject} subject @returns {Promise<Run[]>} */
async function all({ keys }) {
  const columns = keys.filter(({ kind }) => kind !== "tags").map(({ key }) => key);
  const answer = await own("/runs/table", { q: query().get("q"), experiment: query().get("experiment")?.split(","), columns, limit: MOST });
  return answer.rows.map((/** @type {any} */ row) => ({ ...row, values: Object.fromEntries(columns.map((column, at) => [column, row.values[at]])) }));
}

/** Texts that are numbers in all runs are numbers. @param {Run} run @param {Key[]} keys */
function valuesOf(run, keys) {
  return Object.fromEntries(keys.map(({ key, numeric: number }) => [key, number ? numeric(run.values[key]) : run.values[key]]));
}

/** Those of the URL; else what has the most to do with the metric comes next to it. @param {Key[]} keys @param {import("../../charts/parallel.js").Row[]} rows @param {Key | undefined} target @returns {AxisOption[]} */
function axesOf(keys, rows, target) {
  const known = new Map(keys.map((key) => [key.key, key]));
  const given = query().get("axes")?.split(";").map((text) => ({ key: text.replace(/^log:/, ""), log: text.startsWith("log:") })).filter(({ key }) => known.has(key));
  if (given?.length) return given.map(({ key, log }) => ({ key, log, title: known.get(key)?.title ?? key }));
  const params = keys.filter(({ kind, same }) => kind === "params" && !same);
  const results = target ? rows.map(({ values }) => values[target.key]) : [];
  const ranked = params.map((key) => ({ key, weight: importance(rows.map(({ values }) => values[key.key]), results) })).sort((a, b) => a.weight - b.weight).slice(-AXES);
  return [...ranked.map(({ key }) => ({ key: key.key, title: key.title, log: spansDecades(rows.map(({ values }) => values[key.key])) })), ...(target ? [{ key: target.key, title: target.title }] : [])];
}

/** @param {import("../../charts/axis.js").Value[]} values */
function spansDecades(values) {
  const numbers = values.filter((each) => typeof each === "number");
  const low = Math.min(...numbers), high = Math.max(...numbers);
  return numbers.length > 0 && low > 0 && high / low >= 100;
}

/** `params.lr:0.001..0.1|1..2;metrics.acc:0.9..1` @param {Brushes} brushes */
const textOf = (brushes) => Object.entries(brushes).map(([key, ranges]) => `${key}:${ranges.map((range) => range.map((each) => Number(each.toPrecision(5))).join("..")).join("|")}`).join(";");

/** @returns {Brushes} */
function brushesOf() {
  const found = (query().get("brush") ?? "").split(";").filter(Boolean).map((text) => {
    const at = text.lastIndexOf(":");
    const ranges = text.slice(at + 1).split("|").map((range) => range.split("..").map(Number)).filter(([a, b]) => Number.isFinite(a) && Number.isFinite(b));
    return [text.slice(0, at), ranges];
  });
  return Object.fromEntries(found);
}

/** Where Runs shows these: by their ids, or, where those are too many, by the same filter with the brushes as conditions. @param {string[]} ids @param {Brushes} brushes @param {import("../../charts/parallel.js").Row[]} rows */
function inRuns(ids, brushes, rows) {
  if (ids.length <= LISTED) return address(`id in (${ids.map((id) => `'${id}'`).join(", ")})`);
  const chosen = new Set(ids), left = rows.filter(({ id }) => chosen.has(id));
  const conditions = Object.entries(brushes).map(([key, ranges]) => condition(key, ranges, left.map(({ values }) => values[key])));
  return address([query().get("q"), ...conditions].filter(Boolean).join(" and "));
}

/** Of numbers from the least to the greatest that is brushed; of texts those that are left. @param {string} key @param {[number, number][]} ranges @param {import("../../charts/axis.js").Value[]} values */
function condition(key, ranges, values) {
  const name = quotedKey(key), kinds = [...new Set(values.filter((each) => each !== null && each !== undefined))];
  if (kinds.every((each) => typeof each === "number")) return `${name} >= ${Math.min(...ranges.map(([low]) => low))} and ${name} <= ${Math.max(...ranges.map(([, high]) => high))}`;
  return `${name} in (${kinds.map((each) => (String(each).includes("'") ? `"${each}"` : `'${each}'`)).join(", ")})`;
}

/** Whether a filter says just the same. @param {string[]} ids @param {Brushes} brushes */
const isExact = (ids, brushes) => ids.length <= LISTED || Object.values(brushes).every((ranges) => ranges.length < 2);

/** @param {string} filter */
function address(filter) {
  const found = new URLSearchParams({ q: filter });
  for (const id of query().get("experiment")?.split(",") ?? []) found.append("exp", id);
  return `/runs?${found}`;
}
