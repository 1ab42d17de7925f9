// Ink and pictures as numbers, for canvas.js, which they are put before.

const clamp = (v, low, high) => Math.min(high, Math.max(low, v))

// A line from a to b with round ends, as wide as the pen, over an edge of `soft` pixels.
function stroke({ ink, pen, erase }, w, h, a, b, soft) {
  const r = pen / 2
  const reach = r + soft + 1
  const [dx, dy] = [b.x - a.x, b.y - a.y]
  const [left, top] = [Math.min(a.x, b.x), Math.min(a.y, b.y)].map((v) => Math.max(0, Math.floor(v - reach)))
  const right = Math.min(w - 1, Math.ceil(Math.max(a.x, b.x) + reach))
  const bottom = Math.min(h - 1, Math.ceil(Math.max(a.y, b.y) + reach))
  for (let y = top; y <= bottom; y++)
    for (let x = left; x <= right; x++) {
      const [px, py] = [x + 0.5 - a.x, y + 0.5 - a.y]
      const t = clamp((px * dx + py * dy) / (dx * dx + dy * dy || 1), 0, 1) // the nearest point of the line
      const inside = r - Math.hypot(px - t * dx, py - t * dy)
      const cover = 255 * (soft ? clamp(inside / soft + 0.5, 0, 1) : inside >= 0)
      const j = y * w + x
      ink[j] = erase ? Math.min(ink[j], 255 - cover) : Math.max(ink[j], cover)
    }
}

function sheet(w, h) {
  const canvas = Object.assign(document.createElement("canvas"), { width: w, height: h })
  return [canvas, canvas.getContext("2d", { willReadFrequently: true })]
}

async function pixels(url, w, h) {
  const picture = new Image()
  picture.src = url
  await picture.decode()
  const [, context] = sheet(w, h)
  context.drawImage(picture, 0, 0)
  return context.getImageData(0, 0, w, h).data
}

// Region numbers from the colours that carry them.
const numbers = (rgba) =>
  Uint32Array.from({ length: rgba.length / 4 }, (_, j) => rgba[4 * j] + 256 * rgba[4 * j + 1] + 65536 * rgba[4 * j + 2])

// The lines between regions, as an SVG path over w x h.
function borders(labels, w, h) {
  let path = ""
  for (let y = 0; y < h; y++)
    for (let x = 0; x < w; x++) {
      const j = y * w + x
      if (x && labels[j] !== labels[j - 1]) path += `M${x} ${y}v1`
      if (y && labels[j] !== labels[j - w]) path += `M${x} ${y}h1`
    }
  return path
}

function png(ink, w, h) {
  const [canvas, context] = sheet(w, h)
  const image = context.createImageData(w, h)
  ink.forEach((v, j) => image.data.set([v, v, v, 255], 4 * j))
  context.putImageData(image, 0, 0)
  return canvas.toDataURL("image/png")
}

// The theme's accent as numbers.
function colour(root) {
  const [, context] = sheet(1, 1)
  context.fillStyle = getComputedStyle(root).getPropertyValue("--st-primary-color").trim()
  context.fillRect(0, 0, 1, 1)
  return context.getImageData(0, 0, 1, 1).data
}
