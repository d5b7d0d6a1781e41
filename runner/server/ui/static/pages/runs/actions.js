// What can be done with the selected runs.
import { change, own } from "../../lib/api.js";
import { copyAs, quoted } from "../../lib/command.js";
import { dialog, toast } from "../../lib/dialog.js";
import { h } from "../../lib/dom.js";
import { counted } from "../../lib/format.js";
import { item } from "./columns.js";
import { KINDS } from "./exporting.js";
import { drops } from "./menus.js";

/** @typedef {import("./exporting.js").Kind} Kind */

/**
 * @typedef {object} Selected
 * @property {number} count
 * @property {boolean} comparable whether there is anything to compare them with
 * @property {number} total rows that fit
 * @property {boolean} archived whether they are archived ones
 * @property {() => Promise<string[]>} ids
 * @property {string | undefined} single the id, if it is one run
 * @property {boolean} pinned whether that one is the baseline
 * @property {() => void} all select all that fit
 * @property {() => void} none
 * @property {() => void} compare
 * @property {() => void} pin
 * @property {(kind: Kind) => void} hand
 * @property {() => Promise<void>} changed
 */

const AT_ONCE = 6; // changes that are under way together

/** The bar below the table. @param {Selected} selected */
export function bar(selected) {
  const { count, total, single } = selected;
  const button = (/** @type {string} */ text, /** @type {() => void} */ does, /** @type {any} */ extra = {}) => h("button", { onclick: does, ...extra }, text);
  return [
    h("strong", null, `${count.toLocaleString("en")} selected`),
    count < total && button(`Select all ${total.toLocaleString("en")} matching`, selected.all, { class: "plain" }),
    button("Compare", selected.compare, { class: "main", disabled: !selected.comparable, title: "c" }),
    single !== undefined && button(selected.pinned ? "Unpin baseline" : "Pin as baseline", selected.pin),
    single !== undefined && copyAs(button("Re-run…", () => void rerun(single)), { command: `runner rerun ${single}` }),
    button("Tag…", () => tag(selected)),
    button("Note…", () => note(selected)),
    drops("export-selected", "Export", () => KINDS.map(([kind, title]) => item(title, () => selected.hand(kind)))),
    archiving(selected),
    button("Clear", selected.none, { class: "plain end", title: "Esc" }),
  ];
}

/** @param {Selected} selected */
function archiving(selected) {
  const verb = selected.archived ? "restore" : "delete", { single } = selected;
  const button = h("button", { onclick: () => archive(selected).catch(told) }, selected.archived ? "Restore" : "Archive");
  return single === undefined ? button : copyAs(button, {
    command: `runner runs ${verb} ${single}`,
    python: `mlflow.MlflowClient().${verb}_run("${single}")`,
    curl: `curl ${location.origin}/api/2.0/mlflow/runs/${verb} --json ${quoted(JSON.stringify({ run_id: single }))}`,
  });
}

/** Archive or restore, and offer to take it back. @param {Selected} selected */
async function archive(selected) {
  const ids = await selected.ids(), [call, back] = selected.archived ? ["restore", "delete"] : ["delete", "restore"];
  const done = await each(ids, (run_id) => change(`runs/${call}`, { run_id }));
  if (done.length === 0) return;
  selected.none();
  await selected.changed();
  const undo = () => each(done, (run_id) => change(`runs/${back}`, { run_id })).then(() => selected.changed()).catch(told);
  toast(`${selected.archived ? "Restored" : "Archived"} ${counted(done.length, "run")}`, { action: ["Undo", undo] });
}

/** @param {string} run */
async function rerun(run) {
  try {
    const { runAgain } = await import("../../lib/runagain.js");
    await runAgain(await own(`/runs/${run}/overview`));
  } catch (error) {
    told(error);
  }
}

/** @param {unknown} error */
function told(error) {
  toast(error instanceof Error ? error.message : String(error), { bad: true });
}

/** @param {Selected} selected */
function tag(selected) {
  const key = h("input", { type: "text", required: true, maxlength: 250, "aria-label": "Tag" }), value = h("input", { type: "text", maxlength: 5000, "aria-label": "Value" });
  asking(`Tag ${counted(selected.count, "run")}`, [h("label", { class: "field" }, "Tag", key), h("label", { class: "field" }, "Value", value)], selected,
    (run_id) => change("runs/set-tag", { run_id, key: key.value, value: value.value }));
}

/** @param {Selected} selected */
function note(selected) {
  const text = h("textarea", { rows: 5, maxlength: 5000, "aria-label": "Note, in Markdown" });
  asking(`Note on ${counted(selected.count, "run")}`, [text, h("p", { class: "soft" }, "Markdown. It takes the place of a note that is there.")], selected,
    (run_id) => change("runs/set-tag", { run_id, key: "mlflow.note.content", value: text.value }));
}

/** @param {string} title @param {any} content @param {Selected} selected @param {(run: string) => Promise<any>} does */
function asking(title, content, selected, does) {
  const save = h("button", { class: "main", onclick: () => form.requestSubmit() }, "Save");
  const saved = async () => {
    const done = await each(await selected.ids(), does);
    if (done.length === 0) return;
    close();
    toast(`Saved for ${counted(done.length, "run")}`);
    await selected.changed();
  };
  const form = h("form", { onsubmit: (/** @type {Event} */ event) => {
    event.preventDefault();
    if (save.disabled) return; // it is being done
    save.disabled = true;
    void saved().catch(told).finally(() => { save.disabled = false; });
  } }, content);
  const { close } = dialog(title, form, { actions: [save] });
  /** @type {HTMLElement | null} */ (form.querySelector("input, textarea"))?.focus();
}

/** Do it for each, some at a time, and say what was refused. @param {string[]} ids @param {(id: string) => Promise<any>} does @returns {Promise<string[]>} those for which it was done */
async function each(ids, does) {
  const rest = [...ids], done = /** @type {string[]} */ ([]);
  /** @type {string[]} */
  const refused = [];
  const work = async () => {
    for (let id = rest.shift(); id !== undefined; id = rest.shift()) {
      try {
        await does(id);
        done.push(id);
      } catch (error) {
        refused.push(error instanceof Error ? error.message : String(error));
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  if (refused.length > 0) toast(`Refused for ${counted(refused.length, "run")}: ${refused[0]}`, { bad: true });
  return done;
}
