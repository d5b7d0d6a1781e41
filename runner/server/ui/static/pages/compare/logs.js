// What two runs printed, one against the other: lines of the same step side by side, only those that differ. Times do not count.
import { plain } from "../../lib/ansi.js";
import { own } from "../../lib/api.js";
import { diffView } from "../../lib/diff.js";
import { fill, h } from "../../lib/dom.js";
import { query, show } from "../../lib/state.js";
import { check, select } from "./parts.js";
import { sides } from "./sides.js";
import { unified } from "./unified.js";

/** @typedef {import("./model.js").Subject} Subject */
/** @typedef {{ lines: { stream: string, text?: string }[], previous: string, ended: boolean }} Log */

const LINES = 5000; // of each
const START = "0.0";
const TIME = /\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d([.,]\d+)?(Z|[+-]\d\d:?\d\d)?|\b\d\d:\d\d:\d\d([.,]\d+)?\b/g;

/** @param {HTMLElement} container @param {Subject} subject */
export async function tab(container, { runs }) {
  const [a, ...others] = runs, b = others.find(({ id }) => id === query().get("other")) ?? others[0];
  if (!a || !b) return void fill(container, h("p", { class: "soft" }, "Add a second run to compare what they printed."));
  const stream = query().get("stream") ?? "", part = query().get("part") ?? "", layout = query().get("layout") ?? "";
  const again = () => void tab(container, { runs, keys: [], left: 0, missing: [] });
  const set = (/** @type {string} */ name) => (/** @type {any} */ value) => (show({ [name]: value }), again());
  const view = h("div", { "aria-busy": "true" }, h("p", { class: "soft" }, "Reading both logs…"));
  fill(
    container,
    h(
      "div", { class: "compare-bar" }, h("span", null, `${a.name} against`), others.length > 1 ? select("Run", others.map(({ id, name }) => [id, name]), b.id, set("other")) : h("span", null, b.name),
      select("Stream", [["", "Both"], ["stdout", "Output"], ["stderr", "Errors"]], stream, set("stream")), select("Part", [["", `First ${LINES.toLocaleString("en")} lines`], ["end", `Last ${LINES.toLocaleString("en")} lines`]], part, set("part")),
      select("Layout", [["", "Side by side"], ["below", "One below the other"]], layout, set("layout")), check("times, too", query().has("times"), set("times")),
    ),
    view,
  );
  const where = part === "end" ? { before: "end" } : { after: START };
  const both = await Promise.all([a, b].map(({ id }) => own(`/runs/${id}/logs`, { ...where, limit: LINES, stream }).catch(() => ({ lines: [], previous: START, ended: true }))));
  const [before = [], after = []] = both.map((log) => textOf(log, query().has("times")));
  const empty = before.length + after.length === 0 ? "Neither printed anything." : "Both printed the same.";
  const box = h("div"), cut = both.filter((log) => !isWhole(log)).length;
  view.removeAttribute("aria-busy");
  fill(view, cut > 0 && h("p", { class: "warn" }, `Only a part of ${cut === 2 ? "each" : "one"} is compared: the ${part === "end" ? "last" : "first"} ${LINES.toLocaleString("en")} lines, a megabyte at most.`), box);
  if (layout === "below") diffView(box, unified(before, after, a.name, b.name), { empty });
  else sides(box, before, after, { left: a.name, right: b.name, empty });
}

/** Whether that is all there is. @param {Log} log */
const isWhole = ({ lines, previous, ended }) => previous === START && (ended || lines.length < LINES);

/** Lines as they would be on a terminal: without escapes, and what was overwritten; each stream for itself. @param {Log} log @param {boolean} times */
function textOf({ lines }, times) {
  /** @type {string[]} */
  const shown = [];
  /** @type {Record<string, string>} */
  const open = {};
  for (const { stream, text = "" } of lines) {
    const whole = (open[stream] ?? "") + text;
    if (whole.endsWith("\n")) shown.push(whole.slice(0, -1));
    open[stream] = whole.endsWith("\n") ? "" : whole;
  }
  const all = [...shown, ...Object.values(open).filter(Boolean)].map((line) => plain(line.replace(/\r$/, "").split("\r").at(-1) ?? ""));
  return times ? all : all.map((line) => line.replace(TIME, "…"));
}
