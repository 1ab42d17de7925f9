// The stage: pictures of a run, step by step, with their marks and curves.
// Python sends frames once (reel.js keeps them) and gets {lacks: {run, gaps, ask}} where some did not arrive.

const VIEWS = new Map() // by key: which marks are drawn, how fast it plays
const PACES = [2, 5, 10, 20, 40] // steps per second
const LONG = 15 // seconds that a play should not last
const PATIENCE = 4000 // ms until frames are asked for again

export default function ({ data, parentElement, setStateValue }) {
  const root = parentElement.querySelector(".theatre")
  const stage = (root.stage ??= built(root))
  const message = opened(data)
  const run = recalledRun(message.run)
  clearTimeout(stage.asking)
  stage.open(run, message)
  // One after the other: the next message builds on what this one brings.
  run.queue = (run.queue ?? Promise.resolve()).then(async () => {
    const before = run.frames.length
    const earlier = await taken(run, message)
    if (stage.run !== run) return
    stage.arrived(before, earlier)
    ask()
  })

  // Only the last of several messages is seen where the browser is slow.
  function ask() {
    const found = root.isConnected ? gaps(run, message.sent) : []
    if (!found.length) return
    const [now, lacks] = [Date.now(), JSON.stringify(found)]
    const patience = lacks === run.lacks ? PATIENCE : PATIENCE / 4
    if (now - run.asked >= patience) {
      Object.assign(run, { asked: now, lacks })
      setStateValue("lacks", { run: run.name, gaps: found, ask: now })
    }
    stage.asking = setTimeout(ask, PATIENCE / 4)
  }

  return () => stage.stop()
}

