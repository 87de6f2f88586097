// Where JavaScript is off, every word of a page is still there and the table of contents works.

import assert from 'node:assert/strict';
import { availableParallelism } from 'node:os';
import { after, before, describe, test } from 'node:test';

import { CHAPTERS, PAGES, open, pageWith } from '../lib/book.js';
import { overflowing } from '../lib/overflow.js';

let book;
before(async () => { book = await open(); });
after(() => book.close());

const plain = (settings) => book.page({ javaScriptEnabled: false, ...settings });

// The page cannot wait for itself without its scripts.
async function until(condition, what) {
    for (let tries = 0; tries < 100; tries += 1) {
        if (await condition()) {
            return;
        }
        await new Promise((frame) => setTimeout(frame, 50));
    }
    assert.fail(`not so after 5 s: ${what}`);
}

describe('without JavaScript', () => {
    // Nothing here is a matter of time: as many pages at once as there are processors.
    describe('every page', { concurrency: availableParallelism() }, () => {
        for (const name of PAGES.filter((each) => each !== 'print.html')) {
            test(name, () => book.visit(name, async (page) => {
                const hidden = await page.evaluate(() => [...document.querySelectorAll('main :is(p, li, pre, h1, h2, h3, h4, td, figure, svg)')]
                    .filter((each) => !each.closest('details:not([open])') && !each.checkVisibility())
                    .map((each) => each.outerHTML.slice(0, 100)));
                assert.deepEqual(hidden, [], 'hidden text');
                assert.deepEqual(await page.evaluate(overflowing), [], 'what overflows at 360 px');
                assert.deepEqual(page.noted.elsewhere, [], 'requests to other hosts');
            }, { javaScriptEnabled: false, viewport: { width: 360, height: 740 } }));
        }
    });

    test('all tabs are shown, each under its name', async () => {
        const page = await plain();
        await page.read(pageWith('data-tabglobal="lang"', CHAPTERS));
        const tabs = await page.evaluate(() => [...document.querySelectorAll('.mdbook-tab-content')].map((each) => ({
            shown: each.checkVisibility(),
            named: getComputedStyle(each, '::before').content === JSON.stringify(each.dataset.tabname),
        })));
        assert.ok(tabs.length >= 2);
        assert.ok(tabs.every(({ shown, named }) => shown && named), JSON.stringify(tabs));
        assert.equal(await page.locator('.mdbook-tabs').filter({ visible: true }).count(), 0, 'buttons that would do nothing');
        await page.done();
    });

    test('hints open', async () => {
        const page = await plain();
        await page.read(pageWith('class="exercise"', CHAPTERS));
        const hint = page.locator('details.hint').first();
        await hint.locator('summary').click();
        assert.equal(await hint.locator(':scope > :not(summary)').first().isVisible(), true);
        await page.done();
    });

    test('dark follows the system', async () => {
        const page = await plain({ colorScheme: 'dark' });
        await page.read(CHAPTERS[0]);
        const [ground] = await page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor.match(/\d+/g).map(Number));
        assert.ok(ground < 60, `the ground is ${ground} red`);
        await page.done();
    });

    for (const [device, width] of [['a desk', 1280], ['a phone', 360]]) {
        test(`the table of contents leads to other pages, on ${device}`, async () => {
            const page = await plain({ viewport: { width, height: 800 } });
            await page.read('introduction.html');
            const contents = page.frameLocator('#mdbook-sidebar iframe');
            const inside = async () => {
                const box = await page.locator('#mdbook-sidebar').boundingBox();
                return box.x >= 0;
            };
            assert.equal(await inside(), width > 1080, 'open where there is room');
            const box = page.locator('#mdbook-sidebar-toggle-anchor');
            await box.focus();
            await page.keyboard.press(' ');
            await until(async () => (await inside()) === (width < 1080), 'the box opens and closes the contents');
            if (width > 1080) {
                await page.keyboard.press(' ');
                await until(inside, 'the contents open again');
            }
            await contents.getByRole('link', { name: 'Setup' }).click();
            await page.waitForURL(book.url('setup.html'));
            await page.done();
        });
    }
});
