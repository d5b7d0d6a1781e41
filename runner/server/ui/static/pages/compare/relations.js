// How values go together: scatter, boxes, contours, and which go with which.
import { areNumbers } from "../../charts/axis.js";
import { box } from "../../charts/box.js";
import { contour } from "../../charts/contour.js";
import { scatter } from "../../charts/scatter.js";
import { fill, h } from "../../lib/dom.js";
import { query, show } from "../../lib/state.js";
import { correlation, importance, ranks } from "./importance.js";
import { numeric } from "./model.js";
import { check, select } from "./parts.js";

/** @typedef {import("./model.js").Subject} Subject */
/** @typedef {import("./model.js").Run} Run */
/** @typedef {import("./model.js").Key} Key */

const MOST = 14; // rows and columns of the correlations
const CATEGORIES = 24;

/** @param {HTMLElement} container @param {Subject} subject */
export function tab(container, subject) {
  /** @type {{ close: () => void }[]} */
  let charts = [];
  const draw = () => {
    for (const chart of charts) chart.close();
    charts = drawn(container, subject, draw);
  };
  draw();
  return () => charts.forEach((chart) => chart.close());
}

/** @param {HTMLElement} container @param {Subject} subject @param {() => void} again */
function drawn(container, subject, again) {
  const { runs } = subject, keys = subject.keys.filter(({ kind, same }) => kind !== "tags" && !same);
  const metrics = keys.filter(({ kind, numeric: number }) => kind === "metrics" && number), params = keys.filter(({ kind }) => kind === "params");
  const y = chosen("ry", keys, metrics[0] ?? keys[0]);
  if (!y || keys.length < 2) return fill(container, h("p", { class: "soft" }, "Too little differs between these runs to go together.")), [];
  const results = runs.map((run) => numeric(run.values[y.key]));
  const ranked = params.filter(({ title }) => !/seed/i.test(title)).toSorted((a, b) => importance(of(runs, b), results) - importance(of(runs, a), results));
  const x = chosen("rx", keys, ranked[0] ?? keys.find((key) => key !== y)) ?? y;
  const few = ranked.find((key) => new Set(of(runs, key)).size <= CATEGORIES && key !== x);
  const by = chosen("rb", keys, few ?? x) ?? x;
  const numbers = keys.filter((key) => areNumbers(of(runs, key))), second = ranked.filter((key) => key !== x && numbers.includes(key)).toSorted((a, b) => new Set(of(runs, b)).size - new Set(of(runs, a)).size)[0];
  const colour = chosen("rc", keys), z = chosen("rz", numbers, second ?? numbers.find((key) => key !== x && key !== y));
  const size = chosen("rs", numbers);
  const options = (/** @type {Key[]} */ all, /** @type {boolean} */ none = false) => [...(none ? [/** @type {[string, string]} */ (["", "–"])] : []), ...all.map(({ key, kind, title }) => /** @type {[string, string]} */ ([key, `${title}${kind === "metrics" ? "" : " (parameter)"}`]))];
  const set = (/** @type {string} */ name) => (/** @type {any} */ value) => (show({ [name]: value }), again());
  const logs = { x: query().has("lx"), y: query().has("ly") };
  const first = h("section", { class: "card", "aria-label": "Scatter" }, h("h3", null, `${y.title} over ${x.title}`));
  const second_ = h("section", { class: "card", "aria-label": "Boxes" }, h("h3", null, `${y.title} by ${by.title}`));
  const third = h("section", { class: "card", "aria-label": "Contours" }, h("h3", null, z ? `${y.title} over ${x.title} and ${z.title}` : "Contours"));
  fill(
    container,
    h("div", { class: "compare-bar" }, select("Up", options(keys), y.key, set("ry")), select("Across", options(keys), x.key, set("rx")), select("Colour", options(keys, true), colour?.key ?? "", set("rc")), select("Size", options(numbers, true), size?.key ?? "", set("rs")), select("Boxes by", options(keys), by.key, set("rb")), select("Contours over", options(numbers), z?.key ?? "", set("rz")), check("log x", logs.x, set("lx")), check("log y", logs.y, set("ly"))),
    h("div", { class: "compare-relations" }, first, second_, third, h("section", { class: "card", "aria-label": "Correlations" }, h("h3", null, "Correlations of ranks"), correlations(runs, numbers))),
  );
  const open = (/** @type {string} */ id) => location.assign(`/r/${id}`);
  const value = (/** @type {Run} */ run, /** @type {Key | undefined} */ key) => (key ? (numbers.includes(key) ? numeric(run.values[key.key]) : run.values[key.key]) : null);
  const axis = (/** @type {Key} */ key, /** @type {boolean} */ log) => ({ title: key.title, log: log && numbers.includes(key) });
  /** @type {{ close: () => void, light: (id: string | null) => void }[]} */
  const made = [];
  const onHover = (/** @type {string | null} */ id) => made.forEach(({ light }) => light(id)); // the same run in all of them
  made.push(
    scatter(first, { label: `${y.title} over ${x.title}`, points: runs.map((run) => ({ id: run.id, name: run.name, x: value(run, x), y: value(run, y), colour: value(run, colour), size: value(run, size) })), x: axis(x, logs.x), y: axis(y, logs.y), colour: colour?.title, size: size?.title, onOpen: open, onHover }),
    box(second_, { label: `${y.title} by ${by.title}`, points: runs.map((run) => ({ id: run.id, name: run.name, category: String(run.values[by.key] ?? "none"), value: numeric(run.values[y.key]) })), x: { title: by.title }, y: axis(y, logs.y), onOpen: open, onHover }),
  );
  if (z) made.push(contour(third, { label: `${y.title} over ${x.title} and ${z.title}`, points: runs.map((run) => ({ id: run.id, name: run.name, x: value(run, x), y: value(run, z), z: numeric(run.values[y.key]) })), x: axis(x, logs.x), y: axis(z, false), z: { title: y.title }, onOpen: open, onHover }));
  else third.append(h("p", { class: "soft" }, "It takes two numbers that differ beside the result."));
  return made;
}

