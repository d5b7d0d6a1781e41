// What stands above all tabs: how the run is, where it comes from, why it failed, what one may do next.
import { change, own } from "../../lib/api.js";
import { copy, copyAs, opened, quoted } from "../../lib/command.js";
import { toast } from "../../lib/dialog.js";
import { fill, h } from "../../lib/dom.js";
import { ago, clock } from "../../lib/format.js";
import { progressOf, told, usualOf } from "../../lib/progress.js";
import { better } from "../runs/better.js";
import { hasEnded, lastingOf, list, mood, table, word } from "./model.js";
import { renewStop, stopButton } from "./stopping.js";
import { tried } from "./tried.js";

/** @typedef {import("./model.js").Run} Run */

const CHIPS = 10;

/** Not while a menu is open in it: then when it closes. @param {HTMLElement} place @param {Run} run */
export function header(place, run) {
  const open = /** @type {HTMLElement | null} */ (place.querySelector(":popover-open"));
  if (open) return void (open.ontoggle = () => header(place, run));
  const focused = [...place.querySelectorAll("a, button, summary")].indexOf(/** @type {Element} */ (document.activeElement));
  fill(
    place,
    h("div", { class: "run-title" }, h("h1", null, run.name), status(run), verdict(run), h("div", { class: "run-buttons" }, buttons(run))),
    h("div", { class: "run-facts" }, facts(run)),
    h("div", { class: "run-going soft", "data-going": "" }, going(run)),
    chips(run),
    hasEnded(run) && trouble(run),
  );
  if (focused >= 0) /** @type {HTMLElement | undefined} */ ([...place.querySelectorAll("a, button, summary")][focused])?.focus();
}

/** @param {Run} run */
function status(run) {
  return h("span", { class: `status ${mood(run.status)}`, role: "status" }, word(run.status), run.lifecycle === "deleted" && " · deleted");
}

/** What a run that goes on changes in the header from second to second. @param {HTMLElement} place @param {Run} run */
export function ticked(place, run) {
  const time = place.querySelector("[data-lasting]"), way = place.querySelector("[data-going]");
  renewStop(run.id);
  if (time) time.textContent = lastingOf(run);
  if (way) fill(way, going(run));
}

/** How far it is, where that is known. @param {Run} run */
function going(run) {
  if (hasEnded(run)) return null;
  const usual = run.previous && usualOf([{ status: run.previous.status, started: run.previous.start_time, ended: run.previous.end_time }]);
  const known = progressOf({ params: run.params, metrics: run.metrics, started: run.start_time }, usual);
  return known && [h("progress", { max: 1, value: known.part, "aria-label": "Progress" }), h("span", null, told(known))];
}

/** @param {Run} run */
function verdict(run) {
  const own = run.tags["runner.verdict"], told = reproduced(run);
  return [
    own && h("a", { class: "chip", href: `/r/${run.id}/reproduce` }, `${own} to `, run.reproduces?.name ?? "the run it repeats"),
    told && h("a", { class: `chip ${told.verdict === "different" ? "warn" : "good"}`, href: `/r/${run.id}/reproduce` }, `reproduced: ${told.verdict}`),
  ];
}

/** The verdict of the newest reproduction. @param {Run} run @returns {{ verdict: string, run?: string } | null} */
export function reproduced(run) {
  try {
    const told = table(JSON.parse(run.tags["runner.reproduced"] ?? "null"));
    return typeof told.verdict === "string" ? { verdict: told.verdict, run: typeof told.run === "string" ? told.run : undefined } : null;
  } catch {
    return null;
  }
}

/** @param {Run} run */
function facts(run) {
  const { tags } = run, source = table(run.plan?.source), machine = table(run.record?.machine), environment = table(run.plan?.environment);
  const commit = source.commit ?? tags["mlflow.source.git.commit"];
  const lock = table(environment.lock);
  return [
    h("a", { href: `/runs?experiment=${run.experiment}` }, run.experiment_name || `experiment ${run.experiment}`),
    run.start_time && h("span", { title: clock(run.start_time) }, ago(run.start_time)),
    h("span", null, hasEnded(run) ? "took " : "for ", h("span", { "data-lasting": "" }, lastingOf(run))),
    run.user && h("span", null, "by ", run.user),
    tags["runner.started_by"] && h("span", null, "started by ", tags["runner.started_by"]),
    tags["runner.schedule"] && h("span", null, "schedule ", h("a", { href: `/schedules?name=${encodeURIComponent(tags["runner.schedule"])}` }, tags["runner.schedule"])),
    run.parent && h("span", null, "in ", h("a", { href: `/r/${run.parent.id}` }, run.parent.name)),
    run.reproduces && h("span", null, "repeats ", h("a", { href: `/r/${run.reproduces.id}` }, run.reproduces.name)),
    commit && h("a", { class: "mono", href: `/r/${run.id}/code`, title: String(commit) }, String(commit).slice(0, 10), (source.dirty || tags["runner.dirty"] === "true") && h("span", { class: "warn" }, " + changes")),
    environment.kind && h("a", { href: `/r/${run.id}/environment`, title: lock.digest && `Lock ${lock.digest}` }, environmentOf(environment, lock)),
    machine.host && h("span", null, "on ", String(machine.host), list(machine.gpus).length > 0 && ` (${list(machine.gpus).join(", ")})`),
  ]
    .filter(Boolean)
    .map((fact) => h("span", { class: "fact" }, fact));
}

/** @param {Record<string, any>} environment @param {Record<string, any>} lock */
function environmentOf({ kind }, lock) {
  if (!lock.digest) return kind === "system" ? "environment of the caller" : String(kind);
  return [h("span", { class: "mono" }, String(lock.digest).replace("sha256:", "").slice(0, 10)), ` ${kind}, ${lock.packages} packages`];
}

