// What the page shows, as its URL says it.
import { query, show } from "../../lib/state.js";

/** @typedef {{ key: string, width?: number }} Chosen a column: `params.lr`, `metrics.loss`, `best(metrics.loss)`, `min(...)`, `max(...)`, `mean(...)` */

/**
 * @typedef {object} View
 * @property {string} q the filter
 * @property {string[]} sort columns, the first decides; `-` before one: descending
 * @property {Chosen[] | null} cols null: metrics, and the parameters that differ
 * @property {boolean} same whether columns that are equal in every row are shown
 * @property {string[]} group columns; `seed`: all parameters that differ but the seed
 * @property {string} pin the baseline
 * @property {string[]} sel ids of runs, or `all` alone
 * @property {string[]} exp ids of experiments; none: all
 * @property {string} status
 * @property {string} since
 * @property {boolean} archived
 * @property {boolean} flat whether runs inside of others stand by themselves
 * @property {boolean} percent whether differences from the baseline are told in percent
 * @property {string} open the run beside the table
 * @property {string[]} chart metrics whose courses are beside the table
 * @property {string} of which runs have theirs drawn: `selected`, `running`, or else those in sight
 * @property {boolean} log whether their scale is
 * @property {string} zoom the steps that are drawn, `from..to`
 * @property {string} view name of the saved view
 */

export const MOST_SELECTED = 200; // ids that a URL holds

/** @returns {View} */
export function read() {
  const parts = query();
  const text = (/** @type {string} */ name) => parts.get(name) ?? "";
  return {
    q: text("q"),
    sort: split(text("sort")),
    cols: parts.has("cols") ? split(text("cols")).map(chosen) : null,
    same: parts.has("same"),
    group: split(text("group")),
    pin: text("pin"),
    sel: split(text("sel")),
    exp: split(text("exp") || text("experiment")),
    status: text("status"),
    since: text("since"),
    archived: parts.has("archived"),
    flat: parts.has("flat"),
    percent: parts.has("percent"),
    open: text("open"),
    chart: split(text("chart")),
    of: text("of"),
    log: parts.has("log"),
    zoom: text("zoom"),
    view: text("view"),
  };
}

/** Put it into the URL. @param {View} view @param {{ push?: boolean }} [options] */
export function write(view, options) {
  const { sort, cols, group, sel, exp, chart, ...rest } = view;
  show({
    ...rest,
    sort: sort.join(","),
    cols: cols === null ? null : columnsOf(cols),
    group: group.join(","),
    sel: sel.length > MOST_SELECTED ? null : sel.join(","),
    exp: exp.join(","),
    chart: chart.join(","),
    experiment: null,
  }, options);
}

const KEPT = "runner.columns.";

/** Remember the choice of columns for the only experiment, in this browser; null: no choice. @param {View} view */
export function keepColumns({ exp, cols }) {
  if (exp.length !== 1) return;
  try {
    if (cols === null) localStorage.removeItem(KEPT + exp[0]);
    else localStorage.setItem(KEPT + exp[0], columnsOf(cols));
  } catch {
    // for this page only, where the browser keeps nothing
  }
}

/** The columns that were chosen for the only experiment. @param {View} view @returns {Chosen[] | null} */
export function keptColumns({ exp, cols }) {
  if (cols !== null || exp.length !== 1) return cols;
  try {
    const kept = localStorage.getItem(KEPT + exp[0]);
    return kept === null ? null : split(kept).map(chosen);
  } catch {
    return null;
  }
}

/** @param {Chosen[]} cols */
const columnsOf = (cols) => cols.map(({ key, width }) => (width ? `${key}*${width}` : key)).join(",") || "none";

/** All conditions on the runs: what is written first, so that an error in it is where it is. @param {View} view @param {string} [q] */
export function filterOf(view, q = view.q) {
  return [q.trim(), view.status && `status = ${view.status}`, view.since && `since ${view.since}`].filter(Boolean).join(" and ");
}

/** The rows that the view is about, apart from their order and columns. @param {View} view */
export const subject = (view) => JSON.stringify([filterOf(view), view.exp, view.archived, view.group, view.flat]);

/** At commas that are not within brackets. @param {string} text */
const split = (text) => (text === "none" ? [] : text.split(/,(?![^(]*\))/).filter(Boolean));

/** @param {string} text @returns {Chosen} */
function chosen(text) {
  const found = /^(.*)\*(\d+)$/.exec(text);
  return found ? { key: found[1] ?? "", width: Number(found[2]) } : { key: text };
}
