// Run again and Reproduce: a recorded run once more, with changed parts or as it was. Where the server starts runs it does so;
// elsewhere the dialogs show the command. `told` is what `own("/runs/<id>/overview")` gives.
import { ApiError, own, send } from "./api.js";
import { checkList, checks } from "./checklist.js";
import { copy, copyable, quoted } from "./command.js";
import { dialog, toast } from "./dialog.js";
import { fill, h } from "./dom.js";
import { lasting } from "./format.js";

/** @typedef {{ id: string, name: string, plan?: any, record?: any, documents?: { path: string }[], start_time?: number, end_time?: number }} Overview */
/**
 * @typedef {{ kind: "rerun" | "reproduce", run: string, parameters?: Record<string, string>, inputs?: Record<string, string>,
 *   code?: string, env?: string, seed?: number, run_name?: string }} Asked as `POST /executions` takes it
 */

const OTHER = "…"; // of a choice: what is written beside it
const ASK_AGAIN = 1000; // milliseconds between two looks at a run that is about to begin

/** @param {Asked} asked the command that does the same */
export function commandOf(asked) {
  const words = ["runner", asked.kind, asked.run];
  /** @param {string} option @param {Record<string, string> | undefined} values */
  const pairs = (option, values) => Object.entries(values ?? {}).flatMap(([name, value]) => [option, `${name}=${value}`]);
  words.push(...pairs("-P", asked.parameters), ...pairs("--input", asked.inputs));
  if (asked.code && asked.code !== "same") words.push("--code", asked.code);
  if (asked.env && asked.env !== "same") words.push("--env", asked.env);
  if (asked.seed !== undefined) words.push("--seed", String(asked.seed));
  if (asked.run_name) words.push("--run-name", asked.run_name);
  return words.map(quoted).join(" ");
}

/**
 * The dialog that runs a run again with changed parts; `changes` are filled in already.
 *
 * @param {Overview} told
 * @param {Partial<Asked>} [changes]
 */
export async function runAgain(told, changes) {
  const plan = told.plan;
  if (!plan) return toast("This run has no plan: it was not started by runner, and cannot be run again from here.", { bad: true });
  const { may_run: may } = await own("/server");
  const command = h("div");
  const fields = parameterFields({ ...plan.parameters, ...plan.extra_parameters }, changes?.parameters);
  const inputs = inputFields(Object.keys(plan.inputs ?? {}), changes?.inputs);
  const source = plan.source ?? {};
  const code = choice("Code", [["same", asItWas(source)], ...(source.commit ? [["HEAD", "newest of its repository"]] : [])], changes?.code, source.commit && "a branch, tag or commit");
  const env = choice("Packages", [["same", plan.environment?.lock ? "as locked then" : "as they are now"], ["latest", "resolved anew"]], changes?.env, "those of the run…");
  const seed = h("input", { type: "number", min: 0, step: 1, placeholder: plan.seed === null ? "none" : String(plan.seed), value: changes?.seed ?? "" });
  const name = h("input", { type: "text", maxlength: 250, placeholder: "made up" });

  /** @returns {Asked} */
  const asked = () => ({
    kind: "rerun",
    run: told.id,
    parameters: fields.changed(),
    inputs: inputs.changed(),
    code: code.value(),
    env: env.value(),
    ...(seed.value === "" ? {} : { seed: Number(seed.value) }),
    ...(name.value === "" ? {} : { run_name: name.value }),
  });
  const renew = () => fill(command, copyable(commandOf(asked())));
  const form = h("form", { class: "run-again", oninput: renew, onsubmit: (/** @type {Event} */ event) => event.preventDefault() },
    fields.rows.length > 0 && h("fieldset", null, h("legend", null, "Parameters"), fields.rows),
    inputs.rows.length > 0 && h("fieldset", null, h("legend", null, "Data"), inputs.rows),
    h("fieldset", null, h("legend", null, "How"),
      row("Code", code.field), row("Packages", env.field), row("Seed", seed), row("Name", name)),
    withheld(plan.secrets ?? []),
    command,
    took(told),
  );
  renew();
  begin(`Run ${told.name} again`, form, asked, may && (plan.secrets ?? []).length === 0);
}

