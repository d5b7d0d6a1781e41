// Registered models: newest version with the metric that decides, aliases, stages, where they come from.
import { change, own } from "../lib/api.js";
import { copyable, copyAs } from "../lib/command.js";
import { byId, fill, h, main } from "../lib/dom.js";
import { ago, clock, counted, number } from "../lib/format.js";
import { bind } from "../lib/keys.js";
import { onBack, query, show } from "../lib/state.js";
import { modelUrl, numeric, row as taken } from "./model/versions.js";

/** @typedef {import("./model/versions.js").Row} Row */
/** @typedef {{ name: string, changed: number, created: number, about?: string, aliases?: import("./model/versions.js").Alias[], stages?: Record<string, number>, newest?: Row, decides?: string }} Model */

const PAGE = 100;
const REST = 250; // milliseconds after the last key before the server is asked
const NEWEST = "-changed";
/** @type {[title: string, sort: string | null, kind?: string][]} a title, by what it sorts, which way first */
const COLUMNS = [["Model", "name"], ["Newest", null], ["Metric", null, "number"], ["Aliases", null], ["Stages", null], ["Changed", "-changed"], ["Made", "-created"], ["About", null]];

let shown = 0, asked = 0, waiting = 0;
const box = h("input", { type: "search", placeholder: "Find a model", "aria-label": "Find a model", oninput: () => typed() });
const count = h("span", { class: "soft", role: "status" });
const body = h("tbody");
const titles = h("tr");
const list = h("div");
const further = h("p", { class: "further" });
// whoever scrolls to the end has the next page
const watcher = new IntersectionObserver((seen) => seen.some((each) => each.isIntersecting) && further.querySelector("button")?.click(), { rootMargin: "600px" });

function typed() {
  clearTimeout(waiting);
  waiting = window.setTimeout(() => {
    show({ q: box.value.trim() });
    void load();
  }, REST);
}

const sorted = () => query().get("sort") ?? NEWEST;

/** @param {string} [after] where the next page begins */
async function load(after) {
  const mine = (asked += 1), text = query().get("q") ?? "";
  const answer = await own("/models", { q: text, sort: sorted(), limit: PAGE, after });
  if (mine !== asked) return;
  const models = /** @type {Model[]} */ (answer.models ?? []);
  if (after === undefined) {
    shown = 0;
    fill(body);
    fill(titles, COLUMNS.map(title));
    fill(list, models.length > 0 ? table : text ? h("p", { class: "empty" }, `No model has “${text}” in its name.`) : empty());
  }
  body.append(...models.map(row));
  shown += models.length;
  fill(count, counted(shown, "model"), answer.next && " and more");
  fill(further, answer.next && h("button", { onclick: (/** @type {Event} */ event) => next(event, answer.next) }, "More"));
}

/** @param {Event} event @param {string} after */
function next(event, after) {
  /** @type {HTMLButtonElement} */ (event.currentTarget).disabled = true; // once is enough
  void load(after);
}

const table = h("div", { class: "scroll", role: "region", tabindex: 0, "aria-label": "Models" }, h("table", { class: "wide" }, h("thead", null, titles), body));

/** @param {[title: string, sort: string | null, kind?: string]} column */
function title([text, sort, kind]) {
  if (sort === null) return h("th", { scope: "col", class: kind }, text);
  const now = sorted(), isHere = now.replace("-", "") === sort.replace("-", ""), down = now.startsWith("-");
  const turned = isHere ? (down ? now.slice(1) : `-${now}`) : sort;
  const press = () => {
    show({ sort: turned === NEWEST ? null : turned }, { push: true });
    void load().then(() => /** @type {HTMLElement | null} */ (titles.querySelector(`[data-sort=${sort.replace("-", "")}]`))?.focus());
  };
  return h("th", { scope: "col", "aria-sort": isHere ? (down ? "descending" : "ascending") : null },
    h("button", { class: "plain", "data-sort": sort.replace("-", ""), onclick: press }, text, isHere && h("span", { "aria-hidden": "true" }, down ? " ↓" : " ↑")));
}

/** @param {Model} model */
function row(model) {
  const newest = model.newest && taken(model.newest);
  return h("tr", null,
    h("th", { scope: "row" }, h("a", { href: modelUrl(model.name) }, model.name)),
    h("td", null, newest ? made(model, newest) : h("span", { class: "soft" }, "no versions")),
    h("td", { class: "number" }, newest && model.decides && deciding(newest, model.decides)),
    h("td", null, (model.aliases ?? []).map(({ alias, version }) => [h("a", { class: "chip", href: modelUrl(model.name, version), title: `version ${version}` }, `@${alias}`), " "])),
    h("td", null, Object.entries(model.stages ?? {}).map(([stage, version]) => [h("a", { class: `chip stage-${stage.toLowerCase()}`, href: modelUrl(model.name, version), title: `version ${version}` }, stage), " "])),
    h("td", { class: "fits", title: clock(model.changed) }, ago(model.changed)),
    h("td", { class: "fits", title: clock(model.created) }, ago(model.created)),
    h("td", { class: "about" }, model.about ?? ""),
  );
}

/** @param {Model} model @param {Row} newest */
function made(model, newest) {
  return [
    h("a", { href: modelUrl(model.name, newest.version) }, `version ${newest.version}`),
    h("span", { class: "soft maker", title: clock(newest.created) }, newest.who && `by ${newest.who}, `, ago(newest.created),
      newest.run && [", from ", h("a", { href: `/r/${newest.run.id}` }, newest.run.name)]),
  ];
}

/** @param {Row} newest @param {string} metric */
const deciding = (newest, metric) => [number(numeric(newest.metrics[metric])), h("span", { class: "soft" }, ` ${metric}`)];

const empty = () => h("div", { class: "empty" }, h("p", null, "No registered models yet. A program registers one:"),
  copyable(`mlflow.sklearn.log_model(model, name="model", registered_model_name="churn")`),
  h("p", null, "A model that a run has kept is registered by “Register” on the page of the run."));

async function create() {
  const { dialog, toast } = await import("../lib/dialog.js");
  const name = h("input", { name: "name", required: true, autocomplete: "off" });
  const form = h("form", { id: "new-model", class: "form", onsubmit: async (/** @type {Event} */ event) => {
    event.preventDefault();
    try {
      await change("registered-models/create", { name: name.value.trim() });
      location.assign(modelUrl(name.value.trim()));
    } catch (error) {
      toast(error instanceof Error ? error.message : String(error), { bad: true });
    }
  } }, h("label", null, "Name ", name));
  const ways = { python: () => `MlflowClient().create_registered_model(${JSON.stringify(name.value.trim())})` };
  dialog("New model", form, { actions: [copyAs(h("button", { class: "main", form: "new-model" }, "Create"), ways)] });
  name.focus();
}

box.value = query().get("q") ?? "";
fill(main(),
  h("div", { class: "head" }, h("h1", null, "Models"), count, h("span", { class: "push" }), box, h("button", { onclick: create }, "New model")),
  list, further,
);
watcher.observe(further);
bind({ "/": ["Find a model", () => byId("main").querySelector("input")?.focus()] });
onBack(() => {
  box.value = query().get("q") ?? "";
  void load();
});
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible" && shown <= PAGE) void load(); // there are no events about models
});
await load();
