// What a reader does with a page: by mouse, by keyboard, and again the next day.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { CHAPTERS, PAGES, noteShifts, open, pageWith } from '../lib/book.js';

let book;
before(async () => { book = await open(); });
after(() => book.close());

const focused = (page) => page.evaluate(() => document.activeElement?.textContent?.trim() ?? '');

describe('copying a command', () => {
    test('puts the command on the clipboard, without its prompt, and says so', async () => {
        const page = await book.page({ permissions: ['clipboard-read', 'clipboard-write'] });
        await page.read(CHAPTERS[0]);
        const command = page.locator('.output .command').first();
        const text = await command.locator('code').evaluate((code) => code.textContent);
        await command.getByRole('button', { name: `Copy: ${text}` }).click();
        await command.getByText('Copied').waitFor();
        assert.equal(await page.evaluate(() => navigator.clipboard.readText()), text);
        assert.equal(await page.getByRole('status').first().textContent(), 'Copied');
        await page.done();
    });

    test('works by keyboard', async () => {
        const page = await book.page({ permissions: ['clipboard-read', 'clipboard-write'] });
        await page.read('setup.html');
        const button = page.locator('.copy').last();
        await button.focus();
        await page.keyboard.press('Enter');
        await page.locator('.copy[data-copied]').waitFor();
        assert.equal(await focused(page), 'Copied', 'the focus stays on the button');
        assert.equal(await page.evaluate(() => navigator.clipboard.readText()), 'cargo book build');
        await page.done();
    });

    test('every command has one button', async () => {
        const page = await book.page();
        for (const name of ['setup.html', ...CHAPTERS]) {
            await page.read(name);
            const counts = await page.evaluate(() => [...document.querySelectorAll('.command')].map((each) => each.querySelectorAll('button.copy').length));
            assert.ok(counts.length > 0, `${name} has no command`);
            assert.ok(counts.every((count) => count === 1), `${name}: ${counts}`);
        }
        await page.done();
    });
});

describe('tabs', () => {
    const shown = (page) => page.evaluate(() => [...document.querySelectorAll('.mdbook-tabs-container[data-tabglobal="lang"]')].map((each) => {
        const panel = [...each.querySelectorAll(':scope > .mdbook-tab-content')].filter((content) => content.checkVisibility());
        const tab = each.querySelector('[role="tab"][aria-selected="true"]');
        return [panel.map((content) => content.dataset.tabname).join(), tab?.textContent, tab?.tabIndex].join(' ');
    }));

    test('a choice holds for every block of the page, and for the next page', async () => {
        const name = pageWith('data-tabglobal="lang"', CHAPTERS);
        const page = await book.page();
        await page.read(name);
        assert.deepEqual(new Set(await shown(page)), new Set(['Rust Rust 0']));
        const tab = page.getByRole('tab', { name: 'Python' }).last();
        await tab.scrollIntoViewIfNeeded();
        const top = (await tab.boundingBox()).y;
        await tab.click();
        assert.deepEqual(new Set(await shown(page)), new Set(['Python Python 0']));
        assert.ok(Math.abs((await tab.boundingBox()).y - top) < 2, 'the tab that was clicked stays where it is');
        await page.reload();
        assert.deepEqual(new Set(await shown(page)), new Set(['Python Python 0']));
        await page.done();
    });

    test('a stored choice moves nothing when the page opens', async () => {
        const name = pageWith('data-tabglobal="lang"', CHAPTERS);
        const page = await book.page();
        await page.addInitScript(() => localStorage.setItem('mdbook-tabs-lang', 'Python'));
        await noteShifts(page);
        await page.read(name);
        await page.locator('.mdbook-tabs-container').first().scrollIntoViewIfNeeded();
        await page.reload();
        assert.deepEqual(await page.evaluate(() => window.shifts), []);
        await page.done();
    });

    test('arrow keys choose, and do not turn the page', async () => {
        const name = pageWith('data-tabglobal="lang"', CHAPTERS);
        const page = await book.page();
        await page.read(name);
        await page.getByRole('tab', { name: 'Rust' }).first().focus();
        await page.keyboard.press('ArrowRight');
        assert.equal(await focused(page), 'Python');
        assert.equal((await shown(page))[0], 'Python Python 0');
        await page.keyboard.press('Home');
        assert.equal((await shown(page))[0], 'Rust Rust 0');
        assert.equal(page.url(), book.url(name));
        await page.done();
    });
});

