// The table by keys alone.
import { offer } from "../../lib/actions.js";
import { bind } from "../../lib/keys.js";

/** @typedef {import("../runs.js").RunsPage} RunsPage */
/** @typedef {import("./data.js").Row} Row */

/** @param {RunsPage} page */
export function listenToKeys(page) {
  const { table, selecting } = page;
  /** With the active row, if it is a run. @param {(run: Row) => void} does */
  const withRun = (does) => {
    if (table.active && !table.active.group) does(table.active);
  };
  bind({
    "/": ["Filter", () => page.filter.focus()],
    j: ["Next run", () => table.move(1)],
    k: ["Run before", () => table.move(-1)],
    x: ["Select the run", () => withRun((run) => selecting.select(run, false))],
    X: ["Select up to this run", () => withRun((run) => selecting.select(run, true))],
    c: ["Compare the selected runs", () => void selecting.compare()],
    Enter: ["Open the run", () => table.active && page.open(table.active)],
    e: ["Columns", () => page.columns.choose()],
    l: ["Output of the run", () => withRun(({ id }) => location.assign(`/r/${id}/logs`))],
    d: ["Show or hide what is the same in every run", () => page.change({ same: !page.view.same })],
    p: ["Pin the run as baseline", () => withRun(({ id }) => page.change({ pin: id === page.view.pin ? "" : id }))],
    v: ["Charts beside the table", () => page.charts.toggle(page.view.chart.length === 0)],
    n: ["Show new runs", () => page.rows.newcomers > 0 && page.showNew()],
    " ": ["Look at the run beside the table", () => (page.view.open ? page.openBeside("") : withRun(({ id }) => page.openBeside(id)))],
    Escape: ["Close, then select nothing", () => (page.view.open ? page.openBeside("") : selecting.none())],
  });
  offer("Choose columns", () => page.columns.choose());
  offer("Save this table as CSV", () => void selecting.hand("csv"));
}
