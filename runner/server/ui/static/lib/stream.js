// News as they come: one event stream for all tabs of a browser, held by a shared worker, for browsers open six connections per host.

/** @typedef {{ kind: string, data: any }} News */

/** @type {Map<string, Set<(news: News) => void>>} */
const listeners = new Map();
/** @type {Set<(live: boolean, since: number) => void>} */
const watchers = new Set();
/** @type {MessagePort | undefined} */
let port;

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
  worker().postMessage({ topics: [...listeners.keys()] });
  return () => {
    for (const topic of topics) {
      listeners.get(topic)?.delete(heard);
      if (listeners.get(topic)?.size === 0) listeners.delete(topic);
    }
    worker().postMessage({ topics: [...listeners.keys()] });
  };
}

/** @param {(live: boolean, since: number) => void} told whether the stream is up, and since when it is not */
export const onLive = (told) => watchers.add(told);

function worker() {
  if (port) return port;
  const shared = new SharedWorker(new URL("./stream-worker.js", import.meta.url), { type: "module", name: "stream" });
  port = shared.port;
  port.onmessage = (message) => received(message.data);
  addEventListener("pagehide", () => port?.postMessage({ topics: [] }));
  return port;
}

/** @param {{ live?: boolean, since?: number, topic?: string, news?: News }} message */
function received(message) {
  if (message.live !== undefined) for (const told of watchers) told(message.live, message.since ?? 0);
  if (message.topic !== undefined && message.news) {
    for (const heard of listeners.get(message.topic) ?? []) heard(message.news);
  }
}
