// Fire a schedule for times that have passed: from when to when, how many that are, and only then.
import { ApiError, send } from "../../lib/api.js";
import { copyable, quoted } from "../../lib/command.js";
import { dialog, toast } from "../../lib/dialog.js";
import { fill, h } from "../../lib/dom.js";
import { counted } from "../../lib/format.js";
import { later, local } from "./model.js";

/** @typedef {{ count: number, kept: number, first: number | null, last: number | null }} Count */

const REST = 250; // milliseconds without a key until it is counted

/** @param {import("./model.js").Schedule} schedule @param {{ renew: () => void }} around */
export function backfill(schedule, around) {
  const path = `/schedules/${encodeURIComponent(schedule.name)}/backfill`;
  const today = local(Date.now(), schedule.zone).slice(0, 10);
  const first = h("input", { type: "date", required: true, max: today, value: later(today, -7) });
  const last = h("input", { type: "date", required: true, max: today, value: today });
  const count = h("p", { role: "status", class: "count" }), command = h("div");
  const start = h("button", { type: "submit", class: "main", form: "backfill", disabled: true }, "Start");
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let waiting;
  let asked = 0;

  const given = () => ({ first: first.value, last: last.value });
  const form = h("form", { id: "backfill", class: "form", oninput: renew, onsubmit: (/** @type {Event} */ event) => { event.preventDefault(); void go(); } },
    h("p", { class: "soft" }, `Its times between these days, in ${schedule.zone}, that have not succeeded. A scheduler starts the runs, ${schedule.overlap === "allow" ? "beside each other" : "one after another"}.`),
    h("label", null, "From", first), h("label", null, "To", last), count, command);

  function renew() {
    start.disabled = true;
    last.min = first.value;
    fill(command, copyable(`runner schedule backfill ${quoted(schedule.name)} --from ${given().first} --to ${given().last}`));
    clearTimeout(waiting);
    waiting = setTimeout(() => void look(), REST);
  }

  async function look() {
    asked += 1;
    const mine = asked;
    if (!form.checkValidity()) return void fill(count, "Give two days that have come, the first one first.");
    const found = await send(path, { ...given(), dry_run: true }).catch(refused);
    if (mine !== asked) return;
    start.disabled = !found.count;
    start.textContent = found.count ? `Start ${counted(found.count, "run")}` : "Start";
    fill(count, found instanceof ApiError ? h("span", { class: "bad" }, found.message) : inWords(found));
  }

  async function go() {
    start.disabled = true;
    const found = await send(path, given()).catch(refused);
    if (found instanceof ApiError) return void fill(count, h("span", { class: "bad" }, found.message));
    close();
    toast(`${schedule.name}: ${counted(found.count, "run")} wait for a scheduler.`);
    around.renew();
  }

  /** @param {Count} found */
  const inWords = ({ count: number, kept, first: from, last: to }) => [
    h("strong", null, number === 0 ? "No run would start" : `${counted(number, "run")} would start`),
    from !== null && to !== null && `, for ${local(from, schedule.zone)}${from === to ? "" : ` to ${local(to, schedule.zone)}`}`,
    kept > 0 && `. ${counted(kept, "other")} ${kept === 1 ? "has succeeded or goes" : "have succeeded or go"} on.`,
  ];
  const { close } = dialog(`Backfill ${schedule.name}`, form, { actions: [h("button", { type: "button", onclick: () => close() }, "Cancel"), start] });
  renew();
}

/** @param {unknown} error */
function refused(error) {
  if (error instanceof ApiError) return error;
  throw error;
}
