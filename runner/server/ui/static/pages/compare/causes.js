// Which change did it? The likeliest causes, and the runs that would tell them apart.
import { own } from "../../lib/api.js";
import { copyable, quoted } from "../../lib/command.js";
import { toast } from "../../lib/dialog.js";
import { h } from "../../lib/dom.js";
import { commandOf, runAgain } from "../../lib/runagain.js";

/** @typedef {import("./model.js").Subject} Subject */
/** @typedef {import("./model.js").Run} Run */
/** @typedef {import("./changed.js").Between} Between */
/** @typedef {import("./changed.js").Difference} Difference */
/** @typedef {import("../../lib/runagain.js").Asked} Asked */
/** @typedef {{ title: string, asked: Asked }} Experiment */

const SHOWN = 5;
const ENVIRONMENT = new Set(["package", "interpreter", "image"]);

/** @param {Subject} subject @param {Between} told */
export function causes(subject, told) {
  const [a, b] = subject.runs;
  if (!a || !b || told.verdict === null) return null;
  const likely = told.causes.flatMap((at) => told.differences[at] ?? []);
  const changed = subject.keys.find(({ kind, key }) => kind === "metrics" && a.values[key] !== b.values[key]);
  if (told.verdict === "identical") return null;
  return h(
    "section",
    { class: "card compare-causes", "aria-label": "Which change did it?" },
    h("h2", null, "Which change did it?"),
    likely.length > 0
      ? h("ol", null, likely.slice(0, SHOWN).map((one) => h("li", null, h("span", { class: "soft" }, `${one.aspect} `), h("strong", null, one.name), " ", h("span", { class: "mono" }, [one.before, one.after].filter(Boolean).join(" → ")))))
      : h("p", null, "Nothing that was recorded explains it: then the program gives other results each time (no seed, threads, a GPU)."),
    likely.length > SHOWN && h("p", { class: "soft" }, `and ${likely.length - SHOWN} more`),
    h("h3", null, "Runs that would tell"),
    h("ul", { class: "compare-experiments" }, experiments(a, b, told).map((each) => experiment(each))),
    likely.length > 1 && h("div", { class: "compare-experiment" }, h("span", null, "Or all of them, one half at a time"), copyable(["runner", "bisect", a.id.slice(0, 8), b.id.slice(0, 8), ...(changed ? ["--metric", quoted(changed.title)] : [])].join(" "))),
  );
}

/** Each changes one kind of input alone. @param {Run} a @param {Run} b @param {Between} told @returns {Experiment[]} */
function experiments(a, b, told) {
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

/** @param {Experiment} each */
function experiment({ title, asked }) {
  const start = async () => {
    try {
      await runAgain(await own(`/runs/${asked.run}/overview`), asked);
    } catch (error) {
      toast(error instanceof Error ? error.message : String(error), { bad: true });
    }
  };
  return h("li", { class: "compare-experiment" }, h("span", null, title), copyable(commandOf(asked)), asked.kind === "rerun" && h("button", { type: "button", onclick: () => void start() }, "Run…"));
}
