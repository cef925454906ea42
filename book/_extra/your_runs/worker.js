// Python in a worker, so that the page stays responsive. It loads what the page names, closes its
// ways to the network, and only then takes a file.
const NETWORK = ["fetch", "XMLHttpRequest", "WebSocket", "WebTransport", "EventSource", "importScripts"];
const FETCHED = /\.(whl|zip|wasm|m?js|json)(\?|$)/;
let python, library;

function tell(kind, more) {
  postMessage({ kind, ...more });
}

function loaded() {
  const files = performance.getEntriesByType("resource").filter((one) => FETCHED.test(one.name));
  tell("loaded", { bytes: files.reduce((sum, one) => sum + one.encodedBodySize, 0) });
}

async function start({ index, load, site }) {
  const watch = setInterval(loaded, 250);
  try {
    tell("doing", { what: "Loading Python" });
    const { loadPyodide } = await import(new URL("pyodide.mjs", index).href);
    python = await loadPyodide({ indexURL: index, env: { HOME: "/home/reader", MPLBACKEND: "agg" } });
    tell("doing", { what: "Loading numpy, scipy, pandas, matplotlib and the library" });
    const wrong = [];
    await python.loadPackage(
      load.map((name) => (name.endsWith(".whl") ? new URL(name, site).href : name)),
      { messageCallback: () => {}, errorCallback: (words) => wrong.push(words) },
    );
    if (wrong.length) throw new Error(wrong.join("; "));
    clearInterval(watch);
    loaded();
    for (const way of NETWORK) self[way] = undefined;
    tell("doing", { what: "Starting the library" });
    library = python.pyimport("scalinglaws.command.browser");
    tell("ready");
  } catch (error) {
    clearInterval(watch);
    tell("failed", { why: String((error && error.message) || error) });
  }
}

function answered(asked, files) {
  try {
    if (asked.verb === "example") return { name: "hoffmann2022.csv", text: library.example() };
    return JSON.parse(library.answer(JSON.stringify(asked), python.toPy(files)));
  } catch (error) {
    return { status: 3, told: null, said: `the library stopped: ${error.message}`, page: null };
  }
}

addEventListener("message", ({ data }) => {
  if (data.kind === "start") start(data);
  else tell("answer", { found: answered(data.asked, data.files) });
});
