(() => {
  const slides = [...document.querySelectorAll("section")];
  const place = document.querySelector("nav output");
  const least = 0.6;
  let now = -1;

  const fit = (slide) => {
    slide.style.fontSize = "";
    const whole = parseFloat(getComputedStyle(slide).fontSize);
    for (let share = 0.95; share >= least && slide.scrollHeight > slide.clientHeight; share -= 0.05) {
      slide.style.fontSize = `${whole * share}px`;
    }
  };
  const show = (number) => {
    const next = Math.min(Math.max(number, 0), slides.length - 1);
    if (next === now) return;
    now = next;
    slides.forEach((slide, index) => {
      slide.classList.toggle("on", index === now);
      slide.inert = index !== now;
    });
    place.textContent = `${now + 1} of ${slides.length}`;
    history.replaceState(null, "", `#${now + 1}`);
    fit(slides[now]);
  };
  const asked = () => (parseInt(location.hash.slice(1), 10) || 1) - 1;
  const keys = {
    ArrowRight: () => show(now + 1), PageDown: () => show(now + 1), " ": () => show(now + 1),
    ArrowLeft: () => show(now - 1), PageUp: () => show(now - 1),
    Home: () => show(0), End: () => show(slides.length - 1),
    f: () => document.documentElement.requestFullscreen?.(),
  };

  document.documentElement.classList.add("deck");
  document.addEventListener("keydown", (event) => {
    const act = keys[event.key];
    const busy = event.target.closest("button, summary, a") && event.key === " ";
    if (!act || busy || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    act();
  });
  document.querySelector("#back").addEventListener("click", () => show(now - 1));
  document.querySelector("#on").addEventListener("click", () => show(now + 1));
  let touched = null;
  document.addEventListener("touchstart", (event) => { touched = event.touches[0].clientX; });
  document.addEventListener("touchend", (event) => {
    const moved = event.changedTouches[0].clientX - touched;
    if (Math.abs(moved) > 60) show(now + (moved < 0 ? 1 : -1));
  });
  addEventListener("hashchange", () => show(asked()));
  addEventListener("resize", () => fit(slides[now]));
  // Formulas are set after the page is there, and change how much room a slide needs.
  globalThis.MathJax?.startup?.promise?.then(() => fit(slides[now]));
  show(asked());
})();
