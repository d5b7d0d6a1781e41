// A registered model, and one of its versions: aliases, stages, metrics over versions, lineage, how to load it.
import { ApiError, change, mlflow } from "../lib/api.js";
import { sparkline } from "../charts/sparkline.js";
import { copyable, copyAs } from "../lib/command.js";
import { toast } from "../lib/dialog.js";
import { fill, h, main } from "../lib/dom.js";
import { ago, clock, counted, number } from "../lib/format.js";
import { bind } from "../lib/keys.js";
import { onBack, query, show } from "../lib/state.js";
import { history as movesShown, moveAlias, movesOf } from "./model/aliases.js";
import { modelUrl, runsOf, versionsOf } from "./model/versions.js";

/** @typedef {import("./model/versions.js").Version} Version */
/** @typedef {import("./model/versions.js").Run} Run */

const STAGES = ["None", "Staging", "Production", "Archived"];
const [, , name = "", chosen] = location.pathname.split("/").map(decodeURIComponent);

/** @type {any} */
let model;
/** @type {Version[]} */
let versions = [];
/** @type {Map<string, Run>} */
let runs = new Map();

async function load() {
  try {
    [{ registered_model: model }, versions] = await Promise.all([mlflow("registered-models/get", { name }), versionsOf(name)]);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    fill(main(), h("h1", null, name), h("p", { class: "empty", role: "alert" }, error.message));
    return;
  }
  runs = await runsOf(versions.map((version) => version.run_id));
  document.title = `${name}${chosen ? ` ${chosen}` : ""} · runner`;
  draw();
}

function draw() {
  const version = versions.find((each) => each.version === chosen);
  if (chosen !== undefined && version === undefined) {
    fill(main(), heading(), h("p", { class: "empty", role: "alert" }, `There is no version ${chosen}.`));
    return;
  }
  fill(main(), heading(), version ? versionPage(version) : modelPage());
}

function heading() {
  return h("div", { class: "head" },
    h("h1", null, h("a", { href: "/models" }, "Models"), " / ", chosen ? [h("a", { href: modelUrl(name) }, name), ` / version ${chosen}`] : name));
}

// the model ---------------------------------------------------------------------------------------------------------
function modelPage() {
  const metrics = commonMetrics();
  const metric = metrics.includes(query().get("metric") ?? "") ? (query().get("metric") ?? "") : metrics[0];
  return [
    model.description && h("p", { class: "text" }, model.description),
    metric !== undefined && trend(metric, metrics),
    h("section", null,
      h("h2", null, "Versions ", h("span", { class: "chip" }, String(versions.length))),
      versions.length === 0 ? h("p", { class: "empty" }, "No versions yet.") : table(metric)),
    movesShown(movesOf(model)),
  ];
}

/** Metrics of the runs, those first that most of them have. */
function commonMetrics() {
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const run of runs.values()) for (const key of run.metrics.keys()) if (!key.startsWith("system/")) counts.set(key, (counts.get(key) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1] || a[0].localeCompare(b[0])).map(([key]) => key);
}

/** @param {string} metric @param {string[]} metrics */
function trend(metric, metrics) {
  const points = versions.toReversed().flatMap((version) => {
    const value = valueOf(version, metric);
    return value === undefined ? [] : [[Number(version.version), value]];
  });
  const choice = h("select", { "aria-label": "Metric", onchange: () => { show({ metric: choice.value }); draw(); } },
    metrics.map((each) => h("option", { value: each, selected: each === metric }, each)));
  return h("section", { class: "card trend" }, h("div", null, choice, " over versions"), points.length > 1 && sparkline(points, { label: metric }),
    h("span", { class: "mono" }, points.length > 0 ? `newest ${number(points.at(-1)?.[1])}` : ""));
}

/** @param {Version} version @param {string} metric */
const valueOf = (version, metric) => runs.get(version.run_id ?? "")?.metrics.get(metric);

/** @param {string | undefined} metric */
function table(metric) {
  return h("div", { class: "scroll" }, h("table", { class: "wide" },
    h("thead", null, h("tr", null, ["Version", "Aliases", "Stage", metric ?? "", "From run", "Made", "Before it"].map((title) => h("th", { scope: "col", class: title === metric && "number" }, title)))),
    h("tbody", null, versions.map((version, place) => {
      const run = runs.get(version.run_id ?? ""), before = runs.get(versions[place + 1]?.run_id ?? "");
      return h("tr", null,
        h("th", { scope: "row" }, h("a", { href: modelUrl(name, version.version) }, `version ${version.version}`), version.status === "READY" ? null : h("span", { class: "bad" }, ` ${version.status ?? ""}`)),
        h("td", null, aliasesOf(version)),
        h("td", null, stage(version)),
        h("td", { class: "number" }, metric === undefined ? "" : number(valueOf(version, metric))),
        h("td", null, run ? h("a", { href: `/r/${run.id}` }, run.name) : h("span", { class: "soft" }, version.run_id ?? "")),
        h("td", { title: clock(version.creation_timestamp) }, ago(version.creation_timestamp)),
        h("td", null, run && before && run !== before && h("a", { href: `/compare?runs=${before.id},${run.id}` }, "what changed")),
      );
    })),
  ));
}

