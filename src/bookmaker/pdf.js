// Lays the pages of the site out as one document. Each page waits in a template, so that nothing of
// it loads before its addresses are those of this document.
(site) => {
  const name = (page, id) => `${page.replaceAll("/", "--")}--${id}`;
  const known = new Set();
  const templates = [...document.querySelectorAll("template[data-page]")];
  for (const template of templates) known.add(template.dataset.page);
  // The address of a file of the site as seen from one of its pages: "language/chinchilla#fig".
  const resolve = (page, address) => new URL(address, `x:///${page}`).href.slice("x:///".length);
  const outside = (address) => /^[a-z][a-z0-9+.-]*:/i.test(address);
  for (const template of templates) {
    const page = template.dataset.page;
    const section = document.createElement("section");
    section.className = "pdf-page";
    section.id = name(page, "start");
    section.append(template.content);
    const drop = ".headerlink, .sl-files, .sl-on-dark, .sl-filter, .sl-time, details.above-input, ";
    for (const element of section.querySelectorAll(`${drop} button, script`)) element.remove();
    // A listing stays a listing: its hundreds of rows are folded.
    for (const fold of section.querySelectorAll("details")) {
      fold.open = !fold.closest(".sl-listing");
    }
    for (const drawn of section.querySelectorAll("picture.sl-drawn")) {
      // The drawing in lines, where the page shows a picture of dots.
      const image = drawn.querySelector("img");
      const digest = /([0-9a-f]{64})/.exec(image.getAttribute("src"));
      if (digest) {
        image.src = `${site}_static/drawn/${digest[1]}.svg`;
        image.dataset.placed = "";
      }
      drawn.replaceWith(image);
    }
    // A sheet that is printed hides all else of its page, and here that would be the book.
    for (const sheet of section.querySelectorAll(".sl-sheet")) sheet.className = "pdf-sheet";
    for (const element of section.querySelectorAll("[id]:not(svg [id])")) {
      element.id = name(page, element.id);
    }
    for (const image of section.querySelectorAll("img")) {
      const address = image.getAttribute("src");
      image.loading = "eager";
      if (!outside(address) && image.dataset.placed === undefined) {
        image.src = site + resolve(page, address);
      }
    }
    for (const link of section.querySelectorAll("a[href]")) {
      const address = link.getAttribute("href");
      if (outside(address)) continue;
      const [file, id] = resolve(page, address).split("#");
      const target = file.replace(/\.html.*$/, "");
      if (known.has(target)) link.setAttribute("href", `#${name(target, id || "start")}`);
      else link.removeAttribute("href");
    }
    template.replaceWith(section);
  }
}
