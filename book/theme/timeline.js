// Lets a reader step through the pictures of runs: previous and next event by button, arrow key or click, each in words.
// The pictures come from chapters/timeline: an event is a `.ev` with its place (`data-step`) and its words (`data-says`).
// Without this script the whole picture shows. Step 0 is the whole picture, too.
'use strict';

(() => {
    const make = (tag, attributes = {}, ...children) => {
        const made = document.createElement(tag);
        for (const [name, value] of Object.entries(attributes)) {
            made.setAttribute(name, value);
        }
        made.append(...children);
        return made;
    };

    function steppable(picture) {
        const events = [...picture.querySelectorAll('.ev')];
        const last = Math.max(0, ...events.map((event) => Number(event.dataset.step)));
        if (last < 2) {
            return;
        }
        const at = (step) => events.filter((event) => Number(event.dataset.step) === step);
        const title = picture.querySelector('title').textContent;
        const words = make('p', { 'aria-live': 'polite' });
        const back = make('button', { type: 'button', 'aria-label': 'Previous event' }, '←');
        const on = make('button', { type: 'button', 'aria-label': 'Next event' }, '→');
        const bar = make('div', { class: 'tl-steps', role: 'group', 'aria-label': `Step through: ${title}` }, back, on, words);
        let now = 0;

        const tell = () => {
            if (now === 0) {
                words.textContent = `Step through it: ${last} steps.`;
                return;
            }
            const says = at(now).map((event) => event.dataset.says).join(' ');
            words.replaceChildren(make('b', {}, `${now}/${last}`), ` ${says}`);
        };

        const go = (step) => {
            now = Math.min(last, Math.max(0, step));
            picture.classList.toggle('stepping', now > 0);
            for (const event of events) {
                const own = Number(event.dataset.step);
                event.classList.toggle('now', own === now);
                event.classList.toggle('later', own > now);
            }
            // A disabled button would lose the focus.
            back.setAttribute('aria-disabled', String(now === 0));
            on.setAttribute('aria-disabled', String(now === last));
            tell();
        };

        const keys = {
            ArrowLeft: () => go(now - 1),
            ArrowRight: () => go(now + 1),
            Home: () => go(1),
            End: () => go(last),
            Escape: () => go(0),
        };
        bar.addEventListener('keydown', (pressed) => {
            const move = keys[pressed.key];
            if (!move || pressed.altKey || pressed.ctrlKey || pressed.metaKey || pressed.shiftKey) {
                return;
            }
            // mdBook turns the page at the arrow keys.
            pressed.stopPropagation();
            pressed.preventDefault();
            move();
        });
        back.addEventListener('click', () => go(now - 1));
        on.addEventListener('click', () => go(now + 1));
        picture.addEventListener('click', (clicked) => {
            const event = clicked.target.closest('.ev');
            go(event ? Number(event.dataset.step) : 0);
        });

        go(0);
        picture.after(bar);
    }

    document.querySelectorAll('svg.tl').forEach(steppable);
})();
