// Along what metrics are drawn: steps, time, or the values of another metric at the same steps.
import { isOfMachine } from "../../../lib/deciding.js";

/** @typedef {import("../series.js").Line} Line */
/** @typedef {{ name: string, title: string, kind: "number" | "time" | "lasting", asked: string, metric: string }} Axis `asked`: what the server is asked for */

/** @type {Axis[]} */
const AXES = [
  { name: "step", title: "step", kind: "number", asked: "step", metric: "" },
  { name: "time", title: "time", kind: "time", asked: "time", metric: "" },
  { name: "elapsed", title: "time since the start", kind: "lasting", asked: "elapsed", metric: "" },
];
const METRIC = "metric:";

/** @param {string | null} name as the URL has it @returns {Axis} */
export function axisOf(name) {
  if (name?.startsWith(METRIC)) return { name, title: name.slice(METRIC.length), kind: "number", asked: "step", metric: name.slice(METRIC.length) };
  return AXES.find((each) => each.name === name) ?? /** @type {Axis} */ (AXES[0]);
}

/** What can be chosen. @param {string[]} metrics names */
export const choices = (metrics) => [...AXES, ...metrics.map((metric) => axisOf(METRIC + metric))];

/** What a machine is measured at has steps of its own: it is drawn over time. @param {string} key @param {Axis} axis */
export const axisFor = (key, axis) => (isOfMachine(key) && axis.kind === "number" ? axisOf("elapsed") : axis);

/**
 * The points of a line, with the values of another one for x: where both have a value at a step.
 *
 * @param {Line} line @param {Line | undefined} base
 * @returns {(number | null)[][]}
 */
export function along(line, base) {
  const places = new Map((base?.points ?? []).map((point) => [point[0], latest(point)]));
  const found = line.points.flatMap((point) => {
    const x = places.get(point[0]), y = latest(point);
    return typeof x === "number" && typeof y === "number" ? [[x, y]] : [];
  });
  return found.sort((a, b) => (a[0] ?? 0) - (b[0] ?? 0));
}

/** Of a bucket [x, min, max, first, last] or a point [x, y]. @param {(number | null)[]} point */
const latest = (point) => point[4] ?? point[1];
