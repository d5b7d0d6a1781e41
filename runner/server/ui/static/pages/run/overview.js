// Overview: results, parameters, tags and note, data in and out, how the time went, and runs that belong to it.
import { change, own } from "../../lib/api.js";
import { grow, sparkline } from "../../charts/sparkline.js";
import { deciding, isOfMachine } from "../../lib/deciding.js";
import { dialog, toast } from "../../lib/dialog.js";
import { fill, h } from "../../lib/dom.js";
import { ago, bytes, counted, lasting, number } from "../../lib/format.js";
import { marked } from "../../lib/marked.js";
import { query, show } from "../../lib/state.js";
import { digest, facts, section } from "./facts.js";
import { better } from "../runs/better.js";
import { isOther } from "./header.js";
import { list, mood, numeric, table, word } from "./model.js";
import { series } from "./series.js";

/** @typedef {import("./model.js").Run} Run */
/** @typedef {import("../../lib/stream.js").News} News */
/** @typedef {Map<string, (number | null)[][]>} Courses by metric */

const TILES = 12, SPARK = 60;
const LEFT = 500; // milliseconds after which a field that was left is redrawn: a click that left it has come by then
const NOTE = "mlflow.note.content";

/** @param {HTMLElement} place @param {Run} run */
export function open(place, run) {
  const parts = { tiles: h("div", { class: "tiles" }), main: h("div", { class: "columns" }) };
  /** @type {Courses} */
  const sparks = new Map();
  let isLate = false;
  fill(place, parts.tiles, parts.main);
  const tiles = () => drawTiles(parts.tiles, run, sparks);
  const read = (again = false) => void course(run, sparks, again).then(tiles);
  const draw = () => {
    isLate = false;
    fill(parts.main, h("div", null, parameters(run), data(run), outputs(run), tags(run)), h("div", null, note(run, draw), phases(run), kin("Children", run.children)));
  };
  const update = () => {
    tiles();
    isLate = parts.main.contains(document.activeElement); // somebody may write there: when they have left it
    if (!isLate) draw();
  };
  parts.main.addEventListener("focusout", () => setTimeout(() => isLate && update(), LEFT));
  update();
  read();
  return {
    update,
    heard: (/** @type {News} */ { kind, data: { key, points } }) => {
      if (kind === "reset") return read(true);
      if (kind !== "metrics") return;
      const known = sparks.get(key);
      if (known) grow(known, points);
      else read();
      tiles();
    },
  };
}

/** Read the courses of the tiles that are not known yet, or all of them. @param {Run} run @param {Courses} sparks @param {boolean} again */
async function course(run, sparks, again) {
  const keys = deciding(run.metrics).slice(0, TILES).map(({ key }) => key).filter((key) => again || !sparks.has(key));
  if (keys.length === 0) return;
  for (const key of keys) if (!sparks.has(key)) sparks.set(key, []);
  const lines = await series(run.id, keys, { buckets: SPARK }).catch(() => undefined);
  for (const key of keys) {
    const points = lines?.find((line) => line.key === key)?.points, latest = run.metrics.find((metric) => metric.key === key);
    if (!points) sparks.delete(key);
    else sparks.set(key, points);
    const [step, value, , , last = value] = points?.at(-1) ?? [];
    if (points && latest && latest.step > (step ?? Infinity) && latest.value !== last) grow(points, [[latest.step, latest.time, latest.value]]); // it came meanwhile
  }
}

/** @param {HTMLElement} place @param {Run} run @param {Courses} sparks */
function drawTiles(place, run, sparks) {
  const shown = deciding(run.metrics).slice(0, TILES), focused = place.contains(document.activeElement) && document.activeElement?.getAttribute("href");
  fill(
    place,
    shown.map(({ key, value, step }) => {
      const points = sparks.get(key) ?? [];
      return h(
        "a",
        { class: "tile", href: `/r/${run.id}/metrics?only=${encodeURIComponent(key)}` },
        h("span", { class: "soft tile-name", title: key }, key),
        h("span", { class: "tile-value" }, number(numeric(value))),
        h("span", { class: "soft" }, !isOfMachine(key) && points.length > 1 ? bestOf(points, better(key) === "min") : `step ${step}`),
        points.length > 1 && sparkline(points, { run: run.id, label: key }),
      );
    }),
    run.metrics.length > TILES && h("a", { class: "tile", href: `/r/${run.id}/metrics` }, `${run.metrics.length - TILES} more`),
  );
  if (focused) [...place.querySelectorAll("a")].find((each) => each.getAttribute("href") === focused)?.focus({ preventScroll: true });
}

