// Pictures of one size under one lens: they zoom, move and point together.
// Python gets {pixel: [row, column]} where it asks for marks.

const LENSES = new Map() // by key: what is in view outlives reruns and visits to other pages
const LEAST_PIXELS = 6 // in view at the strongest magnification

export default function ({ data, parentElement, setStateValue }) {
  const root = parentElement.querySelector(".lens")
  const grid = root.querySelector(".grid")
  const [h, w] = data.size
  const lens = recalled(data.key, h, w)
  const mostZoom = Math.max(1, Math.min(h, w) / LEAST_PIXELS)
  const pointers = new Map() // those that are down, where they were last
  let travelled = 0 // px since the first of them went down

  const titles = data.panes.map((p) => p.title)
  grid.setAttribute("aria-label", `${titles.length} pictures under one lens: ${titles.join(", ")}`)
  grid.style.maxWidth = `${464 * data.panes.length}px` // few pictures grow to fill the width, but not without end
  root.querySelector(".keys").textContent = data.keys
  const panes = data.panes.map((pane, i) => filled(grid.children[i] ?? grid.appendChild(framed()), pane, h, w))
  while (grid.children.length > panes.length) grid.lastChild.remove()

  function show() {
    const { zoom, x, y, at, mark } = lens
    root.classList.toggle("zoomed", zoom > 1)
    root.classList.toggle("sharp", (panes[0].view.clientWidth * zoom) / w >= 1)
    for (const pane of panes) {
      const across = (column) => `${(100 * zoom * (column - x)) / w}%`
      const along = (row) => `${(100 * zoom * (row - y)) / h}%`
      place(pane.picture, { left: across(0), top: along(0), width: `${100 * zoom}%`, height: `${100 * zoom}%` })
      place(pane.row, at && { top: along(at.row + 0.5) })
      place(pane.column, at && { left: across(at.column + 0.5) })
      const side = { width: `${(100 * zoom) / w}%`, height: `${(100 * zoom) / h}%` }
      const frame = (pixel) => pixel && { left: across(pixel.column + 0.5), top: along(pixel.row + 0.5), ...side }
      place(pane.here, frame(at))
      place(pane.mark, frame(mark))
      const read = at ?? mark
      const lines = read ? [`row ${read.row}, column ${read.column}`, pane.value?.(read) ?? []].flat() : []
      pane.read.textContent = lines.join("\n")
    }
  }

  function zoomBy(factor, p) {
    const zoom = clamp(lens.zoom * factor, 1, mostZoom)
    const shrink = lens.zoom / zoom // the point p of the pictures stays where it is on the screen
    lens.x = p.x - (p.x - lens.x) * shrink
    lens.y = p.y - (p.y - lens.y) * shrink
    lens.zoom = zoom
    moveBy(0, 0)
  }

  function moveBy(dx, dy) {
    lens.x = clamp(lens.x + dx, 0, w - w / lens.zoom)
    lens.y = clamp(lens.y + dy, 0, h - h / lens.zoom)
    show()
  }

  function reset() {
    Object.assign(lens, { zoom: 1, x: 0, y: 0 })
    show()
  }

  const pixel = (p) => ({ row: clamp(Math.floor(p.y), 0, h - 1), column: clamp(Math.floor(p.x), 0, w - 1) })

  // A pixel under the crosshair, brought into view.
  function point(row, column) {
    lens.at = { row: clamp(row, 0, h - 1), column: clamp(column, 0, w - 1) }
    lens.x = clamp(lens.x, lens.at.column + 1 - w / lens.zoom, lens.at.column)
    lens.y = clamp(lens.y, lens.at.row + 1 - h / lens.zoom, lens.at.row)
    moveBy(0, 0)
  }

  function mark() {
    if (!data.marks || !lens.at) return
    const same = lens.mark?.row === lens.at.row && lens.mark?.column === lens.at.column
    lens.mark = lens.at
    show()
    if (!same) setStateValue("pixel", [lens.mark.row, lens.mark.column])
  }

  // Where a pointer is: in the pictures' pixels, and the size of one on the screen.
  function where(e) {
    const view = e.target.closest(".view")?.getBoundingClientRect()
    if (!view) return null
    const scale = (view.width * lens.zoom) / w
    return { x: lens.x + (e.clientX - view.left) / scale, y: lens.y + (e.clientY - view.top) / scale, scale }
  }

  grid.onwheel = (e) => {
    const p = where(e)
    const factor = Math.exp(clamp(-e.deltaY * (e.deltaMode ? 20 : 1), -200, 200) / 300)
    if (!p || clamp(lens.zoom * factor, 1, mostZoom) === lens.zoom) return // there the wheel scrolls the page
    e.preventDefault()
    zoomBy(factor, p)
  }
  grid.onpointerdown = (e) => {
    if (e.button || !where(e)) return
    if (e.pointerType === "mouse") e.preventDefault() // no dragging of the picture itself
    grid.focus({ preventScroll: true, focusVisible: false })
    e.target.closest(".view").setPointerCapture(e.pointerId)
    if (!pointers.size) travelled = 0
    pointers.set(e.pointerId, { x: e.clientX, y: e.clientY })
  }
  grid.onpointermove = (e) => {
    const p = where(e)
    const before = pointers.get(e.pointerId)
    if (before && p) {
      const [dx, dy] = [e.clientX - before.x, e.clientY - before.y]
      travelled += Math.hypot(dx, dy)
      const now = { x: e.clientX, y: e.clientY }
      const other = [...pointers].find(([id]) => id !== e.pointerId)?.[1]
      pointers.set(e.pointerId, now)
      root.classList.toggle("moving", lens.zoom > 1)
      moveBy(-dx / p.scale / pointers.size, -dy / p.scale / pointers.size)
      if (other) { // two fingers: a pinch
        const middle = { target: e.target, clientX: (now.x + other.x) / 2, clientY: (now.y + other.y) / 2 }
        zoomBy(distance(now, other) / (distance(before, other) || 1), where(middle))
      }
    } else if (p) {
      lens.at = pixel(p)
      show()
    }
  }
  grid.onpointerup = grid.onpointercancel = (e) => {
    const p = where(e)
    const clicked = pointers.delete(e.pointerId) && !pointers.size && travelled < 5 && e.type === "pointerup"
    if (!pointers.size) root.classList.remove("moving")
    if (!clicked || !p) return
    lens.at = pixel(p)
    show()
    mark()
  }
  grid.onpointerleave = (e) => {
    if (e.pointerType !== "mouse") return // a finger leaves when it is lifted; what it pointed at stays
    lens.at = null
    show()
  }
  grid.ondblclick = reset
  grid.onkeydown = (e) => {
    if (e.ctrlKey || e.metaKey || e.altKey) return // the browser's own
    const [row, column] = [lens.y + h / lens.zoom / 2, lens.x + w / lens.zoom / 2].map(Math.floor) // the middle
    const at = lens.at ?? { row, column }
    const centre = { x: at.column + 0.5, y: at.row + 0.5 }
    const step = e.shiftKey ? 10 : 1
    const act = {
      "+": () => zoomBy(1.5, centre), "=": () => zoomBy(1.5, centre), "-": () => zoomBy(1 / 1.5, centre), 0: reset,
      ArrowUp: () => point(at.row - step, at.column), ArrowDown: () => point(at.row + step, at.column),
      ArrowLeft: () => point(at.row, at.column - step), ArrowRight: () => point(at.row, at.column + step), Enter: mark,
    }[e.key]
    if (!act) return
    e.preventDefault()
    act()
    const zoomed = `magnified ${lens.zoom.toFixed(1)} times`
    root.querySelector(".says").textContent = panes.map((p) => `${p.title}, ${p.read.textContent || zoomed}`).join("; ")
  }

  root.observer?.disconnect() // that of an earlier call shows what it was called with
  root.observer = new ResizeObserver(show)
  root.observer.observe(grid)
  // A lens that is mounted again still has its mark; Python may have dropped it.
  if (!root.mounted && data.marks && lens.mark) setStateValue("pixel", [lens.mark.row, lens.mark.column])
  root.mounted = true
  show()
}

