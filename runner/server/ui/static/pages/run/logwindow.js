// A window onto the output of a run, which may have gigabytes: some pages of lines, extended where somebody scrolls, shortened at the
// other end; it begins at the end, at the beginning, or around any place.
import { own } from "../../lib/api.js";
import { isStreamed, listen } from "../../lib/stream.js";
import { Lines } from "./lines.js";

/** @typedef {{ count: number, from: string, to: string }} Page how many lines, and the positions around them */
/** @typedef {{ lines: import("./lines.js").Told[], previous: string, next: string, ended: boolean }} Answer */

const PAGE = 2000; // lines asked for at once
const MOST = 40_000; // lines held
const START = "0.0";

export class LogWindow {
  lines = new Lines();
  /** Whether all is over, and nothing lies behind the last line. */
  isOver = false;
  /** Whether the last line is the newest one: what comes is added. */
  isLive = false;
  /** @type {number | null} how much of the lines before has been counted; null: all */
  counting = null;
  /** Whether the lines that are here are about to give way to others. */
  isLeaving = false;
  problem = "";
  /** When the lines that are here have their numbers. @type {Promise<void>} */
  numbered = Promise.resolve();
  /** @type {Page[]} */
  #pages = [];
  #run;
  #told;
  #busy = false;
  #turn = 0;
  /** @type {(() => void) | undefined} */
  #unlisten;

  /**
   * @param {string} run id
   * @param {{ beginning: () => [number, string][], end: () => [number, string][], changed: (before: number) => void }} told what runner says
   *   before and behind the output; `changed` is called with how many lines came before those that were there, or -1: all are others
   */
  constructor(run, told) {
    this.#run = run;
    this.#told = told;
  }

