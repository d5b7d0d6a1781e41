// What a page offers to do, found by Ctrl-K.

/** @type {Map<string, () => void>} */
const offered = new Map();

/**
 * Offer an action until the returned function is called.
 *
 * @param {string} title
 * @param {() => void} act
 * @returns {() => void}
 */
export function offer(title, act) {
  offered.set(title, act);
  return () => offered.delete(title);
}

export const actions = () => [...offered].map(([title, go]) => ({ kind: "action", title, go }));