const clamp = (v, low, high) => Math.min(high, Math.max(low, v))
const distance = (p, q) => Math.hypot(p.x - q.x, p.y - q.y)

function place(element, style) {
  Object.assign(element.style, style ? { display: "block", ...style } : { display: "none" })
}

function recalled(key, h, w) {
  const known = LENSES.get(key)
  const lens = known?.h === h && known?.w === w ? known : { h, w, zoom: 1, x: 0, y: 0, at: null, mark: null }
  LENSES.set(key, lens)
  return lens
}

function framed() {
  const make = (tag, name, ...inside) => {
    const element = Object.assign(document.createElement(tag), { className: name })
    element.append(...inside)
    return element
  }
  const picture = Object.assign(make("img", "picture"), { draggable: false })
  const view = make("div", "view", picture, ...["row", "column", "here", "mark"].map((name) => make("span", name)))
  return make("figure", "", make("p", "title"), view, make("p", "read"))
}

function filled(figure, pane, h, w) {
  const part = (name) => figure.querySelector(`.${name}`)
  const [picture, view] = [part("picture"), part("view")]
  if (picture.src !== pane.picture) picture.src = pane.picture
  picture.alt = pane.words || pane.title
  part("title").textContent = pane.title
  view.style.aspectRatio = `${w} / ${h}`
  const value = pane.values && reader(pane.values, w)
  const [row, column, here, mark, read] = ["row", "column", "here", "mark", "read"].map(part)
  return { title: pane.title, picture, view, value, row, column, here, mark, read }
}

// The value at a pixel, in words, from half floats.
function reader({ half, factor }, w) {
  const bytes = new DataView(Uint8Array.from(atob(half), (c) => c.charCodeAt(0)).buffer)
  return ({ row, column }) => {
    const bits = bytes.getUint16(2 * (row * w + column), true)
    const [sign, exponent, fraction] = [bits >> 15 ? -1 : 1, (bits >> 10) & 31, bits & 1023]
    if (exponent === 31) return "no number"
    const size = exponent ? 2 ** (exponent - 15) * (1 + fraction / 1024) : 2 ** -24 * fraction
    return String(Number((sign * size * factor).toPrecision(3)))
  }
}