/** @param {Run} run */
function chips(run) {
  const names = Object.keys(run.params);
  if (names.length === 0) return null;
  const first = [...names].sort((a, b) => Number(isOther(run, b)) - Number(isOther(run, a)) || a.localeCompare(b)).slice(0, CHIPS);
  return h(
    "ul",
    { class: "run-params", "aria-label": "Parameters" },
    first.map((name) => h("li", { class: isOther(run, name) ? "chip other" : "chip", title: isOther(run, name) ? `was ${run.previous_params[name]} in ${run.previous?.name}` : null }, h("span", { class: "soft" }, `${name} `), h("span", { class: "value" }, run.params[name]))),
    names.length > CHIPS && h("li", { class: "chip" }, h("a", { href: `/r/${run.id}` }, `${names.length - CHIPS} more`)),
  );
}

/** Whether the run before it had another value. @param {Run} run @param {string} name */
export const isOther = (run, name) => name in run.previous_params && run.previous_params[name] !== run.params[name];

/** Why it did not finish. @param {Run} run */
function trouble(run) {
  if (run.status === "FINISHED") return run.tags["runner.trouble"] ? h("p", { class: "reason" }, run.tags["runner.trouble"]) : null;
  const { tags } = run, code = tags["runner.exit_code"], signal = tags["runner.signal"];
  const said = tags["runner.error"] ?? tags["runner.trouble"];
  const how = [code && code !== "0" && `exit code ${code}`, signal && `signal ${signal}`].filter(Boolean).join(", ");
  if (!said && !how && !run.last_error) return null;
  return h(
    "div",
    { class: `reason ${mood(run.status)}`, role: "group", "aria-label": "Why it did not finish" },
    h("p", null, h("strong", null, said ?? (run.last_error || how)), said || run.last_error ? how && h("span", { class: "soft" }, ` (${how})`) : null),
    said && run.last_error && said !== run.last_error && h("p", { class: "mono" }, run.last_error),
    h("p", null, h("a", { href: `/r/${run.id}/logs?error=1` }, "To the first error in the log")),
  );
}

/** @param {Run} run */
function buttons(run) {
  const rerun = `runner rerun ${run.id.slice(0, 12)}`, reproduce = `runner reproduce ${run.id.slice(0, 12)}`;
  return [
    run.stoppable && !hasEnded(run) && stopButton(run),
    run.plan && copyAs(h("button", { onclick: () => void act("runAgain", run) }, "Run again"), { command: rerun }),
    run.plan && hasEnded(run) && copyAs(h("button", { onclick: () => void act("reproduce", run) }, "Reproduce"), { command: reproduce }),
    compare(run),
    menu("More", [
      ["Register a model", () => void registered(run)], // a logged model has files of its own, and the dialog says where there is none
      ["Copy its id", () => void copy(run.id)],
      ["Copy a link", () => void copy(location.href)],
      ["Copy: runner runs show", () => void copy(`runner runs show ${quoted(run.name)}`)],
      run.lifecycle === "deleted" ? ["Restore", () => void marked(run, "restore")] : ["Delete", () => void marked(run, "delete")],
    ]),
  ];
}

/** @param {Run} run */
const registered = (run) =>
  tried(async () => {
    const { register } = await import("../../lib/register.js");
    await register(run);
  });

/** @param {"runAgain" | "reproduce"} name @param {Run} run */
const act = (name, run) =>
  tried(async () => {
    const dialogs = await import("../../lib/runagain.js");
    await dialogs[name](run);
  });

/** @param {Run} run */
function compare(run) {
  /** @type {[string, import("./model.js").Kin | undefined][]} */
  const others = [["the one before", run.previous], ["the run it repeats", run.reproduces], ["its parent", run.parent], ["its newest reproduction", run.reproductions[0]]];
  const items = others.flatMap(([what, kin]) => (kin ? [/** @type {[string, string]} */ ([`${kin.name} (${what})`, `/compare?runs=${kin.id},${run.id}`])] : []));
  const [metric] = run.metrics, names = run.metrics.length > 0 ? [/** @type {[string, () => void]} */ ([`the best by ${metric?.key}`, () => void tried(() => toBest(run, metric?.key ?? ""))])] : [];
  return menu("Compare with", [...items, ...names, ["Choose in the list of runs", `/runs?experiment=${run.experiment}&sel=${run.id}`]]);
}

/** @param {Run} run @param {string} key */
async function toBest(run, key) {
  const { rows } = await own("/runs/table", { experiment: run.experiment, sort: `${better(key) === "max" ? "-" : ""}metrics.${key}`, limit: 2 });
  const best = rows.find((/** @type {any} */ row) => row.id !== run.id);
  if (best) location.assign(`/compare?runs=${best.id},${run.id}`);
  else toast("There is no other run in its experiment.");
}

/** A button that opens a list. @param {string} title @param {[string, string | (() => void)][]} items */
function menu(title, items) {
  const list = h("div", { class: "menu", popover: "auto", role: "menu" }, items.map(([text, does]) =>
    h("button", { type: "button", role: "menuitem", onclick: () => (list.hidePopover(), typeof does === "string" ? location.assign(does) : does()) }, text),
  ));
  const button = h("button", { "aria-haspopup": "menu", onclick: () => opened(list, button) }, title, " ▾");
  return h("span", null, button, list);
}

/** @param {Run} run @param {"delete" | "restore"} what */
const marked = (run, what) =>
  tried(async () => {
    await change(`runs/${what}`, { run_id: run.id });
    toast(what === "delete" ? `${run.name} is deleted` : `${run.name} is back`, what === "delete" ? { action: ["Undo", () => void marked(run, "restore")] } : undefined);
  });
