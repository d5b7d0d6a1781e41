// Descriptions of models and versions: Markdown, edited in place.
import { change } from "../../lib/api.js";
import { copyAs } from "../../lib/command.js";
import { dialog, toast } from "../../lib/dialog.js";
import { h } from "../../lib/dom.js";
import { marked } from "../../lib/marked.js";

/** @typedef {{ call: "registered-models" | "model-versions", of: Record<string, string>, title: string, text: string, nodes: any[], place: (path: string) => string | null }} Described what the text is about, as MLflow's calls name it */

/** What Python calls them. */
export const CALLED = { "registered-models": "registered_model", "model-versions": "model_version" };

/** @param {Described} about @param {() => Promise<void>} again */
export function described(about, again) {
  return h("section", { class: "card" },
    h("div", { class: "card-head" }, h("h2", null, about.title), h("button", { class: "plain", onclick: () => edit(about, again) }, about.text ? "Edit" : "Describe it")),
    about.nodes.length > 0 ? marked(lowered(about.nodes), about.place) : h("p", { class: "soft" }, "Nobody has described it."));
}

/** Headings of a text stand below that of the card in which it is. @param {any[]} nodes @returns {any[]} */
export const lowered = (nodes) => nodes.map((node) => (Array.isArray(node) && /^h[1-6]$/.test(node[0]) ? [`h${Math.min(6, Number(node[0][1]) + 2)}`, ...node.slice(1)] : node));

/** @param {Described} about @param {() => Promise<void>} again */
function edit(about, again) {
  const field = h("textarea", { class: "text-field", "aria-label": "Description, in Markdown", rows: 12, value: about.text });
  const save = async () => {
    try {
      await change(`${about.call}/update`, { ...about.of, description: field.value }, "PATCH");
      close();
      await again();
      toast("Saved", { action: ["Undo", () => void back(about, again)] });
    } catch (error) {
      toast(error instanceof Error ? error.message : String(error), { bad: true });
    }
  };
  const ways = { python: () => `MlflowClient().update_${CALLED[about.call]}(${[...Object.values(about.of), field.value].map((each) => JSON.stringify(each)).join(", ")})` };
  const { close } = dialog("Description", [h("p", { class: "soft" }, "Markdown."), field], { wide: true, actions: [copyAs(h("button", { class: "main", onclick: () => void save() }, "Save"), ways)] });
}

/** @param {Described} about @param {() => Promise<void>} again */
async function back(about, again) {
  await change(`${about.call}/update`, { ...about.of, description: about.text }, "PATCH").catch((error) => toast(String(error), { bad: true }));
  await again();
}
