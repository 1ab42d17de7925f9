// Small multiples of curves over the steps, for theatre.js, which this is put before.

const SVG = "http://www.w3.org/2000/svg"
const DASHES = { random: "6 4", chance: "2 3", "random map": "2 3", "input alone": "6 4", "another seed": "9 3",
  edges: "7 3 2 3" } // of lines to compare with; others take turns
const TURNS = ["2 3", "6 4", "9 3", "7 3 2 3"]
const [ACROSS, ALONG] = [1000, 100] // a plot's own units

function made(tag, name, ...inside) {
  const element = Object.assign(document.createElement(tag), { className: name })
  element.append(...inside)
  return element
}

function drawn(tag, attributes = {}) {
  const element = document.createElementNS(SVG, tag)
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value)
  return element
}

const figures = (v) => (v === null ? "none" : String(Number(v.toPrecision(3))).replace("-", "−"))

// One curve: its name and value, the plot, and what its lines mean.  `scrub` gets the share of the way that was pointed at.
function plot(curve, colours, scrub, say = figures) {
  const value = made("b", "value")
  const sheet = { viewBox: `0 0 ${ACROSS} ${ALONG}`, preserveAspectRatio: "none", "aria-hidden": "true" }
  const [svg, cut] = [drawn("svg", sheet), drawn("svg", sheet)] // the second ends at the cursor
  const others = curve.lines.map((_, i) => svg.appendChild(drawn("line", { ...look(i), x1: 0, x2: ACROSS })))
  const whiskers = svg.appendChild(drawn("path", { class: "whiskers", stroke: colours.line }))
  const ahead = svg.appendChild(drawn("path", { class: "ahead", stroke: colours.line }))
  const past = cut.appendChild(drawn("path", { class: "past", stroke: colours.line }))
  const [cursor, dot, top, bottom] = ["cursor", "dot", "top", "bottom"].map((name) => made("span", name))
  dot.style.background = colours.line
  const area = made("div", "area", svg, cut, cursor, dot)
  area.setAttribute("role", "img")
  area.setAttribute("aria-label", `${curve.name}, ${curve.axis}: nothing yet`)
  const legend = made("p", "legend", ...curve.lines.map(([label, at], i) => {
    const sample = drawn("svg", { viewBox: "0 0 22 4", "aria-hidden": "true" })
    sample.append(drawn("line", { ...look(i), x1: 0, x2: 22, y1: 2, y2: 2 }))
    return made("span", "", sample, `${label} ${say(at)}`)
  }))
  const figure = made("figure", "plot", made("p", "head", made("span", "title", curve.name), value),
    made("p", "axis", curve.axis), made("div", "frame", top, bottom, area), legend)
  let [low, high] = [0, 1]
  const height = (v) => ALONG * (1 - (v - low) / (high - low))

  function look(i) {
    const name = curve.lines[i][0] // a random change goes by several
    const role = name in colours ? name : "random"
    return { stroke: colours[role], "stroke-dasharray": DASHES[role] ?? TURNS[i % TURNS.length], class: "other" }
  }

  // All the values there are, at their shares of the way, and the ends of their intervals where there are any.
  function fill(shares, values, ends = []) {
    const all = [...values.filter((v) => v !== null), ...curve.lines.map(([, v]) => v)]
    ;[low, high] = curve.ends ?? [Math.min(...all), Math.max(...all)]
    if (!(high > low)) [low, high] = Number.isFinite(low) ? [low - 0.5, low + 0.5] : [0, 1]
    else if (!curve.ends) {
      const [least, most] = curve.bounds ?? [-Infinity, Infinity]
      ;[low, high] = [Math.max(least, low - 0.06 * (high - low)), Math.min(most, high + 0.06 * (high - low))]
    }
    let path = ""
    values.forEach((v, i) => {
      if (v === null) return
      const command = i && values[i - 1] !== null ? "L" : "M"
      path += `${command}${(ACROSS * shares[i]).toFixed(1)} ${height(clamp(v, low, high)).toFixed(2)}`
    })
    for (const line of [ahead, past]) line.setAttribute("d", path)
    const bars = ends.map((pair, i) => pair && values[i] !== null
      ? `M${(ACROSS * shares[i]).toFixed(1)} ${pair.map((v) => height(clamp(v, low, high)).toFixed(2)).join("V")}` : "")
    whiskers.setAttribute("d", bars.join(""))
    curve.lines.forEach(([, v], i) => {
      others[i].setAttribute("y1", height(v))
      others[i].setAttribute("y2", height(v))
    })
    top.textContent = figures(high)
    bottom.textContent = figures(low)
  }

  function point(share, v, words) {
    value.textContent = say(v)
    cursor.style.left = dot.style.left = `${100 * share}%`
    cut.style.clipPath = `inset(-5% ${100 - 100 * share}% -5% 0)`
    dot.style.display = v === null ? "none" : "block"
    if (v !== null) dot.style.top = `${height(clamp(v, low, high))}%`
    area.setAttribute("aria-label", `${curve.name}, ${curve.axis}: ${say(v)} at ${words}`)
  }

  const at = (e) => {
    const box = area.getBoundingClientRect()
    scrub(clamp((e.clientX - box.left) / box.width, 0, 1))
  }
  area.onpointerdown = (e) => {
    if (!e.isPrimary || e.button) return
    e.preventDefault()
    area.setPointerCapture(e.pointerId)
    at(e)
  }
  area.onpointermove = (e) => area.hasPointerCapture(e.pointerId) && at(e)
  return { figure, fill, point }
}