function built(root) {
  const part = (name) => root.querySelector(`.${name}`)
  const [slider, select, grid] = [part("slider"), root.querySelector("select"), part("panes")]
  const calm = matchMedia("(prefers-reduced-motion: reduce)")
  const stage = { run: null, open, arrived, stop }
  let message, view, panes, plots, shape
  let motion = null // what is played now: towards the newest frame, or through all
  let beat = 0 // the next animation frame
  let asked = 0 // pictures are asked for in this order, and never drawn in another
  let drawnLast = 0
  let quiet = 0 // until the place is said

  function open(run, m) {
    message = m
    view = VIEWS.get(m.key) ?? VIEWS.set(m.key, { top: true, centre: true, pace: null }).get(m.key)
    const other = stage.run !== run
    if (other) halt()
    stage.run = run
    const now = JSON.stringify([m.run, m.panes, m.curves, m.size, m.region, m.columns])
    if (now !== shape) build()
    shape = now
    if (other) show(run.at)
    tell()
  }

  function build() {
    const [h, w] = message.size
    root.classList.toggle("table", message.columns > 0)
    root.style.setProperty("--panes", message.columns || message.panes.length)
    panes = message.panes.map((title) => pane(title, h, w, message.region))
    grid.replaceChildren(...panes.map((p) => p.figure))
    plots = message.curves.map((curve) => plot(curve, message.colours, (share) => scrub(nearest(share * last()))))
    part("plots").replaceChildren(...plots.map((p) => p.figure))
    resized.disconnect()
    resized.observe(grid)
  }

  // New frames are there beside `before` old ones, so many of them earlier than the one that is shown.
  function arrived(before, earlier) {
    const { run } = stage
    run.at += earlier
    for (const place of ["from", "to", "at"]) if (motion) motion[place] += earlier
    const count = run.frames.length
    if (count > before) {
      const now = performance.now()
      if (before && run.arrived) run.every = clamp(0.7 * run.every + 0.3 * (now - run.arrived), 150, 1500)
      run.arrived = now
    }
    if (count) fill()
    if (run.at < 0) show(count - 1)
    else if (following(before)) follow()
    else if (!motion) show(run.at)
    if (message.kept !== null && !run.rested && count) {
      run.rested = true // once: what was kept is what the page goes on about
      if (run.follow || run.at === count - 1) halt(), show(nearest(message.kept))
    }
    tell()
  }

  // Also where the last frames were there already, but a rerun had taken the stage down on the way to them.
  function following(before) {
    const { frames, follow, rested, at } = stage.run
    return follow && !rested && (frames.length > before || (!motion && at < frames.length - 1))
  }

  function fill() {
    const { frames } = stage.run
    const shares = frames.map((f) => f.n / last())
    plots.forEach((p, i) => p.fill(shares, frames.map((f) => f.numbers[i])))
  }

  // The last step on the axis: while it runs, the one that it would come to.
  function last() {
    return Math.max(1, newest(stage.run), message.live ? message.total : 0)
  }

  function nearest(n) {
    const { frames } = stage.run
    let [low, high] = [0, frames.length - 1]
    while (low < high) {
      const middle = (low + high) >> 1
      if (frames[middle].n < n) low = middle + 1
      else high = middle
    }
    return low && n - frames[low - 1].n <= frames[low].n - n ? low - 1 : low
  }

  // Pictures, marks and numbers of one frame change together, once the pictures are decoded.
  async function show(at) {
    const { run } = stage
    const frame = run.frames[at]
    if (!frame) return clear()
    run.at = at
    const turn = ++asked
    const strip = message.size[0] * 2 <= 128
    const images = await Promise.all(frame.pictures.map((p) => image(p.file, strip)))
    if (turn < drawnLast || stage.run !== run) return
    drawnLast = turn
    const [h, w] = message.size
    panes.forEach((p, i) => {
      p.context.drawImage(images[i], 0, frame.pictures[i].row, w, h, 0, 0, w, h)
      p.canvas.setAttribute("aria-label", `${message.panes[i]} at step ${frame.n}`)
      mark(p, i, run.frames.slice(0, at + 1), view)
    })
    panes[0].note.textContent = frame.note
    place(frame)
    root.dataset.step = frame.n
    for (const near of motion ? [at + 2] : [at - 1, at + 1]) // decoded before they are asked for
      for (const p of run.frames[near]?.pictures ?? []) image(p.file, strip)
  }

  function clear() {
    for (const p of panes) {
      p.context.clearRect(0, 0, p.canvas.width, p.canvas.height)
      for (const path of [...p.outlines, ...p.trail]) path.removeAttribute("d") // the region stays
      p.spot.style.display = p.start.style.display = "none"
      p.note.textContent = ""
    }
    delete root.dataset.step
    slider.disabled = part("play").disabled = true
    part("where").textContent = "Waiting for the first step"
  }

  // Where this is among the steps.
  function place(frame) {
    const { run } = stage
    slider.disabled = part("play").disabled = false
    slider.max = last()
    slider.value = frame.n
    const words = `step ${frame.n} of ${last()}`
    slider.setAttribute("aria-valuetext", words)
    const where = made("span", "", ` of ${last()}`)
    part("where").replaceChildren(`Step ${frame.n}`, where)
    // The thumb's middle walks between half its width from both ends.
    const along = (n) => `calc(8px + (100% - 16px) * ${n / last()})`
    root.style.setProperty("--at", along(frame.n))
    root.style.setProperty("--there", newest(run) < last() ? along(newest(run)) : "100%")
    plots.forEach((p, i) => p.point(frame.n / last(), frame.numbers[i], words))
  }

  // What the buttons say.
  function tell() {
    const { run } = stage
    part("follow").hidden = !message.live
    part("follow").setAttribute("aria-pressed", run.follow)
    const has = (of) => run.frames[0] && run.frames.some((f) => f[of].some(Boolean))
    part("kept").hidden = message.kept === null || message.kept > newest(run)
    part("kept").textContent = `Kept: step ${message.kept}`
    part("top").hidden = !has("tops")
    part("centre").hidden = !has("centres")
    for (const name of ["top", "centre"]) part(name).setAttribute("aria-pressed", view[name])
    const pace = view.pace ?? PACES.find((p) => message.total / p <= LONG) ?? PACES.at(-1)
    if (!select.length) select.append(...PACES.map((p) => new Option(`${p} steps a second`, p)))
    select.value = pace
    const playing = motion?.kind === "play"
    root.classList.toggle("playing", playing)
    part("play").setAttribute("aria-label", playing ? "Pause" : "Play")
  }

  // What came in a bunch is shown evenly until the next is due.
  function follow() {
    const { run } = stage
    const to = run.frames.length - 1
    if (calm.matches || document.hidden) return show(to)
    motion = { kind: "follow", from: run.at, to, since: performance.now() }
    wake()
  }

  function play() {
    const { run } = stage
    run.follow = false
    const from = run.at >= run.frames.length - 1 ? 0 : run.at
    motion = { kind: "play", at: from, since: performance.now() }
    show(from)
    wake()
    tell()
  }

  function wake() {
    beat ||= requestAnimationFrame(step)
  }

  function step(now) {
    beat = 0
    const { run } = stage
    if (!motion) return
    let to
    if (motion.kind === "follow") {
      const share = clamp((now - motion.since) / run.every, 0, 1)
      to = motion.from + Math.ceil((motion.to - motion.from) * share)
      if (share === 1) motion = null
    } else {
      motion.at += (clamp(now - motion.since, 0, 250) / 1000) * Number(select.value)
      motion.since = now
      motion.at = Math.min(motion.at, run.frames.length - 1) // while it runs, more may come
      to = Math.floor(motion.at)
      if (to === run.frames.length - 1 && !message.live) rest()
    }
    if (to !== run.at) show(to)
    if (motion) wake()
  }

  function halt() {
    cancelAnimationFrame(beat)
    beat = 0
    motion = null
  }

  // Playing has ended, or was ended: now the place may be said.
  function rest() {
    halt()
    tell()
    say()
  }

  function say() {
    clearTimeout(quiet)
    quiet = setTimeout(() => {
      const frame = stage.run?.frames[stage.run.at]
      if (!frame || motion || (message.live && stage.run.follow)) return
      const numbers = message.curves.map((c, i) => `${c.name} ${figures(frame.numbers[i])}`)
      part("says").textContent = [`Step ${frame.n} of ${last()}`, frame.note, ...numbers].filter(Boolean).join(", ")
    }, 500)
  }

  // A person has taken hold.
  function scrub(at) {
    const { run } = stage
    if (!run.frames.length) return
    halt()
    run.follow = false
    show(clamp(at, 0, run.frames.length - 1))
    tell()
    say()
  }

  function toggle() {
    motion?.kind === "play" ? rest() : play()
  }

  function stop() {
    halt()
    clearTimeout(stage.asking)
    clearTimeout(quiet)
    resized.disconnect()
    root.stage = null
  }

  slider.oninput = () => scrub(nearest(Number(slider.value)))
  slider.onkeydown = (e) => {
    if (e.ctrlKey || e.metaKey || e.altKey) return // the browser's own
    const { run } = stage
    const far = Math.max(2, Math.round(run.frames.length / 10))
    const to = {
      ArrowRight: run.at + 1, ArrowUp: run.at + 1, ArrowLeft: run.at - 1, ArrowDown: run.at - 1,
      PageUp: run.at + far, PageDown: run.at - far, Home: 0, End: run.frames.length - 1,
    }[e.key]
    if (to === undefined && e.key !== " ") return
    e.preventDefault()
    to === undefined ? toggle() : scrub(to)
  }
  part("play").onclick = toggle
  part("follow").onclick = () => {
    const { run } = stage
    run.follow = !run.follow
    halt()
    if (run.follow) show(run.frames.length - 1)
    else say()
    tell()
  }
  part("kept").onclick = () => scrub(nearest(message.kept))
  for (const name of ["top", "centre"])
    part(name).onclick = () => {
      view[name] = !view[name]
      show(stage.run.at)
      tell()
    }
  select.onchange = () => (view.pace = Number(select.value))

  const resized = new ResizeObserver(() => {
    const pixel = (panes[0]?.canvas.clientWidth ?? 0) / (message?.size[1] ?? 1) // on the screen
    root.classList.toggle("sharp", pixel * devicePixelRatio >= 2)
    root.classList.toggle("fine", pixel < 4)
    root.style.setProperty("--thin", `${clamp(pixel / 3, 0.3, 1.25)}px`)
  })
  return stage
}
