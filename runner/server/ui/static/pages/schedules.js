// Schedules: when each fires next, what became of its times. What changes them are commands to copy.
import { ApiError, own } from "../lib/api.js";
import { copyable, quoted } from "../lib/command.js";
import { fill, h, main } from "../lib/dom.js";
import { ago, clock, counted, lasting } from "../lib/format.js";
import { listen } from "../lib/stream.js";
import { onBack, query, show } from "../lib/state.js";

/** @typedef {{ scheduled_for: number, state: string, cause: string, attempt: number, run_id?: string, reason?: string, started?: number, ended?: number }} Firing */
/** @typedef {{ name: string, expression: string, zone: string, uri: string, entry_point: string, parameters: string[], state: string, missed: string, overlap: string, version?: string, next?: number, last?: Firing }} Schedule */

const REST = 5000; // milliseconds between two looks while runs come and go
const WELL = new Set(["succeeded"]), BAD = new Set(["failed", "missed", "stopped"]);

/** @type {Schedule[]} */
let schedules = [];
/** @type {Firing[]} */
let firings = [];
let now = Date.now();
let last = 0;

async function load() {
  last = Date.now();
  try {
    ({ schedules, now } = await own("/schedules"));
    const chosen = query().get("name");
    firings = chosen && schedules.some((each) => each.name === chosen)
      ? (await own(`/schedules/${encodeURIComponent(chosen)}/firings`)).firings
      : [];
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    fill(main(), h("h1", null, "Schedules"), h("p", { class: "empty", role: "alert" }, error.message));
    return;
  }
  draw();
}

function draw() {
  const chosen = schedules.find((each) => each.name === query().get("name"));
  fill(main(),
    h("div", { class: "head" }, h("h1", null, "Schedules"), h("span", { class: "soft" }, counted(schedules.length, "schedule"))),
    overdue() && h("p", { class: "card loud", role: "status" }, h("strong", null, "Nothing runs: no scheduler is started. "), copyable("runner scheduler")),
    schedules.length === 0
      ? h("div", { class: "empty" }, h("p", null, "No schedules yet. Train every night:"), copyable('runner schedule add nightly "0 3 * * *" . -e train'))
      : table(),
    chosen && detail(chosen),
  );
}

/** Whether a time has gone by that nobody took. */
const overdue = () => schedules.some((each) => each.next !== undefined && each.next < now - 120_000);

function table() {
  return h("div", { class: "scroll" }, h("table", { class: "wide" },
    h("thead", null, h("tr", null, ["Schedule", "When", "Zone", "Next", "Last", "Project"].map((title) => h("th", { scope: "col" }, title)))),
    h("tbody", null, schedules.map((each) => h("tr", { class: each.name === query().get("name") && "chosen" },
      h("th", { scope: "row" }, h("a", { href: `?name=${encodeURIComponent(each.name)}`, onclick: (/** @type {MouseEvent} */ event) => choose(event, each.name) }, each.name), each.state === "paused" && h("span", { class: "chip" }, "paused")),
      h("td", { class: "mono" }, each.expression),
      h("td", null, each.zone),
      h("td", { title: clock(each.next) }, each.next === undefined ? "" : each.next > now ? `in ${lasting(each.next - now)}` : `${lasting(now - each.next)} late`),
      h("td", null, each.last && outcome(each.last), each.last && ` ${ago(each.last.scheduled_for)}`),
      h("td", { class: "text" }, each.uri, " ", h("span", { class: "soft" }, each.entry_point)),
    ))),
  ));
}

/** @param {MouseEvent} event @param {string} name */
function choose(event, name) {
  event.preventDefault();
  show({ name }, { push: true });
  void load();
}

/** @param {Schedule} schedule */
function detail(schedule) {
  const word = quoted(schedule.name);
  return h("section", { class: "detail" },
    h("h2", null, schedule.name),
    h("p", { class: "soft" }, [
      schedule.version && `at ${schedule.version}`,
      schedule.parameters.length > 0 && `with ${schedule.parameters.join(", ")}`,
      `missed times: ${schedule.missed}`, `overlap: ${schedule.overlap}`,
    ].filter(Boolean).join(" · ")),
    h("div", { class: "commands" },
      copyable(`runner schedule run-now ${word}`),
      copyable(`runner schedule ${schedule.state === "paused" ? "resume" : "pause"} ${word}`),
      copyable(`runner schedule show ${word}`)),
    firings.length === 0 ? h("p", { class: "empty" }, "It has not fired yet.") : history(),
  );
}

function history() {
  return h("div", { class: "scroll" }, h("table", { class: "wide" },
    h("thead", null, h("tr", null, ["Time", "Outcome", "Took", "Run", "Why"].map((title) => h("th", { scope: "col" }, title)))),
    h("tbody", null, firings.map((each) => h("tr", null,
      h("td", null, clock(each.scheduled_for)),
      h("td", null, outcome(each), each.cause !== "clock" && h("span", { class: "soft" }, ` ${each.cause}`), each.attempt > 1 && h("span", { class: "soft" }, ` try ${each.attempt}`)),
      h("td", null, each.started && each.ended ? lasting(each.ended - each.started) : ""),
      h("td", null, each.run_id && h("a", { href: `/r/${each.run_id}` }, each.run_id.slice(0, 8))),
      h("td", { class: "text" }, each.reason ?? ""),
    ))),
  ));
}

/** @param {Firing} firing */
const outcome = ({ state }) => h("span", { class: WELL.has(state) ? "good" : BAD.has(state) ? "bad" : "" }, state);

listen(["runs"], () => {
  if (Date.now() - last > REST) void load();
});
onBack(() => void load());
await load();
