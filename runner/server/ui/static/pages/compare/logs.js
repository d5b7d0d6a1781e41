// What two runs printed, one against the other: only lines that differ, with what is around them. Times do not count.
import { own } from "../../lib/api.js";
import { diffView } from "../../lib/diff.js";
import { fill, h } from "../../lib/dom.js";
import { query, show } from "../../lib/state.js";
import { check, select } from "./parts.js";
import { unified } from "./unified.js";

/** @typedef {import("./model.js").Subject} Subject */

const LINES = 5000; // of each
const TIME = /\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d([.,]\d+)?(Z|[+-]\d\d:?\d\d)?|\b\d\d:\d\d:\d\d([.,]\d+)?\b/g;
const ESCAPES = /\u001b(\[[0-9;?]*[ -/]*[@-~]|\][^\u0007\u001b]*(\u0007|\u001b\\))/g;

/** @param {HTMLElement} container @param {Subject} subject */
export async function tab(container, { runs }) {
  const [a, ...others] = runs, b = others.find(({ id }) => id === query().get("other")) ?? others[0];
  if (!a || !b) return void fill(container, h("p", { class: "soft" }, "Add a second run to compare what they printed."));
  fill(container, h("p", { class: "soft" }, "Reading both logs…"));
  const stream = query().get("stream");
  const both = await Promise.all([a, b].map(({ id }) => own(`/runs/${id}/logs`, { limit: LINES, stream }).catch(() => ({ lines: [], ended: true }))));
  const view = h("div");
  const again = () => void tab(container, { runs, keys: [], left: 0, missing: [] });
  const draw = () => {
    const times = query().has("times"), [before, after] = both.map((log) => textOf(log, times));
    diffView(view, unified(before ?? [], after ?? [], a.name, b.name), { empty: (before?.length ?? 0) + (after?.length ?? 0) === 0 ? "Neither printed anything." : "Both printed the same." });
  };
  fill(
    container,
    h("div", { class: "compare-bar" }, h("span", null, `${a.name} against`), others.length > 1 ? select("Run", others.map(({ id, name }) => [id, name]), b.id, (id) => (show({ other: id }), again())) : h("span", null, b.name), select("Stream", [["", "Both"], ["stdout", "Output"], ["stderr", "Errors"]], stream ?? "", (value) => (show({ stream: value }), again())), check("times, too", query().has("times"), (on) => (show({ times: on }), draw()))),
    both.some(({ ended, lines }) => !ended && lines.length >= LINES) && h("p", { class: "warn" }, `The first ${LINES.toLocaleString("en")} lines of each.`),
    view,
  );
  draw();
}

/** Lines as they would be on a terminal: without escapes, and what was overwritten. @param {{ lines: { text?: string }[] }} log @param {boolean} times */
function textOf({ lines }, times) {
  const text = lines.map((line) => line.text ?? "").join("").replace(ESCAPES, "");
  const shown = text.split("\n").map((line) => line.replace(/\r$/, "").split("\r").at(-1) ?? "");
  if (shown.at(-1) === "") shown.pop();
  return times ? shown : shown.map((line) => line.replace(TIME, "…"));
}
