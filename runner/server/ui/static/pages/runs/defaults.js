// Which columns are shown: metrics first, then the parameters that differ. What is equal in every row is folded away.
import { deciding, isOfMachine } from "../../lib/deciding.js";
import { parts } from "./data.js";

/** @typedef {import("./data.js").AllFacts} AllFacts */
/** @typedef {import("./data.js").Facts} Facts */
/** @typedef {import("./view.js").View} View */
/** @typedef {import("./view.js").Chosen} Chosen */

const METRICS = 6, PARAMS = 10; // columns that nobody chose

/** @param {Facts} facts */
const isMetric = (facts) => facts.key.startsWith("metrics.");
/** @param {Facts} facts */
const isParam = (facts) => facts.key.startsWith("params.");

/** What many runs have comes first, else the order of names stays. @param {Facts} a @param {Facts} b */
const byUse = (a, b) => b.count - a.count;

/** @param {AllFacts} all @returns {Chosen[]} */
function usual(all) {
  const named = all.columns.filter(isMetric).map((each) => ({ ...each, key: each.key.slice("metrics.".length) })).filter(({ key }) => !isOfMachine(key));
  const metrics = deciding(named.sort(byUse)).slice(0, METRICS).map(({ key }) => ({ key: `metrics.${key}` }));
  const params = all.columns.filter((each) => isParam(each) && differs(each, all)).sort(byUse).slice(0, PARAMS);
  return [...metrics, ...params.map(({ key }) => ({ key }))];
}

/** Whether the rows have several values, or some have none. @param {Facts} facts @param {AllFacts} all */
const differs = (facts, all) => facts.distinct > 1 || facts.count < all.total;

/** Parameters that all rows share, but for those that somebody wants to see. @param {AllFacts} all @param {Chosen[] | null} chosen */
export function same(all, chosen) {
  const seen = new Set(chosen?.map(({ key }) => parts(key).key));
  return all.total > 1 ? all.columns.filter((each) => isParam(each) && !differs(each, all) && !seen.has(each.key)) : [];
}

/** Parameters that say how chance was begun. @param {AllFacts} all */
export const seeds = (all) => all.columns.filter((each) => isParam(each) && /(^|[._/])(random_?)?seed$/i.test(each.key)).map(({ key }) => key);

/** @param {View} view @param {AllFacts} all @returns {Chosen[]} */
export function shown(view, all) {
  const chosen = view.cols ?? usual(all);
  return view.same ? [...chosen, ...same(all, chosen).map(({ key }) => ({ key }))] : chosen;
}
