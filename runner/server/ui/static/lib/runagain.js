// Run again and Reproduce: a recorded run once more, with changed parts or as it was. Where the server starts runs it does so;
// elsewhere the dialogs show the command. `told` is what `own("/runs/<id>/overview")` gives.
import { ApiError, own, send } from "./api.js";
import { copy, copyable, quoted } from "./command.js";
import { dialog, toast } from "./dialog.js";
import { fill, h } from "./dom.js";
import { counted, lasting } from "./format.js";

/** @typedef {{ id: string, name: string, plan?: any, documents?: { path: string }[], start_time?: number, end_time?: number }} Overview */
/**
 * @typedef {{ kind: "rerun" | "reproduce", run: string, parameters?: Record<string, string>, inputs?: Record<string, string>,
 *   code?: string, env?: string, seed?: number, run_name?: string }} Asked as `POST /executions` takes it
 */

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
  const code = choice("Code", [["same", asItWas(source)], ...(source.commit ? [["HEAD", "newest of its repository"]] : [])], changes?.code);
  const env = choice("Packages", [["same", "as locked then"], ["latest", "resolved anew"]], changes?.env);
  const seed = h("input", { type: "number", min: 0, step: 1, placeholder: plan.seed === null ? "none" : String(plan.seed), value: changes?.seed ?? "" });
  const name = h("input", { type: "text", maxlength: 250, placeholder: "made up" });

  /** @returns {Asked} */
  const asked = () => ({
    kind: "rerun",
    run: told.id,
    parameters: fields.changed(),
    inputs: inputs.changed(),
    code: code.value,
    env: env.value,
    ...(seed.value === "" ? {} : { seed: Number(seed.value) }),
    ...(name.value === "" ? {} : { run_name: name.value }),
  });
  const renew = () => fill(command, copyable(commandOf(asked())));
  const form = h("form", { class: "run-again", oninput: renew, onsubmit: (/** @type {Event} */ event) => event.preventDefault() },
    fields.rows.length > 0 && h("fieldset", null, h("legend", null, "Parameters"), fields.rows),
    inputs.rows.length > 0 && h("fieldset", null, h("legend", null, "Data"), inputs.rows),
    h("fieldset", null, h("legend", null, "How"),
      row("Code", code), row("Packages", env), row("Seed", seed), row("Name", name)),
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
  const list = checklist(told);
  /** @type {Asked} */
  const asked = { kind: "reproduce", run: told.id };
  const content = h("div", { class: "run-again" },
    h("ul", { class: "checks" }, list.map(([state, text]) => h("li", { class: state }, h("span", { class: "sign", role: "img", "aria-label": SIGNS[state]?.[1] }, SIGNS[state]?.[0]), text))),
    h("p", { class: "soft" }, "Before it starts, all of it is looked at once more. It ends in a verdict: identical, equivalent, different or impossible."),
    copyable(commandOf(asked)),
    took(told),
  );
  begin(`Reproduce ${told.name}`, content, () => asked, may && list.every(([state]) => state !== "bad"));
}

/** @type {Record<string, [sign: string, said: string]>} */
const SIGNS = { good: ["✓", "there"], warn: ["!", "perhaps"], bad: ["✗", "missing"] };

/** What it takes, as far as the record says. @param {Overview} told @returns {[state: "good" | "warn" | "bad", text: string][]} */
export function checklist({ plan, documents }) {
  const { source = {}, environment = {}, secrets = [], inputs = {} } = plan;
  const files = new Set((documents ?? []).map((each) => each.path)), kept = [...files].some((path) => path.startsWith("runner/source/"));
  const known = Boolean(source.commit || source.digest);
  return [
    known ? ["good", `Code: ${asItWas(source)}${kept ? ", kept with the run" : ""}`] : ["bad", "Code: neither a commit nor a copy was recorded"],
    ...(source.dirty ? [/** @type {["good" | "bad", string]} */ (source.patch ? ["good", "Uncommitted changes: kept as a patch"] : ["bad", "Uncommitted changes: not kept"])] : []),
    environment.kind === "system" ? ["warn", "Packages: those of the machine, which no lock holds"] : ["good", `Packages: ${environment.kind}, ${environment.lock || environment.image ? "locked" : "as its file says"}`],
    Object.keys(inputs).length === 0 ? ["good", "Data: none was named"] : ["warn", `Data: ${counted(Object.keys(inputs).length, "input")}, held against ${Object.keys(inputs).length === 1 ? "its digest" : "their digests"} when it starts`],
    ...(secrets.length > 0 ? [/** @type {["bad", string]} */ (["bad", `Secrets: ${secrets.join(", ")} must be given on the command line (-P NAME=VALUE)`])] : []),
  ];
}