/** @param {string} name in the URL @param {Key[]} keys @param {Key} [otherwise] */
const chosen = (name, keys, otherwise) => keys.find(({ key }) => key === query().get(name)) ?? otherwise;

/** Values of a key, as numbers where all are. @param {Run[]} runs @param {Key} key */
function of(runs, key) {
  const values = runs.map((run) => run.values[key.key]);
  const numbers = values.map(numeric);
  return values.every((value, at) => value === null || value === undefined || numbers[at] !== null) ? numbers : values;
}

/** Spearman's, of each with each. @param {Run[]} runs @param {Key[]} keys */
function correlations(runs, keys) {
  const shown = keys.slice(0, MOST);
  if (shown.length < 2 || runs.length < 3) return h("p", { class: "soft" }, "It takes three runs and two numbers that differ.");
  const head = h("tr", null, h("td"), shown.map((key) => h("th", { scope: "col" }, key.title)));
  const rows = shown.map((a) => h("tr", null, h("th", { scope: "row" }, a.title), shown.map((b) => cell(runs, a, b))));
  return [
    h("div", { class: "compare-scroll", tabindex: 0, role: "region", "aria-label": "Correlations" }, h("table", { class: "compare-correlations" }, h("thead", null, head), h("tbody", null, rows))),
    keys.length > MOST && h("p", { class: "soft" }, `The first ${MOST} of ${keys.length}.`),
  ];
}

/** @param {Run[]} runs @param {Key} a @param {Key} b */
function cell(runs, a, b) {
  const pairs = runs.flatMap((run) => {
    const x = numeric(run.values[a.key]), y = numeric(run.values[b.key]);
    return x === null || y === null ? [] : [[x, y]];
  });
  if (a === b || pairs.length < 3) return h("td", { class: "value soft" }, a === b ? "" : "–");
  const found = correlation(ranks(pairs.map(([x]) => x ?? 0)), ranks(pairs.map(([, y]) => y ?? 0)));
  const element = h("td", { class: "value" }, found.toFixed(2).replace("-", "−"));
  element.style.setProperty("--cell", found < 0 ? "light-dark(#e58a4a, #a4541c)" : "light-dark(#5b9ae0, #2b5f9e)");
  element.style.setProperty("--part", `${Math.round(Math.abs(found) * 70)}%`);
  return element;
}
