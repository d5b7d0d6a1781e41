// Moving an alias: from which version to which, what that changes, and why. The moves of a model are kept in a tag of it.
import { ApiError, change } from "../../lib/api.js";
import { dialog, toast } from "../../lib/dialog.js";
import { fill, h } from "../../lib/dom.js";
import { clock, number } from "../../lib/format.js";

/** @typedef {import("./versions.js").Version} Version */
/** @typedef {import("./versions.js").Run} Run */
/** @typedef {{ alias: string, from: string | null, to: string, why: string, time: number }} Move */

const MOVES = "runner.alias.moves";
const KEPT = 50;

/** @param {any} model @returns {Move[]} the newest first; anybody may have written the tag */
export function movesOf(model) {
  try {
    const found = JSON.parse((model.tags ?? []).find((/** @type {any} */ tag) => tag.key === MOVES)?.value ?? "[]");
    return Array.isArray(found) ? found.filter((each) => typeof each?.alias === "string" && typeof each?.to === "string") : [];
  } catch {
    return [];
  }
}

/**
 * Ask which alias a version gets, and why.
 *
 * @param {any} model
 * @param {Version} version
 * @param {(version: string) => Run | undefined} runOf who made a version
 * @param {() => void} done
 */
export function moveAlias(model, version, runOf, done) {
  const alias = h("input", { name: "alias", required: true, list: "aliases", autocomplete: "off", oninput: () => tell() });
  const why = h("input", { name: "why", required: true, autocomplete: "off" });
  const told = h("div", { class: "soft", role: "status" });
  const known = /** @type {{ alias: string, version: string }[]} */ (model.aliases ?? []);
  const at = () => known.find((each) => each.alias === alias.value.trim())?.version ?? null;
  const tell = () => fill(told, difference(at(), version, runOf));
  const form = h("form", { id: "alias", class: "form", onsubmit: async (/** @type {Event} */ event) => {
    event.preventDefault();
    const move = { alias: alias.value.trim(), from: at(), to: version.version, why: why.value.trim(), time: Date.now() };
    if (await moved(model, move)) {
      opened.close();
      toast(`@${move.alias} is version ${move.to} now`, { action: ["Undo", () => void undo(model, move).then(done)] });
      done();
    }
  } },
    h("label", null, "Alias ", alias), h("datalist", { id: "aliases" }, known.map((each) => h("option", { value: each.alias }))),
    h("label", null, "Why ", why), told);
  const opened = dialog(`An alias for version ${version.version}`, form, { actions: [h("button", { class: "main", form: "alias" }, "Move")] });
  alias.focus();
}

/** @param {string | null} from @param {Version} to @param {(version: string) => Run | undefined} runOf */
function difference(from, to, runOf) {
  if (from === null) return "No version has it now.";
  const old = runOf(from), fresh = runOf(to.version);
  const metrics = [...(fresh?.metrics ?? [])].filter(([key]) => old?.metrics.has(key)).slice(0, 4);
  const changes = metrics.map(([key, value]) => `${key} ${number(old?.metrics.get(key))} → ${number(value)}`).join(", ");
  return `Version ${from} has it now.${changes && ` ${changes}.`}`;
}

/** @param {any} model @param {Move} move @returns {Promise<boolean>} */
async function moved(model, move) {
  try {
    await change("registered-models/alias", { name: model.name, alias: move.alias, version: move.to });
    const moves = JSON.stringify([move, ...movesOf(model)].slice(0, KEPT));
    await change("registered-models/set-tag", { name: model.name, key: MOVES, value: moves });
    return true;
  } catch (error) {
    toast(error instanceof ApiError ? error.message : String(error), { bad: true });
    return false;
  }
}

/** @param {any} model @param {Move} move */
async function undo(model, move) {
  if (move.from !== null) {
    await moved(model, { ...move, from: move.to, to: move.from, why: "undone", time: Date.now() });
    return;
  }
  await change("registered-models/alias", { name: model.name, alias: move.alias }, "DELETE").catch(() => undefined);
}

/** @param {Move[]} moves */
export function history(moves) {
  if (moves.length === 0) return null;
  return h("section", null, h("h2", null, "Moves of aliases"), h("ul", { class: "card moves" }, moves.slice(0, 10).map((move) =>
    h("li", null, h("span", { class: "chip" }, `@${move.alias}`), ` ${move.from ?? "none"} → ${move.to} `, h("span", null, move.why), " ", h("span", { class: "soft" }, clock(move.time))))));
}
