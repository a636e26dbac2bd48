// Faults of a page's layout, found in the page itself: this function runs there.
export function layoutFaults() {
  const faults = [];
  if (document.documentElement.scrollWidth > innerWidth) faults.push(`the page is ${document.documentElement.scrollWidth} wide in a window of ${innerWidth}`);
  const name = (element) => `${element.tagName.toLowerCase()}${element.className.baseVal ?? "." + element.className} "${element.textContent.trim().slice(0, 30)}"`;
  const visible = (element) => { const s = getComputedStyle(element); return s.visibility !== "hidden" && s.display !== "none" && s.opacity !== "0"; };

  // Text that is cut: its box hides what is over its edge, without the three points that say so.
  for (const element of document.querySelectorAll("body *")) {
    const style = getComputedStyle(element);
    const cut = /hidden|clip/.test(style.overflowX) && style.textOverflow !== "ellipsis" && element.scrollWidth > element.clientWidth + 1;
    if (cut && element.clientWidth > 1 && !element.closest("svg,.vh") && visible(element)) faults.push(`cut: ${name(element)}`);
  }
  // An own line's text, as far as the boxes around it let it be seen.
  const seen = (element, rect) => {
    let { left, right, top, bottom } = rect;
    for (let up = element; up && up !== document.body; up = up.parentElement) {
      if (getComputedStyle(up).overflowX === "visible" || up.tagName === "svg") continue;
      const box = up.getBoundingClientRect();
      left = Math.max(left, box.left); right = Math.min(right, box.right);
      top = Math.max(top, box.top); bottom = Math.min(bottom, box.bottom);
    }
    return { left, right, top, bottom, element };
  };
  const boxes = [];
  const walker = document.createTreeWalker(document.querySelector("main"), NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const element = node.parentElement;
    if (!node.data.trim() || element.closest(".vh,title,.field,option,[hidden]") || !visible(element)) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    for (const rect of range.getClientRects()) boxes.push(seen(element, rect));
  }
  const shown = boxes.filter((box) => box.right - box.left > 1 && box.bottom - box.top > 1);
  for (const box of shown) if (box.right > innerWidth + 1 || box.left < -1) faults.push(`beside the window: ${name(box.element)}`);
  for (let i = 0; i < shown.length; ++i) {
    for (let j = i + 1; j < shown.length; ++j) {
      const [a, b] = [shown[i], shown[j]];
      const across = Math.min(a.right, b.right) - Math.max(a.left, b.left);
      const down = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
      if (across > 3 && down > 6 && a.element !== b.element) faults.push(`overlap: ${name(a.element)} and ${name(b.element)}`);
    }
  }
  const cards = [...document.querySelectorAll("main .p")].map((card) => [card, card.getBoundingClientRect()]);
  for (const [card, box] of cards) for (const [other, o] of cards) {
    if (card === other || card.contains(other) || other.contains(card)) continue;
    if (Math.min(box.right, o.right) - Math.max(box.left, o.left) > 1 && Math.min(box.bottom, o.bottom) - Math.max(box.top, o.top) > 1) faults.push(`cards overlap: ${name(card)} and ${name(other)}`);
  }
  return [...new Set(faults)].slice(0, 12);
}
