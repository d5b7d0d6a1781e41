// What is known of a file before it is shown: whether it is an image, and what the server sees in it.
import { own } from "../api.js";

const IMAGES = /\.(png|jpe?g|gif|webp|avif|svg|bmp|ico)$/i;

/** @param {string} name */
export const isImage = (name) => IMAGES.test(name);

/** @param {import("../viewer.js").Shown} shown @param {import("../api.js").Query} [options] */
export const seen = ({ run, entry }, options) =>
  own(`/runs/${encodeURIComponent(run.id)}/view/${entry.path.split("/").map(encodeURIComponent).join("/")}`, options);
