// Search results as readers look for them: chapters first, then other pages, then library objects,
// each with a line of context. The theme fetches pages for that, which browsers refuse on the file
// system, so context.js brings the sentences.
(() => {
  const LATE = /^(back|teaching)\//, AROUND = 90;
  const pages = window.searchContext ?? {};
  const escaped = (word) => word.replace(/[.*+\-?^${}()|[\]\\]/g, "\\$&");
  const group = ([page, , , about]) => about ? 2 : LATE.test(page) ? 1 : 0;

  /* The paragraph of a page, or of one section of it, that has the most of the words. */
  const best = (page, section, words) => {
    const all = pages[page] ?? [], own = all.filter(([anchor]) => anchor === section);
    const some = own.length ? own : all;
    let found = some.length ? some[0].slice(0, 2) : null, most = 0;
    for (const [anchor, ...texts] of some)
      for (const text of texts) {
        const hits = words.filter((word) => word.test(text)).length;
        if (hits > most) [found, most] = [[anchor, text], hits];
      }
    return found;
  };
  const cut = (text, words) => {
    const at = Math.max(0, Math.min(...words.map((word) => text.search(word)).filter((i) => i >= 0)));
    const start = Number.isFinite(at) ? Math.max(0, at - AROUND) : 0;
    const from = start && text.indexOf(" ", start) + 1, end = from + 2 * AROUND;
    const to = text.length > end ? text.lastIndexOf(" ", end) : text.length;
    return (from ? "… " : "") + text.slice(from, to) + (to < text.length ? " …" : "");
  };
  const marked = (line, text, words) => {
    const any = new RegExp(words.map((word) => word.source).join("|"), "giu");
    let done = 0;
    for (const { 0: hit, index } of words.length ? text.matchAll(any) : []) {
      line.append(text.slice(done, index));
      line.appendChild(document.createElement("mark")).textContent = hit;
      done = index + hit.length;
    }
    line.append(text.slice(done));
  };
  const shown = ([page, title, anchor, about], words) => {
    const item = document.createElement("li"), link = item.appendChild(document.createElement("a"));
    const context = about ? ["", about] : best(page, anchor.slice(1), words);
    link.href = page + DOCUMENTATION_OPTIONS.LINK_SUFFIX +
      (anchor || (context && context[0] ? `#${context[0]}` : ""));
    link.innerHTML = title; // Sphinx writes titles escaped
    if (context)
      marked(item.appendChild(document.createElement("p")), cut(context[1], words), words);
    return item;
  };
  Search.query = (query) => {
    const parsed = Search._parseQuery(query), [, stems, , whole] = parsed;
    const words = [...new Set([...stems, ...whole])].sort((a, b) => b.length - a.length)
      .map((word) => new RegExp(`(?<![\\p{L}\\p{N}])${escaped(word)}[\\p{L}\\p{N}]*`, "iu"));
    // Sphinx puts the best last; equal ones keep its order.
    const found = Search._performSearch(...parsed).reverse().sort((a, b) => group(a) - group(b));
    Search.output.append(...found.map((one) => shown(one, words)));
    Search.stopPulse();
    Search.title.innerText = "Search results";
    Search.status.innerText = found.length
      ? `${found.length} ${found.length > 1 ? "places" : "place"}: chapters first, then other pages, then names of the library.`
      : "Nothing in the book has these words. Try fewer, or another spelling.";
  };
})();
