// What a move of an alias changes: metrics of both runs side by side, and whether code, packages and data are the same.
import { own } from "../../lib/api.js";
import { fill, h } from "../../lib/dom.js";
import { counted, number } from "../../lib/format.js";
import { better } from "../runs/better.js";
import { changedUrl, numeric } from "./versions.js";

/** @typedef {import("./versions.js").Model} Model */
/** @typedef {import("./versions.js").Row} Row */

const METRICS = 8;
/** @type {[kind: string, word: string][]} */
const KINDS = [["code", "code"], ["environment", "packages"], ["data", "data"], ["parameters", "parameters"], ["machine", "machine"]];

/** @param {Model} model @param {number | undefined} from @param {number} to */
export function difference(model, from, to) {
  if (from === undefined) return h("p", { class: "soft" }, "No version has it now.");
  if (from === to) return h("p", { class: "warn" }, "It is here already.");
  const [old, fresh] = [from, to].map((each) => model.versions.find(({ version }) => version === each));
  return [
    h("p", null, "It goes from ", h("strong", null, `version ${from}`), " to ", h("strong", null, `version ${to}`), "."),
    old && fresh && metrics(model, old, fresh),
    old?.run && fresh?.run && old.run.id !== fresh.run.id ? inputs(old.run.id, fresh.run.id) : h("p", { class: "soft" }, old?.run && old.run.id === fresh?.run?.id ? "The same run made both." : "Of one of them the run is not known."),
  ];
}

/** The metric that decides stands first. @param {Model} model @param {Row} old @param {Row} fresh */
function metrics(model, old, fresh) {
  const keys = [...new Set([model.decides, ...model.metrics])].filter((key) => key in old.metrics && key in fresh.metrics).slice(0, METRICS);
  if (keys.length === 0) return h("p", { class: "soft" }, "They have no metric in common.");
  return h("table", { class: "pairs" },
    h("thead", null, h("tr", null, ["Metric", `version ${old.version}`, `version ${fresh.version}`, "Change"].map((title, at) => h("th", { scope: "col", class: at > 0 && "number" }, title)))),
    h("tbody", null, keys.map((key) => change(key, numeric(old.metrics[key]) ?? NaN, numeric(fresh.metrics[key]) ?? NaN))));
}

/** @param {string} key @param {number} before @param {number} after */
function change(key, before, after) {
  const delta = after - before, isBetter = better(key) === "max" ? delta > 0 : delta < 0;
  const word = delta === 0 ? "same" : `${delta > 0 ? "+" : ""}${number(delta)} ${isBetter ? "better" : "worse"}`;
  return h("tr", null, h("th", { scope: "row" }, key), h("td", { class: "number" }, number(before)), h("td", { class: "number" }, number(after)),
    h("td", { class: `number ${delta === 0 || Number.isNaN(delta) ? "soft" : isBetter ? "good" : "bad"}` }, Number.isNaN(delta) ? "not a number" : word));
}

/** @param {string} before a run @param {string} after another @returns {HTMLElement[]} */
function inputs(before, after) {
  const kinds = h("span", { class: "soft" }, "Looking at code, packages and data…"), count = h("span");
  void told(kinds, count, before, after);
  return [h("p", { class: "kinds" }, kinds), h("p", null, count, " ", h("a", { href: changedUrl([before, after]) }, "What changed"))];
}

/** @param {HTMLElement} kinds @param {HTMLElement} count @param {string} before @param {string} after */
async function told(kinds, count, before, after) {
  try {
    const { runs: [old, fresh] } = await own("/diff/inputs", { runs: [before, after] });
    fill(kinds, KINDS.map(([kind, word]) => {
      const [a, b] = [old[kind]?.digest, fresh[kind]?.digest];
      return [h("span", { class: a && b && a !== b ? "chip other" : "chip" }, word, a && b ? (a === b ? " same" : " differ") : " not known"), " "];
    }));
    if (old.environment?.digest && fresh.environment?.digest && old.environment.digest !== fresh.environment.digest) await packages(count, before, after);
  } catch {
    fill(kinds, "Whether code, packages and data are the same cannot be told here.");
  }
}

/** How many: this takes the server longer, so it comes when it comes. @param {HTMLElement} count @param {string} before @param {string} after */
async function packages(count, before, after) {
  const { differences = [] } = await own("/diff", { a: before, b: after }).catch(() => ({}));
  const found = differences.filter((/** @type {{ aspect: string }} */ each) => each.aspect === "package").length;
  if (found > 0) fill(count, `${counted(found, "package")} other.`);
}
