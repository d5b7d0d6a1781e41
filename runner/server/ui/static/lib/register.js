// Register: a model that a run has kept becomes a version of a registered model.
import { ApiError, change, own } from "./api.js";
import { copyable, copyAs, quoted } from "./command.js";
import { dialog, toast } from "./dialog.js";
import { h } from "./dom.js";

/** @typedef {{ id: string, name: string, experiment: string }} Run */
/** @typedef {{ source: string, title: string, model?: string }} Found a model of the run: `model` is the id of a logged one */

const LOOKED_AT = 20; // logged models of a run, and directories in which one may lie
const KNOWN = 200; // names that are offered

/**
 * The dialog that registers a model of a run.
 *
 * @param {Run} run
 */
export async function register(run) {
  const [found, known] = await Promise.all([modelsOf(run), names()]);
  if (found.length === 0) return void dialog(`Register a model of ${run.name}`, [
    h("p", null, "This run has kept no model: neither did it log one, nor does a file MLmodel lie among its artifacts. Its program keeps one with"),
    copyable(`mlflow.sklearn.log_model(model, name="model")`)]);
  const model = h("select", { name: "model" }, found.map(({ title }, at) => h("option", { value: at }, title)));
  const name = h("input", { name: "name", required: true, list: "registered", autocomplete: "off", oninput: () => tell() });
  const about = h("textarea", { name: "description", rows: 3 });
  const told = h("p", { class: "soft", role: "status" });
  const tell = () => (told.textContent = name.value.trim() === "" ? "" : known.includes(name.value.trim()) ? "It becomes the next version of this model." : "There is no such model yet: it is made, and this is its version 1.");
  const chosen = () => /** @type {Found} */ (found[Number(model.value)]);
  const asked = () => ({ name: name.value.trim(), source: chosen().source, run_id: run.id, model_id: chosen().model ?? "", description: about.value.trim() });
  const form = h("form", { id: "register", class: "run-again", onsubmit: async (/** @type {Event} */ event) => {
    event.preventDefault();
    if (await registered(asked())) opened.close();
  } },
    field("Model", model), field("Name", name), h("datalist", { id: "registered" }, known.map((each) => h("option", { value: each }))), told,
    field("About this version", about));
  const ways = {
    python: () => `mlflow.register_model(${JSON.stringify(asked().source)}, ${JSON.stringify(asked().name)})`,
    curl: () => `curl -X POST ${quoted(`${location.origin}/api/2.0/mlflow/model-versions/create`)} -H 'Content-Type: application/json' -d ${quoted(JSON.stringify(asked()))}`,
  };
  const opened = dialog(`Register a model of ${run.name}`, form, { actions: [copyAs(h("button", { class: "main", form: "register" }, "Register"), ways)] });
  name.focus();
}

/** @param {string} title @param {HTMLElement} input */
const field = (title, input) => h("label", { class: "field" }, h("span", null, title), input);

/** @param {{ name: string, source: string, run_id: string, model_id: string, description: string }} asked */
async function registered(asked) {
  try {
    await change("registered-models/create", { name: asked.name }).catch((error) => {
      if (!(error instanceof ApiError) || error.code !== "RESOURCE_ALREADY_EXISTS") throw error;
    });
    const { model_version: made } = await change("model-versions/create", asked);
    const open = () => location.assign(`/models/${encodeURIComponent(asked.name)}/${made.version}`);
    toast(`It is version ${made.version} of ${asked.name}`, { action: ["Open it", open] });
    return true;
  } catch (error) {
    toast(error instanceof Error ? error.message : String(error), { bad: true });
    return false;
  }
}

/** @param {Run} run @returns {Promise<Found[]>} */
async function modelsOf(run) {
  const [logged, kept] = await Promise.all([loggedBy(run), keptBy(run)]);
  return [...logged, ...kept];
}

/** @param {Run} run @returns {Promise<Found[]>} */
async function loggedBy(run) {
  const asked = { experiment_ids: [run.experiment], filter: `source_run_id = '${run.id}'`, max_results: LOOKED_AT };
  const { models = [] } = await change("logged-models/search", asked).catch(() => ({}));
  return models.map((/** @type {{ info: { model_id: string, name: string } }} */ { info }) => ({ source: `models:/${info.model_id}`, title: `${info.name} (${info.model_id})`, model: info.model_id }));
}

/** Directories among its artifacts with a file MLmodel. @param {Run} run @returns {Promise<Found[]>} */
async function keptBy(run) {
  const at = `/runs/${encodeURIComponent(run.id)}/artifacts`;
  const { entries } = await own(at).catch(() => ({ entries: [] }));
  const directories = entries.filter((/** @type {{ directory?: boolean }} */ each) => each.directory).slice(0, LOOKED_AT);
  const inside = await Promise.all(directories.map((/** @type {{ path: string }} */ { path }) => own(at, { path })));
  return directories.flatMap((/** @type {{ path: string }} */ { path }, /** @type {number} */ place) =>
    (inside[place].entries.some((/** @type {{ name: string }} */ each) => each.name === "MLmodel") ? [{ source: `runs:/${run.id}/${path}`, title: `${path}/ of this run` }] : []));
}

/** @returns {Promise<string[]>} */
async function names() {
  const { models = [] } = await own("/models", { limit: KNOWN });
  return models.map((/** @type {{ name: string }} */ each) => each.name);
}