  get isStart() {
    return (this.#pages[0]?.from ?? START) === START;
  }

  close() {
    this.#turn += 1;
    this.#unlisten?.();
  }

  toEnd() {
    return this.#replaced(() => this.#asked({ before: "end", limit: PAGE }), true);
  }

  toStart() {
    return this.#replaced(() => this.#asked({ after: START, limit: PAGE }), false);
  }

  /** Around a position; `upto` lines before it. @param {string} at */
  around(at) {
    return this.#replaced(async () => {
      const [before, after] = await Promise.all([this.#asked({ before: at, limit: PAGE / 4 }), this.#asked({ after: at, limit: PAGE })]);
      return { lines: [...before.lines, ...after.lines], previous: before.previous, next: after.next, ended: after.ended };
    }, false);
  }

  /** The page before. */
  async earlier() {
    const first = this.#pages[0];
    if (this.#busy || !first || this.isStart) return;
    await this.#once(async (turn) => {
      const answer = await this.#asked({ before: first.from, limit: PAGE });
      if (turn !== this.#turn) return;
      const had = this.lines.length;
      this.lines.addBefore(answer.lines);
      if (answer.previous === START) this.lines.say(this.#told.beginning(), true);
      const count = this.lines.length - had;
      this.#pages.unshift({ count, from: answer.previous, to: first.from });
      while (this.lines.length > MOST && this.#pages.length > 1) this.#dropped("last");
      this.#told.changed(count);
    });
  }

  /** The page behind; where there is none, what comes is added by itself. */
  async later() {
    const last = this.#pages.at(-1);
    if (this.#busy || !last || this.isOver || this.isLive) return;
    await this.#once(async (turn) => {
      const answer = await this.#asked({ after: last.to, limit: PAGE });
      if (turn === this.#turn) this.#add(answer, answer.lines.length === 0);
    });
  }

  /** A place from the server, which may have to count lines for a while. @param {import("../../lib/api.js").Query} wanted @returns {Promise<{ at: string, line: number } | undefined>} */
  async place(wanted) {
    const turn = this.#turn;
    for (;;) {
      const found = await own(`/runs/${this.#run}/logs/place`, wanted);
      if (turn !== this.#turn) return undefined;
      if (found.at) return found;
      this.counting = found.progress;
      this.#told.changed(0);
    }
  }

  /** @param {() => Promise<Answer>} read @param {boolean} live */
  async #replaced(read, live) {
    const turn = ++this.#turn;
    this.#unlisten?.();
    this.#unlisten = undefined;
    this.#busy = this.isLeaving = true;
    try {
      const answer = await read();
      if (turn !== this.#turn) return false;
      this.lines = new Lines();
      this.isLive = this.isOver = false;
      this.problem = "";
      if (answer.previous === START) this.lines.say(this.#told.beginning(), true);
      this.#pages = [{ count: this.lines.length, from: answer.previous, to: answer.previous }];
      this.#busy = this.isLeaving = false;
      this.#add(answer, live, -1);
      this.numbered = this.#count(answer.previous);
      return true;
    } catch (error) {
      if (turn !== this.#turn) return false;
      this.#busy = this.isLeaving = false;
      this.#failed(error);
      return false;
    }
  }

  /** @param {Answer} answer @param {boolean} live whether nothing lies behind it now @param {number} [before] */
  #add(answer, live, before = 0) {
    const had = this.lines.length, last = this.#pages.at(-1);
    this.lines.add(answer.lines);
    if (answer.ended && !this.isOver) {
      this.isOver = true;
      this.lines.say(this.#told.end());
    }
    const count = this.lines.length - had;
    if (last && last.count < PAGE) Object.assign(last, { count: last.count + count, to: answer.next });
    else this.#pages.push({ count, from: last?.to ?? START, to: answer.next });
    while (this.lines.length > MOST && this.#pages.length > 1) before -= this.#dropped("first");
    this.isLive = (live || this.isLive) && !this.isOver;
    if (this.isLive && !this.#unlisten) this.#follow(answer.next);
    this.#told.changed(before);
  }

  /** @param {string} from */
  #follow(from) {
    this.#unlisten = listen([`logs:${this.#run}@${from}`], ({ kind, data }) => {
      if (!this.isLive) return;
      if (kind === "log") this.#add(data, true);
      else if (kind === "reset" && !isStreamed) void this.#caughtUp();
    });
  }

  /** What has come since, where lines do not come as news. */
  async #caughtUp() {
    const last = this.#pages.at(-1);
    if (this.#busy || !last) return;
    await this.#once(async (turn) => {
      const answer = await this.#asked({ after: last.to, limit: PAGE });
      if (turn !== this.#turn || !this.isLive) return;
      this.problem = "";
      this.#add(answer, true);
    });
  }

  /** Leave the first or the last page away. @param {"first" | "last"} which @returns {number} how many lines it had */
  #dropped(which) {
    const page = which === "first" ? this.#pages.shift() : this.#pages.pop();
    this.lines.drop(page?.count ?? 0, which);
    if (which === "last") {
      this.isLive = this.isOver = false;
      this.#unlisten?.();
      this.#unlisten = undefined;
    }
    return page?.count ?? 0;
  }

  /** Number the lines. @param {string} from */
  async #count(from) {
    const { lines } = this;
    const found = from === START ? { line: 1 } : await this.place({ at: from }).catch(() => undefined);
    if (!found || lines !== this.lines) return;
    this.counting = null;
    lines.base = found.line;
    this.#told.changed(0);
  }

  /** @param {(turn: number) => Promise<void>} act */
  async #once(act) {
    const turn = this.#turn;
    this.#busy = true;
    try {
      await act(turn);
    } catch (error) {
      if (turn === this.#turn) this.#failed(error);
    } finally {
      if (turn === this.#turn) this.#busy = false;
    }
  }

  /** @param {unknown} error */
  #failed(error) {
    this.problem = error instanceof Error ? error.message : "The output cannot be read now.";
    this.#told.changed(0);
  }

  /** @param {import("../../lib/api.js").Query} query @returns {Promise<Answer>} */
  #asked(query) {
    return own(`/runs/${this.#run}/logs`, query);
  }
}