describe('what is folded', () => {
    test('hints and solutions open one at a time, by mouse and keyboard', async () => {
        const page = await book.page();
        await page.read(pageWith('class="exercise"', CHAPTERS));
        const card = page.locator('section.exercise').first();
        const open = () => card.locator('details[open]').count();
        assert.equal(await open(), 0, 'nothing is open at first');
        await card.locator('details.hint > summary').first().click();
        assert.equal(await open(), 1);
        await card.locator('details.hint > summary').nth(1).focus();
        await page.keyboard.press('Enter');
        assert.equal(await open(), 2);
        await page.keyboard.press(' ');
        assert.equal(await open(), 1);
        const answer = card.locator('details.answer');
        await answer.locator('summary').click();
        await answer.getByRole('link').first().click();
        await page.locator('main h1').waitFor();
        assert.match(page.url(), /solutions\//);
        await page.done();
    });

    test('a prediction hides its answer until it is asked for', async () => {
        const page = await book.page();
        await page.read(pageWith('class="predict"', CHAPTERS));
        const predict = page.locator('details.predict').first();
        const answer = predict.locator(':scope > :not(summary)').first();
        assert.equal(await answer.isVisible(), false);
        await predict.locator('summary').click();
        assert.equal(await answer.isVisible(), true);
        await page.done();
    });
});

describe('search', () => {
    test('finds a word, by keyboard alone, and marks it on the page', async () => {
        const page = await book.page();
        await page.read('index.html');
        await page.keyboard.press('/');
        await page.locator('#mdbook-searchbar').waitFor();
        await page.keyboard.type('rustup');
        await page.locator('#mdbook-searchresults li a').first().waitFor();
        assert.match(await page.locator('#mdbook-searchresults-header').innerText(), /[1-9]\d* search results? for 'rustup'/);
        await page.keyboard.press('Enter');
        await page.waitForURL(/highlight=rustup/);
        await page.locator('main mark').first().waitFor();
        assert.deepEqual(page.noted.errors, []);
        await page.done();
    });

    test('says when there is nothing', async () => {
        const page = await book.page();
        await page.read('index.html');
        await page.locator('#mdbook-search-toggle').click();
        await page.locator('#mdbook-searchbar').pressSequentially('qqqqzz');
        await page.getByText("No search results for 'qqqqzz'.").waitFor();
        await page.done();
    });

    test('works from a page in a folder', async () => {
        const page = await book.page();
        await page.read(pageWith('<h1', PAGES.filter((each) => each.includes('/'))));
        await page.keyboard.press('s');
        await page.locator('#mdbook-searchbar').pressSequentially('setup');
        await page.locator('#mdbook-searchresults li a').first().click();
        await page.locator('main h1').waitFor();
        assert.deepEqual(page.noted.errors, []);
        await page.done();
    });
});

describe('progress', () => {
    const stored = (page) => page.evaluate(() => JSON.parse(localStorage.getItem('tidepool-progress') ?? '{}'));
    const entry = (page, name) => page.locator(`#mdbook-sidebar .chapter-link-wrapper > a[href$="${name}"]`);

    test('reading a chapter to its end is remembered and shown, opening it is not', async () => {
        const page = await book.page();
        await page.read(CHAPTERS[0]);
        assert.equal(await entry(page, CHAPTERS[0]).locator('.read-mark').count(), 0);
        await page.getByLabel('I have read this chapter').scrollIntoViewIfNeeded();
        await entry(page, CHAPTERS[0]).locator('.read-mark').waitFor();
        await page.read('introduction.html');
        assert.match(await entry(page, CHAPTERS[0]).locator('.read-mark').innerText(), /✓/);
        assert.match(await page.locator('.progress').innerText(), /Read: 1 of \d+ chapters?/);
        await page.done();
    });

    test('a reader who clears the mark is not contradicted', async () => {
        const page = await book.page();
        await page.read(CHAPTERS[0]);
        const box = page.getByLabel('I have read this chapter');
        await box.scrollIntoViewIfNeeded();
        await page.locator('.chapter-read input:checked').waitFor();
        await box.uncheck();
        await page.evaluate(() => scrollTo(0, 0));
        await box.scrollIntoViewIfNeeded();
        assert.equal(await box.isChecked(), false);
        assert.deepEqual((await stored(page)).read, {});
        await page.done();
    });

    test('an exercise that is ticked stays ticked, and the contents count it', async () => {
        const name = pageWith('class="exercise"', CHAPTERS);
        const page = await book.page();
        await page.read(name);
        const box = page.locator('section.exercise .done input').first();
        await box.focus();
        await page.keyboard.press(' ');
        assert.equal(await box.isChecked(), true);
        await page.reload();
        assert.equal(await page.locator('section.exercise .done input').first().isChecked(), true);
        await page.read('setup.html');
        assert.match(await entry(page, name).locator('.read-mark').innerText(), /1\/\d/);
        await page.getByRole('button', { name: 'Forget my progress' }).click();
        assert.equal(await page.locator('.read-mark').count(), 0);
        assert.deepEqual(await stored(page), {});
        await page.done();
    });

    test('the page is whole where nothing can be stored', async () => {
        const page = await book.page();
        await page.addInitScript(() => {
            Object.defineProperty(window, 'localStorage', { get() { throw new DOMException('denied', 'SecurityError'); } });
        });
        await page.read(CHAPTERS[0]);
        await page.locator('.copy').first().waitFor();
        const box = page.locator('section.exercise .done input').first();
        await box.check();
        assert.equal(await box.isChecked(), true);
        await page.done();
    });
});

describe('finding the way', () => {
    test('previous and next are named, in the book’s order', async () => {
        const page = await book.page();
        await page.read('introduction.html');
        await page.getByRole('link', { name: 'Next Setup' }).click();
        await page.waitForURL(book.url('setup.html'));
        await page.getByRole('link', { name: 'Previous Tidepool' }).waitFor();
        await page.getByRole('link', { name: /^Next / }).click();
        await page.waitForURL(book.url(CHAPTERS[0]));
        await page.done();
    });

    test('the arrow keys turn pages', async () => {
        const page = await book.page();
        await page.read('setup.html');
        await page.keyboard.press('ArrowRight');
        await page.waitForURL(book.url(CHAPTERS[0]));
        await page.keyboard.press('ArrowLeft');
        await page.waitForURL(book.url('setup.html'));
        await page.done();
    });

    test('the first Tab offers to skip to the text', async () => {
        const page = await book.page();
        await page.read(CHAPTERS[0]);
        await page.keyboard.press('Tab');
        assert.equal(await focused(page), 'Skip to the text');
        await page.keyboard.press('Enter');
        assert.equal(await page.evaluate(() => document.activeElement.tagName), 'MAIN');
        await page.keyboard.press('Tab');
        assert.equal(await page.evaluate(() => Boolean(document.activeElement.closest('main'))), true);
        await page.done();
    });

    test('the table of contents opens and closes by keyboard, on a phone', async () => {
        const page = await book.page({ viewport: { width: 360, height: 740 } });
        await page.read(CHAPTERS[0]);
        const toggle = page.getByRole('button', { name: 'Toggle Table of Contents' });
        assert.equal(await page.locator('#mdbook-sidebar').isVisible(), false);
        await toggle.focus();
        await page.keyboard.press('Enter');
        await page.locator('#mdbook-sidebar a', { hasText: 'Setup' }).waitFor();
        assert.equal(await toggle.getAttribute('aria-expanded'), 'true');
        await page.keyboard.press('Enter');
        await page.locator('#mdbook-sidebar').waitFor({ state: 'hidden' });
        await page.done();
    });

    test('a heading that is chosen on a phone is shown', async () => {
        const page = await book.page({ viewport: { width: 360, height: 740 } });
        await page.read('setup.html');
        await page.locator('#mdbook-sidebar-toggle').click();
        await page.locator('#mdbook-sidebar .header-in-summary').last().click();
        await page.locator('#mdbook-sidebar').waitFor({ state: 'hidden' });
        const heading = page.locator('main h2').last();
        assert.equal(await heading.evaluate((each) => each.getBoundingClientRect().top < innerHeight), true);
        await page.done();
    });

    test('where motion is reduced, the table of contents still goes away', async () => {
        const page = await book.page({ viewport: { width: 360, height: 740 }, reducedMotion: 'reduce' });
        await page.read(CHAPTERS[0]);
        const toggle = page.locator('#mdbook-sidebar-toggle');
        await toggle.click();
        await page.locator('#mdbook-sidebar a', { hasText: 'Setup' }).waitFor();
        await toggle.click();
        await page.locator('#mdbook-sidebar').waitFor({ state: 'hidden' });
        await page.done();
    });

    test('every control of a chapter can be reached and shows its focus', async () => {
        const page = await book.page();
        await page.read(CHAPTERS[0]);
        const wanted = await page.evaluate(() => {
            const controls = [...document.querySelectorAll('main :is(a[href], button, input, summary, pre[tabindex])')]
                .filter((each) => each.checkVisibility() && each.tabIndex >= 0);
            controls.forEach((each, at) => { each.dataset.control = at; });
            return controls.length;
        });
        const reached = new Set();
        const invisible = [];
        await page.locator('main').focus();
        for (let step = 0; step < wanted + 20 && reached.size < wanted; step += 1) {
            await page.keyboard.press('Tab');
            const at = await page.evaluate(() => {
                const active = document.activeElement;
                const style = getComputedStyle(active);
                return { control: active.dataset.control, outline: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 1, what: active.outerHTML.slice(0, 80) };
            });
            if (at.control !== undefined) {
                reached.add(at.control);
                if (!at.outline) {
                    invisible.push(at.what);
                }
            }
        }
        assert.equal(reached.size, wanted, 'controls that Tab reaches');
        assert.deepEqual(invisible, [], 'controls that do not show their focus');
        await page.done();
    });
});

describe('themes', () => {
    const ground = (page) => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);

    test('follow the system until the reader chooses, and then the reader', async () => {
        const page = await book.page({ colorScheme: 'light' });
        await page.read('setup.html');
        const light = await ground(page);
        await page.emulateMedia({ colorScheme: 'dark' });
        await page.waitForFunction((before) => getComputedStyle(document.documentElement).backgroundColor !== before, light);
        await page.locator('#mdbook-theme-toggle').click();
        assert.deepEqual(await page.locator('#mdbook-theme-list li:visible').allInnerTexts(), ['Auto', 'Light', 'Dark']);
        await page.getByRole('menuitem', { name: 'Light' }).click();
        assert.equal(await ground(page), light);
        await page.reload();
        assert.equal(await ground(page), light, 'the choice is kept');
        await page.done();
    });

    test('a theme stored by another book on the same host is read as light or dark', async () => {
        const page = await book.page({ colorScheme: 'light' });
        await page.addInitScript(() => localStorage.setItem('mdbook-theme', 'coal'));
        await page.read('setup.html');
        const dark = await ground(page);
        await page.evaluate(() => localStorage.removeItem('mdbook-theme'));
        assert.notEqual(dark, 'rgb(255, 255, 255)');
        assert.deepEqual(page.noted.errors, []);
        await page.done();
    });

    test('the menu works by keyboard', async () => {
        const page = await book.page({ colorScheme: 'light' });
        await page.read('setup.html');
        const light = await ground(page);
        await page.locator('#mdbook-theme-toggle').focus();
        await page.keyboard.press('Enter');
        await page.keyboard.press('ArrowDown');
        assert.equal(await focused(page), 'Dark');
        await page.keyboard.press('Enter');
        assert.notEqual(await ground(page), light);
        await page.done();
    });
});
