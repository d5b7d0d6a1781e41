// Schedules: the week, what became of each time and which come; one of them (?name=) with its history, and what can be asked of it.
import { ApiError, own } from "../lib/api.js";
import { copyable } from "../lib/command.js";
import { fill, h, main } from "../lib/dom.js";
import { counted } from "../lib/format.js";
import { bind } from "../lib/keys.js";
import { onBack, query, show } from "../lib/state.js";
import { listen } from "../lib/stream.js";
import { calendar } from "./schedules/calendar.js";
import { facts, heading, next } from "./schedules/detail.js";
import { history } from "./schedules/history.js";
import { list } from "./schedules/list.js";
import { dayName, HERE, later, local, span } from "./schedules/model.js";

/** @typedef {import("./schedules/model.js").Schedule} Schedule */
/** @typedef {{ schedules: Schedule[], now: number, late: number | null, allowed: boolean }} Answer */
/** @typedef {{ week: import("./schedules/model.js").Week, firings: import("./schedules/model.js").Firing[], coming: import("./schedules/detail.js").Coming }} Around */

const REST = 5_000; // milliseconds between two looks, and ten times as long as one takes
const WHOLE = 60_000; // after which all is read again
const MANY = 8; // schedules among which one is looked for
const SHOWN = 50, MOST = 1000; // times of a history

const title = document.title;
/** @type {Answer} */
let answer = { schedules: [], now: Date.now(), late: null, allowed: false };
/** @type {Around | undefined} */
let around;
let seen = "", whole = 0, pause = REST, turns = 0, done = 0;
/** @type {Map<Element, string>} what each block shows, so that what is the same stays as it is */
const shown = new Map();

const blocks = { loud: h("div"), head: h("div"), about: h("div", { class: "about" }), bar: h("nav", { "aria-label": "Week" }), week: h("section", { "aria-label": "Week" }), below: h("div", { class: "below" }) };

const chosen = () => answer.schedules.find((each) => each.name === query().get("name"));
const zone = () => query().get("zone") ?? HERE;

/** Look for what is new; `all`: at all of it. */
async function load(all = false) {
  const begun = Date.now(), mine = (turns += 1);
  try {
    const found = await own("/schedules");
    if (mine !== turns) return; // somebody has gone on to something else
    answer = found;
    const now = JSON.stringify([answer.schedules, location.search]);
    if (all || now !== seen || begun - whole > WHOLE) {
      const read = await further(chosen());
      if (mine !== turns) return;
      [around, seen, whole] = [read, now, begun];
    }
    draw();
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    if (!around) fill(main(), h("h1", null, "Schedules"), h("p", { class: "empty", role: "alert" }, error.message));
  } finally {
    done = Math.max(done, mine);
  }
  pause = Math.max(REST, 10 * (Date.now() - begun));
}

/** Look, unless somebody does. */
const look = async () => done === turns && (await load());

/** @param {Schedule | undefined} schedule @returns {Promise<Around>} */
async function further(schedule) {
  const asked = { day: query().get("week"), name: schedule?.name };
  const path = schedule && `/schedules/${encodeURIComponent(schedule.name)}`;
  const [week, told, coming] = await Promise.all([
    own("/schedules/calendar", { ...asked, zone: zone() }).catch(() => own("/schedules/calendar", { ...asked, zone: "UTC" })),
    path ? own(`${path}/firings`, { limit: query().get("times") ?? SHOWN }) : { firings: [] },
    path ? own(`${path}/times`) : { times: [], shifts: [] },
  ]);
  return { week, firings: told.firings, coming };
}

function draw() {
  if (!around) return;
  const schedule = chosen(), { week, firings, coming } = around, { now, allowed } = answer;
  if (!blocks.head.isConnected) fill(main(), Object.values(blocks));
  document.title = schedule ? `${schedule.name} · ${title}` : title;
  put(blocks.loud, [answer.late], loud);
  put(blocks.head, [schedule, allowed, answer.schedules.length, query().get("name")], () => (schedule ? heading(schedule, { allowed, renew: () => void load(true) }) : head()));
  put(blocks.about, schedule && [schedule, coming, Math.floor(now / 60_000)], () => schedule && [facts(schedule), next(schedule, coming, now)]);
  put(blocks.bar, [span(week), week.zone, answer.schedules.map((each) => each.zone)], () => answer.schedules.length > 0 && bar(week));
  const found = matching();
  put(blocks.week, [{ ...week, now: Math.floor(week.now / 60_000) }, found.map((each) => [each.name, each.expected])], () => answer.schedules.length > 0 && calendar(week, new Map(found.map((each) => [each.name, each]))));
  put(blocks.below, schedule ? [schedule, firings, Math.floor(now / 60_000)] : [found, Math.floor(now / REST)], () => (schedule
    ? h("section", null, h("h2", null, "History"), history(firings, schedule, now, earlier()))
    : answer.schedules.length > 0 && list(found, now)));
}

