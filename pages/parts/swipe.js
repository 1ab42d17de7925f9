// Two pictures of one size: the left one up to a divider, the right one behind it; or one after the other.

const PLACES = new Map() // by key, a share of the width: they outlive reruns and visits to other pages
const BLINK = 600 // ms

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".swipe")
  const [view, divider, above, below, blink] =
    ["view", "divider", "above", "below", "blink"].map((name) => root.querySelector(`.${name}`))
  const titles = ["left", "right"].map((name) => root.querySelector(`.${name}`))
  const [h, w] = data.size
  let place = PLACES.get(data.key) ?? 0.5

  root.style.maxWidth = `${data.wide}px`
  root.querySelector(".keys").textContent = data.keys
  view.style.aspectRatio = `${w} / ${h}`
  data.sides.forEach(({ title, picture, words }, i) => {
    const image = i ? below : above // the left one lies above and is cut
    if (image.src !== picture) image.src = picture
    image.alt = words || title
    titles[i].textContent = title
  })

  function move(to) {
    place = Math.min(1, Math.max(0, to))
    PLACES.set(data.key, place)
    show()
  }

  function show() {
    const left = root.left // while it blinks: is the left one shown?
    const share = left === undefined ? place : left ? 1 : 0
    above.style.clipPath = `inset(0 ${100 - 100 * share}% 0 0)`
    divider.style.left = `${100 * place}%`
    const percent = Math.round(100 * place)
    divider.setAttribute("aria-valuenow", percent)
    divider.setAttribute("aria-valuetext", `${percent} % ${data.sides[0].title}, ${100 - percent} % ${data.sides[1].title}`)
    root.classList.toggle("blinking", left !== undefined)
    titles.forEach((t, i) => t.classList.toggle("shown", left !== undefined && left === !i))
    blink.setAttribute("aria-pressed", left !== undefined)
    root.classList.toggle("sharp", view.clientWidth * devicePixelRatio >= 2 * w)
  }

  function stop() {
    clearInterval(root.timer)
    root.timer = root.left = undefined
  }

  blink.onclick = () => {
    if (root.timer) stop()
    else {
      root.left = true
      root.timer = setInterval(() => root.turn(), BLINK)
    }
    show()
  }
  root.turn = () => { // that of the latest call
    root.left = !root.left
    show()
  }

  const at = (e) => {
    const box = view.getBoundingClientRect()
    move((e.clientX - box.left) / box.width)
  }
  view.onpointerdown = (e) => {
    if (!e.isPrimary || e.button || root.timer) return
    e.preventDefault()
    divider.focus({ preventScroll: true, focusVisible: false })
    view.setPointerCapture(e.pointerId)
    at(e)
  }
  view.onpointermove = (e) => view.hasPointerCapture(e.pointerId) && !root.timer && at(e)
  divider.onkeydown = (e) => {
    if (e.ctrlKey || e.metaKey || e.altKey) return // the browser's own
    const step = e.shiftKey ? 0.1 : 0.01
    const to = {
      ArrowLeft: place - step, ArrowDown: place - step, ArrowRight: place + step, ArrowUp: place + step,
      PageDown: place - 0.1, PageUp: place + 0.1, Home: 0, End: 1,
    }[e.key]
    if (to === undefined) return
    e.preventDefault()
    move(to)
  }

  root.observer?.disconnect() // that of an earlier call shows what it was called with
  root.observer = new ResizeObserver(show)
  root.observer.observe(view)
  show()
  return () => {
    stop()
    root.observer.disconnect()
  }
}