/** @param {string} number of a version */
const runOf = (number) => runs.get(versions.find((each) => each.version === number)?.run_id ?? "");

/** @param {Version} version */
const aliasesOf = (version) => (model.aliases ?? []).filter((/** @type {any} */ each) => each.version === version.version)
  .map((/** @type {any} */ each) => [h("span", { class: "chip" }, `@${each.alias}`), " "]);

/** @param {Version} version */
const stage = (version) => (version.current_stage && version.current_stage !== "None" ? h("span", { class: `chip stage-${version.current_stage.toLowerCase()}` }, version.current_stage) : "");

// a version ---------------------------------------------------------------------------------------------------------
/** @param {Version} version */
function versionPage(version) {
  const run = runs.get(version.run_id ?? "");
  return h("div", { class: "version" },
    h("section", { class: "card" },
      h("dl", null,
        term("Status", [version.status ?? "", version.status_message && `: ${version.status_message}`]),
        term("Aliases", [aliasesOf(version), h("button", { onclick: () => moveAlias(model, version, runOf, load) }, "Move an alias here")]),
        term("Stage", stages(version)),
        term("Made", [clock(version.creation_timestamp), version.user_id && ` by ${version.user_id}`]),
        term("Description", version.description ?? ""),
        term("Tags", (version.tags ?? []).map((tag) => [h("span", { class: "chip" }, `${tag.key} = ${tag.value}`), " "])),
      )),
    h("section", { class: "card" }, h("h2", null, "Where it comes from"), lineage(version, run)),
    run && run.metrics.size > 0 && h("section", { class: "card" }, h("h2", null, "Metrics of its run"),
      h("table", null, h("tbody", null, [...run.metrics].slice(0, 30).map(([key, value]) => h("tr", null, h("th", { scope: "row" }, key), h("td", { class: "number" }, number(value))))))),
    h("section", { class: "card" }, h("h2", null, "Load it"), copyable(`mlflow.pyfunc.load_model("models:/${name}/${version.version}")`), copyable(`MLFLOW_TRACKING_URI=${location.origin}`)),
  );
}

/** @param {string} title @param {any} value */
const term = (title, value) => [h("dt", null, title), h("dd", null, value)];

/** @param {Version} version */
function stages(version) {
  const choice = h("select", { "aria-label": "Stage", onchange: async () => {
    try {
      await change("model-versions/transition-stage", { name, version: version.version, stage: choice.value, archive_existing_versions: false });
      toast(`Version ${version.version} is ${choice.value} now`);
    } catch (error) {
      toast(error instanceof Error ? error.message : String(error), { bad: true });
    }
    await load();
  } }, STAGES.map((each) => h("option", { value: each, selected: each === (version.current_stage ?? "None") }, each)));
  const ways = { python: () => `MlflowClient().transition_model_version_stage(${JSON.stringify(name)}, ${JSON.stringify(version.version)}, ${JSON.stringify(choice.value)})` };
  return [choice, " ", copyAs(h("button", { class: "quiet", "aria-label": "Copy what does the same" }, "Copy"), ways)];
}

/** @param {Version} version @param {Run | undefined} run */
function lineage(version, run) {
  if (run === undefined) return h("p", { class: "soft" }, version.source ?? "Nothing is known of it.");
  const commit = run.tags.get("mlflow.source.git.commit");
  return h("ol", { class: "lineage" },
    run.datasets.length > 0 && h("li", null, h("span", { class: "soft" }, "data "), run.datasets.map((each) => [h("span", { class: "chip", title: each.digest }, `${each.name}${each.context && `, ${each.context}`}`), " "])),
    commit && h("li", null, h("span", { class: "soft" }, "code "), h("a", { class: "mono", href: `/r/${run.id}/code` }, commit.slice(0, 10))),
    h("li", null, h("span", { class: "soft" }, "run "), h("a", { href: `/r/${run.id}` }, run.name), h("span", { class: "soft" }, run.user && ` by ${run.user}`)),
    run.tags.has("runner.lock") && h("li", null, h("span", { class: "soft" }, "packages "), h("a", { class: "mono", href: `/r/${run.id}/environment` }, (run.tags.get("runner.lock") ?? "").slice(0, 19))),
    h("li", null, h("span", { class: "soft" }, "files "), h("span", { class: "mono source" }, version.source ?? "")),
    h("li", null, h("span", { class: "soft" }, "registered as "), counted(versions.filter((each) => each.run_id === run.id).length, "version"), " of ", h("a", { href: modelUrl(name) }, name)),
  );
}

bind({ u: ["Back to the list", () => location.assign(chosen ? modelUrl(name) : "/models")] });
onBack(draw);
await load();
