// Saved views: a name for what the URL says. With one experiment they are kept as its tags, for everybody; else in this browser.
import { change } from "../../lib/api.js";
import { dialog, toast } from "../../lib/dialog.js";
import { h } from "../../lib/dom.js";
import { query } from "../../lib/state.js";
import { item } from "./columns.js";

/** @typedef {import("./better.js").Experiment} Experiment */

const TAG = "runner.view.", KEPT = "runner.views";
const NOT_KEPT = ["view", "sel", "open"];

/** @param {Experiment | undefined} experiment the only one @returns {[string, string][]} names and queries */
export function views(experiment) {
  if (experiment === undefined) return Object.entries(kept());
  return (experiment.tags ?? []).filter(({ key }) => key.startsWith(TAG)).map(({ key, value }) => [key.slice(TAG.length), value]);
}

/**
 * What the menu of views holds.
 *
 * @param {Experiment | undefined} experiment
 * @param {string} now the name of the view that is shown
 * @param {(query: string) => void} open
 */
export function menu(experiment, now, open) {
  const known = views(experiment);
  return [
    ...known.map(([name, query]) => item(name, () => open(withName(query, name)), name === now)),
    item("Save this view…", () => ask(experiment, now, open)),
    now && known.some(([name]) => name === now) && item(`Delete “${now}”`, () => void forget(experiment, now).then(() => open(plain()), failed)),
  ];
}

/** @param {unknown} error */
const failed = (error) => toast(error instanceof Error ? error.message : String(error), { bad: true });

/** @param {string} query @param {string} name */
function withName(query, name) {
  const found = new URLSearchParams(query);
  found.set("view", name);
  return `?${found}`;
}

/** @param {Experiment | undefined} experiment @param {string} now @param {(query: string) => void} open */
function ask(experiment, now, open) {
  const field = h("input", { type: "text", value: now, maxlength: 100, "aria-label": "Name of the view", required: true });
  const save = async () => {
    const name = field.value.trim();
    if (name === "") return;
    await keep(experiment, name, plain());
    close();
    open(withName(plain(), name));
  };
  const form = h("form", { onsubmit: (/** @type {Event} */ event) => { event.preventDefault(); void save().catch(failed); } },
    field, h("p", { class: "soft" }, experiment ? `Kept with the experiment ${experiment.name}, for everybody.` : "Kept in this browser: views of several experiments have no common place."));
  const { close } = dialog("Save this view", form, { actions: [h("button", { class: "main", onclick: () => form.requestSubmit() }, "Save")] });
  field.focus();
  field.select();
}

/** What the URL says, but for what belongs to a moment. */
function plain() {
  const found = query();
  for (const name of NOT_KEPT) found.delete(name);
  return `?${found}`;
}

/** @param {Experiment | undefined} experiment @param {string} name @param {string} query */
async function keep(experiment, name, query) {
  if (experiment === undefined) return put({ ...kept(), [name]: query });
  await change("experiments/set-experiment-tag", { experiment_id: experiment.experiment_id, key: TAG + name, value: query });
  experiment.tags = [...(experiment.tags ?? []).filter(({ key }) => key !== TAG + name), { key: TAG + name, value: query }];
}

/** @param {Experiment | undefined} experiment @param {string} name */
async function forget(experiment, name) {
  if (experiment === undefined) return put(Object.fromEntries(Object.entries(kept()).filter(([each]) => each !== name)));
  await change("experiments/delete-experiment-tag", { experiment_id: experiment.experiment_id, key: TAG + name });
  experiment.tags = (experiment.tags ?? []).filter(({ key }) => key !== TAG + name);
}

/** @returns {Record<string, string>} */
function kept() {
  try {
    return JSON.parse(localStorage.getItem(KEPT) ?? "{}");
  } catch {
    return {};
  }
}

/** @param {Record<string, string>} all */
const put = (all) => localStorage.setItem(KEPT, JSON.stringify(all));
