"use strict";
// The page is whole without this: it adds sorting, searching, and what is closed to paper.
const table = document.getElementById("features");
const body = table.tBodies[0];
const rows = Array.from(body.rows);
const tools = document.getElementById("tools");
const search = document.getElementById("search");
const said = document.getElementById("said");

const keyOf = (cell) => "v" in cell.dataset ? Number(cell.dataset.v) : cell.textContent;

function compare(a, b, sign) {
  if (typeof a === "string") return sign * a.localeCompare(b, "en", { numeric: true });
  // What is missing stays at the end, whichever way numbers are sorted.
  if (Number.isNaN(a) || Number.isNaN(b)) return Number.isNaN(a) - Number.isNaN(b);
  return sign * (a - b);
}

function sortBy(header, column) {
  const before = header.getAttribute("aria-sort");
  const order = before === "none" ? (header.dataset.first || "ascending")
    : before === "ascending" ? "descending" : "ascending";
  for (const other of table.tHead.rows[0].cells) other.setAttribute("aria-sort", "none");
  header.setAttribute("aria-sort", order);
  const sign = order === "ascending" ? 1 : -1;
  // Equal rows stay in the order of their ranks: sorting is stable.
  const keyed = rows.map((row) => [keyOf(row.cells[column]), row]);
  keyed.sort(([a], [b]) => compare(a, b, sign));
  body.append(...keyed.map(([, row]) => row));
}

// Names and classes; numbers would answer to any digit.
const texts = rows.map((row) => Array.from(row.cells)
  .filter((cell) => !cell.classList.contains("number"))
  .map((cell) => cell.textContent.toLowerCase()).join("\n"));

function filter() {
  const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
  let shown = 0;
  rows.forEach((row, i) => {
    row.hidden = !words.every((word) => texts[i].includes(word));
    shown += !row.hidden;
  });
  said.textContent = `${shown.toLocaleString("en")} of ${rows.length.toLocaleString("en")} shown`;
}

Array.from(table.tHead.rows[0].cells).forEach((header, column) => {
  const button = document.createElement("button");
  button.type = "button";
  button.append(...header.childNodes);
  header.append(button);
  header.setAttribute("aria-sort", column === 0 ? "ascending" : "none");
  button.addEventListener("click", () => sortBy(header, column));
});
search.addEventListener("input", filter);
filter();
tools.hidden = false;

// On paper nothing can be opened.
let closed = [];
addEventListener("beforeprint", () => {
  closed = Array.from(document.querySelectorAll("details:not([open])"));
  for (const one of closed) one.open = true;
});
addEventListener("afterprint", () => {
  for (const one of closed) one.open = false;
});