/** The dialog that runs a run again as it was, and compares. @param {Overview} told */
export async function reproduce(told) {
  if (!told.plan) return toast("This run has no plan: it was not started by runner, and cannot be reproduced.", { bad: true });
  const { may_run: may } = await own("/server");
  const found = checks(told);
  /** @type {Asked} */
  const asked = { kind: "reproduce", run: told.id };
  const content = h("div", { class: "run-again" },
    checkList(found),
    h("p", { class: "soft" }, "Before it starts, all of it is looked at once more. It ends in a verdict: identical, equivalent, different or impossible."),
    copyable(commandOf(asked)),
    took(told),
  );
  begin(`Reproduce ${told.name}`, content, () => asked, may && found.every(({ state }) => state !== "bad"));
}

/** @param {any} source */
function asItWas(source) {
  const commit = source.commit ? `commit ${source.commit.slice(0, 10)}` : "as it was";
  return source.dirty ? `${commit} and uncommitted changes` : commit;
}

/** What a text looks like: the record has no types. @param {string} value @returns {"int" | "float" | "path" | "text"} */
const kindOf = (value) => (/^[-+]?\d+$/.test(value) ? "int" : value.trim() !== "" && Number.isFinite(Number(value)) ? "float" : /^(\w+:\/\/|[.~]?\/)/.test(value) ? "path" : "text");

/**
 * @param {Record<string, string>} values as they were
 * @param {Record<string, string>} [changed]
 */
function parameterFields(values, changed) {
  const inputs = Object.entries(values).map(([name, value]) => {
    const kind = kindOf(value);
    const field = h("input", { type: "text", name, value: changed?.[name] ?? value, inputmode: kind === "int" ? "numeric" : kind === "float" ? "decimal" : null, spellcheck: "false", autocomplete: "off" });
    return { name, value, field };
  });
  return {
    rows: inputs.map(({ name, value, field }) => row(name, field, value)),
    changed: () => Object.fromEntries(inputs.filter(({ value, field }) => field.value !== value).map(({ name, field }) => [name, field.value])),
  };
}

/** @param {string[]} names @param {Record<string, string>} [changed] */
function inputFields(names, changed) {
  const inputs = names.map((name) => ({ name, field: h("input", { type: "text", name, value: changed?.[name] ?? "", placeholder: "as then", spellcheck: "false" }) }));
  return {
    rows: inputs.map(({ name, field }) => row(name, field)),
    changed: () => Object.fromEntries(inputs.filter(({ field }) => field.value !== "").map(({ name, field }) => [name, field.value])),
  };
}

/** A field with its label; one that differs from `before` is marked. @param {string} label @param {HTMLElement} field @param {string} [before] */
function row(label, field, before) {
  const hint = h("small", { class: "soft hint" });
  const line = h("label", { class: "field" }, h("span", null, label), field, hint);
  const mark = () => {
    const value = field instanceof HTMLInputElement ? field.value : "", differs = before !== undefined && value !== before;
    line.classList.toggle("changed", differs);
    hint.textContent = differs ? `was ${before || "empty"}${fits(value, before) ? "" : ", a number"}` : "";
  };
  field.addEventListener("input", mark);
  mark();
  return line;
}

/** Whether a value is of the kind of the one before it; whole numbers are floats, too. @param {string} value @param {string} before */
const fits = (value, before) => !["int", "float"].includes(kindOf(before)) || ["int", "float"].includes(kindOf(value));

/**
 * One of a few, or something else where it has a name.
 *
 * @param {string} label @param {string[][]} options @param {string} [value] @param {string | false | null} [other] what else there can be
 */