/** The best value of a course, and when it was. @param {(number | null)[][]} points @param {boolean} least */
function bestOf(points, least) {
  const values = points.flatMap(([step, low, high]) => { const value = least ? low : high ?? low; return typeof value === "number" ? [{ step, value }] : []; });
  const best = values.reduce((a, b) => ((least ? b.value < a.value : b.value > a.value) ? b : a), values[0] ?? { step: 0, value: NaN });
  return best === values.at(-1) ? "best so far" : `best ${number(best.value)} at step ${best.step}`;
}

/** @param {Run} run */
function parameters(run) {
  const names = Object.keys(run.params).sort((a, b) => Number(isOther(run, b)) - Number(isOther(run, a)) || a.localeCompare(b));
  if (names.length === 0) return section("Parameters", h("p", { class: "soft" }, "None."));
  const body = h("tbody");
  const field = h("input", { type: "search", placeholder: "Find a parameter", "aria-label": "Find a parameter", value: query().get("param") ?? "" });
  const draw = () => {
    const found = names.filter((name) => `${name} ${run.params[name]}`.toLowerCase().includes(field.value.toLowerCase()));
    fill(body, found.map((name) => h("tr", null, h("th", { scope: "row" }, name), h("td", { class: "mono" }, run.params[name]), h("td", { class: "soft" }, isOther(run, name) && h("span", { class: "warn" }, `was ${run.previous_params[name]}`)))));
    show({ param: field.value });
  };
  field.addEventListener("input", draw);
  draw();
  const secrets = list(run.plan?.secrets);
  return section(
    "Parameters",
    names.length > 8 && field,
    h("table", { class: "wide" }, h("thead", { class: "visually-hidden" }, h("tr", null, h("th", null, "name"), h("th", null, "value"), h("th", null, "before"))), body),
    run.previous && names.some((name) => isOther(run, name)) && h("p", { class: "soft" }, "What differs from ", h("a", { href: `/r/${run.previous.id}` }, run.previous.name), ", the run before it, comes first."),
    secrets.length > 0 && h("p", { class: "soft" }, `Not kept: ${secrets.join(", ")}`),
  );
}

/** @param {Run} run @param {() => void} saved */
function note(run, saved) {
  const edit = h("button", { class: "plain", onclick: () => editNote(run, saved) }, run.note.length > 0 ? "Edit" : "Add a note");
  const place = (/** @type {string} */ to) => (/^[\w./-]+$/.test(to) && !to.startsWith("/") ? `/r/${run.id}/artifacts?path=${encodeURIComponent(to)}` : null);
  return section("Note", edit, run.note.length > 0 && marked(run.note, place));
}

/** @param {Run} run @param {() => void} saved */
function editNote(run, saved) {
  const field = h("textarea", { class: "note-field", "aria-label": "Note, in Markdown", rows: 12, value: run.tags[NOTE] ?? "" });
  const save = async () => {
    if (!(await tagged(run, NOTE, field.value))) return;
    run.note = (await own(`/runs/${run.id}/overview`)).note ?? [];
    close();
    saved();
  };
  const { close } = dialog("Note", [h("p", { class: "soft" }, "Markdown."), field], { wide: true, actions: [h("button", { class: "main", onclick: () => void save() }, "Save")] });
  field.focus();
}

/** @param {Run} run @param {string} key @param {string} value */
async function tagged(run, key, value) {
  try {
    await change("runs/set-tag", { run_id: run.id, key, value });
    run.tags[key] = value;
    return true;
  } catch (error) {
    toast(error instanceof Error ? error.message : String(error), { bad: true });
    return false;
  }
}

