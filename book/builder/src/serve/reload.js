// Put into each page by `cargo book` while it serves; the built book has none of it.
(() => {
    const shown = '{{built}}';
    let note = null;
    new EventSource('/.reload').onmessage = (event) => {
        const { built, problem } = JSON.parse(event.data);
        if (built !== shown) {
            location.reload();
            return;
        }
        if (note) {
            note.remove();
            note = null;
        }
        if (problem) {
            note = document.createElement('pre');
            note.setAttribute('role', 'alert');
            note.style.cssText = 'position:fixed;inset:auto 0 0 0;z-index:999;max-height:50vh;overflow:auto;margin:0;padding:1rem;white-space:pre-wrap;font:14px/1.4 monospace;color:#fff;background:#7a1a12';
            note.textContent = `This page is the last good one. To be mended:\n\n${problem}`;
            document.body.append(note);
        }
    };
})();
