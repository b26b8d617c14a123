() => {
  const wrong = [];
  let texts = 0;
  for (const svg of document.querySelectorAll("figure svg")) {
    const frame = svg.closest(".card").getBoundingClientRect();
    const boxes = [...svg.querySelectorAll("text")]
      .filter((text) => text.textContent.trim() && !text.closest("[aria-label='tip']"))
      .map((text) => [text.textContent, text.getBoundingClientRect()])
      .filter(([, box]) => box.width > 0);
    texts += boxes.length;
    boxes.forEach(([text, a], i) => {
      if (a.right > frame.right + 1 || a.left < frame.left - 1) wrong.push(`out of its card: ${text}`);
      for (const [other, b] of boxes.slice(i + 1)) {
        const wide = Math.min(a.right, b.right) - Math.max(a.left, b.left);
        const high = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
        if (wide > 1 && high > 4) wrong.push(`${text} / ${other}`);
      }
    });
  }
  return [texts, wrong];
}
