// Logs: stdout, stderr and what runner says, in one stream that is followed as it grows; its end is there at once, however long it is.
import { plain } from "../../lib/ansi.js";
import { copy } from "../../lib/command.js";
import { fill, h } from "../../lib/dom.js";
import { bind } from "../../lib/keys.js";
import { query, show } from "../../lib/state.js";
import { VirtualLines } from "../../lib/virtual.js";
import { LogFinder } from "./logfinder.js";
import { beginning, end, hashOf, lineView, named, told, wanted } from "./logline.js";
import { LogWindow } from "./logwindow.js";
import { SOURCES } from "./lines.js";
import { hasEnded, lastingOf } from "./model.js";
import { Shown } from "./shown.js";

/** @typedef {import("./model.js").Run} Run */

const LINE = 19; // pixels
const NEAR = 60; // lines from an end at which the next page is fetched

/** @param {HTMLElement} place @param {Run} run */
export function open(place, run) {
  const tab = new Logs(place, run);
  return { update: (/** @type {Run} */ now) => tab.update(now), close: () => tab.close() };
}

class Logs {
  #run;
  #window;
  #finder;
  #shown = new Shown(query().get("without") ?? "");
  #view = new VirtualLines({ label: "Output", height: LINE, draw: (place) => this.#line(place) });
  #goes = h("input", { class: "log-goes", placeholder: "Line or time", "aria-label": "Go to a line or a time", onchange: () => void this.#go(this.#goes.value) });
  #state = h("span", { class: "soft", role: "status" });
  #follow = h("button", { "aria-pressed": "false", title: "Follow the end (f)", onclick: () => this.#followed(!this.#follows) }, "Follow");
  #empty = h("p", { class: "empty" });
  #follows = false;
  #ending = false;
  #said = "";
  /** @type {(() => void)[]} */
  #undo = [];

