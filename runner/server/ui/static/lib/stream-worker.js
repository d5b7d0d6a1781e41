// One event stream for all tabs of a browser. A tab says what it listens to, again and again while it lives; each piece of news
// goes to the tabs that listen to its topic. Runs as a SharedWorker: see stream.js for the other end.

/** @typedef {{ out: number, err: number }} Position bytes of the two streams of a run that a tab has */
/** @typedef {{ topics: Set<string>, logs: Map<string, Position>, heard: number }} Tab */
/** @typedef {{ topics: Map<string, Position | undefined>, end: AbortController }} Open by topic, the position of its logs that it has passed */

const MOST = 100, MOST_LOGS = 10; // topics of one stream, as the server takes them
const SILENCE = 40_000; // milliseconds without a word, after which a stream is dead: the server pings every 15 s
const DEAD = 150_000; // milliseconds after which a tab that says nothing is gone: in the background it may speak once a minute
const GATHER = 20; // milliseconds in which tabs that open together are gathered
const FIRST_WAIT = 500, LONGEST_WAIT = 15_000;
const GONE = 60_000; // milliseconds for which a run that could not be found is not asked for

/** @type {Map<MessagePort, Tab>} the one that spoke last is the last one */
const tabs = new Map();
/** @type {WeakMap<MessagePort, Tab>} those that were silent for too long: where they were */
const silent = new WeakMap();
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
  const before = tabs.get(port) ?? silent.get(port);
  tabs.delete(port);
  if (silent.delete(port)) port.postMessage({ topic: "*", news: { kind: "reset", data: { reason: "this tab was not heard of for too long" } } });
  if (message.bye) port.close();
  else tabs.set(port, { topics: new Set(message.topics), logs: positions(message.topics, before), heard: Date.now() });
  for (const [other, tab] of tabs) {
    if (Date.now() - tab.heard <= DEAD) continue;
    tabs.delete(other);
    silent.set(other, tab);
  }
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

/** Whether something of what lies behind a position lies before another one. @param {Position} at @param {Position} other */
const isBefore = (at, other) => at.out < other.out || at.err < other.err;

/** @param {Position} at @param {Position} other @returns {Position} */
const further = (at, other) => ({ out: Math.max(at.out, other.out), err: Math.max(at.err, other.err) });

/** @param {number} after milliseconds */
function soon(after) {
  clearTimeout(planned);
  planned = setTimeout(adjust, after);
}

/** Have a stream with all that is wanted. The one that we have goes on until the next one speaks, so that nothing is missed. */
function adjust() {
  const wanted = union();
  if (wanted.size === 0) return close();
  if (current && [...wanted].every(([topic, at]) => isIn(topic, at, current?.topics))) return;
  const stream = { topics: wanted, end: new AbortController() };
  const old = current;
  current = stream;
  void follow(stream, () => old?.end.abort()).catch(() => undefined).then(() => {
    old?.end.abort();
    if (current === stream) again();
  });
}

/** Whether a stream will tell of a topic what is wanted. @param {string} topic @param {Position | undefined} at @param {Open["topics"]} [topics] */
function isIn(topic, at, topics) {
  const passed = topics?.get(topic);
  return topics?.has(topic) && !(at && passed && isBefore(at, passed));
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

/** @param {Open} stream @param {() => void} speaks */
async function follow(stream, speaks) {
  const topics = [...stream.topics].map(([topic, at]) => (at ? `${topic}@${at.out}.${at.err}` : topic)).join(",");
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
      for (const block of blocks) heard(block, stream);
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
  const unknown = [...stream.topics.keys()].filter((topic) => topic.includes(":") && message.includes(topic.split(":")[1] ?? topic));
  for (const topic of unknown) {
    gone.set(topic, Date.now() + GONE);
    pass(topic, { kind: "gone", data: {} });
  }
  if (unknown.length > 0) wait = GATHER;
}

/** @param {string} block one event, or a comment @param {Open} stream */
function heard(block, stream) {
  /** @type {Record<string, string>} */
  const fields = {};
  for (const line of block.split("\n")) {
    const at = line.indexOf(":");
    if (at > 0) fields[line.slice(0, at)] = line.slice(at + 1).trimStart();
  }
  if (fields.id) lastId = fields.id.split("~")[0] ?? ""; // without positions of logs: each topic is asked for with its own
  if (fields.event && fields.data) deliver(fields.event, JSON.parse(fields.data), stream);
}

/** @param {string} kind @param {any} data @param {Open} stream */
function deliver(kind, data, stream) {
  if (kind === "log") return passLog(data, stream);
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

/** To each tab the lines that it does not have. @param {any} data @param {Open} stream */
function passLog(data, stream) {
  const name = `logs:${data.run}`, next = position(data.next), from = stream.topics.get(name) ?? next;
  stream.topics.set(name, further(from, next));
  for (const [port, tab] of tabs) {
    for (const [topic, at] of tab.logs) {
      if (topic.split("@")[0] !== name || isBefore(at, from)) continue; // what lies between comes with the stream that is opened for it
      const lines = data.lines.flatMap((/** @type {any} */ line) => behind(line, line.stream === "stderr" ? at.err : at.out));
      tab.logs.set(topic, further(at, next));
      if (lines.length > 0 || data.ended) port.postMessage({ topic, news: { kind: "log", data: { ...data, lines } } });
    }
  }
}

/** What of a line lies behind an offset: another stream may have told it in other pieces. @param {any} line @param {number} from */
function behind(line, from) {
  if (line.offset >= from) return [line];
  const bytes = line.base64 ? Uint8Array.from(atob(line.base64), (sign) => sign.charCodeAt(0)) : new TextEncoder().encode(line.text);
  const rest = bytes.slice(from - line.offset);
  return rest.length > 0 ? [{ ...line, offset: from, text: new TextDecoder().decode(rest), base64: null }] : [];
}

/** @param {boolean} up */
function tell(up) {
  live = up;
  for (const port of tabs.keys()) port.postMessage({ live, since });
}