function choice(label, options, value, other) {
  const known = value === undefined || options.some(([each]) => each === value);
  const list = h("select", { "aria-label": label }, options.map(([each, text]) => h("option", { value: each }, text)), (other || !known) && h("option", { value: OTHER }, other || "another"));
  const text = h("input", { type: "text", "aria-label": `${label}: ${other || "another"}`, placeholder: other || null, value: known ? "" : value, hidden: known, spellcheck: "false" });
  list.value = known ? value ?? "same" : OTHER;
  list.addEventListener("input", () => {
    text.hidden = list.value !== OTHER;
    if (!text.hidden) text.focus();
  });
  return { field: h("span", { class: "choice" }, list, text), value: () => (list.value === OTHER ? text.value || "same" : list.value) };
}

/** @param {string[]} secrets */
const withheld = (secrets) => secrets.length > 0 && h("p", { class: "warn" }, `Secret parameters are not recorded: add ${secrets.map((name) => `-P ${name}=…`).join(" ")} to the command.`);

/** @param {Overview} told */
const took = (told) => told.start_time && told.end_time ? h("p", { class: "soft" }, `It took ${lasting(told.end_time - told.start_time)} then.`) : null;

/** @param {string} title @param {Node} content @param {() => Asked} asked @param {boolean} may */
function begin(title, content, asked, may) {
  const said = h("p", { role: "status" });
  const start = h("button", { class: "main", type: "button", disabled: !may }, "Start");
  const note = may ? null : h("span", { class: "soft grow" }, "This server starts no runs: the command does, on a machine of yours.");
  const button = may ? start : h("button", { class: "main", type: "button", onclick: () => void copy(commandOf(asked())) }, "Copy the command");
  const { element } = dialog(title, [content, said], { actions: [...(note ? [note] : []), button] });
  start.addEventListener("click", () => void started(asked(), start, said, element));
}

/**
 * Start it where the server is, and wait until it is a run, or has failed, or nobody waits any more.
 *
 * @param {Asked} asked
 * @param {(said: string) => void} told how it goes
 * @param {() => boolean} [isWanted]
 * @returns {Promise<{ run_id: string | null, exit_code: number | null, tail: string }>}
 */
export async function execute(asked, told, isWanted = () => true) {
  told("Starting…");
  let execution = await send("/executions", asked);
  while (!execution.run_id && execution.exit_code === null && isWanted()) {
    told("Preparing code and packages…");
    await new Promise((resolve) => setTimeout(resolve, ASK_AGAIN));
    execution = await own(`/executions/${execution.id}`);
  }
  return execution;
}

/** @param {Asked} asked @param {HTMLButtonElement} start @param {HTMLElement} said @param {HTMLElement} element the dialog */
async function started(asked, start, said, element) {
  start.disabled = true;
  try {
    const execution = await execute(asked, (text) => fill(said, text), () => element.isConnected);
    if (execution.run_id) location.assign(`/r/${execution.run_id}`);
    else fill(said, h("span", { class: "bad" }, "It came to no run:"), h("pre", null, execution.tail || `exit code ${execution.exit_code}`));
  } catch (error) {
    const refusal = error instanceof ApiError ? error : null;
    fill(said, h("span", { class: "bad" }, refusal?.message ?? String(error)), refusal?.detail?.command && copyable(refusal.detail.command));
  }
  start.disabled = false;
}

/**
 * Ask a run that was started from here to end; the second time kills. Says so where it was started elsewhere.
 *
 * @param {string} run id
 * @returns {Promise<boolean>} whether it was asked
 */
export async function stop(run) {
  try {
    await send(`/executions/${run}/stop`, {});
    toast("Asked to end; once more kills it");
    return true;
  } catch (error) {
    toast(error instanceof Error ? error.message : String(error), { bad: true });
    return false;
  }
}
