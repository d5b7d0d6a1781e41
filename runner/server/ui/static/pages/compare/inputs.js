// The five kinds of input, each the same or not, with what differs in it.
import { diffView } from "../../lib/diff.js";
import { fill, h } from "../../lib/dom.js";
import { counted, number } from "../../lib/format.js";
import { numeric } from "./model.js";

/** @typedef {import("./model.js").Subject} Subject */
/** @typedef {import("./changed.js").Between} Between */
/** @typedef {import("./changed.js").Difference} Difference */
/** @typedef {import("./changed.js").Inputs} Inputs */
/** @typedef {"parameters" | "code" | "environment" | "data" | "machine"} KindName */

/** @type {[KindName, string, string[]][]} */
export const KINDS = [
  ["parameters", "Parameters", ["parameter", "seed", "entry point"]],
  ["code", "Code", ["code"]],
  ["environment", "Environment", ["package", "interpreter", "image", "variable"]],
  ["data", "Data", ["data"]],
  ["machine", "Machine", ["machine"]],
];

/** @param {Subject} subject @param {Between} told @param {Inputs[]} inputs */
export function blocks(subject, told, inputs) {
  return KINDS.map(([kind, title, aspects]) => {
    const found = told.differences.filter(({ aspect }) => aspects.includes(aspect));
    const parameters = kind === "parameters" && found.length === 0 ? logged(subject) : [];
    return block(kind, title, [...found, ...parameters], inputs, Boolean(told.verdict));
  });
}

/** Where no plan is known: parameters as they were logged. @param {Subject} subject @returns {Difference[]} */
function logged({ runs: [a, b], keys }) {
  const text = (/** @type {import("./model.js").Value} */ value) => (value === null || value === undefined ? undefined : String(value));
  return keys.flatMap(({ key, kind, title }) => {
    const before = text(a?.values[key]), after = text(b?.values[key]);
    return kind !== "params" || before === after ? [] : [{ aspect: "parameter", name: title, change: before === undefined ? "added" : after === undefined ? "removed" : "changed", weight: 0.5, before, after }];
  });
}

/** @param {KindName} kind @param {string} title @param {Difference[]} found @param {Inputs[]} inputs @param {boolean} known */
function block(kind, title, found, inputs, known) {
  const [a, b] = inputs.map((each) => each[kind]);
  const same = found.length === 0 && ((a?.digest && a.digest === b?.digest) || known);
  const digest = a?.digest && a.digest === b?.digest ? a.digest.replace("sha256:", "").slice(0, 10) : "";
  const state = found.length > 0 ? h("span", { class: "chip differs" }, counted(found.length, "difference")) : same ? h("span", { class: "chip same", title: digest ? `digest ${digest}` : null }, "same") : h("span", { class: "chip" }, "unknown");
  const labels = [...new Set([a?.label, b?.label].filter(Boolean))].join(" → ");
  const element = h("details", { class: "card compare-block", open: found.length > 0, "data-kind": kind }, h("summary", null, h("h3", null, title), state, h("span", { class: "soft" }, labels)));
  const body = h("div", { class: "compare-block-body" });
  element.append(body);
  if (found.length === 0) fill(body, h("p", { class: "soft" }, same ? `Both had the same.${digest ? ` Digest ${digest}.` : ""}` : "It was not recorded for both."));
  else if (kind === "code") fill(body, code(found));
  else fill(body, h("div", { class: "compare-scroll", tabindex: 0, role: "region", "aria-label": title }, kind === "environment" ? packages(found) : values(found)));
  return element;
}

/** @param {Difference[]} found */
function values(found) {
  const rows = found.map((one) => h("tr", null, h("th", { scope: "row" }, one.name), h("td", null, one.before ?? h("span", { class: "soft" }, "–")), h("td", null, one.after ?? h("span", { class: "soft" }, "–")), h("td", { class: "soft" }, factor(one), one.detail && ` ${one.detail}`)));
  return h("table", null, h("thead", null, h("tr", null, h("td"), h("th", { scope: "col" }, "before"), h("th", { scope: "col" }, "after"), h("td"))), h("tbody", null, rows));
}

/** How many times as much. @param {Difference} one */
function factor({ before, after, change }) {
  const a = numeric(before), b = numeric(after);
  if (a === null || b === null || a === 0 || b / a <= 0) return change === "changed" ? "" : change;
  return `× ${number(Number((b / a).toPrecision(3)))}`;
}

/** @type {Record<string, string>} */
const WORDS = { upgraded: "good", added: "good", removed: "bad", downgraded: "warn" };

/** @param {Difference[]} found packages, and what else is around them */
function packages(found) {
  const rows = found.map((one) => h("tr", null, h("th", { scope: "row" }, one.aspect === "variable" ? h("code", null, one.name) : one.name), h("td", null, one.before ?? ""), h("td", null, one.after ?? ""), h("td", { class: WORDS[one.change] ?? "soft" }, one.change), h("td", { class: "soft" }, one.detail || (one.aspect === "package" ? "" : one.aspect))));
  return h("table", null, h("thead", null, h("tr", null, h("td"), h("th", { scope: "col" }, "before"), h("th", { scope: "col" }, "after"), h("th", { scope: "col" }, "change"), h("th", { scope: "col" }, "why it is there"))), h("tbody", null, rows));
}

/** @param {Difference[]} found commits, files, what is not known */
function code(found) {
  const isFile = (/** @type {Difference} */ one) => /^(--- |diff --git )/.test(one.detail ?? "");
  const files = found.filter(isFile);
  const others = found.filter((one) => !isFile(one));
  const notes = others.map((one) => h("div", { class: "compare-commit" }, h("strong", null, one.name), " ", h("span", { class: "mono" }, [one.before, one.after].filter(Boolean).join(" → ")), one.change !== "changed" && h("span", { class: "soft" }, ` ${one.change}`), one.detail && h("pre", null, one.detail)));
  const little = files.filter(({ weight, name }) => weight === 0 && name.endsWith(".py"));
  const view = h("div");
  diffView(view, files.toSorted((a, b) => b.weight - a.weight).map(({ detail }) => detail).join("\n"));
  return [
    notes,
    little.length > 0 && h("p", { class: "soft" }, `Only comments and layout differ in ${little.map(({ name }) => name).join(", ")}.`),
    files.length > 0 && view,
  ];
}
