// Sound, with its waveform where it is short enough to be decoded as a whole.
import { fill, h } from "../dom.js";
import { bytes } from "../format.js";

const LARGEST = 30_000_000; // bytes that are decoded
const WIDTH = 800, HEIGHT = 96;

/** @param {HTMLElement} body @param {import("../viewer.js").Shown} shown @returns {() => void} */
export function sound(body, { entry, url }) {
  const player = h("audio", { controls: true, src: url, "aria-label": entry.name, preload: "metadata" });
  const wave = h("canvas", { class: "wave", width: WIDTH, height: HEIGHT, hidden: true, role: "img", "aria-label": "Waveform", onclick: (/** @type {MouseEvent} */ event) => {
    if (Number.isFinite(player.duration)) player.currentTime = (event.offsetX / wave.clientWidth) * player.duration;
  } });
  const note = h("p", { class: "soft file-note" }), gone = new AbortController();
  fill(body, wave, player, note);
  if ((entry.size ?? 0) > LARGEST) note.textContent = `No waveform: it is larger than ${bytes(LARGEST)}.`;
  else void peaks(url, gone.signal).then((found) => drawn(wave, player, found), () => gone.signal.aborted || (note.textContent = "No waveform: the browser cannot decode it."));
  return () => gone.abort();
}

/** The least and the greatest of each column of pixels. @param {string} url @param {AbortSignal} signal */
async function peaks(url, signal) {
  const answer = await fetch(url, { signal });
  if (!answer.ok) throw new Error(`the server answered ${answer.status}`);
  const decoded = await new OfflineAudioContext(1, 1, 44_100).decodeAudioData(await answer.arrayBuffer());
  const data = decoded.getChannelData(0), step = data.length / WIDTH;
  return Array.from({ length: WIDTH }, (_, column) => {
    let low = 0, high = 0;
    for (let at = Math.floor(column * step); at < (column + 1) * step; at += 1) [low, high] = [Math.min(low, data[at] ?? 0), Math.max(high, data[at] ?? 0)];
    return /** @type {[number, number]} */ ([low, high]);
  });
}

/** @param {HTMLCanvasElement} wave @param {HTMLAudioElement} player @param {[number, number][]} found */
function drawn(wave, player, found) {
  const context = wave.getContext("2d");
  if (!context) return;
  wave.hidden = false;
  const draw = () => {
    const style = getComputedStyle(wave), played = (player.currentTime / (player.duration || 1)) * WIDTH;
    context.clearRect(0, 0, WIDTH, HEIGHT);
    found.forEach(([low, high], at) => {
      context.fillStyle = at < played ? style.color : style.borderColor;
      context.fillRect(at, ((1 - high) / 2) * HEIGHT, 1, Math.max(1, ((high - low) / 2) * HEIGHT));
    });
  };
  player.addEventListener("timeupdate", draw);
  player.addEventListener("seeked", draw);
  draw();
}
