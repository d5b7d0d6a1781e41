// News as they come: one event stream for all tabs of a browser, held by a shared worker, for browsers open six connections per host.
// Listen first and read then: what comes in between is heard, and nothing is missed.

/**
 * `kind` is that of the event (`run`, `metrics`, `log`, `reset`: read again what is shown) or `gone`: there is no such run.
 *
 * @typedef {{ kind: string, data: any }} News
 */

const BEAT = 20_000; // milliseconds between two words to the worker that this tab lives
const POLL = 2_000; // milliseconds between two looks where there are no shared workers

/** Whether news come by a stream; else there is nothing but a `reset` from time to time. */
export const isStreamed = typeof SharedWorker !== "undefined";

/** @type {Map<string, Set<(news: News) => void>>} */
const listeners = new Map();
/** @type {Set<(live: boolean, since: number) => void>} */
const watchers = new Set();
/** @type {MessagePort | undefined} */
let port;
let told = { live: true, since: 0 };
/** @type {ReturnType<typeof setInterval> | undefined} */
let beating;

/**
 * Hear the news of topics (`runs`, `experiment:0`, `run:<id>`, `logs:<id>`) until the returned function is called.
 *
 * @param {string[]} topics
 * @param {(news: News) => void} heard
 * @returns {() => void}
 */
export function listen(topics, heard) {
  for (const topic of topics) {
    const known = listeners.get(topic);
    if (known) known.add(heard);
    else listeners.set(topic, new Set([heard]));
  }
  say();
  return () => {
    for (const topic of topics) {
      listeners.get(topic)?.delete(heard);
      if (listeners.get(topic)?.size === 0) listeners.delete(topic);
    }
    say();
  };
}

/** @param {(live: boolean, since: number) => void} watcher told whether the stream is up, and since when it is not */
export function onLive(watcher) {
  watchers.add(watcher);
  watcher(told.live, told.since);
}

/** Tell the worker what this tab listens to. */
function say() {
  if (beating === undefined) begin();
  port?.postMessage({ topics: [...listeners.keys()] });
}

function begin() {
  if (!isStreamed) {
    beating = setInterval(poll, POLL);
    return;
  }
  connect();
  beating = setInterval(say, BEAT);
  addEventListener("pagehide", () => {
    port?.postMessage({ topics: [], bye: true });
    port = undefined;
  });
  addEventListener("pageshow", (event) => {
    if (!event.persisted) return;
    connect();
    say();
    reset("the page was shown again");
  });
}

function connect() {
  const shared = new SharedWorker(new URL("./stream-worker.js", import.meta.url), { type: "module", name: "stream" });
  port = shared.port;
  port.onmessage = (message) => received(message.data);
}

function poll() {
  if (document.visibilityState === "visible") reset("no shared workers here");
}

/** @param {string} reason */
function reset(reason) {
  received({ topic: "*", news: { kind: "reset", data: { reason } } });
}

/** @param {{ live?: boolean, since?: number, topic?: string, news?: News, signIn?: boolean }} message */
function received(message) {
  if (message.signIn) location.assign(`/sign-in?to=${encodeURIComponent(location.pathname + location.search)}`);
  if (message.live !== undefined && listeners.size > 0) {
    told = { live: message.live, since: message.since ?? 0 };
    for (const watcher of watchers) watcher(told.live, told.since);
  }
  if (message.topic !== undefined && message.news) {
    const all = message.topic === "*" ? new Set([...listeners.values()].flatMap((each) => [...each])) : listeners.get(message.topic);
    for (const heard of all ?? []) heard(message.news);
  }
}
