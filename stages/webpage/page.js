"use strict";
// Without this file the page has every number and every drawing; with it tables sort and filter,
// and drawings answer the mouse.
(() => {
  const INK = "#010203", FAINT = "#040506"; // stages/webpage/theme.py
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  function draw(figure) {
    const text = figure.querySelector("script").textContent
      .replaceAll(INK, colour("--ink")).replaceAll(FAINT, colour("--faint"));
    const place = figure.querySelector(".drawing");
    const drawing = place.querySelector("svg, img");
    const label = drawing.getAttribute("aria-label") || drawing.alt;
    const inner = document.createElement("div");
    const options = { actions: false, renderer: "svg", tooltip: { theme: "custom" } };
    // In the page, though not seen: a drawing is measured.
    inner.style.cssText = "position:absolute;visibility:hidden";
    place.append(inner);
    vegaEmbed(inner, JSON.parse(text), options).then(() => {
      const svg = inner.querySelector("svg");
      svg.setAttribute("role", "img");
      svg.setAttribute("aria-label", label);
      for (const part of svg.querySelectorAll("[role],[aria-roledescription],[tabindex]")) {
        for (const name of ["role", "aria-roledescription", "aria-label", "tabindex"]) {
          part.removeAttribute(name);
        }
      }
      inner.style.cssText = "";
      place.replaceChildren(inner);
    });
  }

  const seen = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      if (entry.isIntersecting) {
        seen.unobserve(entry.target);
        draw(entry.target);
      }
    }
  }, { rootMargin: "400px" });
  const figures = [...document.querySelectorAll("figure.chart")];
  figures.forEach((figure) => seen.observe(figure));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => figures.forEach(draw));

  const number = (text) => {
    const found = text.replaceAll("\u2212", "-").replaceAll(",", "").match(/^[<+]?\s*(-?\d+(\.\d+)?(e[+-]?\d+)?)/);
    return found ? Number(found[1]) : null;
  };
  function compare(a, b) {
    const [x, y] = [number(a), number(b)];
    if (x !== null && y !== null) return x - y;
    if (x !== null || y !== null) return x !== null ? -1 : 1;
    return a.localeCompare(b, "en");
  }
  function sort(table, column, head) {
    const falls = head.getAttribute("aria-sort") === "ascending";
    for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", falls ? "descending" : "ascending");
    const rows = [...table.tBodies[0].rows];
    const key = (row) => row.cells[column].textContent.trim();
    rows.sort((a, b) => {
      if (!key(a) || !key(b)) return (key(b) ? 1 : 0) - (key(a) ? 1 : 0); // what is empty stays last
      return (falls ? -1 : 1) * compare(key(a), key(b));
    });
    table.tBodies[0].append(...rows);
  }
  for (const table of document.querySelectorAll("table.data")) {
    const body = table.tBodies[0];
    if (!body || body.rows.length < 3) continue;
    [...table.tHead.rows[0].cells].forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      button.addEventListener("click", () => sort(table, column, head));
      head.append(button);
    });
    if (body.rows.length < 9) continue;
    const label = document.createElement("label");
    const input = document.createElement("input");
    label.className = "filter";
    input.type = "search";
    label.append("Only rows with ", input);
    table.parentElement.before(label);
    input.addEventListener("input", () => {
      const wanted = input.value.toLowerCase();
      for (const row of body.rows) row.hidden = !row.textContent.toLowerCase().includes(wanted);
    });
  }

  const thinks = document.getElementById("thinks");
  for (const picture of document.querySelectorAll(".sheet button")) {
    const tell = () => { thinks.textContent = picture.getAttribute("aria-label"); };
    picture.addEventListener("mouseenter", tell);
    picture.addEventListener("focus", tell);
    picture.addEventListener("click", tell);
  }
})();
