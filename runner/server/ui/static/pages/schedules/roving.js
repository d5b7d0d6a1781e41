// Arrow keys in the calendar: of all its slots one is reached by Tab, and the others from there.

/**
 * Let the arrow keys move among the links and buttons of a grid whose rows are days.
 *
 * @param {HTMLElement} grid
 */
export function roving(grid) {
  const first = stops(grid)[0];
  if (first) first.tabIndex = 0;
  grid.addEventListener("focusin", (event) => event.target instanceof HTMLElement && stop(grid, event.target));
  grid.addEventListener("keydown", (event) => {
    const target = document.activeElement;
    if (!(target instanceof HTMLElement) || event.ctrlKey || event.altKey || event.metaKey) return;
    const found = next(grid, target, event.key);
    if (!found) return;
    event.preventDefault();
    event.stopPropagation();
    found.focus();
  });
}

/** The one that Tab leads to. @param {HTMLElement} grid @param {HTMLElement} target */
function stop(grid, target) {
  if (!target.matches("a, button")) return;
  for (const each of stops(grid)) each.tabIndex = each === target ? 0 : -1;
}

/** @param {Element} within @returns {HTMLElement[]} */
const stops = (within) => [...within.querySelectorAll(/** @type {"a"} */ ("[role=gridcell] :is(a, button)"))];

/** @param {HTMLElement} grid @param {HTMLElement} target @param {string} key @returns {HTMLElement | undefined} */
function next(grid, target, key) {
  const rows = [...grid.querySelectorAll("[role=row]")].map(stops).filter((row) => row.length > 0);
  const at = rows.findIndex((row) => row.includes(target));
  if (at === -1) return undefined;
  const row = rows[at] ?? [], place = row.indexOf(target);
  switch (key) {
    case "ArrowDown": return row[place + 1];
    case "ArrowUp": return row[place - 1];
    case "Home": return row[0];
    case "End": return row.at(-1);
    case "ArrowRight": return nearest(rows[at + 1], target);
    case "ArrowLeft": return nearest(rows[at - 1], target);
    default: return undefined;
  }
}

/** The one of that day at about the same hour. @param {HTMLElement[] | undefined} row @param {HTMLElement} target */
function nearest(row, target) {
  const minute = (/** @type {HTMLElement} */ each) => Number(each.dataset.minute ?? -1);
  return row && [...row].sort((a, b) => Math.abs(minute(a) - minute(target)) - Math.abs(minute(b) - minute(target)))[0];
}
