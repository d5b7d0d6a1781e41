// Failed lately, and why: what the run itself said, else the end of its output.
import { own } from "../../lib/api.js";
import { fill, h } from "../../lib/dom.js";
import { ago, clock } from "../../lib/format.js";
import { tried } from "../run/tried.js";
import { details, experiment, link } from "./model.js";

/** @typedef {import("./model.js").Row} Row */

/** @type {Map<string, string>} the last lines of runs that said nothing else */
const outputs = new Map();

/** @param {Row[]} rows @param {number} since when this browser has looked last */
export function failed(rows, since) {
  const fresh = rows.filter((row) => isNew(row, since)).length;
  if (rows.length === 0) return [h("h2", null, "Failed lately"), h("p", { class: "card soft" }, "Nothing failed in the last 7 days.")];
  return [
    h("h2", null, "Failed lately ", fresh > 0 && h("span", { class: "chip", title: "Since you looked last" }, `${fresh} new`)),
    h("ul", { class: "card rows" }, rows.map((row) => item(row, since))),
  ];
}

/** @param {Row} row @param {number} since */
export const isNew = (row, since) => (row.ended ?? 0) > since;

/** @param {Row} row @param {number} since */
function item(row, since) {
  return h("li", null,
    h("span", { class: "dot broken", "aria-hidden": "true" }),
    h("span", { class: "who" }, link(row), " ", experiment(row)),
    isNew(row, since) && h("span", { class: "chip new" }, "new"),
    h("span", { class: "soft when", title: clock(row.ended) }, ago(row.ended)),
    details.get(row.id)?.tags["runner.plan"] && h("button", { onclick: () => void tried(() => again(row)), "aria-label": `Run ${row.name} again` }, "Run again"),
    reason(row),
  );
}

/** @param {Row} row */
async function again(row) {
  const [dialogs, told] = await Promise.all([import("../../lib/runagain.js"), own(`/runs/${row.id}/overview`)]);
  await dialogs.runAgain(told);
}

/** @param {Row} row */
function reason(row) {
  const tags = details.get(row.id)?.tags ?? {}, code = tags["runner.exit_code"];
  const told = tags["runner.error"] ?? tags["runner.trouble"];
  const shown = h("span", { class: "reason mono" }, told ?? (code === undefined ? "It did not say why." : `exit code ${code}`));
  if (told === undefined) void output(row, shown, code);
  return shown;
}

/** @param {Row} row @param {HTMLElement} shown @param {string | undefined} code */
async function output(row, shown, code) {
  const known = outputs.get(row.id) ?? (await own(`/runs/${row.id}/overview`).catch(() => ({}))).last_error ?? "";
  outputs.set(row.id, known);
  if (known) fill(shown, known, code !== undefined && h("span", { class: "soft" }, ` (exit code ${code})`));
}
