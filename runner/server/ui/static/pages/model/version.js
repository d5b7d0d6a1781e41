// One version of a model, whole: where it comes from, what it takes and gives, its card, its files, how it is loaded.
import { change } from "../../lib/api.js";
import { copyAs } from "../../lib/command.js";
import { toast } from "../../lib/dialog.js";
import { fill, h } from "../../lib/dom.js";
import { ago, bytes, clock, number } from "../../lib/format.js";
import { marked } from "../../lib/marked.js";
import { tree } from "../../lib/tree.js";
import { moveAlias, removeAlias } from "./aliases.js";
import { described, lowered } from "./describing.js";
import { fileLink, fileList, fileUrl } from "./files.js";
import { lineage } from "./lineage.js";
import { loading, snippet } from "./loading.js";
import { removeVersion } from "./removing.js";
import { sample, signature } from "./signature.js";
import { tags } from "./tags.js";
import { modelUrl, numeric } from "./versions.js";

/** @typedef {import("./versions.js").Version} Version */
/** @typedef {() => Promise<void>} Again */

const STAGES = ["None", "Staging", "Production", "Archived"];
const METRICS = 12;

/** @param {HTMLElement} place @param {Version} version @param {Again} again */
export function versionPage(place, version, again) {
  const { name } = version, at = { call: /** @type {"model-versions"} */ ("model-versions"), of: { name, version: String(version.version) } };
  const file = (/** @type {string} */ path) => (/^[\w][\w ./-]*$/.test(path) ? fileUrl(version, path) : null);
  fill(place,
    heading(version, again),
    version.unknown.map((each) => h("p", { class: "reason" }, each)),
    h("div", { class: "version" },
      lineage(version),
      h("div", { class: "column" },
        described({ ...at, title: "About", text: version.description, nodes: version.nodes, place: file }, again),
        version.mlmodel && signature(version.mlmodel.signature),
        sample(version.example, (path) => fileLink(version, path)),
        version.card.length > 0 && h("section", { class: "card" }, h("div", { class: "card-head" }, h("h2", null, "Model card"), h("span", { class: "soft mono" }, version.card_path)), marked(lowered(version.card), file)),
        loading(version)),
      h("div", { class: "column" },
        facts(version, again), metrics(version), params(version), needs(version), fileList(version), flavors(version), tags({ ...at, tags: version.tags }, again))));
}

/** @param {Version} version @param {Again} again */
function heading(version, again) {
  const { name } = version;
  return h("div", { class: "head" },
    h("h1", null, h("a", { href: "/models" }, "Models"), " / ", h("a", { href: modelUrl(name) }, name), ` / version ${version.version}`),
    version.aliases.map((alias) => h("span", { class: "chip" }, `@${alias}`)), h("span", { class: "push" }),
    h("a", { class: "button", href: `${modelUrl(name)}?sel=${version.version}` }, "Compare with another"),
    h("button", { onclick: () => void moveAlias(name, version.version, again) }, "Move an alias here"), h("button", { onclick: () => removeVersion(version) }, "Delete"));
}

/** @param {Version} version @param {Again} again */
function facts(version, again) {
  const { name, mlmodel, run } = version, size = mlmodel?.size ?? version.files.reduce((sum, each) => sum + each.size, 0);
  return h("section", { class: "card" }, h("h2", null, "What it is"), h("dl", null,
    term("Made", [h("span", { title: clock(version.created) }, ago(version.created)), version.who && ` by ${version.who}`]),
    term("Aliases", version.aliases.length > 0 && version.aliases.map((alias) => h("span", { class: "alias" }, h("span", { class: "chip" }, `@${alias}`),
      h("button", { class: "plain", "aria-label": `Take @${alias} away`, onclick: () => removeAlias(name, alias, version.version, again) }, "✕")))),
    term("Stage", stages(version, again)),
    term("Size", size > 0 && bytes(size)),
    term("Licence", version.licence),
    term("Python", version.python),
    term("MLflow", mlmodel?.mlflow),
    term("Written", mlmodel?.written && `${mlmodel.written.slice(0, 19)} UTC`),
    term("Logged model", version.logged && h("span", { class: "mono" }, version.logged.id)),
    term("Registered from", h("span", { class: "mono" }, version.source)),
    term("Run", run && h("a", { href: `/r/${run.id}` }, run.name))));
}

/** @param {string} title @param {any} value */
const term = (title, value) => (value ? [h("dt", null, title), h("dd", null, value)] : null);

/** @param {Version} version @param {Again} again */
function stages({ name, version, stage }, again) {
  const choice = h("select", { "aria-label": "Stage", onchange: async () => {
    try {
      await change("model-versions/transition-stage", { name, version: String(version), stage: choice.value, archive_existing_versions: false });
      toast(`Version ${version} is ${choice.value === "None" ? "in no stage" : choice.value} now`);
    } catch (error) {
      toast(error instanceof Error ? error.message : String(error), { bad: true });
    }
    await again();
  } }, STAGES.map((each) => h("option", { value: each, selected: each === stage }, each)));
  const ways = { python: () => `MlflowClient().transition_model_version_stage(${JSON.stringify(name)}, ${JSON.stringify(String(version))}, ${JSON.stringify(choice.value)})` };
  return copyAs(choice, ways);
}

/** @param {Version} version */
function metrics({ run }) {
  const found = run?.metrics ?? [];
  if (!run || found.length === 0) return null;
  const row = (/** @type {{ key: string, value: number | string }} */ { key, value }) => h("tr", null, h("th", { scope: "row" }, key), h("td", { class: "number" }, number(numeric(value))));
  return h("section", { class: "card" }, h("h2", null, "Metrics of its run"), h("table", { class: "pairs" }, h("tbody", null, found.slice(0, METRICS).map(row))),
    found.length > METRICS && h("p", null, h("a", { href: `/r/${run.id}/metrics` }, `${found.length - METRICS} more`)));
}

/** What was said of the logged model. @param {Version} version */
function params({ logged }) {
  const found = Object.entries(logged?.params ?? {});
  return found.length > 0 && h("section", { class: "card" }, h("h2", null, "Parameters of the model"),
    h("table", { class: "pairs" }, h("tbody", null, found.map(([key, value]) => h("tr", null, h("th", { scope: "row" }, key), h("td", { class: "mono" }, value))))));
}

/** @param {Version} version */
function needs(version) {
  const { requirements, requirements_path: path } = version;
  if (requirements.length === 0) return null;
  return h("section", { class: "card" }, h("h2", null, "What it needs"), snippet(path ?? "", requirements.join("\n")));
}

/** @param {Version} version */
function flavors({ mlmodel }) {
  if (!mlmodel) return null;
  return h("section", { class: "card" }, h("h2", null, "Flavours"),
    (mlmodel.flavors ?? []).map(({ name, version, values }) => h("details", null,
      h("summary", null, h("strong", null, name), version && h("span", { class: "soft" }, ` ${version}`)),
      h("dl", null, Object.entries(values ?? {}).map(([key, value]) => term(key, h("span", { class: "mono" }, value)))))),
    mlmodel.metadata !== undefined && mlmodel.metadata !== null && [h("h3", null, "Metadata"), tree(mlmodel.metadata)]);
}
