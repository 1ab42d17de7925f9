// Streamlit gives the browser's history an entry for each change of the address that the server sends, three for every
// page, and on the way back takes the choices that two pages share off the address.  Here only another page is an entry:
// what changes within a page takes the place of what stood there, the page that is left by a link keeps the address it
// had at the click, and Back opens that address.
if (!window.attrcoreHistory) {
    const { history, location } = window;
    const push = history.pushState.bind(history);
    let left = null, here = location.pathname;
    window.attrcoreHistory = true;
    document.addEventListener("click", (event) => {
        if (event.target.closest?.("a[href]")) left = location.href;
    }, true);
    history.pushState = (state, title, url) => {
        const there = new URL(url, location.href).pathname;
        if (there === location.pathname) return history.replaceState(state, title, url);
        if (left) history.replaceState(history.state, "", left);
        [left, here] = [null, there];
        push(state, title, url);
    };
    window.addEventListener("popstate", (event) => {
        if (location.pathname === here) return;
        event.stopImmediatePropagation();
        location.reload();
    }, true);
}
