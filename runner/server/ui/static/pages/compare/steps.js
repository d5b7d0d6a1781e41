// Runs that were made to find out which change did it: each a step between the two, with its share of the change of a result. They
// come in as they are made, from here, from `runner rerun` or from `runner bisect`.
import { own } from "../../lib/api.js";
import { fill, h } from "../../lib/dom.js";
import { counted } from "../../lib/format.js";
import { query, show } from "../../lib/state.js";
import { listen } from "../../lib/stream.js";
import { barCell } from "../../charts/sparkline.js";
import { goesOn, numeric } from "./model.js";
import { change, keepingFocus, nameOf, plain, select } from "./parts.js";

/** @typedef {import("./model.js").Subject} Subject */
/** @typedef {import("./model.js").Run} Run */
/** @typedef {import("./model.js").Key} Key */
/** @typedef {{ id: string, name: string, status: string, of: string, what: string, value: number | null }} Step */
/** @typedef {{ title: string, said: string }} Coming what was started here and is no run yet */

const MOST = 50; // steps
const PAUSE = 1000; // milliseconds between two looks
const RERUNS = "tags.runner.reruns", REPRODUCES = "tags.runner.reproduces", CHANGED = "tags.runner.changed", BISECT = "tags.runner.bisect.experiment";

export class Steps {
  element = h("div", { class: "compare-ladder" });
  /** @type {Set<Coming>} */
  #coming = new Set();
  /** @type {Step[]} */
  #steps = [];
  /** @type {Run} */
  #a;
  /** @type {Run} */
  #b;
  /** @type {Key[]} metrics in which they differ */
  #metrics;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #soon;
  #deaf;
  #changed;
  #ended = -1;

  /** @param {Run} a @param {Run} b @param {Key[]} keys @param {() => void} changed told when one more has ended */
  constructor(a, b, keys, changed) {
    this.#a = a;
    this.#b = b;
    this.#changed = changed;
    this.#metrics = keys.filter(({ kind, key }) => kind === "metrics" && numeric(a.values[key]) !== null && numeric(b.values[key]) !== null && a.values[key] !== b.values[key]);
    this.#deaf = listen([...new Set([a.experiment, b.experiment])].map((id) => `experiment:${id}`), () => this.again());
    void this.#read();
  }

  close() {
    this.#deaf();
    clearTimeout(this.#soon);
  }

  /** Look again, before long. */
  again() {
    this.#soon ??= setTimeout(() => void this.#read(), PAUSE);
  }

  /** Tell of what was started, until it is a run. @param {Coming} what */
  expect(what) {
    this.#coming.add(what);
    this.#draw();
    return { told: () => this.#draw(), over: () => void (this.#coming.delete(what), this.again()) };
  }

  get #metric() {
    return this.#metrics.find(({ key }) => key === query().get("step")) ?? this.#metrics[0];
  }

  async #read() {
    const key = this.#metric?.key, columns = [RERUNS, REPRODUCES, CHANGED, BISECT, ...(key ? [key] : [])];
    const asked = (/** @type {string} */ tag) => own("/runs/table", { q: `${tag} in ('${this.#a.id}', '${this.#b.id}')`, columns, limit: MOST });
    const answers = await Promise.all([asked(RERUNS), asked(REPRODUCES)]).catch(() => undefined);
    this.#soon = undefined;
    if (!answers) return;
    const rows = new Map(answers.flatMap((/** @type {any} */ { rows: found }) => found).map((row) => [row.id, row]));
    this.#steps = [...rows.values()].filter(({ id }) => id !== this.#a.id && id !== this.#b.id).map(stepOf);
    keepingFocus(this.element, () => this.#draw());
    if (this.#steps.some(goesOn)) this.again(); // metrics of single runs are no news of an experiment
    const before = this.#ended;
    this.#ended = this.#steps.filter((step) => !goesOn(step)).length;
    if (before >= 0 && this.#ended !== before) this.#changed();
  }

  #draw() {
    const metric = this.#metric, { name: first } = this.#a, { name: second } = this.#b;
    if (this.#steps.length + this.#coming.size === 0) return fill(this.element);
    const from = metric ? numeric(this.#a.values[metric.key]) : null, to = metric ? numeric(this.#b.values[metric.key]) : null;
    const share = (/** @type {number | null} */ value) => (value === null || from === null || to === null ? null : (value - from) / (to - from));
    const steps = this.#steps.toSorted((a, b) => (share(a.value) ?? 2) - (share(b.value) ?? 2));
    const row = (/** @type {any} */ head, /** @type {any} */ what, /** @type {number | null} */ value, /** @type {string | null} */ kind = null) => {
      const part = share(value);
      return h("tr", { class: kind }, h("th", { scope: "row" }, head), h("td", null, what), h("td", { class: "number" }, plain(value)), h("td", { class: "number" }, value !== null && from !== null && value !== from && change(from, value)), h("td", { class: "share" }, part !== null && barCell(part, 0, 1, `${Math.round(100 * part)} %`)));
    };
    const titles = ["Run", "It is", metric?.title ?? "", "change", "share of the change"];
    return fill(
      this.element,
      h("h3", null, "Steps between them"),
      this.#metrics.length > 1 && metric && select("Of", this.#metrics.map(({ key, title }) => [key, title]), metric.key, (key) => (show({ step: key }), void this.#read())),
      h("div", { class: "compare-scroll", tabindex: 0, role: "region", "aria-label": "Steps between them" }, h("table", null,
        h("thead", null, h("tr", null, titles.map((title, at) => h("th", { scope: "col", class: at > 1 && at < 4 ? "number" : null }, title)))),
        h("tbody", null,
          row(nameOf(this.#a), "as it was", from, "end"),
          steps.map((step) => row([nameOf(step), step.status !== "FINISHED" && h("span", { class: goesOn(step) ? "chip going" : "chip broken" }, step.status.toLowerCase())], `${step.of === this.#a.id ? first : second} with ${step.what}`, step.value)),
          [...this.#coming].map(({ title, said }) => h("tr", { class: "soft" }, h("td", { colspan: 2 }, title), h("td", { colspan: 3, role: "status" }, said))),
          row(nameOf(this.#b), "as it was", to, "end"),
        ))),
      this.#steps.length >= MOST && h("p", { class: "soft" }, `The newest ${counted(MOST, "run")}.`),
    );
  }
}

/** @param {any} row @returns {Step} */
function stepOf({ id, name, status, values: [reruns, reproduces, changed, bisect, value = null] }) {
  const what = reruns ? (changed ?? bisect ?? "").replaceAll("\n", ", ") || "nothing changed" : "nothing changed";
  return { id, name, status, of: reruns ?? reproduces, what, value: numeric(value) };
}
