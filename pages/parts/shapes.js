// Boxes and polygons for canvas.js, which this is put before: how they look while they are open, and their ink.

const NEAR = 12 // px of the screen: so close to the first corner, a click closes

// The corners of the box of whole pixels between two points.
function boxed(a, b) {
  const [left, right] = [Math.min(a.x, b.x), Math.max(a.x, b.x)].map(Math.floor)
  const [top, bottom] = [Math.min(a.y, b.y), Math.max(a.y, b.y)].map(Math.floor)
  return [[left, top], [right + 1, top], [right + 1, bottom + 1], [left, bottom + 1]].map(([x, y]) => ({ x, y }))
}

// Ink on all pixels whose middle lies in the polygon; where it crosses itself, as its lines alternate.
function filled({ ink, erase }, w, h, corners) {
  for (let row = 0; row < h; row++) {
    const y = row + 0.5
    const cuts = []
    corners.forEach((a, i) => {
      const b = corners[(i + 1) % corners.length]
      if (a.y <= y !== b.y <= y) cuts.push(a.x + ((y - a.y) / (b.y - a.y)) * (b.x - a.x))
    })
    cuts.sort((p, q) => p - q)
    for (let i = 0; i + 1 < cuts.length; i += 2) {
      const [from, to] = [Math.max(0, Math.ceil(cuts[i] - 0.5)), Math.min(w, Math.ceil(cuts[i + 1] - 0.5))]
      if (to > from) ink.fill(erase ? 0 : 255, row * w + from, row * w + to)
    }
  }
}

// An open shape as two SVG paths: its lines, and where they would go from the last corner to `p`; its corners as dots.
function draft(how, corners, p) {
  if (!corners.length) return ["", ""]
  const way = how === "box" ? boxed(corners[0], p) : [...corners, p]
  const line = `M${way.map(({ x, y }) => `${x} ${y}`).join("L")}${how === "box" ? "Z" : ""}`
  return [line, corners.map(({ x, y }) => `M${x} ${y}h0`).join("")]
}
