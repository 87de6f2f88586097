// Every page: loads without errors, asks no other host, keeps still, is well-formed, fits a phone, and axe-core finds nothing of weight, light or dark.

import assert from 'node:assert/strict';
import { availableParallelism } from 'node:os';
import { after, before, describe, test } from 'node:test';

import { COLOURS, accessible, oneOfAKind, reportSlight, settled } from '../lib/axe.js';
import { CHAPTERS, PAGES, VIEWPORT, noteShifts, open, painted, source, unfold } from '../lib/book.js';
import { overflowing } from '../lib/overflow.js';

let book;
before(async () => { book = await open(); });
after(() => book.close());
after(reportSlight);

test('there is a first page, a setup page, a chapter, a 404 page', () => {
    for (const page of ['index.html', 'introduction.html', 'setup.html', '404.html']) {
        assert.ok(PAGES.includes(page), `the book has no ${page}`);
    }
    assert.ok(CHAPTERS.length > 0, 'the book has no chapter');
});

const ground = (page) => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);

/** The pages that shifted at the first visit, with what moved. */
const shifted = new Map();

/** What overflows on two phones. */
async function atPhones(page) {
    const found = [];
    for (const width of [360, 768]) {
        await page.setViewportSize({ width, height: 740 });
        await settled(page);
        found.push(await page.evaluate(overflowing));
    }
    return found;
}

// A page is loaded once for all that is asked of it. The pages do not know of each other: as many at once as there are processors.
describe('every page', { concurrency: availableParallelism() }, () => {
    for (const name of PAGES) {
        test(name, () => book.visit(name, async (page, response) => {
            assert.equal(response.status(), 200);
            await painted(page);
            const shifts = await page.evaluate(() => window.shifts);
            if (shifts.length > 0) {
                shifted.set(name, shifts);
            }
            assert.match(await page.title(), /Tidepool/, 'the title names the book');
            const described = await page.evaluate(() => ({
                ids: [...document.querySelectorAll('[id]')].map((each) => each.id),
                social: document.querySelector('meta[property="og:title"]')?.content,
                icon: document.querySelector('link[rel="icon"]')?.href,
                mute: [...document.querySelectorAll('img:not([alt])')].map((each) => each.src),
                mutePictures: [...document.querySelectorAll('figure > svg')].filter((svg) => !svg.querySelector('title')?.textContent).map((svg) => svg.outerHTML.slice(0, 200)),
                unnamed: [...document.querySelectorAll('main :is(h1, h2, h3)')].filter((each) => !each.textContent.trim()).length,
            }));
            const twice = described.ids.filter((id, at) => described.ids.indexOf(id) !== at);
            assert.deepEqual(twice, [], 'ids that stand twice');
            assert.ok(described.social, 'the page has social metadata');
            assert.ok(described.icon, 'the page has a favicon');
            assert.deepEqual(described.mute, [], 'images without a text alternative');
            assert.deepEqual(described.mutePictures, [], 'figures without a title');
            assert.equal(described.unnamed, 0, 'empty headings');

            // The page of all pages is as long as all of them together, and each of them is looked at by itself.
            if (name !== 'print.html') {
                // A phone shows the contents when they are asked for.
                await page.locator('#mdbook-sidebar-toggle').click();
                if (await page.locator('details').count() > 0) {
                    assert.deepEqual(await atPhones(page), [[], []], 'what overflows at 360 and at 768 px, folded');
                    await unfold(page);
                }
                assert.deepEqual(await atPhones(page), [[], []], 'what overflows at 360 and at 768 px, unfolded');

                await page.setViewportSize(VIEWPORT);
                await oneOfAKind(page);
                const light = await ground(page);
                await accessible(page, 'light');
                await page.emulateMedia({ colorScheme: 'dark' });
                await settled(page);
                assert.notEqual(await ground(page), light, 'the page is dark where the system is');
                await accessible(page, 'dark', COLOURS);
            }
            assert.deepEqual(page.noted.errors, [], 'errors in the console');
            assert.deepEqual(page.noted.elsewhere, [], 'requests to other hosts');
        }, { colorScheme: 'light' }));
    }
});

// A busy machine may paint half a page. A page that is at fault shifts at each first visit, alone as well.
test('no page shifts while it loads', async () => {
    for (let [name, shifts] of shifted) {
        for (let visits = 1; shifts.length > 0 && visits < 5; visits += 1) {
            const page = await book.page();
            await noteShifts(page);
            await page.read(name);
            await painted(page);
            shifts = await page.evaluate(() => window.shifts);
            await page.done();
        }
        assert.deepEqual(shifts, [], `${name}: the layout shifted while the page loaded`);
    }
});

test('a wrong address is answered by the book, wherever it is', async () => {
    for (const wrong of ['no-such-page.html', 'no/such/folder/page.html']) {
        const page = await book.page();
        const response = await page.read(wrong);
        assert.equal(response.status(), 404);
        await page.getByRole('heading', { name: 'The tide has taken this page' }).waitFor();
        const font = await page.locator('main h1').evaluate((heading) => getComputedStyle(heading).fontFamily);
        assert.match(font, /Literata/, 'the page is styled');
        await page.getByRole('link', { name: 'the first page' }).click();
        await page.waitForURL(book.url('index.html'));
        await page.done();
    }
});

test('edit and source links lead to the repository', () => {
    for (const name of [...CHAPTERS, 'introduction.html', 'setup.html']) {
        const html = source(name);
        assert.match(html, /<a href="https:\/\/[^"]+"[^>]* rel="edit"/, `${name} has an edit link`);
        assert.match(html, /aria-label="Git repository"/, `${name} has a link to the repository`);
    }
    for (const name of CHAPTERS) {
        assert.match(source(name), /<a class="listing-file" href="https:\/\/[^"]+#L\d+(-L\d+)?"/, `${name}: listings link to their file`);
    }
});

test('no page is larger than the window in print', async () => {
    const page = await book.page();
    await page.emulateMedia({ media: 'print' });
    await page.setViewportSize({ width: 700, height: 1000 });
    for (const name of CHAPTERS) {
        await page.read(name);
        assert.deepEqual(await page.evaluate(overflowing), [], name);
        const shown = await page.evaluate(() => [...document.querySelectorAll('#mdbook-sidebar, #mdbook-menu-bar, .copy, .done, .skip, .nav-wrapper')]
            .filter((each) => each.checkVisibility())
            .map((each) => each.className));
        assert.deepEqual(shown, [], `${name}: controls are not printed`);
    }
    await page.done();
});
