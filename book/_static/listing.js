// Search, filter and order a page's one listing; its state stands in the address.
document.addEventListener("DOMContentLoaded", () => {
  const form = document.querySelector("form.sl-filter");
  if (!form) return;
  const body = document.querySelector(".sl-listing tbody");
  const rows = [...body.rows];
  const search = form.querySelector("input");
  const filters = [...form.querySelectorAll("select[data-filter]")];
  const order = form.querySelector("select[data-order]");
  const status = form.querySelector("[role=status]");

  function rank(row) {
    const by = order && order.value;
    return by ? parseFloat(row.getAttribute(`data-by-${by}`)) : rows.indexOf(row);
  }

  function fits(row, words) {
    const text = `${row.textContent} ${row.dataset.words || ""}`.toLowerCase();
    return (
      words.every((word) => text.includes(word)) &&
      filters.every((box) => !box.value || row.dataset[box.dataset.filter].split("|").includes(box.value))
    );
  }

  function show() {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const row of [...rows].sort((a, b) => rank(a) - rank(b))) body.append(row);
    for (const row of rows) {
      row.hidden = !fits(row, words);
      shown += !row.hidden;
    }
    status.textContent = `${shown} of ${rows.length} ${form.dataset.noun}`;
  }

  function keep() {
    const state = new URLSearchParams();
    if (search.value) state.set("search", search.value);
    for (const box of filters) if (box.value) state.set(box.dataset.filter, box.value);
    if (order && order.value) state.set("order", order.value);
    const query = state.toString();
    history.replaceState(null, "", (query ? `?${query}` : location.pathname) + location.hash);
  }

  const asked = new URLSearchParams(location.search);
  search.value = asked.get("search") || "";
  for (const box of filters) box.value = asked.get(box.dataset.filter) || "";
  if (order) order.value = asked.get("order") || "";
  form.hidden = false;
  form.addEventListener("input", () => { show(); keep(); });
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(() => { show(); keep(); }));
  show();
});
