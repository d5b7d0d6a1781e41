// Tags of a model or a version: set, removed, and those of programs apart.
import { change } from "../../lib/api.js";
import { copyAs } from "../../lib/command.js";
import { toast } from "../../lib/dialog.js";
import { h } from "../../lib/dom.js";
import { counted } from "../../lib/format.js";
import { CALLED } from "./describing.js";

/** @typedef {{ call: "registered-models" | "model-versions", of: Record<string, string>, tags: Record<string, string> }} Tagged as MLflow's calls name it */

/** @param {Tagged} tagged @param {() => Promise<void>} again */
export function tags(tagged, again) {
  const names = Object.keys(tagged.tags).sort();
  const ours = names.filter((name) => !/^(mlflow|runner)\./.test(name)), others = names.filter((name) => !ours.includes(name));
  return h("section", { class: "card" }, h("h2", null, "Tags"),
    ours.length > 0 && rows(tagged, ours, again),
    others.length > 0 && h("details", null, h("summary", { class: "soft" }, counted(others.length, "tag"), " of programs"), rows(tagged, others, again)),
    adding(tagged, again));
}

/** @param {Tagged} tagged @param {string[]} names @param {() => Promise<void>} again */
function rows(tagged, names, again) {
  return h("table", { class: "pairs" }, h("tbody", null, names.map((name) => h("tr", null,
    h("th", { scope: "row" }, name), h("td", { class: "mono" }, tagged.tags[name]),
    h("td", { class: "fits" }, h("button", { class: "plain", "aria-label": `Remove the tag ${name}`, onclick: () => void remove(tagged, name, again) }, "✕"))))));
}

/** @param {Tagged} tagged @param {() => Promise<void>} again */
function adding(tagged, again) {
  const key = h("input", { placeholder: "name", "aria-label": "Name of a tag", required: true }), value = h("input", { placeholder: "value", "aria-label": "Value of the tag" });
  const add = (/** @type {Event} */ event) => {
    event.preventDefault();
    void set(tagged, key.value.trim(), value.value, again);
  };
  const ways = { python: () => `MlflowClient().set_${CALLED[tagged.call]}_tag(${[...Object.values(tagged.of), key.value.trim(), value.value].map((each) => JSON.stringify(each)).join(", ")})` };
  return h("form", { class: "tag-form", onsubmit: add }, key, value, copyAs(h("button", null, "Add"), ways));
}

/** @param {Tagged} tagged @param {string} key @param {string} value @param {() => Promise<void>} again */
async function set(tagged, key, value, again) {
  try {
    await change(`${tagged.call}/set-tag`, { ...tagged.of, key, value });
    await again();
  } catch (error) {
    toast(error instanceof Error ? error.message : String(error), { bad: true });
  }
}

/** @param {Tagged} tagged @param {string} key @param {() => Promise<void>} again */
async function remove(tagged, key, again) {
  try {
    await change(`${tagged.call}/delete-tag`, { ...tagged.of, key }, "DELETE");
    await again();
    toast(`${key} is removed`, { action: ["Undo", () => void set(tagged, key, tagged.tags[key] ?? "", again)] });
  } catch (error) {
    toast(error instanceof Error ? error.message : String(error), { bad: true });
  }
}
