// What the book's pages do beyond mdBook: copying commands, tabs, remembering progress, and keys for what mdBook gives
// to the mouse only. Every page is whole without this script.
'use strict';

(() => {
    const main = document.querySelector('#mdbook-content main');

    function element(tag, attributes = {}, ...children) {
        const made = document.createElement(tag);
        for (const [name, value] of Object.entries(attributes)) {
            made.setAttribute(name, value);
        }
        made.append(...children);
        return made;
    }

    // ------------------------------------------------------------ one voice for screen readers

    const status = element('div', { class: 'visually-hidden', role: 'status' });
    document.body.append(status);

    // ------------------------------------------------------------ copy a command

    async function copy(text) {
        try {
            await navigator.clipboard.writeText(text);
        } catch {
            // A page opened from a file, or an old browser: there the selection is what can be copied.
            const area = element('textarea', { class: 'visually-hidden', 'aria-hidden': 'true' });
            area.value = text;
            document.body.append(area);
            area.select();
            const copied = document.execCommand('copy');
            area.remove();
            if (!copied) {
                throw new Error('the browser does not allow copying');
            }
        }
    }

    for (const command of document.querySelectorAll('.command')) {
        const code = command.querySelector('code');
        const text = code.textContent.trim();
        // A browser would break `--example` after its first hyphen.
        code.replaceChildren(...text.split(/(\s+)/).map((part) => (part.trim() ? element('span', { class: 'word' }, part) : part)));
        const button = element('button', { class: 'copy', type: 'button', 'aria-label': `Copy: ${text}` }, 'Copy');
        let back;
        button.addEventListener('click', async () => {
            let said = 'Copied';
            try {
                await copy(text);
                button.dataset.copied = '';
            } catch {
                said = 'Not copied';
            }
            const say = (word) => {
                button.textContent = word;
                button.setAttribute('aria-label', `${word}: ${text}`);
            };
            button.focus();
            say(said);
            status.textContent = said;
            clearTimeout(back);
            back = setTimeout(() => {
                say('Copy');
                status.textContent = '';
                delete button.dataset.copied;
            }, 2000);
        });
        command.append(button);
    }

    // ------------------------------------------------------------ progress

    const KEY = 'tidepool-progress';
    const nothing = () => ({ read: {}, done: {}, exercises: {} });
    // Where nothing can be stored, the marks last as long as the page.
    let unstored;

    function progress_now() {
        if (unstored) {
            return unstored;
        }
        try {
            return { ...nothing(), ...JSON.parse(localStorage.getItem(KEY)) };
        } catch {
            return nothing();
        }
    }

    function keep(progress) {
        try {
            if (progress) {
                localStorage.setItem(KEY, JSON.stringify(progress));
            } else {
                localStorage.removeItem(KEY);
            }
            unstored = undefined;
        } catch {
            unstored = progress ?? nothing();
        }
        show();
    }

    function change(edit) {
        const progress = progress_now();
        edit(progress);
        keep(progress);
    }

    const sidebar = document.querySelector('#mdbook-sidebar .sidebar-scrollbox');
    const links = Array.from(document.querySelectorAll('#mdbook-sidebar .chapter-item > .chapter-link-wrapper > a[href]'))
        .filter((link) => !link.classList.contains('header-in-summary'));

    const root = new URL(path_to_root || './', location.href).pathname;
    const page_of = (url) => new URL(url, location.href).pathname.slice(root.length).replace(/\.html$/, '') || 'index';
    const here = page_of(location.href);
    const is_chapter = (page) => /^\d\d-[^/]+$/.test(page);
    const plural = (count, noun) => `${count} ${noun}${count === 1 ? '' : 's'}`;

    const summary = element('p');
    const forget = element('button', { type: 'button' }, 'Forget my progress');
    const panel = element('div', { class: 'progress', hidden: '' }, summary, forget);
    forget.addEventListener('click', () => keep(undefined));
    sidebar?.append(panel);

    const tick_chapter = element('input', { type: 'checkbox' });
    const tick_exercise = new Map();

    function show() {
        const progress = progress_now();
        for (const link of links) {
            const page = page_of(link.href);
            const exercises = progress.exercises[page] ?? [];
            const done = exercises.filter((name) => progress.done[name]).length;
            link.querySelector('.read-mark')?.remove();
            const mark = element('span', { class: 'read-mark' });
            if (progress.read[page]) {
                mark.append(element('span', { 'aria-hidden': 'true' }, '✓'), element('span', { class: 'visually-hidden' }, 'read'));
            }
            if (done > 0) {
                const rest = `${done} of ${plural(exercises.length, 'exercise')} done`;
                mark.append(
                    element('span', { 'aria-hidden': 'true' }, `${mark.hasChildNodes() ? ' ' : ''}${done}/${exercises.length}`),
                    element('span', { class: 'visually-hidden' }, `${mark.hasChildNodes() ? ', ' : ''}${rest}`),
                );
            }
            if (mark.hasChildNodes()) {
                link.append(mark);
            }
        }

        const chapters = links.map((link) => page_of(link.href)).filter(is_chapter);
        const read = chapters.filter((page) => progress.read[page]).length;
        const done = Object.keys(progress.done).length;
        summary.textContent = `Read: ${read} of ${plural(chapters.length, 'chapter')}. Done: ${plural(done, 'exercise')}.`;
        panel.hidden = read === 0 && done === 0;

        tick_chapter.checked = Boolean(progress.read[here]);
        for (const [name, tick] of tick_exercise) {
            tick.checked = Boolean(progress.done[name]);
        }
    }

    function set(kind, name, value) {
        change((progress) => {
            if (value) {
                progress[kind][name] = true;
            } else {
                delete progress[kind][name];
            }
        });
    }

    if (main && is_chapter(here)) {
        const label = element('label', { class: 'chapter-read' }, tick_chapter, 'I have read this chapter');
        main.append(label);
        // Reaching the end ticks the box once; a reader who clears it is not contradicted.
        let asked = false;
        tick_chapter.addEventListener('change', () => {
            asked = true;
            set('read', here, tick_chapter.checked);
        });
        new IntersectionObserver((seen, observer) => {
            if (seen.some((entry) => entry.isIntersecting)) {
                observer.disconnect();
                if (!asked) {
                    set('read', here, true);
                }
            }
        }).observe(label);
    }

    const cards = Array.from(document.querySelectorAll('section.exercise[data-exercise]'));
    for (const card of cards) {
        const name = card.dataset.exercise;
        const tick = element('input', { type: 'checkbox' });
        tick_exercise.set(name, tick);
        tick.addEventListener('change', () => set('done', name, tick.checked));
        const title = card.querySelector('h3')?.textContent.trim() ?? name;
        card.append(element('label', { class: 'done' }, tick, element('span', {}, 'Done', element('span', { class: 'visually-hidden' }, `: ${title}`))));
    }
    if (cards.length > 0 && is_chapter(here)) {
        change((progress) => {
            progress.exercises[here] = cards.map((card) => card.dataset.exercise);
        });
    } else {
        show();
    }
    addEventListener('storage', (event) => {
        if (event.key === KEY) {
            show();
        }
    });

    // ------------------------------------------------------------ previous and next, by name

    for (const [selector, label] of [['.mobile-nav-chapters.previous', 'Previous'], ['.mobile-nav-chapters.next', 'Next']]) {
        const nav = document.querySelector(selector);
        const target = nav && links.find((link) => page_of(link.href) === page_of(nav.href));
        if (target) {
            const title = Array.from(target.childNodes)
                .filter((node) => node.nodeType === Node.TEXT_NODE)
                .map((node) => node.textContent)
                .join('')
                .trim();
            nav.append(element('span', {}, element('span', { class: 'nav-label' }, `${label} `), title));
            nav.removeAttribute('aria-label');
            nav.removeAttribute('title');
        }
    }

    // ------------------------------------------------------------ tabs

    // The markup is mdbook-tabs', and so are the keys in the storage. Its script knows neither the keyboard nor what
    // assistive technology asks for, and stops where there is no storage: this one stands in its place.
    const containers = Array.from(document.querySelectorAll('.mdbook-tabs-container'));
    const tabs_of = (container) => Array.from(container.querySelectorAll(':scope > .mdbook-tabs > .mdbook-tab'));

    function choose(container, name) {
        const tabs = tabs_of(container);
        if (!tabs.some((tab) => tab.dataset.tabname === name)) {
            return;
        }
        for (const tab of tabs) {
            const active = tab.dataset.tabname === name;
            tab.classList.toggle('active', active);
            tab.setAttribute('aria-selected', active);
            tab.tabIndex = active ? 0 : -1;
        }
        for (const panel of container.querySelectorAll(':scope > .mdbook-tab-content')) {
            panel.classList.toggle('hidden', panel.dataset.tabname !== name);
        }
    }

    function choose_everywhere(container, name) {
        const group = container.dataset.tabglobal;
        if (!group) {
            choose(container, name);
            return;
        }
        try {
            localStorage.setItem(`mdbook-tabs-${group}`, name);
        } catch {
            // Without storage the choice lasts as long as the page.
        }
        for (const each of containers.filter((other) => other.dataset.tabglobal === group)) {
            choose(each, name);
        }
    }

    containers.forEach((container, index) => {
        const list = container.querySelector(':scope > .mdbook-tabs');
        const tabs = tabs_of(container);
        const panels = Array.from(container.querySelectorAll(':scope > .mdbook-tab-content'));
        list.setAttribute('role', 'tablist');
        tabs.forEach((tab, nth) => {
            tab.type = 'button';
            tab.id = `tab-${index}-${nth}`;
            tab.setAttribute('role', 'tab');
            const panel = panels.find((each) => each.dataset.tabname === tab.dataset.tabname);
            if (panel) {
                panel.id = `tab-panel-${index}-${nth}`;
                panel.setAttribute('role', 'tabpanel');
                panel.setAttribute('aria-labelledby', tab.id);
                tab.setAttribute('aria-controls', panel.id);
            }
        });
        list.addEventListener('click', (event) => {
            const tab = event.target.closest('.mdbook-tab');
            if (tab) {
                // Every block of the page changes its height: the one that was clicked stays where it is.
                const before = list.getBoundingClientRect().top;
                choose_everywhere(container, tab.dataset.tabname);
                scrollBy({ top: list.getBoundingClientRect().top - before, behavior: 'instant' });
                watch_overflow();
            }
        });
        list.addEventListener('keydown', (event) => {
            const at = tabs.indexOf(document.activeElement);
            const to = {
                ArrowRight: (at + 1) % tabs.length,
                ArrowLeft: (at + tabs.length - 1) % tabs.length,
                Home: 0,
                End: tabs.length - 1,
            }[event.key];
            if (at >= 0 && to !== undefined && !event.altKey && !event.ctrlKey && !event.metaKey) {
                // The page's own arrow keys turn to the next chapter.
                event.preventDefault();
                event.stopPropagation();
                tabs[to].click();
                tabs[to].focus();
            }
        });
        choose(container, tabs.find((tab) => tab.classList.contains('active'))?.dataset.tabname);
        try {
            choose(container, localStorage.getItem(`mdbook-tabs-${container.dataset.tabglobal}`));
        } catch {
            // Without storage the first tab stands open.
        }
        container.dataset.ready = '';
    });

    // ------------------------------------------------------------ what scrolls sideways takes the keyboard's focus

    function watch_overflow() {
        for (const box of document.querySelectorAll('.content pre, .table-wrapper, .content .figure')) {
            if (box.classList.contains('output-text')) {
                continue;
            }
            if (box.scrollWidth > box.clientWidth) {
                box.tabIndex = 0;
            } else {
                box.removeAttribute('tabindex');
            }
        }
    }
    addEventListener('resize', watch_overflow);

    // ------------------------------------------------------------ mdBook's controls, by keyboard

    const toggle = document.getElementById('mdbook-sidebar-toggle');
    toggle.setAttribute('role', 'button');
    toggle.tabIndex = 0;
    toggle.addEventListener('keydown', (event) => {
        if (event.key === 'Enter' || event.key === ' ') {
            event.preventDefault();
            toggle.click();
        }
    });

    // mdBook takes the contents away at the end of their transition, which never comes where none had begun.
    const contents = document.getElementById('mdbook-sidebar');
    const open_box = document.getElementById('mdbook-sidebar-toggle-anchor');
    open_box.addEventListener('change', () => setTimeout(() => {
        contents.style.display = open_box.checked ? '' : 'none';
    }, 400));

    // On a phone the contents cover the page: a heading that is chosen there is shown.
    contents.addEventListener('click', (event) => {
        if (event.target.closest('.header-in-summary') && innerWidth < 620) {
            toggle.click();
        }
    });

    // Auto, Light, Dark. The other themes stay in the page for mdBook's script, out of the way of the arrow keys.
    const themes = document.getElementById('mdbook-theme-list');
    document.getElementById('mdbook-theme-navy').textContent = 'Dark';
    for (const name of ['rust', 'coal', 'ayu']) {
        const item = document.getElementById(`mdbook-theme-${name}`).parentElement;
        item.hidden = true;
        themes.append(item);
    }

    // Landmarks and names that mdBook's page leaves out.
    document.getElementById('mdbook-menu-bar').setAttribute('role', 'banner');
    const help = document.getElementById('mdbook-help-popup');
    help.setAttribute('role', 'dialog');
    help.setAttribute('aria-label', 'Keyboard shortcuts');
    const search = document.getElementById('mdbook-searchbar');
    if (search) {
        document.getElementById('mdbook-search-wrapper').setAttribute('role', 'search');
        search.setAttribute('aria-label', 'Search this book');
        search.setAttribute('aria-describedby', 'mdbook-searchresults-header');
    }

    if (main) {
        main.id = 'text';
        main.tabIndex = -1;
        // The 404 page has a base that is not its address.
        const address = document.querySelector('base') ? location.pathname : '';
        document.body.prepend(element('a', { class: 'skip', href: `${address}#text` }, 'Skip to the text'));
    }

    // ------------------------------------------------------------ paper

    // Where the browser's style sheet cannot unfold what is folded, the script does.
    const folded = [];
    addEventListener('beforeprint', () => {
        for (const details of document.querySelectorAll('details:not([open])')) {
            details.open = true;
            folded.push(details);
        }
    });
    addEventListener('afterprint', () => {
        for (const details of folded.splice(0)) {
            details.open = false;
        }
    });

    watch_overflow();

    // mdBook writes the page's headings into the table of contents when the page is whole. What stands below them waits
    // for that (see tidepool.css), so that nothing moves.
    document.addEventListener('DOMContentLoaded', () => document.documentElement.classList.add('ready'));
})();
