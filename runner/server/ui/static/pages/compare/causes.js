// Which change did it? The likeliest causes, the runs that would tell them apart, and those that have been made.
import { copyable, quoted } from "../../lib/command.js";
import { h } from "../../lib/dom.js";
import { experiment, experiments } from "./experiments.js";

/** @typedef {import("./model.js").Subject} Subject */
/** @typedef {import("./changed.js").Between} Between */

const SHOWN = 5;

/** @param {Subject} subject @param {Between} told @param {import("./experiments.js").Start | null} start @param {HTMLElement} steps */
export function causes(subject, told, start, steps) {
  const [a, b] = subject.runs;
  if (!a || !b || told.verdict === null || told.verdict === "identical") return null;
  const likely = told.causes.flatMap((at) => told.differences[at] ?? []);
  const changed = subject.keys.find(({ kind, key }) => kind === "metrics" && a.values[key] !== b.values[key]);
  return h(
    "section",
    { class: "card compare-causes", "aria-label": "Which change did it?" },
    h("h2", null, "Which change did it?"),
    likely.length > 0
      ? h("ol", null, likely.slice(0, SHOWN).map((one) => h("li", null, h("span", { class: "soft" }, `${one.aspect} `), h("strong", null, one.name), " ", h("span", { class: "mono" }, [one.before, one.after].filter(Boolean).join(" → ")))))
      : h("p", null, "Nothing that was recorded explains it: then the program gives other results each time (no seed, threads, a GPU)."),
    likely.length > SHOWN && h("p", { class: "soft" }, `and ${likely.length - SHOWN} more`),
    steps,
    h("h3", null, "Runs that would tell"),
    h("ul", { class: "compare-experiments" }, experiments(a, b, told).map((each) => experiment(each, start))),
    likely.length > 1 && h("div", { class: "compare-experiment" }, h("span", null, "Or all of them, one half at a time"), copyable(["runner", "bisect", a.id.slice(0, 8), b.id.slice(0, 8), ...(changed ? ["--metric", quoted(changed.title)] : [])].join(" "))),
  );
}
