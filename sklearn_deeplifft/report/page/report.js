"use strict";
// The page is whole without this: it adds sorting and searching to the table of features.
const table = document.getElementById("features");
const body = table.tBodies[0];
const rows = Array.from(body.rows);
const tools = document.getElementById("tools");
const search = document.getElementById("search");
const said = document.getElementById("said");

const keyOf = (row, column) => {
  const cell = row.cells[column];
  return "v" in cell.dataset ? Number(cell.dataset.v) : cell.textContent.trim().toLowerCase();
};

const compare = (a, b) => {
  if (typeof a === "number" && typeof b === "number") return a - b;
  return String(a).localeCompare(String(b), "en", { numeric: true });
};

function sortBy(header, column) {
  const numbers = header.classList.contains("number");
  const before = header.getAttribute("aria-sort");
  const order = before === "none" ? (header.dataset.first || "ascending")
    : before === "ascending" ? "descending" : "ascending";
  for (const other of table.tHead.rows[0].cells) {
    if (other.hasAttribute("aria-sort")) other.setAttribute("aria-sort", "none");
  }
  header.setAttribute("aria-sort", order);
  const sign = order === "ascending" ? 1 : -1;
  const keyed = rows.map((row, i) => [keyOf(row, column), i, row]);
  keyed.sort(([a, i], [b, j]) => {
    // What is missing stays at the end, whichever way numbers are sorted.
    if (numbers && (Number.isNaN(a) || Number.isNaN(b))) {
      return Number.isNaN(a) - Number.isNaN(b) || i - j;
    }
    return sign * compare(a, b) || i - j;
  });
  body.append(...keyed.map(([, , row]) => row));
}

function filter() {
  const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
  let shown = 0;
  for (const row of rows) {
    const text = row.textContent.toLowerCase();
    row.hidden = !words.every((word) => text.includes(word));
    shown += !row.hidden;
  }
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
