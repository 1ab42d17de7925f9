// Frames of runs, as they came, for theatre.js, which this is put before.

const RUNS = new Map() // by name, latest last: they outlive reruns and visits to other pages
const MOST_BYTES = 250e6 // of files kept; older runs go, and are asked for again when they are wanted
const MOST_DECODED = 90 // pictures that are no strips

const clamp = (v, low, high) => Math.min(high, Math.max(low, v))

// A message of wire.bundle: its JSON, with its files as blobs.
function opened(bytes) {
  const length = new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0, true)
  const head = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + length)))
  let at = 4 + length
  head.files = head.lengths.map((n) => {
    const file = bytes.slice(at, (at += n)) // a copy: a part would keep the whole message alive
    return { blob: new Blob([file], { type: file[0] === 0xff ? "image/jpeg" : "image/png" }), size: n, image: null }
  })
  return head
}

function recalledRun(name) {
  const run = RUNS.get(name) ?? { name, frames: [], bytes: 0, asked: 0, lacks: "", arrived: 0, every: 350, at: -1, follow: true }
  RUNS.delete(name)
  RUNS.set(name, run)
  let kept = 0
  for (const r of [...RUNS.values()].reverse()) {
    kept += r.bytes
    if (kept > MOST_BYTES && r !== run) RUNS.delete(r.name)
  }
  return run
}

const newest = (run) => run.frames.at(-1)?.n ?? -1

// What a run lacks of what was sent: after which step, and before which one (null: all later ones).
function gaps(run, sent) {
  const { frames } = run
  const found = frames.flatMap((f, i) => {
    const have = frames[i - 1]?.n ?? -1
    return f.before === have ? [] : [[have, f.n]]
  })
  return newest(run) < sent ? [...found, [newest(run), null]] : found
}

// Take the frames of a message that the run has not yet; how many of them stand before the one that is shown.
async function taken(run, message) {
  const masks = await Promise.all(message.tops.map((t) => t && inflated(message.files[t.blob].blob)))
  const [h, w] = message.size
  const each = Math.ceil((h * w) / 8)
  const next = message.tops.map(() => 0)
  const known = new Set(run.frames.map((f) => f.n))
  const shown = run.frames[run.at]?.n ?? -1
  let earlier = 0
  message.steps.forEach((n, i) => {
    const tops = message.tops.map((t, p) => {
      if (!t?.has[i]) return null
      const from = each * next[p]++
      return masks[p].subarray(from, from + each)
    })
    if (known.has(n)) return
    const pictures = message.pictures.map((all) => ({ file: message.files[all[i][0]], row: all[i][1] }))
    const [numbers, centres] = [message.numbers, message.centres].map((all) => all.map((values) => values[i]))
    earlier += n < shown
    run.frames.push({ n, before: message.before[i], pictures, numbers, centres, tops, note: message.notes[i], outlines: [] })
  })
  run.frames.sort((a, b) => a.n - b.n)
  run.bytes += message.lengths.reduce((sum, n) => sum + n, 0)
  return earlier
}

async function inflated(blob) {
  const stream = blob.stream().pipeThrough(new DecompressionStream("deflate"))
  return new Uint8Array(await new Response(stream).arrayBuffer())
}

const decoded = [] // files whose image is at hand, latest last

// A file as something to draw.  Strips and what was drawn lately stay at hand.
function image(file, strip) {
  if (!file.image) {
    file.image = createImageBitmap(file.blob)
    if (!strip && decoded.push(file) > MOST_DECODED) {
      const old = decoded.shift()
      old.image.then((bitmap) => bitmap.close())
      old.image = null
    }
  }
  return file.image
}

// The outline of a packed mask, as an SVG path; neighbouring edges are one line.
function outline(bits, h, w) {
  const bit = (j) => ((bits[j >> 3] >> (7 - (j & 7))) & 1) === 1
  const on = (y, x) => y >= 0 && x >= 0 && y < h && x < w && bit(y * w + x)
  let path = ""
  for (let y = 0; y <= h; y++)
    for (let x = 0, from = -1; x <= w; x++) {
      const edge = x < w && on(y - 1, x) !== on(y, x)
      if (edge && from < 0) from = x
      else if (!edge && from >= 0) {
        path += `M${from} ${y}H${x}`
        from = -1
      }
    }
  for (let x = 0; x <= w; x++)
    for (let y = 0, from = -1; y <= h; y++) {
      const edge = y < h && on(y, x - 1) !== on(y, x)
      if (edge && from < 0) from = y
      else if (!edge && from >= 0) {
        path += `M${x} ${from}V${y}`
        from = -1
      }
    }
  return path
}
