// What came out: each metric against how far apart results are when only the seed is another.
import { copyable, quoted } from "../../lib/command.js";
import { fill, h } from "../../lib/dom.js";
import { counted, number } from "../../lib/format.js";
import { better } from "../runs/better.js";
import { numeric } from "./model.js";
import { change, nameOf, plain } from "./parts.js";

/** @typedef {import("./model.js").Subject} Subject */
/** @typedef {import("./model.js").Key} Key */
/** @typedef {import("./changed.js").Between} Between */
/** @typedef {import("./changed.js").Repeats} Repeats */
/** @typedef {import("./changed.js").Spread} Spread */

const FIRST = 4; // metrics that are shown at once
const SEEDS = 3, ENOUGH = 5; // that are run at once; runs alike from which on no more are asked for
// Of Student's t, for 1, 2, 3, ... degrees of freedom: 95 % lie within.
const T = [12.71, 4.3, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26, 2.23, 2.2, 2.18, 2.16, 2.14, 2.13, 2.12, 2.11, 2.1, 2.09, 2.09];

/** @typedef {import("./experiments.js").Start} Start */

/** @param {Subject} subject @param {Between} told @param {{ first: Repeats, second: Repeats } | null} repeats @param {Start | null} start */
export function results(subject, told, repeats, start) {
  const metrics = subject.keys.filter(({ kind }) => kind === "metrics");
  const shown = metrics.filter(({ key }) => subject.runs[0]?.values[key] !== subject.runs[1]?.values[key]);
  const body = h("tbody");
  const draw = (/** @type {number} */ count) => fill(body, shown.slice(0, count).map((key) => row(subject, key, repeats)), shown.length > count && h("tr", null, h("td", { colspan: 6 }, h("button", { type: "button", class: "plain", onclick: () => draw(Infinity) }, `${counted(shown.length - count, "more metric")} changed`))));
  draw(FIRST);
  const [a, b] = subject.runs;
  const head = h("tr", null, h("td"), h("th", { scope: "col", class: "number" }, a && nameOf(a)), h("th", { scope: "col", class: "number" }, b && nameOf(b)), h("th", { scope: "col", class: "number" }, "change"), h("th", { scope: "col" }, "seed spread"), h("th", { scope: "col" }, "so it is"));
  const others = told.results.filter(({ kind }) => kind === "artifact" || kind === "exit");
  return h(
    "section",
    { class: "card compare-results", "aria-label": "Results" },
    h("header", null, h("h2", null, "Results"), verdict(told, metrics.length, shown.length)),
    shown.length > 0 ? h("div", { class: "compare-scroll", tabindex: 0, role: "region", "aria-label": "Metrics that changed" }, h("table", null, h("thead", null, head), body)) : h("p", { class: "soft" }, metrics.length > 0 ? `${counted(metrics.length, "metric")}, all the same.` : "Neither has a metric."),
    shown.length > 0 && more(subject, repeats, start),
    others.length > 0 && h("details", null, h("summary", null, `${counted(others.length, "other result")} differ`), h("ul", { class: "compare-list" }, others.slice(0, 200).map((one) => h("li", null, h("span", { class: "mono" }, one.name), ` ${one.outcome}`, h("span", { class: "soft" }, ` ${[one.before, one.after].filter(Boolean).join(" → ")} ${one.note ?? ""}`))))),
  );
}

/** @param {Between} told @param {number} all @param {number} changed */
function verdict(told, all, changed) {
  const counts = `${changed} of ${counted(all, "metric")} changed`;
  if (told.verdict === "identical") return h("span", { class: "good" }, "identical: everything that was compared is the same");
  return h("span", { class: "soft" }, all > 0 ? counts : "");
}

/** @param {Subject} subject @param {Key} key @param {{ first: Repeats, second: Repeats } | null} repeats */
function row({ runs: [a, b] }, key, repeats) {
  const from = a?.values[key.key], to = b?.values[key.key], x = numeric(from), y = numeric(to);
  const spread = repeats && pooled(repeats.first.metrics[key.title], repeats.second.metrics[key.title]);
  const good = x !== null && y !== null && (better(key.title) === "min" ? y < x : y > x);
  const word = x === null || y === null ? "" : judged(Math.abs(y - x), spread);
  return h(
    "tr",
    null,
    h("th", { scope: "row" }, key.title),
    h("td", { class: "number" }, plain(from)),
    h("td", { class: "number" }, plain(to)),
    h("td", { class: `number ${good ? "good" : "bad"}` }, x !== null && y !== null && change(x, y)),
    h("td", null, spread ? [`±${number(Number(spread.deviation.toPrecision(3)))}`, h("span", { class: "soft" }, ` over ${counted(spread.count, "like run")}`)] : h("span", { class: "soft" }, "no repeats")),
    h("td", null, word === "real" ? h("strong", null, "real") : word === "within" ? h("span", { class: "warn" }, "no more than seeds do") : h("span", { class: "soft" }, "unknown")),
  );
}

/** Of both groups together. @param {Spread | undefined} a @param {Spread | undefined} b */
function pooled(a, b) {
  const groups = [a, b].filter((each) => each !== undefined);
  const freedom = groups.reduce((sum, { count }) => sum + count - 1, 0);
  if (freedom < 1) return null;
  const deviation = Math.sqrt(groups.reduce((sum, each) => sum + each.deviation ** 2 * (each.count - 1), 0) / freedom);
  return { deviation, freedom, count: freedom + groups.length };
}

/** Two single results of one spread are further apart than this in one of twenty cases. @param {number} far @param {{ deviation: number, freedom: number } | null} spread */
function judged(far, spread) {
  if (!spread) return "unknown";
  return far > (T[spread.freedom - 1] ?? 1.96) * Math.SQRT2 * spread.deviation ? "real" : "within";
}

/** How to find out what seeds do. @param {Subject} subject @param {{ first: Repeats, second: Repeats } | null} repeats @param {Start | null} start */
function more({ runs: [a, b], keys }, repeats, start) {
  const known = (repeats?.first.runs.length ?? 1) + (repeats?.second.runs.length ?? 1);
  if (!a || known > ENOUGH || a.values["tags.runner.plan"] === null || a.values["tags.runner.plan"] === undefined) return null;
  const seed = keys.find(({ kind, title }) => kind === "params" && /(^|[._/-])(seed|random_state)$/i.test(title));
  const used = new Set([a, b].map((run) => String(seed && run?.values[seed.key])));
  const seeds = Array.from({ length: SEEDS + used.size }, (_, at) => at + 1).filter((each) => !used.has(String(each))).slice(0, SEEDS);
  const each = seed ? `-P ${quoted(seed.title)}=$seed` : "--seed $seed";
  const all = () => {
    for (const value of seeds) void start?.({ title: `${a.name} with the seed ${value}`, asked: { kind: "rerun", run: a.id, ...(seed ? { parameters: { [seed.title]: String(value) } } : { seed: value }) } });
  };
  return h("div", { class: "compare-more" },
    h("span", { class: "soft" }, "What do seeds do?"),
    start ? h("button", { type: "button", onclick: all }, `Run ${SEEDS} more seeds`) : h("span", { class: "soft" }, `Run ${SEEDS} more:`),
    copyable(`for seed in ${seeds.join(" ")}; do runner rerun ${a.id.slice(0, 8)} ${each}; done`));
}
