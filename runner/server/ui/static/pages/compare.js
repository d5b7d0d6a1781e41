// /compare?runs=a,b,... or ?q=...&top=20:metrics.acc: runs side by side. The first one is the baseline.
import { copyable } from "../lib/command.js";
import { fill, h, main } from "../lib/dom.js";
import { bind } from "../lib/keys.js";
import { onBack, query, show } from "../lib/state.js";
import { listen } from "../lib/stream.js";
import { chips } from "./compare/chips.js";
import { ask, goesOn, load } from "./compare/model.js";
import { failure, keepingFocus } from "./compare/parts.js";

/** @typedef {import("./compare/model.js").Subject} Subject */
/** @typedef {{ close?: () => void, renew?: (subject: Subject) => void }} Drawn `renew`: the runs have other values */
/** @typedef {void | (() => void) | Drawn} Left what a tab leaves: nothing, what ends it, or more */
/** @typedef {(container: HTMLElement, subject: Subject) => Left | Promise<Left>} Tab */

/** @type {Record<string, [title: string, module: () => Promise<{ tab: Tab }>]>} */
const TABS = {
  changed: ["What changed", () => import("./compare/changed.js")],
  table: ["Table", () => import("./compare/table.js")],
  charts: ["Charts", () => import("./compare/charts.js")],
  parallel: ["Parallel", () => import("./compare/parallel.js")],
  relations: ["Relations", () => import("./compare/relations.js")],
  artifacts: ["Artifacts", () => import("./compare/artifacts.js")],
  logs: ["Logs", () => import("./compare/logs.js")],
};

const head = h("div", { class: "compare-head" });
const tabs = h("div", { class: "tabs", role: "tablist", "aria-label": "Ways to compare" });
const body = h("div", { class: "compare-body", role: "tabpanel", id: "compare-panel" });
const LIVE = 40; // runs that are listened to
const PAUSE = 1000; // milliseconds between two looks at what goes on

/** @type {Subject | undefined} */
let subject;
/** @type {Drawn} */
let open = {};
let drawn = 0; // what is drawn last counts
let deaf = () => {};
/** @type {ReturnType<typeof setTimeout> | undefined} */
let soon;
let renewing = Promise.resolve();

fill(main(), h("div", { class: "compare" }, h("h1", { class: "visually-hidden" }, "Compare runs"), head, tabs, body));

const current = () => (query().get("tab") ?? "changed") in TABS ? (query().get("tab") ?? "changed") : "changed";

/** @param {string[]} ids */
function change(ids) {
  ask(ids);
  void refresh();
}

async function refresh() {
  const turn = ++drawn;
  try {
    const found = await load();
    if (turn !== drawn) return;
    subject = found;
  } catch (error) {
    if (turn === drawn) fill(body, failure(error));
    return;
  }
  drawHead(subject);
  follow(subject);
  await draw();
}

/** @param {Subject} now */
function drawHead({ runs, missing, left, besides = 0 }) {
  const named = runs.slice(0, 3).map(({ name }) => name).join(", ") || "Compare";
  document.title = `${runs.some(goesOn) ? "● " : ""}${named}${runs.length > 3 ? "…" : ""} · runner`;
  fill(
    head,
    chips(runs, change),
    missing.length > 0 && h("p", { class: "warn", role: "status" }, `There is no run ${missing.slice(0, 5).join(", ")}.`),
    besides > 0 && h("p", { class: "warn", role: "status" }, `The first ${runs.length.toLocaleString("en")} of ${(runs.length + besides).toLocaleString("en")} runs: more are not compared at once.`),
    left > 0 && h("p", { class: "soft" }, `${left.toLocaleString("en")} more keys than fit are not shown.`),
  );
}

// News of runs that go on: the tab takes the new values in; where one ends, there is more to say, and all is drawn anew.
/** @param {Subject} now */
function follow({ runs }) {
  const before = deaf, going = runs.filter(goesOn).slice(0, LIVE);
  deaf = going.length > 0 ? listen(going.map(({ id }) => `run:${id}`), renewSoon) : () => {};
  before();
}

function renewSoon() {
  soon ??= setTimeout(async () => {
    await renewing; // news that come while it loads are not in it
    soon = undefined;
    renewing = renew();
  }, PAUSE);
}

async function renew() {
  const turn = drawn, before = subject;
  const found = await load().catch(() => undefined);
  if (turn !== drawn) return renewSoon();
  if (!found || !before) return;
  subject = found;
  const ended = states(before) !== states(found);
  if (ended) keepingFocus(head, () => drawHead(found));
  if (ended) follow(found);
  if (ended && current() !== "charts") await draw();
  else open.renew?.(found);
}

/** @param {Subject} told */
const states = ({ runs }) => runs.map(({ id, status }) => id + status).join();

async function draw() {
  const turn = ++drawn, name = current();
  open.close?.();
  open = {};
  drawTabs(name);
  if (!subject) return;
  if (subject.runs.length === 0) return void fill(body, empty());
  body.setAttribute("aria-labelledby", `tab-${name}`);
  try {
    const [, module] = TABS[name] ?? ["", () => import("./compare/changed.js")];
    const { tab } = await module();
    if (turn !== drawn) return;
    fill(body);
    const left = await tab(body, subject) ?? {}, now = typeof left === "function" ? { close: left } : left;
    if (turn === drawn) open = now;
    else now.close?.();
  } catch (error) {
    if (turn === drawn) fill(body, failure(error));
  }
}

/** @param {string} name */
function drawTabs(name) {
  const focused = tabs.contains(document.activeElement);
  fill(tabs, Object.entries(TABS).map(([each, [title]]) => h("button", { type: "button", role: "tab", id: `tab-${each}`, "aria-selected": String(each === name), "aria-controls": "compare-panel", tabindex: each === name ? 0 : -1, onclick: () => choose(each) }, title)));
  if (focused) document.getElementById(`tab-${name}`)?.focus();
}

/** @param {string} name */
function choose(name) {
  show({ tab: name === "changed" ? null : name }, { push: true });
  void draw();
}

tabs.addEventListener("keydown", (event) => {
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (step === undefined) return;
  event.preventDefault();
  const names = Object.keys(TABS);
  choose(names[(names.indexOf(current()) + step + names.length) % names.length] ?? "changed");
});

function empty() {
  return h("div", { class: "empty" }, "No runs to compare. Select some in ", h("a", { href: "/runs" }, "Runs"), " and press ", h("kbd", null, "c"), ", or:", copyable("runner runs compare -1 -2"));
}

bind({
  d: ["Only what differs (in the table)", () => body.dispatchEvent(new CustomEvent("toggle-same"))],
});
onBack(() => void refresh());
void refresh();
