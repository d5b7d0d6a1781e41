// Registered models: newest version, aliases, stages, where they come from.
import { change, mlflow, pattern } from "../lib/api.js";
import { copyable } from "../lib/command.js";
import { byId, fill, h, main } from "../lib/dom.js";
import { ago, clock, counted } from "../lib/format.js";
import { bind } from "../lib/keys.js";
import { onBack, query, show } from "../lib/state.js";
import { modelUrl, runsOf } from "./model/versions.js";

/** @typedef {import("./model/versions.js").Version} Version */
/** @typedef {{ name: string, description?: string, last_updated_timestamp?: number, latest_versions?: Version[], aliases?: { alias: string, version: string }[], tags?: { key: string, value: string }[] }} Model */

const PAGE = 100;
const REST = 250; // milliseconds after the last key before the server is asked

/** @type {Model[]} */
let models = [];
/** @type {string | undefined} where the next page begins */
let more;
let asked = 0;

const box = h("input", { type: "search", placeholder: "Find a model", "aria-label": "Find a model", oninput: () => typed() });
const count = h("span", { class: "soft", role: "status" });
const list = h("div");
let waiting = 0;

function typed() {
  clearTimeout(waiting);
  waiting = window.setTimeout(() => {
    show({ q: box.value.trim() });
    void load();
  }, REST);
}

/** @param {string} [after] */
async function load(after) {
  const mine = (asked += 1), text = query().get("q") ?? "";
  const answer = await mlflow("registered-models/search", {
    filter: text && `name ILIKE '%${pattern(text)}%'`,
    order_by: ["last_updated_timestamp DESC", "name ASC"],
    max_results: PAGE,
    page_token: after,
  });
  if (mine !== asked) return;
  models = [...(after ? models : []), ...(answer.registered_models ?? [])];
  more = answer.next_page_token;
  fill(count, counted(models.length, "model"), more && " and more");
  fill(list, models.length > 0 ? table() : text ? nothing(text) : empty(), more && h("p", null, h("button", { onclick: () => load(more) }, "More")));
  await sources();
}

function table() {
  return h("div", { class: "scroll" }, h("table", { class: "wide" },
    h("thead", null, h("tr", null, ["Model", "Newest", "Aliases", "From run", "Changed", "Description"].map((title) => h("th", { scope: "col" }, title)))),
    h("tbody", null, models.map((model) => {
      const newest = newestOf(model);
      return h("tr", null,
        h("th", { scope: "row" }, h("a", { href: modelUrl(model.name) }, model.name)),
        h("td", null, newest ? h("a", { href: modelUrl(model.name, newest.version) }, `version ${newest.version}`) : h("span", { class: "soft" }, "none")),
        h("td", null, (model.aliases ?? []).map(({ alias, version }) => [h("a", { class: "chip", href: modelUrl(model.name, version), title: `version ${version}` }, `@${alias}`), " "])),
        h("td", { "data-run": newest?.run_id }),
        h("td", { title: clock(model.last_updated_timestamp) }, ago(model.last_updated_timestamp)),
        h("td", { class: "text" }, model.description ?? ""),
      );
    })),
  ));
}

/** Names of the runs, in one call. */
async function sources() {
  const ids = models.flatMap((model) => newestOf(model)?.run_id ?? []);
  const runs = await runsOf(ids);
  for (const cell of list.querySelectorAll("td[data-run]")) {
    const run = runs.get(cell.getAttribute("data-run") ?? "");
    if (run) fill(cell, h("a", { href: `/r/${run.id}` }, run.name));
  }
}

/** @param {Model} model */
const newestOf = (model) => (model.latest_versions ?? []).toSorted((a, b) => Number(b.version) - Number(a.version))[0];

/** @param {string} text */
const nothing = (text) => h("p", { class: "empty" }, `No model has “${text}” in its name.`);

const empty = () => h("div", { class: "empty" }, h("p", null, "No registered models yet. A program registers one:"),
  copyable(`mlflow.sklearn.log_model(model, name="model", registered_model_name="churn")`));

async function create() {
  const { dialog, toast } = await import("../lib/dialog.js");
  const name = h("input", { name: "name", required: true, autocomplete: "off" });
  const form = h("form", { id: "new-model", onsubmit: async (/** @type {Event} */ event) => {
    event.preventDefault();
    try {
      await change("registered-models/create", { name: name.value.trim() });
      location.assign(modelUrl(name.value.trim()));
    } catch (error) {
      toast(error instanceof Error ? error.message : String(error), { bad: true });
    }
  } }, h("label", null, "Name ", name));
  dialog("New model", form, { actions: [h("button", { class: "main", form: "new-model" }, "Create")] });
  name.focus();
}

box.value = query().get("q") ?? "";
fill(main(),
  h("div", { class: "head" }, h("h1", null, "Models"), count, h("span", { class: "push" }), box, h("button", { onclick: create }, "New model")),
  list,
);
bind({ "/": ["Find a model", () => byId("main").querySelector("input")?.focus()] });
onBack(() => {
  box.value = query().get("q") ?? "";
  void load();
});
await load();
