// What a model takes and gives, and a sample of what it takes.
import { h } from "../../lib/dom.js";
import { tree } from "../../lib/tree.js";
import { counted } from "../../lib/format.js";

/** @typedef {import("./versions.js").Spec} Spec */
/** @typedef {import("./versions.js").Signature} Signature */
/** @typedef {import("./versions.js").Example} Example */

const AT_ONCE = 50;

/** @param {Signature | undefined} signature */
export function signature(signature) {
  const card = (/** @type {any[]} */ ...content) => h("section", { class: "card" }, h("h2", null, "Signature"), content);
  if (!signature) return card(h("p", { class: "soft" }, "None was logged: what it takes and gives is not known."));
  return card(
    part("Inputs", signature.inputs), part("Outputs", signature.outputs), part("Params", signature.params),
    signature.more && h("p", { class: "soft" }, "There is more than is shown here: see the file MLmodel."),
    signature.trouble && h("p", { class: "warn" }, `Not all of it can be told: ${signature.trouble}.`));
}

/** @param {string} title @param {Spec[]} [specs] */
function part(title, specs = []) {
  if (specs.length === 0) return null;
  const body = h("tbody"), hasDefaults = specs.some((each) => each.default !== undefined && each.default !== null);
  const more = h("button", { class: "plain", onclick: () => draw() });
  let shown = 0;
  const draw = () => {
    body.append(...rows(specs.slice(shown, shown + AT_ONCE), 0, hasDefaults, shown));
    shown += AT_ONCE;
    more.hidden = shown >= specs.length;
    more.textContent = `${specs.length - shown} more`;
  };
  draw();
  return h("div", { class: "part" }, h("h3", null, title, " ", h("span", { class: "chip" }, String(specs.length))),
    h("div", { class: "scroll flat", role: "region", tabindex: 0, "aria-label": title }, h("table", { class: "pairs specs" },
      h("thead", null, h("tr", null, ["Name", "Type", "Shape", hasDefaults && "Default"].filter(Boolean).map((each) => h("th", { scope: "col" }, each)))), body)), more);
}

/** Fields of objects stand below them. @param {Spec[]} specs @param {number} depth @param {boolean} hasDefaults @param {number} from @returns {HTMLElement[]} */
function rows(specs, depth, hasDefaults, from = 0) {
  return specs.flatMap((spec, at) => [
    h("tr", null,
      h("th", { scope: "row", class: `level-${Math.min(depth, 6)}` }, spec.name || h("span", { class: "soft" }, `${from + at}`)),
      h("td", { class: "mono" }, spec.type, spec.optional && h("span", { class: "soft" }, " optional")),
      h("td", { class: "mono" }, spec.shape ? `(${spec.shape.map((size) => (size < 0 ? "any" : size)).join(", ")})` : ""),
      hasDefaults && h("td", { class: "mono" }, spec.default === undefined ? "" : JSON.stringify(spec.default))),
    ...rows(spec.fields ?? [], depth + 1, hasDefaults),
  ]);
}

/** @param {Example | undefined} example @param {(path: string) => any} link to a file */
export function sample(example, link) {
  if (!example) return null;
  return h("section", { class: "card" }, h("div", { class: "card-head" }, h("h2", null, "Sample input"), link(example.path)), shown(example));
}

/** @param {Example} example */
function shown({ table, value, params, trouble }) {
  if (trouble) return h("p", { class: "soft" }, `It cannot be shown: ${trouble}.`);
  const given = params !== undefined && params !== null && [h("h3", null, "Params"), tree(params)];
  if (!table) return [tree(value), given];
  return [
    h("div", { class: "scroll flat", role: "region", tabindex: 0, "aria-label": "Sample input" }, h("table", { class: "pairs sample" },
      h("thead", null, h("tr", null, table.columns.map(({ name, numeric }) => h("th", { scope: "col", class: numeric && "number" }, name)))),
      h("tbody", null, table.rows.map((row) => h("tr", null, row.map((each, at) => h("td", { class: table.columns[at]?.numeric ? "number" : "mono" }, each === null ? "" : String(each)))))))),
    table.total > table.rows.length && h("p", { class: "soft" }, `The first ${table.rows.length} of ${counted(table.total, "row")}.`),
    table.partial && h("p", { class: "soft" }, "It has more columns than are shown."),
    given,
  ];
}
