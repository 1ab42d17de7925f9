// A set of names that the browser remembers from visit to visit.  Python gets {chosen: [names]} when it is asked for.

const SHELF = "attrcore.favourites"

const same = (these, those) => these.length > 0 && these.length === those.length && these.every((name) => those.includes(name))

export default function ({ data, parentElement, setTriggerValue }) {
  const keep = parentElement.querySelector(".keep")
  const show = parentElement.querySelector(".show")
  const says = parentElement.querySelector(".says")
  keep.textContent = data.keep
  show.textContent = data.show

  function kept() {
    try {
      const names = JSON.parse(localStorage.getItem(SHELF))
      return Array.isArray(names) ? names.filter((name) => data.known.includes(name)) : []
    } catch {
      return [] // nothing, no JSON, or a browser that keeps nothing
    }
  }

  function refresh() {
    show.disabled = kept().length === 0
    show.title = kept().join(", ")
    keep.disabled = data.now.length === 0
    says.textContent = same(kept(), data.now) ? data.done : "" // also where Streamlit has just put the buttons anew
  }

  keep.onclick = () => {
    try {
      localStorage.setItem(SHELF, JSON.stringify(data.now))
      refresh()
    } catch {
      says.textContent = data.failed
    }
  }
  show.onclick = () => setTriggerValue("chosen", kept())
  refresh()
}
