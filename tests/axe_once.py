"""axe over a page, with the contrast of each kind of text asked for three times, not thousands.

Contrast depends on a text's colour, size and weight and on what is painted behind it. On a long
page, where thousands of words are painted alike, it took nine tenths of axe's time. The other rules
see the whole page.
"""

from typing import Any

CONTRAST = "color-contrast"
# Without `preload` axe does not fetch style sheets, which the file system refuses. What passes is
# not written down node by node, which took as long again.
OPTIONS = {"preload": False, "resultTypes": ["violations"]}
# Empties every text but three of each kind that can be seen, and returns how many kinds there are.
LEAVE_THREE_OF_A_KIND = """() => {
  const behind = new Map();
  function ground(element) {
    if (element === null) return "";
    if (!behind.has(element)) {
      const s = getComputedStyle(element);
      const own = [s.backgroundColor, s.backgroundImage, s.opacity, s.filter].join(" ");
      behind.set(element, ground(element.parentElement) + "/" + own);
    }
    return behind.get(element);
  }
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const kinds = new Map();
  for (let text; (text = walker.nextNode()); ) {
    const element = text.parentElement;
    if (!text.data.trim() || !element.checkVisibility({ visibilityProperty: true })) continue;
    const s = getComputedStyle(element);
    const kind = [s.color, s.fontSize, s.fontWeight, s.textShadow].join(" ") + ground(element);
    if (!kinds.has(kind)) kinds.set(kind, []);
    kinds.get(kind).push(text);
  }
  for (const alike of kinds.values()) {
    const kept = [alike[0], alike[alike.length >> 1], alike[alike.length - 1]];
    for (const text of alike) {
      if (kept.includes(text)) continue;
      const element = text.parentElement;
      text.remove();
      if (element.tagName === "SPAN" && !element.childNodes.length) element.remove();
    }
  }
  return kinds.size;
}"""


def violations(axe: Any, tab: Any) -> list[dict[str, Any]]:
    """Return what axe finds on an open page, which is of no use afterwards."""
    rest = axe.run(tab, options={**OPTIONS, "rules": {CONTRAST: {"enabled": False}}})
    tab.evaluate(LEAVE_THREE_OF_A_KIND)
    contrast = axe.run(tab, options={**OPTIONS, "runOnly": [CONTRAST]})
    return [*rest.response["violations"], *contrast.response["violations"]]
