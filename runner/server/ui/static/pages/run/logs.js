// Logs: stdout, stderr and what runner says, in one stream that is followed as it grows.
import { own } from "../../lib/api.js";
import { pieces, plain } from "../../lib/ansi.js";
import { copy } from "../../lib/command.js";
import { fill, h } from "../../lib/dom.js";
import { clock, counted, lasting } from "../../lib/format.js";
import { bind } from "../../lib/keys.js";
import { query, show } from "../../lib/state.js";
import { listen } from "../../lib/stream.js";
import { VirtualLines } from "../../lib/virtual.js";
import { Lines, SOURCES } from "./lines.js";
import { hasEnded, lastingOf, list, mood, table, word } from "./model.js";

/** @typedef {import("./model.js").Run} Run */

const LINE = 19; // pixels
const PAGE = 10_000; // lines of one answer
const MOST = 1_500_000; // lines that a tab holds
const SLICE = 40_000; // lines searched without a pause

/** @param {HTMLElement} place @param {Run} run */
export function open(place, run) {
  const tab = new Logs(place, run);
  return { update: (/** @type {Run} */ now) => tab.update(now), close: () => tab.close() };
}

class Logs {
  #run;
  #lines = new Lines();
  /** @type {number[] | null} lines that are shown, where not all are */
  #shown = null;
  /** @type {number[]} places among what is shown */
  #found = [];
  #at = -1;
  #hidden = new Set((query().get("without") ?? "").split(",").filter(Boolean));
  #view = new VirtualLines({ label: "Output", height: LINE, draw: (index) => this.#line(index) });
  #find = h("input", { type: "search", placeholder: "Search", "aria-label": "Search the output", value: query().get("find") ?? "" });
  #count = h("span", { class: "soft", role: "status" });
  #state = h("span", { class: "soft" });
  #follow = h("button", { "aria-pressed": "false", title: "Follow the end (f)", onclick: () => this.#followed(!this.#follows) }, "Follow");
  #empty = h("p", { class: "empty" });
  #follows = false;
  #over = false;
  #closed = false;
  #ending = false;
  /** @type {(() => void)[]} */
  #undo = [];
  #searching = 0;
  #typed = 0;

