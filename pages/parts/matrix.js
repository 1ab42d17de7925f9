// A table whose cells are buttons.  Python gets {cell: [row, column]} when one is chosen.

function made(tag, text = "", kind = "") {
  const e = document.createElement(tag)
  e.textContent = text
  if (kind) e.className = kind
  return e
}

function head(text, scope, kind) {
  const th = made("th", text, kind)
  th.scope = scope
  return th
}

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".matrix")
  const words = JSON.stringify(data)
  if (root.shown === words) return // else a button that has the focus would lose it, four times a second
  root.shown = words
  const held = root.querySelector("button:focus")?.dataset.at
  root.querySelector(".scrolls").setAttribute("aria-label", data.about)
  const table = root.querySelector("table")
  table.replaceChildren(made("caption"))
  table.caption.append(made("span", data.about))

  const top = table.createTHead().insertRow()
  const heads = data.columns.map(({ title, note }) => {
    const th = head(title, "col")
    if (note) th.append(made("small", note))
    return th
  })
  top.append(head(data.corner, "col"), ...heads, head(data.last, "col"))

  function cell(row, of, j) {
    const td = made("td")
    const button = made("button")
    button.type = "button"
    button.append(of.mark ? made("b", `${of.words} ${of.mark}`) : of.words)
    button.dataset.at = `${row.n} ${j}`
    button.setAttribute("aria-label", of.label)
    button.setAttribute("aria-pressed", row.n === data.chosen[0] && j === data.chosen[1])
    button.title = of.label
    button.classList.toggle("own", of.own)
    button.classList.toggle("bare", !of.fill)
    if (of.fill) Object.assign(button.style, { background: of.fill, color: of.ink })
    button.onclick = () => setTriggerValue("cell", [row.n, j])
    td.append(button)
    return td
  }

  for (const group of data.groups) {
    const body = table.createTBody()
    const title = head("", "rowgroup", "group")
    title.append(made("span", group.title))
    title.colSpan = data.columns.length + 2
    body.insertRow().append(title)
    for (const row of group.rows) {
      const tr = body.insertRow()
      tr.append(head(row.title, "row"))
      if (row.why) {
        const td = made("td", row.why, "empty why")
        td.colSpan = data.columns.length + 1
        tr.append(td)
      } else {
        tr.append(...row.cells.map((of, j) => cell(row, of, j)), made("td", row.kept, "kept"))
      }
    }
  }
  const foot = table.createTFoot()
  for (const row of data.feet) {
    foot.insertRow().append(head(row.title, "row"), ...row.cells.map((text) => made("td", text)), made("td"))
  }
  if (held) root.querySelector(`[data-at="${held}"]`)?.focus()
}