/** @param {Run} run */
function tags(run) {
  const body = h("div");
  const draw = () => {
    const names = Object.keys(run.tags).filter((name) => name !== NOTE).sort();
    const own = names.filter((name) => !/^(mlflow|runner)\./.test(name)), others = names.filter((name) => !own.includes(name));
    fill(
      body,
      own.length > 0 && h("table", { class: "wide" }, h("tbody", null, own.map((name) => row(run, name, draw)))),
      h("details", null, h("summary", { class: "soft" }, counted(others.length, "tag"), " of programs"), h("table", { class: "wide" }, h("tbody", null, others.map((name) => row(run, name))))),
    );
  };
  draw();
  const key = h("input", { placeholder: "name", "aria-label": "Name of a tag", required: true }), value = h("input", { placeholder: "value", "aria-label": "Value of the tag" });
  const add = async (/** @type {Event} */ event) => {
    event.preventDefault();
    if (!(await tagged(run, key.value, value.value))) return;
    key.value = value.value = "";
    draw();
  };
  return section("Tags", body, h("form", { class: "tag-form", onsubmit: (/** @type {Event} */ event) => void add(event) }, key, value, h("button", null, "Add")));
}

/** @param {Run} run @param {string} name @param {() => void} [removed] */
function row(run, name, removed) {
  const remove = async () => {
    try {
      await change("runs/delete-tag", { run_id: run.id, key: name });
      delete run.tags[name];
      removed?.();
    } catch (error) {
      toast(error instanceof Error ? error.message : String(error), { bad: true });
    }
  };
  return h("tr", null, h("th", { scope: "row" }, name), h("td", { class: "mono" }, run.tags[name]), removed && h("td", { class: "fits" }, h("button", { class: "plain", "aria-label": `Remove the tag ${name}`, onclick: () => void remove() }, "✕")));
}

/** @param {Run} run */
function data(run) {
  const inputs = list(run.record?.inputs).map(table);
  if (inputs.length === 0 && run.data.length === 0) return null;
  return section(
    "Data in",
    h(
      "table",
      { class: "wide" },
      h("tbody", null,
        inputs.map((each) => h("tr", null, h("th", { scope: "row" }, String(each.name)), h("td", { class: "mono break" }, String(each.uri)), h("td", { class: "number" }, bytes(each.bytes)), h("td", null, digest(each.digest) ?? h("span", { class: "soft" }, "not known")))),
        run.data.map((each) => h("tr", null, h("th", { scope: "row" }, each.name), h("td", { class: "soft" }, [each.context, each.source].filter(Boolean).join(", ")), h("td"), h("td", null, digest(each.digest)))),
      ),
    ),
  );
}

/** @param {Run} run */
function outputs(run) {
  const kept = list(run.record?.outputs).map(table);
  if (kept.length === 0) return null;
  return section(
    "Data out",
    h("table", { class: "wide" }, h("tbody", null, kept.map((each) => h("tr", null, h("td", { class: "break" }, h("a", { href: `/r/${run.id}/artifacts?path=${encodeURIComponent(String(each.path))}` }, String(each.path))), h("td", { class: "number" }, bytes(each.bytes)), h("td", null, digest(each.digest)))))),
  );
}

/** @param {Run} run */
function phases(run) {
  const found = Object.entries(table(run.record?.phases)).filter(([, seconds]) => typeof seconds === "number");
  const whole = found.reduce((sum, [, seconds]) => sum + seconds, 0);
  if (whole === 0) return null;
  let before = 0;
  const rows = found.map(([name, seconds]) => {
    const bar = h("span", { class: `phase phase-${/^[a-z]+$/.test(name) ? name : "other"}` });
    bar.style.setProperty("--from", String(before / whole));
    bar.style.setProperty("--part", String(seconds / whole));
    before += seconds;
    return h("tr", null, h("th", { scope: "row" }, name), h("td", { class: "phase-way" }, bar), h("td", { class: "number" }, seconds < 0.05 ? `${Math.ceil(seconds * 1000)} ms` : lasting(seconds * 1000)));
  });
  const environment = table(run.record?.environment);
  return section("Time", h("table", { class: "wide phases" }, h("tbody", null, rows)), facts([["Environment", environment.key ? (environment.reused ? "was there" : "built for this run") : null]]));
}

/** @param {string} title @param {import("./model.js").Kin[]} runs */
export function kin(title, runs) {
  if (runs.length === 0) return null;
  return section(
    title,
    h("table", { class: "wide" }, h("tbody", null, runs.map((each) => h("tr", null, h("td", null, h("a", { href: `/r/${each.id}` }, each.name)), h("td", { class: mood(each.status) }, word(each.status)), h("td", { class: "soft" }, each.verdict), h("td", { class: "soft" }, ago(each.start_time)))))),
  );
}

