// Descriptions of models and versions: Markdown, edited in place.
import { change } from "../../lib/api.js";
import { dialog, toast } from "../../lib/dialog.js";
import { h } from "../../lib/dom.js";
import { marked } from "../../lib/marked.js";

/** @typedef {{ call: string, of: Record<string, string>, title: string, text: string, nodes: any[], place: (path: string) => string | null }} Described what the text is about, as MLflow's calls name it */

/** @param {Described} about @param {() => Promise<void>} again */
export function described(about, again) {
  return h("section", { class: "card" },
    h("div", { class: "card-head" }, h("h2", null, about.title), h("button", { class: "plain", onclick: () => edit(about, again) }, about.text ? "Edit" : "Describe it")),
    about.nodes.length > 0 ? marked(about.nodes, about.place) : h("p", { class: "soft" }, "Nobody has described it."));
}

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
  const { close } = dialog("Description", [h("p", { class: "soft" }, "Markdown."), field], { wide: true, actions: [h("button", { class: "main", onclick: () => void save() }, "Save")] });
}

/** @param {Described} about @param {() => Promise<void>} again */
async function back(about, again) {
  await change(`${about.call}/update`, { ...about.of, description: about.text }, "PATCH").catch((error) => toast(String(error), { bad: true }));
  await again();
}
