// Maps that walk away from a trained network's, as it loses its weights, or as other classes are explained: one slider moves them all, and the cursor of every curve.
// Everything is there before it is dragged: a lane's maps are strips, one map below the other, of which one is drawn.

const clamp = (v, low, high) => Math.min(high, Math.max(low, v))
const likeness = (v) => (v === null ? "none" : v.toFixed(2).replace(/^-(0\.00)$/, "$1").replace("-", "−"))
const PLACES = new Map() // by key: which step, and whether signs are shown; they outlive reruns and other pages

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".layers")
  const part = (name) => root.querySelector(`.${name}`)
  const [slider, where, sign] = ["slider", "where", "sign"].map(part)
  const place = PLACES.get(data.key) ?? PLACES.set(data.key, { at: 0, signed: false }).get(data.key)
  const last = data.steps.length - 1
  const [h, w] = data.size
  place.at = Math.min(place.at, last)
  root.style.setProperty("--wide", `${data.wide}px`)
  slider.max = last
  slider.setAttribute("aria-label", data.words.slider)

  if (root.shape !== data.shape) { // another run: else only more of the same has come
    root.shape = data.shape
    root.lanes = data.lanes.map(lane)
    part("lanes").replaceChildren(...root.lanes.map((l) => l.element))
    part("rail").replaceChildren(...data.steps.map((name, i) => {
      const tick = made("span", "", name)
      tick.style.left = `${last ? (100 * i) / last : 0}%`
      return tick
    }))
  }
  data.lanes.forEach((given, i) => root.lanes[i].take(given))

  function lane(given) {
    const moves = !!given.values // what asks no network is one picture, and stays
    const views = (moves ? ["trained", "now"] : ["trained"]).map((side) => {
      const canvas = Object.assign(made("canvas", side), { width: w, height: h })
      canvas.setAttribute("role", "img")
      const caption = made("figcaption", "", moves ? `${data.steps[0]}, stays` : "does not ask the network")
      return { canvas, caption, context: canvas.getContext("2d"), figure: made("figure", "", canvas, caption) }
    })
    const curve = given.values && plot(
      { name: data.measure, axis: data.words.beside, lines: given.beside, ends: data.ends },
      data.colours, (share) => move(Math.round(share * last)), likeness)
    const verdict = made("p", "verdict")
    const rest = curve ? [curve.figure] : []
    const element = made("div", `lane${w < 128 ? " sharp" : ""}`, made("p", "name", given.title), verdict,
      ...views.map((v) => v.figure), ...rest)
    const strips = {}
    let values = []

    function take(now) {
      values = now.values ?? []
      verdict.textContent = now.verdict
      curve?.fill(data.steps.map((_, i) => (last ? i / last : 0)), values, now.ends)
      for (const [kind, source] of Object.entries(now.strips)) {
        if (strips[kind]?.source === source) continue
        const image = new Image()
        strips[kind] = { source, image }
        image.onload = draw
        image.src = source
      }
      draw()
    }

    function draw() {
      const kind = place.signed && strips.signed ? "signed" : "absolute"
      const { image } = strips[kind]
      const there = image.complete ? Math.floor(image.naturalHeight / h) : 0
      views.forEach(({ canvas, caption, context }, i) => {
        const step = i ? place.at : 0
        context.clearRect(0, 0, w, h)
        if (step < there) context.drawImage(image, 0, step * h, w, h, 0, 0, w, h)
        const words = moves ? `, ${data.steps[step]}${step < there ? "" : ": not computed yet"}` : ""
        canvas.setAttribute("aria-label", given.title + words)
        if (i) caption.textContent = said(step)
      })
      const v = values[place.at] ?? null
      curve?.point(last ? place.at / last : 0, v, data.steps[place.at])
    }

    return { element, take, draw }
  }

  function said(step) {
    return step ? data.words.step.replace("{}", data.steps[step]) : data.steps[0]
  }

  function move(to) {
    place.at = clamp(to, 0, last)
    show()
  }

  function show() {
    slider.value = place.at
    slider.setAttribute("aria-valuetext", said(place.at))
    root.style.setProperty("--at", `${last ? (100 * place.at) / last : 0}%`)
    where.textContent = place.at ? `${place.at} of ${last}: ${data.steps[place.at]}` : data.steps[0]
    sign.setAttribute("aria-pressed", place.signed)
    root.dataset.step = place.at
    for (const l of root.lanes) l.draw()
    clearTimeout(root.quiet)
    root.quiet = setTimeout(() => (part("says").textContent = said(place.at)), 400)
  }

  slider.oninput = () => move(Number(slider.value))
  sign.onclick = () => {
    place.signed = !place.signed
    show()
  }
  show()
}
