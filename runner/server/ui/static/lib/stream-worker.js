// One event stream for all tabs of a browser. A tab says what it listens to, again and again while it lives; each piece of news
// goes to the tabs that listen to its topic. Runs as a SharedWorker: see stream.js for the other end.

/** @typedef {{ out: number, err: number }} Position bytes of the two streams of a run that a tab has */
/** @typedef {{ topics: Set<string>, logs: Map<string, Position>, heard: number }} Tab */
/** @typedef {{ topics: Set<string>, end: AbortController }} Open */

const MOST = 100, MOST_LOGS = 10; // topics of one stream, as the server takes them
const SILENCE = 40_000; // milliseconds without a word, after which a stream is dead: the server pings every 15 s
const DEAD = 150_000; // milliseconds after which a tab that says nothing is gone: in the background it may speak once a minute
const GATHER = 20; // milliseconds in which tabs that open together are gathered
const FIRST_WAIT = 500, LONGEST_WAIT = 15_000;
const GONE = 60_000; // milliseconds for which a run that could not be found is not asked for

/** @type {Map<MessagePort, Tab>} the one that spoke last is the last one */
const tabs = new Map();
/** @type {Map<string, number>} topics that the server does not know, and until when they are not asked for */
const gone = new Map();
/** @type {Map<string, number>} by topic, the number of the newest event that was passed on */
const passed = new Map();
/** @type {Open | undefined} */
let current;
let lastId = "", epoch = "";
let live = false, since = Date.now(), refused = false;
let wait = FIRST_WAIT;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let planned;

Reflect.set(self, "onconnect", (/** @type {MessageEvent} */ event) => {
  const port = event.ports[0];
  if (!port) return;
  port.onmessage = (message) => said(port, message.data);
  if (live) port.postMessage({ live, since });
});

/** @param {MessagePort} port @param {{ topics: string[], bye?: boolean }} message */
function said(port, message) {
  const before = tabs.get(port);
  tabs.delete(port);
  if (message.bye) port.close();
  else tabs.set(port, { topics: new Set(message.topics), logs: positions(message.topics, before), heard: Date.now() });
  for (const [other, tab] of tabs) if (Date.now() - tab.heard > DEAD) tabs.delete(other);
  refused = false;
  soon(GATHER);
}

/** @param {string[]} topics @param {Tab | undefined} before */
function positions(topics, before) {
  /** @type {Map<string, Position>} */
  const found = new Map();
  for (const topic of topics) {
    if (topic.startsWith("logs:")) found.set(topic, before?.logs.get(topic) ?? position(topic.split("@")[1] ?? "0.0"));
  }
  return found;
}

/** @param {string} text @returns {Position} */
function position(text) {
  const [out, err] = text.split(".").map(Number);
  return { out: out ?? 0, err: err ?? 0 };
}

/** @param {number} after milliseconds */
function soon(after) {
  clearTimeout(planned);
  planned = setTimeout(adjust, after);
}

/** Have a stream with all that is wanted. The one that we have goes on until the next one speaks, so that nothing is missed. */
function adjust() {
  const wanted = union();
  if (wanted.size === 0) return close();
  if (current && [...wanted.keys()].every((topic) => current?.topics.has(topic))) return;
  const stream = { topics: new Set(wanted.keys()), end: new AbortController() };
  const old = current;
  current = stream;
  void follow(stream, wanted, () => old?.end.abort()).catch(() => undefined).then(() => {
    old?.end.abort();
    if (current === stream) again();
  });
}

function close() {
  current?.end.abort();
  current = undefined;
  lastId = "";
}

/** The stream has ended, and was not ended by us. */
function again() {
  current = undefined;
  if (live) since = Date.now();
  tell(false);
  if (refused) return;
  soon(wait * (0.75 + Math.random() / 2));
  wait = Math.min(wait * 2, LONGEST_WAIT);
}

/**
 * What all tabs want, by topic with the earliest position of its logs; the tabs that spoke last come first where it is too much.
 *
 * @returns {Map<string, Position | undefined>}
 */
