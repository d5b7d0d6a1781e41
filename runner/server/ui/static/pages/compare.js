// /compare?runs=a,b,... or ?q=...&top=20:metrics.acc: runs side by side. The first one is the baseline.
import { copyable } from "../lib/command.js";
import { fill, h, main } from "../lib/dom.js";
import { bind } from "../lib/keys.js";
import { onBack, query, show } from "../lib/state.js";
import { chips } from "./compare/chips.js";
import { ask, load } from "./compare/model.js";
import { failure } from "./compare/parts.js";

/** @typedef {import("./compare/model.js").Subject} Subject */
/** @typedef {(container: HTMLElement, subject: Subject) => void | (() => void) | Promise<void | (() => void)>} Tab draws; may return what ends it */

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
/** @type {Subject | undefined} */
let subject;
/** @type {(() => void) | undefined} */
let end;
let drawn = 0; // what is drawn last counts

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
  const { runs, missing, left } = subject;
  const named = runs.slice(0, 3).map(({ name }) => name).join(", ") || "Compare";
  document.title = `${named}${runs.length > 3 ? "…" : ""} · runner`;
  fill(head, chips(runs, change), missing.length > 0 && h("p", { class: "warn", role: "status" }, `There is no run ${missing.slice(0, 5).join(", ")}.`), left > 0 && h("p", { class: "soft" }, `${left} more keys than fit are not shown.`));
  await draw();
}

async function draw() {
  const turn = ++drawn, name = current();
  end?.();
  end = undefined;
  drawTabs(name);
  if (!subject) return;
  if (subject.runs.length === 0) return void fill(body, empty());
  body.setAttribute("aria-labelledby", `tab-${name}`);
  try {
    const [, module] = TABS[name] ?? ["", () => import("./compare/changed.js")];
    const { tab } = await module();
    if (turn !== drawn) return;
    fill(body);
    const ended = await tab(body, subject);
    if (turn === drawn) end = ended ?? undefined;
    else ended?.();
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
