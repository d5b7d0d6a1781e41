// Models that get another name, and what is deleted for good.
import { change } from "../../lib/api.js";
import { copyAs } from "../../lib/command.js";
import { dialog, toast } from "../../lib/dialog.js";
import { h } from "../../lib/dom.js";
import { counted } from "../../lib/format.js";
import { modelUrl } from "./versions.js";

/** @typedef {import("./versions.js").Model} Model */
/** @typedef {import("./versions.js").Version} Version */

const text = JSON.stringify; // also of Python

/** @param {string} name @param {() => Promise<void>} again */
export function renameModel(name, again) {
  const field = h("input", { name: "name", required: true, autocomplete: "off", value: name });
  const rename = async (/** @type {Event} */ event) => {
    event.preventDefault();
    if (await renamed(name, field.value.trim(), again)) opened.close();
  };
  const form = h("form", { id: "rename", class: "form", onsubmit: rename }, h("label", null, "Name ", field),
    h("p", { class: "soft" }, `Programs that load models:/${name}/… or models:/${name}@… will not find it any more: they need the new name.`));
  const ways = { python: () => `MlflowClient().rename_registered_model(${text(name)}, ${text(field.value.trim())})` };
  const opened = dialog(`Rename ${name}`, form, { actions: [copyAs(h("button", { class: "main", form: "rename" }, "Rename"), ways)] });
  field.select();
}

/** @param {string} name @param {string} fresh @param {() => Promise<void>} again */
async function renamed(name, fresh, again) {
  if (!(await done(() => change("registered-models/rename", { name, new_name: fresh })))) return false;
  window.history.replaceState(null, "", modelUrl(fresh));
  await again();
  toast(`${name} is ${fresh} now`, { action: ["Undo", () => void renamed(fresh, name, again)] });
  return true;
}

/** @param {Model} model */
export function removeModel({ name, versions, more, aliases }) {
  const field = h("input", { name: "name", required: true, autocomplete: "off", oninput: () => (button.disabled = field.value.trim() !== name) });
  const button = h("button", { class: "main", form: "remove", disabled: true }, "Delete");
  const remove = async (/** @type {Event} */ event) => {
    event.preventDefault();
    if (field.value.trim() === name && (await done(() => change("registered-models/delete", { name }, "DELETE")))) location.assign("/models");
  };
  const count = `${counted(versions.length, "version")}${more ? " and more" : ""}`;
  const form = h("form", { id: "remove", class: "form", onsubmit: remove },
    h("p", null, `${name} is deleted with ${count}, its tags and ${aliases.length > 0 ? `its aliases (${aliases.map(({ alias }) => `@${alias}`).join(", ")})` : "what was said of it"}. `, h("strong", null, "There is no undo.")),
    h("p", { class: "soft" }, "The files stay where they are, with their runs, and can be registered again."),
    h("label", null, `To delete it, write its name: ${name} `, field));
  dialog(`Delete ${name}?`, form, { actions: [copyAs(button, { python: `MlflowClient().delete_registered_model(${text(name)})` })] });
}

/** @param {Version} version */
export function removeVersion({ name, version, aliases, run }) {
  const remove = async () => {
    if (await done(() => change("model-versions/delete", { name, version: String(version) }, "DELETE"))) location.assign(modelUrl(name));
  };
  const content = [
    aliases.length > 0 && h("p", null, `${aliases.map((alias) => `@${alias}`).join(", ")} will be gone with it: programs that load by alias fail. Move an alias first to keep it.`),
    h("p", null, h("strong", null, "There is no undo: "), `no other version will ever be ${version}.`),
    h("p", { class: "soft" }, "The files stay where they are", run && [", with ", h("a", { href: `/r/${run.id}` }, run.name)], ", and can be registered again, as a new version."),
  ];
  const button = h("button", { class: "main", onclick: () => void remove() }, "Delete");
  dialog(`Delete version ${version} of ${name}?`, content, { actions: [copyAs(button, { python: `MlflowClient().delete_model_version(${text(name)}, ${text(String(version))})` })] });
}

/** @param {() => Promise<any>} act */
async function done(act) {
  try {
    await act();
    return true;
  } catch (error) {
    toast(error instanceof Error ? error.message : String(error), { bad: true });
    return false;
  }
}
