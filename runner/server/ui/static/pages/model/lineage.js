// Where a version comes from and where it goes: data → code → run → environment → model → who uses it.
import { h } from "../../lib/dom.js";
import { ago } from "../../lib/format.js";
import { modelUrl } from "./versions.js";

/** @typedef {import("./versions.js").Version} Version */
/** @typedef {import("./versions.js").MadeBy} MadeBy */

/** @param {Version} version */
export function lineage(version) {
  const { run } = version;
  return h("section", { class: "card whole" }, h("h2", null, "Where it comes from"),
    h("ol", { class: "lineage", "aria-label": "From the data to those who use it" },
      step("Data", run && (data(run) || absent("none was told"))), step("Code", run && (code(run) || absent("no commit"))), step("Run", run && made(run)),
      step("Environment", run && (environment(run) || absent("not recorded"))), step("Model", model(version)), step("Used by", uses(version))));
}

/** @param {string} title @param {any} known */
const step = (title, known) => h("li", null, h("h3", null, title), known || absent("not known"));

/** @param {string} text */
const absent = (text) => h("span", { class: "soft" }, text);

/** @param {MadeBy} run */
function data(run) {
  const found = run.data ?? [];
  return found.length > 0 && found.map((each) => h("p", null, h("a", { href: `/r/${run.id}`, title: each.digest }, each.name), h("span", { class: "soft" }, ` ${[each.context, each.digest.slice(0, 10)].filter(Boolean).join(", ")}`)));
}

/** @param {MadeBy} run */
const code = (run) => run.commit && h("p", null, h("a", { class: "mono", href: `/r/${run.id}/code`, title: run.commit }, run.commit.slice(0, 10)), run.dirty && h("span", { class: "warn" }, " + changes"));

/** @param {MadeBy} run */
const made = (run) => [
  h("p", null, h("a", { href: `/r/${run.id}` }, run.name)),
  h("p", { class: "soft" }, [run.who && `by ${run.who}`, ago(run.started)].filter(Boolean).join(", ")),
  run.experiment_name && h("p", null, h("a", { href: `/runs?experiment=${encodeURIComponent(run.experiment)}` }, run.experiment_name)),
];

/** @param {MadeBy} run */
function environment(run) {
  if (!run.lock && !run.environment) return null;
  const name = run.lock ? run.lock.replace(/^sha256:/, "").slice(0, 10) : run.environment;
  return [h("p", null, h("a", { class: run.lock ? "mono" : null, href: `/r/${run.id}/environment`, title: run.lock || null }, name)), run.lock && h("p", { class: "soft" }, run.environment)];
}

/** @param {Version} version */
function model({ name, version, logged, mlmodel }) {
  const flavors = (mlmodel?.flavors ?? []).map((each) => each.name).filter((each) => each !== "python_function");
  return [
    h("p", null, h("strong", null, `${name} ${version}`)),
    h("p", { class: "soft" }, [logged?.name, logged?.type, flavors.join(", ")].filter((each, at, all) => each && all.indexOf(each) === at).join(", ")),
  ];
}

/** @param {Version} version */
function uses({ name, stage, aliases, logged }) {
  const found = [
    aliases.map((alias) => h("p", null, h("span", { class: "chip" }, `@${alias}`))),
    stage !== "None" && h("p", null, h("span", { class: `chip stage-${stage.toLowerCase()}` }, stage)),
    (logged?.registered ?? []).map((each) => h("p", null, "also ", h("a", { href: modelUrl(each.name, each.version) }, `${each.name === name ? "version" : each.name} ${each.version}`))),
    (logged?.measured ?? []).map((each) => h("p", null, "measured by ", h("a", { href: `/r/${each.id}` }, each.name))),
  ].flat().filter(Boolean);
  return found.length > 0 ? found : absent("no alias, no stage");
}