function union() {
  /** @type {Map<string, Position | undefined>} */
  const wanted = new Map();
  let logs = 0;
  for (const tab of [...tabs.values()].reverse()) {
    for (const text of tab.topics) {
      const topic = text.split("@")[0] ?? text, at = tab.logs.get(text), known = wanted.get(topic);
      if ((gone.get(topic) ?? 0) > Date.now()) continue;
      if (known && at) wanted.set(topic, { out: Math.min(known.out, at.out), err: Math.min(known.err, at.err) });
      else if (!wanted.has(topic) && wanted.size < MOST && (!at || logs < MOST_LOGS)) {
        wanted.set(topic, at);
        logs += at ? 1 : 0;
      }
    }
  }
  return wanted;
}

/** @param {Open} stream @param {Map<string, Position | undefined>} wanted @param {() => void} speaks */
async function follow(stream, wanted, speaks) {
  const topics = [...wanted].map(([topic, at]) => (at ? `${topic}@${at.out}.${at.err}` : topic)).join(",");
  const asked = new URLSearchParams({ topics, ...(live || lastId === "" ? {} : { last_event_id: lastId }) });
  let alarm = setTimeout(() => stream.end.abort(), SILENCE);
  try {
    const answer = await fetch(`/api/runner/1/events?${asked}`, { signal: stream.end.signal, cache: "no-store" });
    if (!answer.ok || !answer.body) return await notAnswered(answer, stream);
    speaks();
    wait = FIRST_WAIT;
    tell(true);
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
      clearTimeout(alarm);
      alarm = setTimeout(() => stream.end.abort(), SILENCE);
      const blocks = (rest + piece.value).split("\n\n");
      rest = blocks.pop() ?? "";
      for (const block of blocks) heard(block);
    }
  } finally {
    clearTimeout(alarm);
  }
}

/** @param {Response} answer @param {Open} stream */
async function notAnswered(answer, stream) {
  if (answer.status === 401) {
    refused = true;
    for (const port of tabs.keys()) port.postMessage({ signIn: true });
  }
  if (answer.status !== 404 && answer.status !== 400) return;
  const message = await answer.text();
  const unknown = [...stream.topics].filter((topic) => topic.includes(":") && message.includes(topic.split(":")[1] ?? topic));
  for (const topic of unknown) {
    gone.set(topic, Date.now() + GONE);
    pass(topic, { kind: "gone", data: {} });
  }
  if (unknown.length > 0) wait = GATHER;
}

/** @param {string} block one event, or a comment */
function heard(block) {
  /** @type {Record<string, string>} */
  const fields = {};
  for (const line of block.split("\n")) {
    const at = line.indexOf(":");
    if (at > 0) fields[line.slice(0, at)] = line.slice(at + 1).trimStart();
  }
  if (fields.id) lastId = fields.id;
  if (fields.event && fields.data) deliver(fields.event, JSON.parse(fields.data));
}

/** @param {string} kind @param {any} data */
function deliver(kind, data) {
  if (kind === "log") return passLog(data);
  if (data.topic === undefined) {
    for (const port of tabs.keys()) port.postMessage({ topic: "*", news: { kind, data } });
  } else if (kind === "run" || isNew(data.topic)) pass(data.topic, { kind, data });
}

/** Whether an event was not passed on before: while two streams overlap, both have it. @param {string} topic */
function isNew(topic) {
  const [name = "", rest = ""] = lastId.split("."), number = Number.parseInt(rest, 10);
  if (name !== epoch) {
    epoch = name;
    passed.clear();
  }
  if (number <= (passed.get(topic) ?? -1)) return false;
  passed.set(topic, number);
  return true;
}

/** @param {string} topic @param {{ kind: string, data: any }} news */
function pass(topic, news) {
  for (const [port, tab] of tabs) {
    for (const text of tab.topics) if (text === topic || text.startsWith(`${topic}@`)) port.postMessage({ topic: text, news });
  }
}

/** To each tab the lines that it does not have. @param {any} data */
function passLog(data) {
  const [out, err] = data.next.split(".").map(Number);
  for (const [port, tab] of tabs) {
    for (const [topic, at] of tab.logs) {
      if (topic.split("@")[0] !== `logs:${data.run}`) continue;
      const lines = data.lines.filter((/** @type {any} */ line) => line.offset >= (line.stream === "stderr" ? at.err : at.out));
      tab.logs.set(topic, { out: Math.max(at.out, out), err: Math.max(at.err, err) });
      if (lines.length > 0 || data.ended) port.postMessage({ topic, news: { kind: "log", data: { ...data, lines } } });
    }
  }
}

/** @param {boolean} up */
function tell(up) {
  live = up;
  for (const port of tabs.keys()) port.postMessage({ live, since });
}
