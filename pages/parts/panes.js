// Pictures with what is drawn over them, for theatre.js, which this is put before.

const LINES = ["outline case", "outline core", "trail case", "trail core"] // light in dark, or dark in light

function pane(title, h, w, region) {
  const canvas = Object.assign(made("canvas", ""), { width: w, height: h })
  canvas.setAttribute("role", "img")
  canvas.setAttribute("aria-label", title)
  const svg = drawn("svg", { viewBox: `0 0 ${w} ${h}`, "aria-hidden": "true" })
  const paths = LINES.map((name) => svg.appendChild(drawn("path", { class: name })))
  for (const name of region ? ["region case", "region core"] : []) svg.append(drawn("path", { class: name, d: region }))
  const [start, spot] = [made("span", "start"), made("span", "spot")]
  const note = made("p", "note")
  const view = made("div", "view", canvas, svg, start, spot, note)
  view.style.aspectRatio = `${w} / ${h}`
  const figure = made("figure", "", made("p", "title", title), view)
  const [outlines, trail] = [paths.slice(0, 2), paths.slice(2)]
  return { figure, canvas, note, context: canvas.getContext("2d"), outlines, trail, start, spot, h, w }
}

// The marks of pane `i` at the last of these frames: the outline of its top pixels, the way of its centre of mass.
function mark({ outlines, trail, start, spot, h, w }, i, frames, view) {
  const frame = frames.at(-1)
  if (view.top && frame.tops[i]) frame.outlines[i] ??= outline(frame.tops[i], h, w)
  for (const path of outlines) path.setAttribute("d", (view.top && frame.outlines[i]) || "")
  const way = view.centre ? frames.map((f) => f.centres[i]).filter(Boolean) : []
  const d = way.map(([row, column], j) => `${j ? "L" : "M"}${column + 0.5} ${row + 0.5}`).join("")
  for (const path of trail) path.setAttribute("d", d)
  put(start, way.length > 1 && way[0])
  put(spot, view.centre && frame.centres[i])

  function put(dot, centre) {
    dot.style.display = centre ? "block" : "none"
    if (!centre) return
    dot.style.top = `${(100 * (centre[0] + 0.5)) / h}%`
    dot.style.left = `${(100 * (centre[1] + 0.5)) / w}%`
  }
}
