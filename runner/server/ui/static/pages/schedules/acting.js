// What can be asked of a schedule: each as a button, and as the command that does the same.
import { ApiError, send } from "../../lib/api.js";
import { copyAs, copyable, quoted } from "../../lib/command.js";
import { toast } from "../../lib/dialog.js";
import { h } from "../../lib/dom.js";
import { backfill } from "./backfill.js";
import { local } from "./model.js";

/** @typedef {import("./model.js").Schedule} Schedule */
/** @typedef {{ allowed: boolean, renew: () => void }} Around `allowed`: whether the server starts runs; `renew` shows what is new */

/** @param {Schedule} schedule @param {Around} around */
export function actions(schedule, around) {
  const rests = schedule.state === "paused";
  return [
    h("div", { class: "actions" },
      rests
        ? button(schedule, "Resume", "resume", {}, "It fires again.", around)
        : button(schedule, "Pause", "pause", {}, "It rests. What goes on goes on.", around),
      schedule.next !== undefined && button(schedule, "Skip next", "skip", { time: schedule.next }, `${local(schedule.next, schedule.zone)} ${schedule.zone} is left out.`, around),
      around.allowed && button(schedule, "Run now", "run", {}, "It runs as soon as a scheduler takes it.", around, "run-now"),
      around.allowed && h("button", { type: "button", "data-key": "backfill", onclick: () => backfill(schedule, around) }, "Backfill…")),
    !around.allowed && h("div", { class: "soft" },
      "This server starts no runs (", h("code", null, "runner server --allow-run"), "). These commands do:",
      h("div", { class: "commands" }, copyable(`runner schedule run-now ${quoted(schedule.name)}`), copyable(`runner schedule backfill ${quoted(schedule.name)} --from … --to …`))),
  ];
}

/**
 * @param {Schedule} schedule
 * @param {string} title
 * @param {string} call
 * @param {any} body
 * @param {string} done what is said then
 * @param {Around} around
 * @param {string} [command] of `runner schedule`
 */
function button(schedule, title, call, body, done, around, command = call) {
  const path = `/schedules/${encodeURIComponent(schedule.name)}/${call}`;
  const press = h("button", { type: "button", "data-key": call, onclick: () => void act() }, title);
  async function act() {
    press.disabled = true;
    if (await asked(path, body)) toast(`${schedule.name}: ${done}`);
    press.disabled = false;
    around.renew();
  }
  return copyAs(press, {
    command: `runner schedule ${command} ${quoted(schedule.name)}`,
    curl: `curl -X POST -H 'Content-Type: application/json' -d ${quoted(JSON.stringify(body))} ${location.origin}/api/runner/1${path}`,
  });
}

/**
 * Send it; what is refused is said.
 *
 * @param {string} path
 * @param {any} body
 * @returns {Promise<any>} the answer; null if it was refused
 */
export async function asked(path, body) {
  try {
    return await send(path, body);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    toast(error.message, { bad: true });
    return null;
  }
}
