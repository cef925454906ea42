// A reader's own runs: the page's forms, and a worker that runs the library on a file.
// What comes from a file is set as text alone; the report stands in a frame without scripts.
(() => {
  const page = document.querySelector(".sl-runs");
  const app = page.querySelector(".sl-runs-app");
  const site = new URL("..", document.currentScript.src);
  const told = JSON.parse(page.dataset.python || "null");
  const find = (query) => app.querySelector(query);
  const step = (name) => find(`[data-step="${name}"]`);
  const out = (name) => find(`[data-out="${name}"]`);
  const button = (name) => find(`button[data-do="${name}"]`);
  const form = find("form");
  const bar = find(".sl-runs-bar");
  const says = bar.querySelector("p");
  const meter = bar.querySelector("progress");

  const STEPS = ["file", "check", "fit", "plan"];
  const COUNTS = ["params", "tokens", "flops"];
  const UNITS = { "": "plain numbers", k: "thousands", M: "millions", B: "billions", T: "trillions" };
  const SIZES = [[1e12, "T"], [1e9, "B"], [1e6, "M"], [1e3, "k"]];

  let worker; // where Python runs, once it was started
  let files; // pairs of a name and bytes
  let answered; // what to do with the answer that is awaited
  let addresses = []; // of what can be saved

  // Whether Python can run here -------------------------------------------------------------------

  function obstacle() {
    if (!told) return "This copy of the book was built without Python for the browser.";
    if (location.protocol === "file:") {
      return "This page was opened as a file, and from there browsers start no Python: serve the site's folder, such as by python3 -m http.server, and open the address that this prints.";
    }
    if (typeof WebAssembly !== "object" || typeof Worker !== "function") {
      return "This browser has no WebAssembly or no workers, and Python needs both.";
    }
    return "";
  }

  const why = obstacle();
  if (why) {
    page.querySelector("p.sl-runs-cannot").textContent = `${why} On your own machine, one line does the same:`;
    return;
  }
  for (const one of page.querySelectorAll(".sl-runs-cannot")) one.hidden = true;
  const weight = told.bytes ? `${Math.round(told.bytes / 1e6)} MB` : "some tens of MB";
  find("[data-weight]").textContent = `${weight} from ${told.origin}`;
  app.hidden = false;

  // Pieces of a page ------------------------------------------------------------------------------

  function make(tag, text, more = {}) {
    const made = document.createElement(tag);
    if (text !== undefined) made.textContent = text;
    return Object.assign(made, more);
  }

  function table(heads, rows) {
    const box = make("div", undefined, { className: "sl-runs-wide", tabIndex: 0 });
    box.setAttribute("role", "group");
    box.setAttribute("aria-label", heads.join(", "));
    const made = make("table");
    made.createTHead().insertRow().append(...heads.map((words) => make("th", words, { scope: "col" })));
    const body = made.createTBody();
    for (const [first, ...rest] of rows) {
      body.insertRow().append(
        make("th", first, { scope: "row" }),
        ...rest.map((words) => make("td", words)),
      );
    }
    box.append(made);
    return box;
  }

  function list(entries) {
    const made = make("ul");
    made.append(...entries.map((words) => make("li", words)));
    return made;
  }

  function refusal(words) {
    const box = make("div", undefined, { className: "sl-refusal" });
    box.append(make("p", words));
    return box;
  }

  function typed(found) {
    const line = make("p", "At the command line: ", { className: "sl-runs-typed" });
    line.append(make("code", found.command));
    return line;
  }

  function saving(words, name, kind, content) {
    const href = URL.createObjectURL(new Blob([content], { type: kind }));
    addresses.push(href);
    return make("a", words, { href, download: name });
  }

  function fill(box, choices) {
    box.replaceChildren(...choices.map(([value, words]) => make("option", words, { value })));
  }

  // Numbers as the library writes them.
  function count(value) {
    const [size, suffix] = SIZES.find(([least]) => value >= least * (1 - 5e-4)) || [1, ""];
    return `${+(value / size).toPrecision(3)}${suffix}`;
  }

  function number(value) {
    const plain = value === 0 || (Math.abs(value) >= 1e-3 && Math.abs(value) < 1e5);
    return plain ? value.toPrecision(4) : value.toExponential(3).replace("e+", "e");
  }

  const loss = (value) => value.toFixed(3);
  const flops = (value) => value.toExponential(2).replace(/\.?0*e\+?/, "e");
  const between = (low, high, words) =>
    low === null || high === null ? "cannot be said" : `${words(low)} to ${words(high)}`;

  // The worker, asked one question at a time ------------------------------------------------------

  let clock, began, focused;

  function busy(what) {
    began = Date.now();
    focused = document.activeElement;
    says.textContent = what;
    const tick = () => {
      bar.querySelector("[data-seconds]").textContent = `${Math.round((Date.now() - began) / 1000)} s`;
    };
    tick();
    clock = setInterval(tick, 1000);
    waiting(true);
  }

  function idle(words) {
    clearInterval(clock);
    bar.querySelector("[data-seconds]").textContent = "";
    says.textContent = words;
    meter.hidden = true;
    waiting(false);
    if (document.activeElement === document.body && focused && app.contains(focused)) focused.focus();
  }

  function waiting(yes) {
    bar.hidden = false;
    bar.classList.toggle("busy", yes);
    button("stop").hidden = !yes;
    for (const one of app.querySelectorAll("button, input, select")) {
      if (!bar.contains(one)) one.disabled = yes;
    }
  }

  function start() {
    step("start").querySelector(".sl-refusal")?.remove();
    busy("Loading Python");
    meter.hidden = !told.bytes;
    meter.max = told.bytes || 1;
    meter.value = 0;
    worker = new Worker(new URL("your_runs/worker.js", site), { type: "module" });
    worker.onerror = (error) => stopped(error.message || "its script could not be loaded");
    worker.onmessage = ({ data }) => {
      if (data.kind === "loaded") meter.value = data.bytes;
      else if (data.kind === "doing") says.textContent = data.what;
      else if (data.kind === "ready") ready();
      else if (data.kind === "failed") stopped(data.why);
      else answered(data.found);
    };
    const index = new URL(told.index, site).href;
    worker.postMessage({ kind: "start", index, load: told.load, site: site.href });
  }

  function ready() {
    idle(`Python was ready in ${Math.round((Date.now() - began) / 1000)} s.`);
    step("start").hidden = true;
    show("file");
    find("input[type=file]").focus();
    if (files) read();
  }

  /** End the worker, by the reader's wish or because it failed, and offer to start again. */
  function stopped(words) {
    worker?.terminate();
    worker = undefined;
    idle("");
    bar.hidden = true;
    for (const name of STEPS) step(name).hidden = true;
    step("start").hidden = false;
    const kept = files ? " Your file is still chosen, and Start goes on with it." : "";
    step("start").append(refusal(`${words ? `Python stopped: ${words}.` : "Stopped."}${kept}`));
    button("start").focus();
  }

  function ask(what, asked) {
    busy(what);
    return new Promise((done) => {
      answered = (found) => {
        idle(`${what}: done in ${((Date.now() - began) / 1000).toFixed(1)} s.`);
        done(found);
      };
      worker.postMessage({ kind: "ask", asked, files });
    });
  }

  // The steps -------------------------------------------------------------------------------------

  /** Show the steps up to one, and forget the answers of later ones. */
  function show(last) {
    const at = STEPS.indexOf(last);
    STEPS.forEach((name, k) => {
      step(name).hidden = k > at;
      if (k > at && out(name)) out(name).replaceChildren();
    });
    out("report").replaceChildren();
    for (const address of addresses.splice(0)) URL.revokeObjectURL(address);
  }

  /** Return the words of an answer that is none, in the library's own. */
  function refused(found) {
    if (found.status === 2) return found.said.split("Error: ").pop();
    return found.told?.why ? `${found.told.refused}: ${found.told.why}` : found.said;
  }

  async function take(chosen) {
    const named = [...chosen];
    if (!named.length) return;
    files = await Promise.all(
      named.map(async (one) => [one.name, new Uint8Array(await one.arrayBuffer())]),
    );
    const bytes = named.reduce((sum, one) => sum + one.size, 0);
    const weighs = `${+(bytes / 1e3).toPrecision(3)} kB`;
    given(`${named.map((one) => one.name).join(", ")}: ${weighs}, read here and sent nowhere.`);
    await read();
  }

  function given(words, ...more) {
    out("given").replaceChildren(make("span", words), ...more);
  }

  async function example() {
    const { text, name } = await ask("Reading Chinchilla's runs", { verb: "example" });
    files = [[name, new TextEncoder().encode(text)]];
    given(`${name}: the runs of Hoffmann et al. 2022. `, saving("Save this table", name, "text/csv", text));
    await read();
  }

  async function read() {
    form.reset();
    const { told: found } = await ask("Looking at the columns", { verb: "columns" });
    choices(found);
    await check();
  }

  function choices({ columns, taken, could_be: likely, sizes_in: worded }) {
    const names = columns.map((name) => [name, name]);
    for (const box of form.querySelectorAll("[data-column]")) {
      const name = box.dataset.column;
      const found = taken[name] ? `as found: ${taken[name]}` : "none, or worked out from the others";
      const maybe = (likely[name] || []).map((one) => [one, `${one} (it might be this one)`]);
      const sizes = name === "params" && worded ? [[`size_in:${worded}`, `the size in the words of ${worded}`]] : [];
      fill(box, [["", found], ...maybe, ...names.filter(([one]) => !(likely[name] || []).includes(one)), ...sizes]);
    }
    for (const box of form.querySelectorAll("[data-unit]")) {
      const more = box.dataset.unit === "flops" ? [["pf-days", "petaFLOP/s-days"]] : [];
      fill(box, [...Object.entries(UNITS), ...more]);
    }
    fill(form.elements.last_of, [["", "(keep every row)"], ...names]);
    fill(form.elements.where, [["", "(any)"], ...names]);
  }

  /** Return what the form says, as options of the command line by their names. */
  function said() {
    const { loss_unit, bytes_per_token, last_of, where, value, best_of_cell } = form.elements;
    const columns = {};
    const units = {};
    for (const box of form.querySelectorAll("[data-column]")) {
      const size = box.value.startsWith("size_in:");
      if (box.value) columns[box.dataset.column] = size ? { size_in: box.value.slice(8) } : box.value;
    }
    for (const box of form.querySelectorAll("[data-unit]")) {
      if (box.value) units[box.dataset.unit] = box.value;
    }
    return {
      columns,
      units,
      where: where.value && value.value ? { [where.value]: value.value } : {},
      loss_unit: loss_unit.value,
      bytes_per_token: bytes_per_token.value,
      last_of: last_of.value,
      best_of_cell: best_of_cell.checked,
    };
  }

  async function check() {
    const found = await ask("Reading the table", { verb: "check", ...said() });
    const split = found.told?.answers && Object.values(found.told.answers)[0];
    show(found.status ? "check" : "fit");
    form.parentElement.open = split !== "yes";
    const mend = "Where that is a matter of columns, units or rows, say it below and read the table again.";
    if (found.status) {
      out("check").replaceChildren(refusal(refused(found)), make("p", mend), typed(found));
      return;
    }
    out("check").replaceChildren(
      make("p", `${found.told.rows} rows: ${found.told.columns.join(", ")}`),
      list(found.told.notes),
      table(["question", "can these rows answer it?"], Object.entries(found.told.answers)),
      ...(split === "yes" ? [] : [make("p", `No budget can be split on this table as it was read. ${mend}`)]),
      typed(found),
    );
  }

  const law = () => ({ law: find("[name=law]").value });

  async function fit() {
    const found = await ask("Fitting", { verb: "fit", ...said(), ...law() });
    show(found.status ? "fit" : "plan");
    if (found.status) {
      out("fit").replaceChildren(refusal(refused(found)), typed(found));
      return;
    }
    const rows = Object.entries(found.told.params).map(([name, one]) => [
      name, number(one.estimate), between(one.low, one.high, number), one.kind,
    ]);
    out("fit").replaceChildren(
      make("p", `${found.told.law}, ${found.told.runs} runs. ${found.told.status}`, {
        className: found.told.ok ? "" : "sl-runs-warn",
      }),
      table(["parameter", "value", "90% interval", "kind of interval"], rows),
      typed(found),
    );
  }

  function budget() {
    return {
      flops: find("[name=flops]").value.split(/[\s,;]+/).filter(Boolean),
      insist: find("[name=insist]").checked,
    };
  }

  async function plan() {
    const found = await ask("Splitting the budget", { verb: "plan", ...said(), ...law(), ...budget() });
    show("plan");
    if (found.status) {
      out("plan").replaceChildren(refusal(refused(found)), typed(found));
      return;
    }
    const rows = found.told.plans.map((one) => [
      flops(one.flops),
      `${count(one.params)} (${between(one.params_low, one.params_high, count)})`,
      `${count(one.tokens)} (${between(one.tokens_low, one.tokens_high, count)})`,
      `${loss(one.loss)} (${between(one.loss_low, one.loss_high, loss)})`,
      one.beyond > 1 ? `${+one.beyond.toPrecision(3)} times` : "within the runs",
    ]);
    out("plan").replaceChildren(
      table(["FLOPs", "parameters (90% interval)", "tokens", "loss", "beyond the runs"], rows),
      ...(found.told.ok ? [] : [make("p", found.told.status, { className: "sl-runs-warn" })]),
      typed(found),
    );
  }

  async function report() {
    const { flops: budgets } = budget();
    const asked = { verb: "report", ...said(), ...law(), flops: budgets };
    const found = await ask("Writing the report: scoring, planning, drawing", asked);
    if (!found.page) {
      out("report").replaceChildren(refusal(refused(found)), typed(found));
      return;
    }
    const frame = make("iframe", undefined, { title: "The report" });
    frame.setAttribute("sandbox", "allow-downloads"); // and so no scripts
    frame.srcdoc = found.page;
    const line = make("p");
    line.append(saving("Save the report", "report.html", "text/html", found.page));
    out("report").replaceChildren(make("p", found.printed), line, frame, typed(found));
  }

  // What the reader does --------------------------------------------------------------------------

  const doing = { start, example, fit, plan, report, stop: () => stopped("") };
  for (const [name, act] of Object.entries(doing)) button(name).addEventListener("click", act);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    check();
  });
  find("input[type=file]").addEventListener("change", (event) => take(event.target.files));
  const drop = find(".sl-runs-drop");
  for (const kind of ["dragover", "drop"]) drop.addEventListener(kind, (event) => event.preventDefault());
  drop.addEventListener("drop", (event) => take(event.dataTransfer.files));
  form.addEventListener("input", () => show("check"));
  find("[name=law]").addEventListener("change", () => {
    out("fit").replaceChildren();
    show("fit");
  });
  find("[name=flops]").addEventListener("keydown", (event) => {
    if (event.key === "Enter") plan();
  });
})();
