// Cells of a table, and its head: of equal widths in all rows, the first ones sticky, their borders to be drawn.
import { fill, h } from "./dom.js";

/**
 * @template Row
 * @typedef {object} Column
 * @property {string} key
 * @property {string} title
 * @property {number} width in pixels
 * @property {(row: Row, cell: HTMLElement) => any} draw what the cell holds, as children of `h`; may set classes of the cell
 * @property {(cell: HTMLElement) => any} [head] what the head holds, if not the title alone
 * @property {boolean} [numeric]
 * @property {boolean} [sticky] stays at the left; such columns come first
 * @property {boolean} [names] the cell names the row
 * @property {"ascending" | "descending" | "none"} [sort] set: the head sorts
 */

const NARROWEST = 48;

/** @template Row @param {Column<Row>[]} columns @param {Row | undefined} row nothing yet: empty ones */
export function cells(columns, row) {
  return columns.map((column, place) => {
    const cell = h("div", { class: classes(column), role: column.names ? "rowheader" : "gridcell", "aria-colindex": place + 1 });
    stick(cell, columns, place);
    if (row !== undefined) fill(cell, column.draw(row, cell));
    return cell;
  });
}

/** @template Row @param {Column<Row>[]} columns @param {boolean} resizable */
export function heads(columns, resizable) {
  return columns.map((column, place) => {
    const cell = h("div", {
      class: `${classes(column)}${column.sort ? " sorts" : ""}`,
      role: "columnheader",
      "aria-sort": column.sort,
      "aria-colindex": place + 1,
      title: column.key && !column.sticky ? column.key : null,
      "data-key": column.key,
    });
    stick(cell, columns, place);
    fill(cell, column.head ? column.head(cell) : column.title, resizable && column.key && h("span", { class: "grip" }));
    return cell;
  });
}

/** Tell the style how wide they are. @template Row @param {HTMLElement} table @param {Column<Row>[]} columns */
export function widen(table, columns) {
  table.style.setProperty("--columns", `${columns.map(({ width }) => `${width}px`).join(" ")} minmax(0, 1fr)`);
  table.style.setProperty("--wide", `${columns.reduce((sum, { width }) => sum + width, 0)}px`);
}

/** The column whose head that is, if a click on it sorts. @param {Event} event */
export function sorting(event) {
  const target = event.target instanceof Element ? event.target : undefined;
  if (target?.closest(".grip, input, .menu, .opens")) return undefined;
  return target?.closest(".sorts")?.getAttribute("data-key") || undefined;
}

/**
 * Somebody presses the border of a column: it follows until it is let go.
 *
 * @template Row
 * @param {PointerEvent} event @param {HTMLElement} table @param {Column<Row>[]} columns @param {(column: Column<Row>) => void} done
 */
export function resize(event, table, columns, done) {
  const grip = event.target instanceof HTMLElement && event.target.classList.contains("grip") ? event.target : undefined;
  const column = columns.find(({ key }) => key === grip?.closest("[data-key]")?.getAttribute("data-key"));
  if (!grip || !column) return;
  event.preventDefault();
  const from = event.clientX, before = column.width;
  grip.setPointerCapture(event.pointerId);
  grip.onpointermove = (moved) => {
    column.width = Math.max(NARROWEST, Math.round(before + moved.clientX - from));
    widen(table, columns);
  };
  grip.onpointerup = () => {
    grip.onpointermove = null;
    done(column);
  };
}

/** @template Row @param {Column<Row>} column */
const classes = ({ numeric, sticky }) => `cell${numeric ? " number" : ""}${sticky ? " sticky" : ""}`;

/** @template Row @param {HTMLElement} cell @param {Column<Row>[]} columns @param {number} place */
function stick(cell, columns, place) {
  if (!columns[place]?.sticky) return;
  const left = columns.slice(0, place).reduce((sum, { width }) => sum + width, 0);
  cell.style.setProperty("--left", `${left}px`);
  cell.classList.toggle("edge", !columns[place + 1]?.sticky);
}
