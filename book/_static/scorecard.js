// Search, filter and order the scorecard's one table; its state stands in the address.
document.addEventListener("DOMContentLoaded", () => {
  const form = document.querySelector("form.sl-filter");
  if (!form) return;
  const body = document.querySelector(".sl-scorecard tbody");
  const rows = [...body.rows];
  const search = form.querySelector("input");
  const filters = [...form.querySelectorAll("select[data-filter]")];
  const order = form.querySelector("select[data-order]");
  const status = form.querySelector("[role=status]");
  const verdicts = [...form.querySelector("[data-filter=verdict]").options].map((o) => o.value);
  const off = (row) => parseFloat(row.querySelector("svg")?.getAttribute("aria-label")) || 0;
  const ranks = {
    verdict: (row) => verdicts.indexOf(row.dataset.verdict),
    off: (row) => -off(row),
  };

  function show() {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const rank = ranks[order.value] || ((row) => rows.indexOf(row));
    let shown = 0;
    for (const row of [...rows].sort((a, b) => rank(a) - rank(b))) body.append(row);
    for (const row of rows) {
      const text = `${row.textContent} ${row.dataset.words}`.toLowerCase();
      const fits =
        words.every((word) => text.includes(word)) &&
        filters.every((box) => !box.value || row.dataset[box.dataset.filter] === box.value);
      row.hidden = !fits;
      shown += fits;
    }
    status.textContent = `${shown} of ${rows.length} claims`;
  }

  function keep() {
    const state = new URLSearchParams();
    if (search.value) state.set("search", search.value);
    for (const box of filters) if (box.value) state.set(box.dataset.filter, box.value);
    if (order.value) state.set("order", order.value);
    const query = state.toString();
    history.replaceState(null, "", (query ? `?${query}` : location.pathname) + location.hash);
  }

  const asked = new URLSearchParams(location.search);
  search.value = asked.get("search") || "";
  for (const box of filters) box.value = asked.get(box.dataset.filter) || "";
  order.value = asked.get("order") || "";
  form.hidden = false;
  form.addEventListener("input", () => { show(); keep(); });
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(() => { show(); keep(); }));
  show();
});