  /** @param {HTMLElement} place @param {Run} run */
  constructor(place, run) {
    this.#run = run;
    fill(place, this.#bar(), this.#empty, this.#view.element);
    this.#view.onScroll = () => this.#follows && !this.#view.isAtEnd && !this.#ending && this.#followed(false);
    this.#find.addEventListener("input", () => {
      clearTimeout(this.#typed);
      this.#typed = window.setTimeout(() => (show({ find: this.#find.value }), void this.#search(true)), 150);
    });
    this.#find.addEventListener("keydown", (event) => event.key === "Enter" && this.#next(event.shiftKey ? -1 : 1));
    const jump = () => this.#toHash();
    addEventListener("hashchange", jump);
    this.#undo = [
      () => removeEventListener("hashchange", jump),
      bind({
        "/": ["Search the output", () => this.#find.focus()],
        n: ["Next match", () => this.#next(1)],
        N: ["Match before", () => this.#next(-1)],
        f: ["Follow the end", () => this.#followed(!this.#follows)],
        x: ["First error", () => this.#firstError()],
        j: ["Mark the next line", () => this.#step(1)],
        k: ["Mark the line before", () => this.#step(-1)],
        y: ["Copy the marked line", () => this.#marked() >= 0 && void copy(plain(this.#lines.texts[this.#marked()] ?? ""))],
      }),
    ];
    for (const [time, text] of beginning(run)) this.#lines.say(time, text);
    if (!hasEnded(run) && !location.hash) this.#followed(true);
    void this.#read();
  }

  close() {
    this.#closed = true;
    clearTimeout(this.#typed);
    this.#view.close();
    for (const undo of this.#undo) undo();
  }

  /** @param {Run} run */
  update(run) {
    this.#run = run;
    this.#told();
  }

  #bar() {
    const toggles = SOURCES.map((name) => {
      const box = h("input", { type: "checkbox", checked: !this.#hidden.has(name), onchange: () => this.#toggle(name, box.checked) });
      return h("label", { class: `source ${name}` }, box, ` ${name}`);
    });
    return h(
      "div", { class: "bar" }, toggles, this.#find,
      h("button", { class: "plain", "aria-label": "Match before", onclick: () => this.#next(-1) }, "↑"), h("button", { class: "plain", "aria-label": "Next match", onclick: () => this.#next(1) }, "↓"), this.#count,
      h("button", { title: "First error (x)", onclick: () => this.#firstError() }, "First error"), this.#follow,
      this.#run.artifacts_served && ["stdout", "stderr"].map((name) => h("button", { class: "plain", onclick: () => this.#download(name) }, `Download ${name}`)),
      this.#state,
    );
  }

  /** All that is there, then what comes. */
  async #read() {
    let after = "0.0";
    while (!this.#closed) {
      const answer = await own(`/runs/${this.#run.id}/logs`, { after, limit: PAGE }).catch(() => undefined);
      if (this.#closed) return;
      if (!answer) return this.#told("The output cannot be read now.");
      this.#add(answer.lines, answer.ended);
      after = answer.next;
      if (answer.ended || this.#lines.length > MOST) return;
      if (answer.lines.length === 0) break;
    }
    this.#undo.push(listen([`logs:${this.#run.id}@${after}`], ({ kind, data }) => kind === "log" && this.#add(data.lines, data.ended)));
  }

  /** @param {import("./lines.js").Told[]} told @param {boolean} ended */
  #add(told, ended) {
    const before = this.#lines.length;
    this.#lines.add(told);
    if (ended && !this.#over) {
      this.#over = true;
      for (const [time, text] of end(this.#run)) this.#lines.say(time, text);
    }
    this.#grown(before);
    this.#told();
  }

  /** @param {number} before how many lines there were */
  #grown(before) {
    if (this.#hidden.size > 0) {
      this.#shown = before === 0 || !this.#shown ? [] : this.#shown;
      for (let index = this.#shown.length === 0 ? 0 : before; index < this.#lines.length; index += 1) if (this.#isShown(index)) this.#shown.push(index);
    }
    this.#view.resize(this.#shown?.length ?? this.#lines.length);
    if (this.#find.value) void this.#search(false);
    if (this.#follows) this.#toEnd();
    this.#toHash(before);
    if (query().get("error") && this.#at < 0) this.#firstError();
  }

  /** @param {number} index */
  #isShown(index) {
    return !this.#hidden.has(SOURCES[this.#lines.sources[index] ?? 0] ?? "");
  }

  /** @param {string} [problem] */
  #told(problem) {
    const lines = this.#lines.length, full = lines > MOST;
    this.#state.textContent = problem ?? `${counted(lines, "line")}${full ? ", and more: download it to see the rest" : this.#over ? "" : ", going on"}`;
    this.#empty.hidden = lines > 0;
    this.#empty.textContent = hasEnded(this.#run) ? "It printed nothing." : `No output yet, ${lastingOf(this.#run)}.`;
  }

  /** @param {string} name @param {boolean} on */
  #toggle(name, on) {
    if (on) this.#hidden.delete(name);
    else this.#hidden.add(name);
    show({ without: [...this.#hidden].join(",") });
    this.#shown = this.#hidden.size > 0 ? this.#lines.texts.flatMap((_, index) => (this.#isShown(index) ? [index] : [])) : null;
    this.#view.resize(this.#shown?.length ?? this.#lines.length);
    void this.#search(false);
    if (this.#follows) this.#toEnd();
  }

  /** @param {boolean} on */
  #followed(on) {
    this.#follows = on;
    this.#follow.setAttribute("aria-pressed", String(on));
    if (on) this.#toEnd();
  }

  #toEnd() {
    this.#ending = true; // our own scrolling is no sign that somebody wants to read
    requestAnimationFrame(() => {
      this.#view.toEnd();
      requestAnimationFrame(() => (this.#ending = false));
    });
  }

  /** The line that the URL names. */
  #marked() {
    const number = Number(/^#L(\d+)$/.exec(location.hash)?.[1] ?? 0);
    return number ? this.#lines.numbers.indexOf(number) : -1;
  }

  /** To the next line of the program, past what runner says. @param {1 | -1} by */
  #step(by) {
    let index = this.#marked() + by;
    while (index >= 0 && index < this.#lines.length && !this.#lines.numbers[index]) index += by;
    this.#mark(index);
  }

  /** @param {number} index of all lines */
  #mark(index) {
    const number = this.#lines.numbers[index];
    if (!number) return;
    history.replaceState(null, "", `${location.pathname}${location.search}#L${number}`);
    this.#followed(false);
    this.#toLine(index);
  }

  /** The number of a line in the list, from the URL. @param {number} [since] */
  #toHash(since = 0) {
    const number = Number(/^#L(\d+)$/.exec(location.hash)?.[1] ?? 0), index = number ? this.#lines.numbers.indexOf(number, since) : -1;
    if (index < 0) return this.#view.refresh();
    this.#followed(false);
    this.#toLine(index);
  }

  /** @param {number} index of all lines */
  #toLine(index) {
    const at = this.#shown ? this.#shown.indexOf(index) : index;
    if (at >= 0) requestAnimationFrame(() => this.#view.to(at));
  }

  #firstError() {
    let first = this.#lines.texts.findIndex((_, index) => this.#lines.sources[index] === 1 && this.#lines.isError(index));
    if (first < 0) first = this.#lines.texts.findIndex((_, index) => this.#lines.sources[index] !== 2 && this.#lines.isError(index));
    if (first < 0 && mood(this.#run.status) === "bad") first = this.#lines.sources.lastIndexOf(1); // what a program says last is why it failed
    if (first < 0) return void (this.#count.textContent = "No line says error.");
    show({ error: null });
    history.replaceState(null, "", `${location.pathname}${location.search}#L${this.#lines.numbers[first]}`);
    this.#at = 0;
    this.#followed(false);
    this.#toLine(first);
  }

  /** Find all matches, with pauses in which the page can be used. @param {boolean} goes to the first one */
  async #search(goes) {
    const mine = ++this.#searching, wanted = this.#find.value.toLowerCase();
    /** @type {number[]} */
    const found = [];
    for (let from = 0; wanted && from < this.#lines.length; from += SLICE) {
      for (let index = from; index < Math.min(from + SLICE, this.#lines.length); index += 1) if (this.#isShown(index) && this.#lines.holds(index, wanted)) found.push(index);
      await new Promise((resolve) => setTimeout(resolve));
      if (mine !== this.#searching || this.#closed) return;
    }
    this.#found = found;
    this.#count.textContent = wanted ? counted(found.length, "match").replace(/matchs$/, "matches") : "";
    if (goes) {
      this.#at = -1;
      if (found.length > 0) this.#next(1);
    }
    this.#view.refresh();
  }

  /** @param {1 | -1} step */
  #next(step) {
    if (this.#found.length === 0) return;
    this.#at = (this.#at + step + this.#found.length) % this.#found.length;
    this.#followed(false);
    this.#count.textContent = `${this.#at + 1} of ${counted(this.#found.length, "match").replace(/matchs$/, "matches")}`;
    this.#toLine(this.#found[this.#at] ?? 0);
  }

  /** @param {string} stream */
  #download(stream) {
    const path = hasEnded(this.#run) && this.#run.artifacts_served ? `/api/runner/1/runs/${this.#run.id}/artifacts/logs/${stream}.txt` : "";
    const text = () => this.#lines.texts.filter((_, index) => SOURCES[this.#lines.sources[index] ?? 0] === stream).join("\n");
    const link = h("a", { href: path || URL.createObjectURL(new Blob([text()], { type: "text/plain" })), download: `${this.#run.name}-${stream}.txt` });
    link.click();
  }

  /** @param {number} place among what is shown */
  #line(place) {
    const index = this.#shown ? this.#shown[place] ?? 0 : place, { texts, sources, times, numbers } = this.#lines;
    const number = numbers[index] ?? 0, source = SOURCES[sources[index] ?? 0] ?? "stdout";
    const isHere = number > 0 && location.hash === `#L${number}`, isMatch = this.#found[this.#at] === index;
    const time = times[index] ?? 0, wanted = this.#find.value.toLowerCase();
    return h(
      "div",
      { class: `line ${source}${isHere ? " here" : ""}${isMatch ? " match" : ""}` },
      h("span", { class: "number", title: number ? "Link to this line" : null, onclick: () => number && this.#mark(index) }, number || ""),
      h("span", { class: "time", title: clock(time) }, time ? clock(time).slice(11) : ""),
      h("span", { class: "text" }, pieces(texts[index] ?? "").map(({ text, classes }) => h("span", { class: classes || null }, lit(text, wanted)))),
    );
  }
}

/** A text with its matches marked. @param {string} text @param {string} wanted in small letters */
function lit(text, wanted) {
  const small = wanted && text.toLowerCase();
  if (!small || !small.includes(wanted) || small.length !== text.length) return text;
  /** @type {any[]} */
  const found = [];
  let from = 0;
  for (let at = small.indexOf(wanted); at >= 0; at = small.indexOf(wanted, from)) {
    found.push(text.slice(from, at), h("mark", null, text.slice(at, at + wanted.length)));
    from = at + wanted.length;
  }
  return [...found, text.slice(from)];
}

/** What runner did before the program began. @param {Run} run @returns {[number, string][]} */
function beginning(run) {
  const phases = Object.entries(table(run.record?.phases)).filter(([, seconds]) => typeof seconds === "number");
  const upTo = phases.findIndex(([name]) => name === "run");
  let time = run.start_time ?? 0;
  /** @type {[number, string][]} */
  const said = [[time, `${run.name} begins${run.user ? `, for ${run.user}` : ""}`]];
  for (const [name, seconds] of upTo < 0 ? [] : phases.slice(0, upTo)) said.push([(time += seconds * 1000), `${name}: ${lasting(seconds * 1000)}`]);
  if (run.plan?.command) said.push([time, `$ ${run.plan.command}`]);
  return said;
}

/** How it ended. @param {Run} run @returns {[number, string][]} */
function end(run) {
  const { tags } = run, code = tags["runner.exit_code"];
  const said = [...list(run.record?.warnings), tags["runner.error"], tags["runner.trouble"]].filter((text) => typeof text === "string");
  return [...said, `${word(run.status)}${code ? `, exit code ${code}` : ""}${run.end_time ? `, after ${lastingOf(run)}` : ""}`].map((text) => [run.end_time ?? 0, text]);
}
