// Moving an alias: from which version to which, what that changes, and why. The server keeps who moved it, when and why.
import { send } from "../../lib/api.js";
import { copyAs, quoted } from "../../lib/command.js";
import { dialog, toast } from "../../lib/dialog.js";
import { fill, h } from "../../lib/dom.js";
import { clock } from "../../lib/format.js";
import { difference } from "./difference.js";
import { lookAtModel, modelUrl } from "./versions.js";

/** @typedef {import("./versions.js").Model} Model */
/** @typedef {import("./versions.js").Move} Move */
/** @typedef {() => Promise<void>} Again */

const HISTORY = 20;

/**
 * Ask which alias a version gets, and why.
 *
 * @param {string} name of the model
 * @param {number} version
 * @param {Again} again
 * @param {string} [given] the alias that is meant, unless another is chosen
 */
export async function moveAlias(name, version, again, given = "") {
  const model = await lookAtModel(name);
  const alias = h("input", { name: "alias", required: true, list: "aliases", autocomplete: "off", value: given, oninput: () => tell() });
  const why = h("textarea", { name: "why", required: true, rows: 2, maxlength: 1000 });
  const told = h("div", { class: "difference", role: "status" });
  const asked = () => ({ name, alias: alias.value.trim().replace(/^@/, ""), version, why: why.value.trim(), before: at(model, alias.value.trim().replace(/^@/, "")) });
  const tell = () => fill(told, asked().alias && difference(model, asked().before, version));
  const submitted = async (/** @type {Event} */ event) => {
    event.preventDefault();
    if (await moved(asked(), again)) opened.close();
  };
  const form = h("form", { id: "alias", class: "form", onsubmit: submitted },
    h("label", null, "Alias ", alias), h("datalist", { id: "aliases" }, model.aliases.map((each) => h("option", { value: each.alias }))),
    told, h("label", null, "Why ", why));
  const ways = {
    python: () => `MlflowClient().set_registered_model_alias(${JSON.stringify(name)}, ${JSON.stringify(asked().alias)}, ${version})`,
    curl: () => `curl -X POST ${quoted(`${location.origin}/api/runner/1/models/aliases`)} -H 'Content-Type: application/json' -d ${quoted(JSON.stringify(asked()))}`,
  };
  const opened = dialog(`An alias for version ${version}`, form, { wide: true, actions: [copyAs(h("button", { class: "main", form: "alias" }, "Move"), ways)] });
  tell();
  (given ? why : alias).focus();
}

/** @param {Model} model @param {string} alias */
const at = (model, alias) => model.aliases.find((each) => each.alias === alias)?.version;

/** @param {string} name @param {string} alias @param {number} version @param {Again} again */
export function removeAlias(name, alias, version, again) {
  const why = h("textarea", { name: "why", required: true, rows: 2, maxlength: 1000 });
  const submitted = async (/** @type {Event} */ event) => {
    event.preventDefault();
    if (await moved({ name, alias, why: why.value.trim(), before: version }, again)) opened.close();
  };
  const form = h("form", { id: "alias", class: "form", onsubmit: submitted }, h("p", null, `Programs that load models:/${name}@${alias} will fail.`), h("label", null, "Why ", why));
  const ways = { python: `MlflowClient().delete_registered_model_alias(${JSON.stringify(name)}, ${JSON.stringify(alias)})` };
  const opened = dialog(`Take @${alias} away?`, form, { actions: [copyAs(h("button", { class: "main", form: "alias" }, "Take it away"), ways)] });
}

/** @param {{ name: string, alias: string, version?: number, why: string, before?: number }} asked @param {Again} again */
async function moved(asked, again) {
  try {
    const move = /** @type {Move} */ (await send("/models/aliases", asked));
    await again();
    toast(`@${move.alias} is ${move.to === undefined ? "taken away" : `version ${move.to}`} now`, { action: ["Undo", () => void back(asked.name, move, again)] });
    return true;
  } catch (error) {
    toast(error instanceof Error ? error.message : String(error), { bad: true });
    return false;
  }
}

/** @param {string} name @param {Move} move @param {Again} again */
const back = (name, move, again) => moved({ name, alias: move.alias, version: move.from, before: move.to, why: `undone: ${move.why ?? ""}`.slice(0, 1000) }, again);

/** @param {Model} model @param {Again} again */
export function history(model, again) {
  if (model.moves.length === 0) return null;
  /** @type {Set<string>} */
  const seen = new Set();
  const rows = model.moves.slice(0, HISTORY).map((move) => {
    const isLast = !seen.has(move.alias) && at(model, move.alias) === move.to;
    seen.add(move.alias);
    return entry(model.name, move, isLast, again);
  });
  return h("section", null, h("h2", null, "Moves of aliases"), h("ul", { class: "card moves" }, rows));
}

/** @param {string} name @param {Move} move @param {boolean} isLast @param {Again} again */
function entry(name, move, isLast, again) {
  const to = (/** @type {number | undefined} */ version) => (version === undefined ? "none" : h("a", { href: modelUrl(name, version) }, `version ${version}`));
  return h("li", null,
    h("span", { class: "chip" }, `@${move.alias}`), h("span", null, to(move.from), " → ", to(move.to)),
    h("span", { class: "why" }, move.why ?? ""), h("span", { class: "soft" }, move.who && `${move.who}, `, clock(move.time)),
    isLast && h("button", { class: "plain", "aria-label": `Undo the move of @${move.alias}`, onclick: () => void back(name, move, again) }, "Undo"));
}
