// A registered model: what it is for, how a metric went over its versions, the versions, the moves of its aliases.
import { change } from "../../lib/api.js";
import { toast } from "../../lib/dialog.js";
import { fill, h } from "../../lib/dom.js";
import { ago, clock, number } from "../../lib/format.js";
import { query, show } from "../../lib/state.js";
import { sparkline } from "../../charts/sparkline.js";
import { better } from "../runs/better.js";
import { history } from "./aliases.js";
import { described } from "./describing.js";
import { removeModel, renameModel } from "./removing.js";
import { tags } from "./tags.js";
import { versionTable } from "./table.js";
import { numeric } from "./versions.js";

/** @typedef {import("./versions.js").Model} Model */

const DECIDES = "runner.decides"; // tag of a model: the metric by which its versions are told apart

/** @param {HTMLElement} place @param {Model} model @param {() => Promise<void>} again */
export function modelPage(place, model, again) {
  const asked = query().get("metric") ?? "";
  const metric = model.metrics.includes(asked) ? asked : model.decides;
  const redraw = () => modelPage(place, model, again);
  const at = { call: /** @type {"registered-models"} */ ("registered-models"), of: { name: model.name } };
  fill(place,
    heading(model, again),
    h("p", { class: "soft" }, "Made ", h("span", { title: clock(model.created) }, ago(model.created)), ", changed ", h("span", { title: clock(model.changed) }, ago(model.changed))),
    h("div", { class: "family" },
      described({ ...at, title: "About", text: model.description, nodes: model.nodes, place: () => null }, again),
      metric && trend(model, metric, again, redraw)),
    versionTable(model, metric),
    history(model, again),
    tags({ ...at, tags: model.tags }, again),
  );
}

/** @param {Model} model @param {() => Promise<void>} again */
function heading(model, again) {
  return h("div", { class: "head" },
    h("h1", null, h("a", { href: "/models" }, "Models"), " / ", model.name), h("span", { class: "push" }),
    h("button", { onclick: () => renameModel(model.name, again) }, "Rename"), h("button", { onclick: () => removeModel(model) }, "Delete"));
}

/** @param {Model} model @param {string} metric @param {() => Promise<void>} again @param {() => void} redraw */
function trend(model, metric, again, redraw) {
  const points = model.versions.toReversed().flatMap(({ version, metrics }) => {
    const value = numeric(metrics[metric]);
    return value === undefined || !Number.isFinite(value) ? [] : [[version, value]];
  });
  const keys = model.metrics.includes(metric) ? model.metrics : [metric, ...model.metrics];
  const choice = h("select", { "aria-label": "Metric", onchange: () => (show({ metric: choice.value }), redraw()) }, keys.map((each) => h("option", { value: each, selected: each === metric }, each)));
  return h("section", { class: "card trend" },
    h("h2", null, "Over versions"), choice,
    points.length > 1 && sparkline(points, { label: metric }),
    points.length > 0 ? h("p", { class: "soft" }, "newest ", point(points.at(-1) ?? []), ", best ", point(bestOf(points, metric))) : h("p", { class: "soft" }, "No version has it."),
    metric === model.decides
      ? h("p", { class: "soft" }, "This metric decides: the list of models shows it.")
      : h("button", { onclick: () => void decide(model, metric, again) }, "Let it decide"));
}

/** @param {number[]} point a version and its value */
const point = ([version, value]) => [h("strong", { class: "value" }, number(value)), ` (version ${version})`];

/** @param {number[][]} points @param {string} metric */
function bestOf(points, metric) {
  const sign = better(metric) === "max" ? -1 : 1;
  return points.toSorted(([, a = 0], [, b = 0]) => sign * (a - b))[0] ?? [];
}

/** @param {Model} model @param {string} metric @param {() => Promise<void>} again */
async function decide(model, metric, again) {
  try {
    await change("registered-models/set-tag", { name: model.name, key: DECIDES, value: metric });
    toast(`${metric} decides now`);
    await again();
  } catch (error) {
    toast(error instanceof Error ? error.message : String(error), { bad: true });
  }
}
