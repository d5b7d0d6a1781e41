// How far a run is, and how long it still takes: by steps where a parameter says how many there are, else by what runs before it took.
import { isOfMachine } from "./deciding.js";
import { lasting } from "./format.js";

/** @typedef {{ step: number, time?: number, key: string }} Reached the latest point of a metric */
/**
 * @typedef {object} Progress
 * @property {number} part of the whole, from 0 to 1
 * @property {string} done "step 12 of 40", or "" where only time tells
 * @property {number} left milliseconds; negative: so long overdue is the next step
 */

const TOTAL = /^(.*[._/-])?(max|num|n|total)?[_-]?(epochs?|steps?|iters?|iterations?|rounds|batches)$/i;
const SILENT = 3; // steps that may take as long together without a word
const FEWEST = 2; // steps that must be done before they tell how fast it goes
const LATE = 1.2; // of the usual time: then it is anybody's guess

/**
 * @param {{ params: Record<string, string>, metrics: Reached[], started?: number | null }} run one that goes on
 * @param {number} [usual] milliseconds that such a run takes
 * @returns {Progress | null} null: nobody knows
 */
export function progressOf(run, usual) {
  if (!run.started) return null;
  return bySteps(run, run.started) ?? byTime(run.started, usual);
}

/** @param {{ params: Record<string, string>, metrics: Reached[] }} run @param {number} started @returns {Progress | null} */
function bySteps({ params, metrics }, started) {
  const reached = furthest(metrics);
  if (!reached?.time || reached.step + 1 < FEWEST) return null;
  const done = reached.step + 1, total = totalOf(params, done);
  if (!total) return null;
  const pace = (reached.time - started) / done, late = Date.now() - reached.time - SILENT * pace;
  const left = late > 0 ? -late : Math.max(0, started + pace * total.count - Date.now());
  return { part: done / total.count, done: `${total.noun} ${done} of ${total.count}`, left };
}

/** @param {number} started @param {number} [usual] @returns {Progress | null} */
function byTime(started, usual) {
  const past = Date.now() - started;
  if (!usual || past > LATE * usual) return null;
  return { part: Math.min(0.99, past / usual), done: "", left: Math.max(0, usual - past) };
}

/** The point with the greatest step; what is measured of the machine counts steps of its own. @param {Reached[]} metrics */
function furthest(metrics) {
  const own = metrics.filter(({ key }) => !isOfMachine(key));
  return own.reduce((best, each) => (best && best.step >= each.step ? best : each), /** @type {Reached | undefined} */ (undefined));
}

/** How many steps there are to be, as a parameter says; the least that can be true. @param {Record<string, string>} params @param {number} done */
function totalOf(params, done) {
  const found = Object.entries(params).flatMap(([name, value]) => {
    const noun = TOTAL.exec(name)?.[3], count = Number(value);
    return noun && Number.isInteger(count) && count >= done ? [{ noun: noun.replace(/s$/i, ""), count }] : [];
  });
  return found.sort((a, b) => a.count - b.count)[0];
}

/** The middle of what ended runs took. @param {{ status: string, started?: number | null, ended?: number | null }[]} runs */
export function usualOf(runs) {
  const took = runs.flatMap(({ status, started, ended }) => (status === "FINISHED" && started && ended ? [ended - started] : [])).sort((a, b) => a - b);
  return took[Math.floor(took.length / 2)];
}

/** @param {Progress} progress in words */
export function told({ done, left }) {
  const rest = left < 0 ? `the next is ${lasting(-left)} late` : left < 1000 ? "about to end" : `about ${lasting(left)} left`;
  return [done, rest].filter(Boolean).join(", ");
}
