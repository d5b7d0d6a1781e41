// The runs that would tell which change did it: each changes one kind of input alone. Where the server starts runs, a button does;
// everywhere there is the command.
import { copyable } from "../../lib/command.js";
import { h } from "../../lib/dom.js";
import { commandOf, execute } from "../../lib/runagain.js";

/** @typedef {import("./model.js").Run} Run */
/** @typedef {import("./changed.js").Between} Between */
/** @typedef {import("./changed.js").Difference} Difference */
/** @typedef {import("./steps.js").Steps} Steps */
/** @typedef {import("../../lib/runagain.js").Asked} Asked */
/** @typedef {{ title: string, asked: Asked }} Experiment */
/** @typedef {(experiment: Experiment) => Promise<void>} Start */

const ENVIRONMENT = new Set(["package", "interpreter", "image"]);

/** @param {Run} a @param {Run} b @param {Between} told @returns {Experiment[]} */
export function experiments(a, b, told) {
  const of = (/** @type {(one: Difference) => boolean} */ wanted) => told.differences.filter(wanted);
  const parameters = of(({ aspect, after }) => aspect === "parameter" && after !== undefined), environment = of(({ aspect }) => ENVIRONMENT.has(aspect));
  const code = of(({ aspect }) => aspect === "code"), seed = of(({ aspect, after }) => aspect === "seed" && after !== undefined)[0];
  const set = Object.fromEntries(parameters.map(({ name, after }) => [name, after ?? ""]));
  const back = Object.fromEntries(of(({ aspect, before }) => aspect === "parameter" && before !== undefined).map(({ name, before }) => [name, before ?? ""]));
  const commit = b.values["tags.mlflow.source.git.commit"], clean = !b.values["tags.runner.patch"];
  const run = a.id.slice(0, 8), other = b.id.slice(0, 8);
  /** @type {(Experiment | false | undefined)[]} */
  const all = [
    parameters.length > 0 && { title: `${a.name} with only the parameters of ${b.name}`, asked: { kind: "rerun", run, parameters: set } },
    code.length > 0 && (typeof commit === "string" && clean
      ? { title: `${a.name} with only the code of ${b.name}`, asked: { kind: "rerun", run, code: commit.slice(0, 12) } }
      // what was not committed is kept with the run: so the other way round
      : { title: `${a.name} with only the code of ${b.name}`, asked: { kind: "rerun", run: other, parameters: back, ...(environment.length > 0 ? { env: run } : {}) } }),
    environment.length > 0 && { title: `${a.name} with only the environment of ${b.name}`, asked: { kind: "rerun", run, env: other } },
    seed && { title: `${a.name} with only the seed of ${b.name}`, asked: { kind: "rerun", run, seed: Number(seed.after) } },
  ];
  const found = all.filter((each) => each !== false && each !== undefined);
  // one run again as it was tells whether anything has to have changed
  return [...found, { title: `${a.name} once more, as it was`, asked: { kind: "reproduce", run } }];
}

/** @param {Experiment} each @param {Start | null} start */
export function experiment(each, start) {
  const press = async () => {
    button.disabled = true;
    await start?.(each);
    button.disabled = false;
  };
  const button = h("button", { type: "button", "aria-label": `Run: ${each.title}`, onclick: () => void press() }, "Run");
  return h("li", { class: "compare-experiment" }, h("span", null, each.title), start && button, copyable(commandOf(each.asked)));
}

/** What starts one, and has the steps tell how it goes. @param {Steps} steps @param {Map<string, string>} whole ids by their beginnings @returns {Start} */
export const starter = (steps, whole) => async ({ title, asked }) => {
  const coming = { title, said: "" }, { told, over } = steps.expect(coming);
  const say = (/** @type {string} */ text) => (coming.said = text, told());
  const ids = { run: whole.get(asked.run) ?? asked.run, ...(asked.env ? { env: whole.get(asked.env) ?? asked.env } : {}) };
  try {
    const { run_id: run, exit_code: code, tail } = await execute({ ...asked, ...ids }, say);
    if (run) over();
    else say(`It came to no run: ${tail.trim().split("\n").at(-1) || `exit code ${code}`}`);
  } catch (error) {
    say(error instanceof Error ? error.message : String(error));
  }
};
