// Versions of a model as a table; any two can be chosen, to see what changed between their runs.
import { copyable } from "../../lib/command.js";
import { fill, h } from "../../lib/dom.js";
import { ago, clock, number } from "../../lib/format.js";
import { query, show } from "../../lib/state.js";
import { toast } from "../../lib/dialog.js";
import { changedUrl, modelUrl, numeric } from "./versions.js";

/** @typedef {import("./versions.js").Model} Model */
/** @typedef {import("./versions.js").Row} Row */

const AT_ONCE = 100;

/** @param {Model} model @param {string} metric */
export function versionTable(model, metric) {
  const { versions } = model;
  const count = h("span", { class: "chip" }, model.more ? `newest ${versions.length}` : String(versions.length));
  if (versions.length === 0) return h("section", null, h("h2", null, "Versions"), h("div", { class: "empty" }, h("p", null, "No versions yet. The page of a run registers what the run has kept, and so does"), copyable(`mlflow.register_model("runs:/<run>/model", ${JSON.stringify(model.name)})`)));
  const chosen = new Set((query().get("sel") ?? "").split(",").map(Number).filter((each) => versions.some(({ version }) => version === each)));
  const compare = h("button", { onclick: () => toComparison(versions, chosen) });
  const told = () => {
    compare.disabled = chosen.size < 2;
    compare.textContent = chosen.size < 2 ? "Choose two to see what changed" : chosen.size === 2 ? "What changed between these two" : `Compare these ${chosen.size}`;
    show({ sel: [...chosen].sort((a, b) => a - b).join(",") });
  };
  const choose = (/** @type {number} */ version, /** @type {boolean} */ checked) => (checked ? chosen.add(version) : chosen.delete(version), told());
  const body = h("tbody"), more = h("p", { class: "further" });
  const draw = (/** @type {number} */ from) => {
    body.append(...versions.slice(from, from + AT_ONCE).map((version, at) => row(model.name, version, versions[from + at + 1], metric, chosen, choose)));
    fill(more, from + AT_ONCE < versions.length && h("button", { onclick: () => draw(from + AT_ONCE) }, `${versions.length - from - AT_ONCE} older`));
  };
  draw(0);
  told();
  return h("section", null, h("div", { class: "head" }, h("h2", null, "Versions ", count), h("span", { class: "push" }), compare),
    h("div", { class: "scroll", role: "region", tabindex: 0, "aria-label": "Versions" }, h("table", { class: "wide" }, h("thead", null, titles(metric)), body)), more);
}

/** @param {string} metric */
const titles = (metric) => h("tr", null, h("th", { scope: "col" }, h("span", { class: "visually-hidden" }, "Chosen")),
  ["Version", "Aliases", "Stage", metric || "Metric", "From run", "Made", "About", "Since the one before"].map((title, at) => h("th", { scope: "col", class: at === 3 && "number" }, title)));

/** @param {string} name @param {Row} version @param {Row | undefined} before @param {string} metric @param {Set<number>} chosen @param {(version: number, checked: boolean) => void} choose */
function row(name, version, before, metric, chosen, choose) {
  const box = h("input", { type: "checkbox", checked: chosen.has(version.version), "aria-label": `Choose version ${version.version}`, onchange: () => choose(version.version, box.checked) });
  const { run } = version;
  return h("tr", null,
    h("td", { class: "fits" }, box),
    h("th", { scope: "row" }, h("a", { href: modelUrl(name, version.version) }, `version ${version.version}`)),
    h("td", null, version.aliases.map((alias) => [h("span", { class: "chip" }, `@${alias}`), " "])),
    h("td", null, version.stage && h("span", { class: `chip stage-${version.stage.toLowerCase()}` }, version.stage)),
    h("td", { class: "number" }, number(numeric(version.metrics[metric]))),
    h("td", null, run ? h("a", { href: `/r/${run.id}` }, run.name) : h("span", { class: "soft", title: version.run_id }, version.run_id ? "not here" : "not said")),
    h("td", { class: "fits", title: clock(version.created) }, version.who && `${version.who}, `, ago(version.created)),
    h("td", { class: "about" }, version.about),
    h("td", { class: "fits" }, run && before?.run && run.id !== before.run.id && h("a", { href: changedUrl([before.run.id, run.id]), "aria-label": `What changed from version ${before.version} to ${version.version}` }, "what changed")),
  );
}

/** The oldest stands first: it is what the others are held against. @param {Row[]} versions @param {Set<number>} chosen */
function toComparison(versions, chosen) {
  const runs = versions.filter(({ version }) => chosen.has(version)).reverse().flatMap(({ run }) => (run ? [run.id] : []));
  if (new Set(runs).size < 2) toast("They were made by the same run, or their runs are not known: there is nothing to compare.", { bad: true });
  else location.assign(changedUrl([...new Set(runs)]));
}