  /** @param {HTMLElement} place @param {Run} run */
  constructor(place, run) {
    this.#run = run;
    const changed = (/** @type {number} */ before) => this.#changed(before);
    this.#window = new LogWindow(run.id, { beginning: () => beginning(this.#run), end: () => end(this.#run), changed });
    this.#finder = new LogFinder(run, { streams: () => this.#shown.stream, goes: (match) => this.#toByte(match), marks: async (match) => this.#mark(await this.#toByte(match)), changed: () => this.#view.refresh() });
    fill(place, this.#bar(), this.#empty, this.#view.element);
    this.#view.onScroll = () => this.#scrolled();
    const jump = () => void this.#toHash();
    addEventListener("hashchange", jump);
    this.#undo = [
      () => removeEventListener("hashchange", jump),
      bind({
        ...this.#finder.keys,
        f: ["Follow the end", () => this.#followed(!this.#follows)],
        "[": ["To the beginning", () => void this.#toStart()],
        "]": ["To the end", () => void this.#toEnd()],
        j: ["Mark the next line", () => this.#step(1)],
        k: ["Mark the line before", () => this.#step(-1)],
        y: ["Copy the marked line", () => this.#marked() >= 0 && void copy(plain(this.#window.lines.all[this.#marked()]?.text ?? ""))],
      }),
    ];
    void this.#begin();
  }

  close() {
    for (const undo of this.#undo) undo();
    this.#finder.close();
    this.#window.close();
    this.#view.close();
  }

  /** @param {Run} run */
  update(run) {
    this.#run = run;
    this.#tell();
  }

  async #begin() {
    if (named(location.hash)) await this.#toHash();
    else {
      this.#follows = !hasEnded(this.#run);
      this.#follow.setAttribute("aria-pressed", String(this.#follows));
      await this.#toEnd();
    }
    await this.#finder.resume();
  }

  #bar() {
    const toggles = SOURCES.map((name) => {
      const box = h("input", { type: "checkbox", checked: this.#shown.has(name), onchange: () => this.#toggle(name, box.checked) });
      return h("label", { class: `source ${name}` }, box, ` ${name}`);
    });
    const download = (/** @type {string} */ name) => h("a", { href: `/api/runner/1/runs/${this.#run.id}/logs/${name}`, download: "", "aria-label": `Download ${name}` }, name);
    return h(
      "div", { class: "bar" }, toggles, this.#finder.element,
      h("button", { title: "To the beginning ([)", onclick: () => void this.#toStart() }, "Start"), h("button", { title: "To the end (])", onclick: () => void this.#toEnd() }, "End"),
      this.#goes, this.#follow, h("span", { class: "soft" }, "Download ", download("stdout"), ", ", download("stderr")), this.#state,
    );
  }

  /** @param {number} before how many lines came before those that were there; -1: all are others */
  #changed(before) {
    const above = this.#shown.renew(this.#window.lines.all, before);
    this.#view.resize(this.#shown.count);
    if (above !== 0 && before !== -1) this.#view.shift(above);
    if (this.#follows) this.#atEnd();
    if (this.#window.isLive) this.#finder.more();
    this.#tell();
    this.#view.refresh();
  }

  /** @param {string} name @param {boolean} on */
  #toggle(name, on) {
    this.#shown.turn(name, on);
    show({ without: this.#shown.without });
    this.#changed(0);
    void this.#finder.begin();
    this.#scrolled();
  }

  #scrolled() {
    if (this.#ending) return;
    if (this.#follows && !this.#view.isAtEnd) this.#followed(false);
    if (this.#view.above < NEAR) void this.#window.earlier();
    if (this.#view.below < NEAR) void this.#window.later();
  }

  /** @param {boolean} on */
  #followed(on) {
    this.#follows = on;
    this.#follow.setAttribute("aria-pressed", String(on));
    if (on) void this.#toEnd();
  }

  async #toStart() {
    this.#followed(false);
    const { isStart, lines } = this.#window;
    if ((isStart && lines.length > 0) || (await this.#window.toStart())) this.#view.to(0);
  }

  async #toEnd() {
    const { isLive, isOver } = this.#window;
    if (isLive || isOver || (await this.#window.toEnd())) this.#atEnd(); // else somebody went elsewhere meanwhile
  }

  #atEnd() {
    this.#ending = true; // our own scrolling is no sign that somebody wants to read
    requestAnimationFrame(() => {
      this.#view.toEnd();
      requestAnimationFrame(() => (this.#ending = false));
    });
  }

  /** @param {string} text a line or a time */
  async #go(text) {
    const where = text && wanted(text, this.#run);
    if (!where) return void (this.#said = text && "Neither a line nor a time: 1042, 12:30 or 2026-01-31 12:30.", this.#tell());
    const found = await this.#around(where);
    if (found) this.#mark(this.#window.lines.find({ number: found.line }));
  }

  /** Load what is around a place, unless it is there. @param {import("../../lib/api.js").Query} where */
  async #around(where) {
    this.#followed(false);
    this.#said = "";
    const found = await this.#window.place(where).catch((error) => void (this.#said = error.message));
    if (!found) return this.#tell();
    if (this.#window.isLeaving || this.#window.lines.find({ number: found.line }) < 0) {
      await this.#window.around(found.at);
      await this.#window.numbered;
    }
    return found;
  }

  /** The line that the URL names, here or not. */
  async #toHash() {
    const name = named(location.hash);
    if (!name) return this.#view.refresh();
    const found = this.#marked() >= 0 || (await this.#around(name.number ? { line: name.number } : { stream: name.stream, offset: name.offset }));
    if (!found) return;
    this.#followed(false);
    this.#toLine(this.#marked());
  }

  /** @param {{ stream: string, offset: number, at: string }} match */
  async #toByte(match) {
    this.#followed(false);
    if (this.#window.isLeaving || this.#window.lines.find(match) < 0) await this.#window.around(match.at);
    this.#toLine(this.#window.lines.find(match));
    return this.#window.lines.find(match);
  }

  /** The line that the URL names, where it is. */
  #marked() {
    const name = named(location.hash);
    return name ? this.#window.lines.find(name) : -1;
  }

  /** To the next line of the program, past what runner says. @param {1 | -1} by */
  #step(by) {
    const { all } = this.#window.lines;
    let index = this.#marked() + by;
    while (index >= 0 && index < all.length && (all[index]?.offset ?? -1) < 0) index += by;
    this.#mark(index);
  }

  /** @param {number} index of all lines */
  #mark(index) {
    const line = this.#window.lines.all[index];
    if (!line || line.offset < 0) return;
    history.replaceState(null, "", `${location.pathname}${location.search}${hashOf(line, this.#window.lines.number(index))}`);
    this.#followed(false);
    this.#toLine(index);
  }

  /** @param {number} index of all lines */
  #toLine(index) {
    const at = this.#shown.placeOf(index);
    if (at >= 0) requestAnimationFrame(() => this.#view.to(at));
  }

  #tell() {
    const { lines, problem } = this.#window;
    this.#view.element.style.setProperty("--digits", String(Math.max(4, String(lines.base ?? "").length + 1)));
    this.#state.textContent = this.#said || problem || told(this.#window);
    this.#empty.hidden = lines.length > 0;
    this.#empty.textContent = hasEnded(this.#run) ? "It printed nothing." : `No output yet, ${lastingOf(this.#run)}.`;
  }

  /** @param {number} place among what is shown */
  #line(place) {
    const index = this.#shown.at(place), { lines } = this.#window, line = lines.all[index];
    if (!line) return h("div", { class: "line" });
    const number = lines.number(index), name = named(location.hash);
    const isHere = name?.number ? number === name.number : name !== undefined && line.offset === name.offset && SOURCES[line.source] === name.stream;
    return lineView(line, number, { isHere: isHere && line.offset >= 0, isMatch: this.#finder.isAt(line), found: this.#finder.text, mark: () => this.#mark(index) });
  }
}
