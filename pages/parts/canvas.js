// Painting.  One ink, 0 to 255 per pixel, mixes two pictures: `base` where nothing is painted, `reveal` where all is;
// before anything is painted `blank` is shown, where there is one.
// A digit is ink between black and white.  `how` it gets there: as lines of a pen, as a box or polygon between corners,
// or, with `regions`, as whole patches that a click flips.
// Python gets {of, png}: what was painted on, and the ink as a PNG data URL, or null where there is none.

const DRAWINGS = new Map() // by what was painted on, latest last: they outlive reruns and visits to other pages
const MOST_DRAWINGS = 12
const MOST_UNDO = 30

export default async function ({ data, parentElement, setStateValue }) {
  const root = parentElement.querySelector(".paint")
  const [pad, canvas, lines, tip, width] = [".pad", "canvas", ".lines", ".tip", "input"].map((s) => root.querySelector(s))
  const button = (name) => root.querySelector(`.${name}`)
  const [h, w] = data.size
  const turn = (root.turn = {})
  const [base, blanked, reveal, labels] = await Promise.all([
    data.base ? pixels(data.base, w, h) : new Uint8ClampedArray(4 * w * h),
    data.blank && pixels(data.blank, w, h),
    data.reveal ? pixels(data.reveal, w, h) : new Uint8ClampedArray(4 * w * h).fill(255),
    data.regions && pixels(data.regions, w, h).then(numbers),
  ])
  if (root.turn !== turn) return // a later call has overtaken this one

  const drawing = recalled(`${data.key} ${data.of}`, w * h, data.pen)
  const accent = colour(root)
  const context = canvas.getContext("2d")
  if (canvas.width !== w || canvas.height !== h) [canvas.width, canvas.height] = [w, h]
  const image = context.createImageData(w, h)
  let last = null // where the pen is down
  let held = false // the space bar keeps the pen down
  let cursor = { x: w / 2, y: h / 2 }
  let hovered = null // a region's number
  const shapes = data.how === "box" || data.how === "polygon"
  let pressed = null // where the pointer went down on a box's first corner

  root.querySelector(".name").textContent = data.name
  root.querySelector(".keys").textContent = data.keys
  root.classList.toggle("regions", !!labels)
  root.classList.toggle("shapes", shapes)
  root.classList.toggle("sharp", w < 128)
  for (const sheet of [lines, root.querySelector(".draft")]) sheet.setAttribute("viewBox", `0 0 ${w} ${h}`)
  lines.firstElementChild.setAttribute("d", labels ? borders(labels, w, h) : "")
  root.style.maxWidth = `${data.wide}px`
  width.max = data.widest
  width.value = drawing.pen

  function show() {
    const { ink } = drawing
    const ground = (blank() && blanked) || base
    for (let j = 0, i = 0; j < ink.length; j++, i += 4) {
      const share = ink[j] / 255
      const inside = hovered !== null && labels[j] === hovered
      const glow = inside ? 0.3 : 0
      for (let c = 0; c < 3; c++) {
        const mixed = ground[i + c] + (reveal[i + c] - ground[i + c]) * share
        image.data[i + c] = mixed + (accent[c] - mixed) * glow
      }
      image.data[i + 3] = 255
    }
    context.putImageData(image, 0, 0)
  }

  function flip(p) {
    const region = at(p)
    const j = labels.indexOf(region)
    const to = drawing.ink[j] ? 0 : 255
    labels.forEach((label, i) => label === region && (drawing.ink[i] = to))
  }

  const at = (p) => labels[clamp(Math.floor(p.y), 0, h - 1) * w + clamp(Math.floor(p.x), 0, w - 1)]
  const blank = () => !drawing.ink.some(Boolean)
  const before = () => drawing.past.push(drawing.ink.slice()) > MOST_UNDO && drawing.past.shift()

  function send() {
    show()
    const share = drawing.ink.reduce((sum, v) => sum + v, 0) / 255 / drawing.ink.length
    root.querySelector(".says").textContent = blank() ? "nothing painted" : `${(100 * share).toFixed(1)} % painted`
    setStateValue("ink", { of: data.of, png: blank() ? null : png(drawing.ink, w, h) })
  }

  // A box's corner or a polygon's.
  function corner(p) {
    const { corners } = drawing
    const close = Math.hypot(p.x - corners[0]?.x, p.y - corners[0]?.y) * (canvas.clientWidth / w) <= NEAR
    if (data.how === "box" && corners.length) finish(boxed(corners[0], p))
    else if (data.how === "polygon" && corners.length > 2 && close) finish(corners)
    else {
      corners.push(p)
      told(`corner ${corners.length} at row ${Math.floor(p.y)}, column ${Math.floor(p.x)}`)
    }
  }

  function finish(corners) {
    before()
    filled(drawing, w, h, corners)
    drawing.corners = []
    sketch()
    send()
  }

  function drop(corners) {
    drawing.corners = corners
    told(corners.length ? `${corners.length} corners` : "no corner")
  }

  function told(words) {
    sketch()
    root.querySelector(".says").textContent = words
  }

  function sketch() {
    const [line, dots] = shapes ? draft(data.how, drawing.corners, cursor) : ["", ""]
    for (const path of root.querySelectorAll(".draft path"))
      path.setAttribute("d", path.classList.contains("dots") ? dots : line)
  }

  function down(p) {
    if (shapes) return corner(p)
    before()
    if (labels) {
      flip(p)
      send()
    } else {
      last = p
      move([p]) // a dot
    }
  }

  function move(points) {
    for (const p of points) {
      stroke(drawing, w, h, last, p, data.soft)
      last = p
    }
    show()
  }

  function up() {
    held = false
    if (last) send()
    last = null
  }

  function point(p) {
    cursor = p
    hover(labels ? at(p) : null)
    if (shapes) sketch()
    const size = (100 * (labels || shapes ? 1 : drawing.pen)) / w
    // A lit region, or a shape's next line, shows where the mouse is.
    const display = (labels || shapes) && !pad.matches(":focus-visible") ? "none" : "block"
    Object.assign(tip.style, { display, left: `${(100 * p.x) / w}%`, top: `${(100 * p.y) / h}%`, width: `${size}%` })
  }

  function leave() {
    tip.style.display = "none"
    hover(null)
  }

  function hover(region) {
    if (region === hovered) return
    hovered = region
    show()
  }

  const where = (e) => {
    const box = canvas.getBoundingClientRect()
    return { x: ((e.clientX - box.left) / box.width) * w, y: ((e.clientY - box.top) / box.height) * h }
  }

  pad.onpointerdown = (e) => {
    if (!e.isPrimary || e.button) return
    e.preventDefault()
    pad.focus({ preventScroll: true, focusVisible: false })
    pad.setPointerCapture(e.pointerId)
    point(where(e))
    const opens = data.how === "box" && !drawing.corners.length
    down(where(e))
    if (opens) pressed = e
  }
  pad.onpointermove = (e) => {
    if (!e.isPrimary) return
    point(where(e))
    const between = e.getCoalescedEvents?.() ?? []
    if (last && !held) move((between.length ? between : [e]).map(where))
  }
  pad.onpointerup = pad.onpointercancel = (e) => {
    if (!e.isPrimary) return
    up()
    // A box that was dragged is done; after a mere click its other corner is clicked too.
    const dragged = pressed && Math.hypot(e.clientX - pressed.clientX, e.clientY - pressed.clientY) > 4
    pressed = null
    if (e.type === "pointercancel") return drop([])
    if (dragged && drawing.corners.length) corner(where(e))
  }
  pad.onpointerleave = () => last || leave()
  pad.onfocus = () => pad.matches(":focus-visible") && point(cursor)
  pad.onblur = () => {
    up()
    leave()
  }
  pad.onkeydown = (e) => {
    const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[e.key]
    if (way) {
      const step = e.shiftKey ? 1 : Math.max(1, Math.round(w / 28))
      point({ x: clamp(cursor.x + way[0] * step, 0, w - 0.5), y: clamp(cursor.y + way[1] * step, 0, h - 0.5) })
      if (held && last) move([cursor])
      root.querySelector(".says").textContent = `row ${Math.floor(cursor.y)}, column ${Math.floor(cursor.x)}`
    } else if (e.key === " ") {
      if (!held && !e.repeat) down(cursor)
      held = !shapes
    } else if (shapes && e.key === "Enter" && data.how === "polygon" && drawing.corners.length > 2) {
      finish(drawing.corners)
    } else if (shapes && (e.key === "Backspace" || e.key === "Escape") && drawing.corners.length) {
      drop(e.key === "Escape" ? [] : drawing.corners.slice(0, -1))
    } else if (e.key.toLowerCase() === "z" && (e.ctrlKey || e.metaKey)) undo()
    else return
    e.preventDefault()
  }
  pad.onkeyup = (e) => e.key === " " && up()

  function undo() {
    if (shapes && drawing.corners.length) return drop(drawing.corners.slice(0, -1))
    if (!drawing.past.length) return
    drawing.ink = drawing.past.pop()
    send()
  }
  function clear() {
    if (shapes && drawing.corners.length) drop([])
    if (blank()) return
    before()
    drawing.ink = new Uint8ClampedArray(w * h)
    send()
  }
  function erase(on) {
    drawing.erase = on
    button("erase").setAttribute("aria-pressed", on)
  }
  button("undo").onclick = undo
  button("clear").onclick = clear
  button("erase").onclick = () => erase(!drawing.erase)
  width.oninput = () => (drawing.pen = Number(width.value))

  if (drawing.how !== data.how) Object.assign(drawing, { how: data.how, corners: [] })
  erase(drawing.erase)
  sketch()
  show()
  // A canvas that is mounted again, or gets back a picture it knows, still has its ink; Python may have dropped it.
  if (root.of !== data.of) blank() ? (root.querySelector(".says").textContent = "") : send()
  root.of = data.of
}

function recalled(name, length, pen) {
  let drawing = DRAWINGS.get(name)
  if (drawing?.ink.length !== length)
    drawing = { ink: new Uint8ClampedArray(length), past: [], erase: false, pen, how: "", corners: [] }
  DRAWINGS.delete(name)
  DRAWINGS.set(name, drawing)
  if (DRAWINGS.size > MOST_DRAWINGS) DRAWINGS.delete(DRAWINGS.keys().next().value)
  return drawing
}