/** @param {any} source */
function asItWas(source) {
  const commit = source.commit ? `commit ${source.commit.slice(0, 10)}` : "as it was";
  return source.dirty ? `${commit} and uncommitted changes` : commit;
}

/**
 * @param {Record<string, string>} values as they were
 * @param {Record<string, string>} [changed]
 */
function parameterFields(values, changed) {
  const inputs = Object.entries(values).map(([name, value]) => {
    const isNumber = value.trim() !== "" && Number.isFinite(Number(value));
    const field = h("input", { type: "text", name, value: changed?.[name] ?? value, inputmode: isNumber ? "decimal" : null, spellcheck: "false", autocomplete: "off" });
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

/** A field with its label; one that differs from `before` is marked. @param {string} label @param {HTMLInputElement | HTMLSelectElement} field @param {string} [before] */
function row(label, field, before) {
  const line = h("label", { class: "field" }, h("span", null, label), field);
  const mark = () => {
    const differs = before !== undefined && field.value !== before;
    line.classList.toggle("changed", differs);
    field.title = differs ? `was ${before}` : "";
  };
  field.addEventListener("input", mark);
  mark();
  return line;
}

/** @param {string} label @param {string[][]} options @param {string} [value] */
function choice(label, options, value) {
  const known = value === undefined || options.some(([each]) => each === value);
  const all = known ? options : [...options, [value, value]];
  const field = h("select", { "aria-label": label }, all.map(([each, text]) => h("option", { value: each }, text)));
  if (value !== undefined) field.value = value;
  return field;
}

/** @param {string[]} secrets */
const withheld = (secrets) => secrets.length > 0 && h("p", { class: "warn" }, `Secret parameters are not recorded: add ${secrets.map((name) => `-P ${name}=…`).join(" ")} to the command.`);

/** @param {Overview} told */
const took = (told) => told.start_time && told.end_time ? h("p", { class: "soft" }, `It took ${lasting(told.end_time - told.start_time)} then.`) : null;

/** @param {string} title @param {Node} content @param {() => Asked} asked @param {boolean} may */
function begin(title, content, asked, may) {
  const said = h("p", { role: "status" });
  const start = h("button", { class: "main", type: "button", disabled: !may }, "Start");
  const note = may ? null : h("span", { class: "soft grow" }, "Started on a machine of yours by the command.");
  const button = may ? start : h("button", { class: "main", type: "button", onclick: () => void copy(commandOf(asked())) }, "Copy the command");
  const { element } = dialog(title, [content, said], { actions: [...(note ? [note] : []), button] });
  start.addEventListener("click", () => void started(asked(), start, said, element));
}

/** @param {Asked} asked @param {HTMLButtonElement} start @param {HTMLElement} said @param {HTMLElement} element the dialog */
async function started(asked, start, said, element) {
  start.disabled = true;
  fill(said, "Starting…");
  try {
    let execution = await send("/executions", asked);
    while (!execution.run_id && execution.exit_code === null && element.isConnected) {
      fill(said, "Preparing code and packages…");
      await new Promise((resolve) => setTimeout(resolve, ASK_AGAIN));
      execution = await own(`/executions/${execution.id}`);
    }
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
 */
export async function stop(run) {
  try {
    await send(`/executions/${run}/stop`, {});
    toast("Asked to end; once more kills it");
  } catch (error) {
    toast(error instanceof Error ? error.message : String(error), { bad: true });
  }
}
