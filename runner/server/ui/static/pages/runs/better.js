// Whether more or less of a metric is better: said once per metric, kept with the experiment, guessed until then.
import { change } from "../../lib/api.js";

/** @typedef {"min" | "max"} Better */
/** @typedef {{ experiment_id: string, name: string, tags?: { key: string, value: string }[] }} Experiment */

const TAG = "runner.better.", KEPT = "runner.better";
const LESS = /loss|err|rmse|mse|mae|mape|perplexity|ppl|nll|wer|cer|fid|latency|duration|seconds|time|memory|cost|regret|divergence/i;

/** @type {Map<string, Better>} */
const said = new Map();

/** Hear what was said about the metrics of these experiments. @param {Experiment[]} experiments */
export function hear(experiments) {
  said.clear();
  for (const [metric, better] of Object.entries(kept())) said.set(metric, better);
  for (const { tags = [] } of experiments) {
    for (const { key, value } of tags) if (key.startsWith(TAG) && (value === "min" || value === "max")) said.set(key.slice(TAG.length), value);
  }
}

/** @param {string} metric its name @returns {Better} */
export const better = (metric) => said.get(metric) ?? (LESS.test(metric) ? "min" : "max");

/** Say it, for one experiment, or in this browser where several are shown. @param {string} metric @param {Better} which @param {string[]} experiments */
export async function say(metric, which, experiments) {
  said.set(metric, which);
  if (experiments.length === 1) await change("experiments/set-experiment-tag", { experiment_id: experiments[0], key: TAG + metric, value: which });
  else keep({ ...kept(), [metric]: which });
}

/** @returns {Record<string, Better>} */
function kept() {
  try {
    return JSON.parse(localStorage.getItem(KEPT) ?? "{}");
  } catch {
    return {};
  }
}

/** @param {Record<string, Better>} all */
function keep(all) {
  try {
    localStorage.setItem(KEPT, JSON.stringify(all));
  } catch {
    // for this page only, where the browser keeps nothing
  }
}