/** Other content for a block, if it is to show something else; the focus stays where it was. @param {HTMLElement} block @param {any} what @param {() => any} made */
function put(block, what, made) {
  const now = JSON.stringify(what) ?? "";
  if (shown.get(block) === now) return;
  shown.set(block, now);
  const key = block.contains(document.activeElement) ? document.activeElement?.closest("[data-key]")?.getAttribute("data-key") : null;
  const scrolled = block.querySelector(".week")?.scrollTop;
  fill(block, made());
  const box = block.querySelector(".week"), day = block.querySelector(".today");
  if (box && day instanceof HTMLElement) box.scrollTop = scrolled ?? day.offsetTop - 8; // on a phone, where days are below each other
  const again = key && block.querySelector(`[data-key="${CSS.escape(key)}"]`);
  if (again instanceof HTMLElement) again.focus();
}

function loud() {
  if (answer.late === null) return null;
  return h("p", { class: "card loud", role: "alert" },
    h("strong", null, "Nothing runs: the scheduler is not started."), ` Something has been due since ${local(answer.late, HERE)}. `, copyable("runner scheduler"));
}

function head() {
  const count = answer.schedules.length;
  const find = h("input", { type: "search", placeholder: "Find a schedule", "aria-label": "Find a schedule", value: query().get("q") ?? "", oninput: () => { show({ q: find.value }); draw(); } });
  return [
    query().get("name") && h("p", { class: "warn" }, `There is no schedule “${query().get("name")}”.`),
    h("div", { class: "head" }, h("h1", null, "Schedules"), h("span", { class: "soft" }, counted(count, "schedule")), count > MANY && find),
    count === 0 && h("div", { class: "empty" }, h("p", null, "No schedules yet. Train every night:"), copyable('runner schedule add nightly "0 3 * * *" . -e train')),
  ];
}

/** The schedules that are shown: the one that is chosen, or those with this in their names or projects. */
function matching() {
  const schedule = chosen(), text = (query().get("q") ?? "").toLowerCase();
  return schedule ? [schedule] : answer.schedules.filter((each) => `${each.name}\n${each.uri}`.toLowerCase().includes(text));
}

/** @param {import("./schedules/model.js").Week} week */
function bar(week) {
  const [first, last] = span(week);
  const zones = [...new Set([HERE, "UTC", ...answer.schedules.map((each) => each.zone), week.zone])];
  const select = h("select", { "data-key": "zone", onchange: () => go({ zone: select.value === HERE ? null : select.value }) },
    zones.map((each) => h("option", { value: each, selected: each === week.zone }, each === HERE ? `${each} (yours)` : each)));
  const step = (/** @type {string} */ label, /** @type {string} */ sign, /** @type {number} */ days) =>
    h("button", { type: "button", "data-key": label, "aria-label": label, title: label, onclick: () => turn(days) }, sign);
  return h("div", { class: "bar" },
    step("Previous week", "←", -7), h("button", { type: "button", "data-key": "today", onclick: () => go({ week: null }) }, "This week"), step("Next week", "→", 7),
    h("h2", null, `${dayName(first)} – ${dayName(last)} ${last.slice(0, 4)}`),
    h("label", { class: "zone" }, "Times of ", select));
}

/** @param {number} days */
const turn = (days) => around && go({ week: later(span(around.week)[0], days) });

/** @param {Record<string, string | number | null>} changes of what is shown */
function go(changes) {
  show(changes, { push: true });
  return load();
}

/** Shows earlier times, if there may be any. */
function earlier() {
  const count = around?.firings.length ?? 0, limit = Number(query().get("times") ?? SHOWN);
  return count < limit || limit >= MOST ? null : () => void go({ times: Math.min(MOST, limit * 4) });
}

main().addEventListener("click", (event) => {
  const link = event.target instanceof Element && event.target.closest("[data-choose]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  void go({ name: link.getAttribute("data-choose"), times: null });
  scrollTo(0, 0);
});

/** @type {ReturnType<typeof setTimeout> | undefined} */
let waiting;

/** Look again after a while, as long as somebody sees it. */
function again() {
  clearTimeout(waiting);
  waiting = setTimeout(async () => {
    if (document.visibilityState === "visible") await look();
    again();
  }, pause);
}

bind({
  "[": ["Previous week", () => turn(-7)],
  "]": ["Next week", () => turn(7)],
  t: ["This week", () => go({ week: null })],
});
let heard = 0;
listen(["runs"], () => {
  if (Date.now() - heard < REST / 2) return;
  heard = Date.now();
  void look();
});
document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && void look());
onBack(() => void load());
await load();
again();
