// Which metrics say most of a run: those of data that it has not learnt from; those of the machine say least.

const DECIDING = /(^|[/_.-])(val|valid|validation|eval|test|dev)([/_.-]|$)/i;
const MACHINE = /^system\//;

/** @param {string} key */
const rank = (key) => (MACHINE.test(key) ? 2 : DECIDING.test(key) ? 0 : 1);

/** Those that say most first; otherwise as they were. @template {{ key: string }} Metric @param {Metric[]} metrics */
export const deciding = (metrics) => [...metrics].sort((a, b) => rank(a.key) - rank(b.key));

/** @param {string} key */
export const isOfMachine = (key) => MACHINE.test(key);
