// No serious or critical finding of axe-core in what a reader opens on a page. (pages.test.js looks at every page.)

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { accessible, reportSlight } from '../lib/axe.js';
import { CHAPTERS, open } from '../lib/book.js';

let book;
before(async () => { book = await open(); });
after(() => book.close());
after(reportSlight);

for (const colorScheme of ['light', 'dark']) {
    describe(`axe, ${colorScheme}`, () => {
        test('a chapter on a phone, its contents open', async () => {
            const page = await book.page({ colorScheme, viewport: { width: 360, height: 740 } });
            await page.read(CHAPTERS[0]);
            await accessible(page, colorScheme);
            await page.locator('#mdbook-sidebar-toggle').click();
            await accessible(page, colorScheme);
            await page.done();
        });

        test('search results, the themes, the keys, progress and a chosen tab', async () => {
            const page = await book.page({ colorScheme });
            await page.read(CHAPTERS[0]);
            for (const box of await page.locator('.done input').all()) {
                await box.check();
            }
            await page.locator('.mdbook-tab').last().click();
            await page.locator('.copy').first().click();
            await accessible(page, colorScheme);
            await page.locator('#mdbook-theme-toggle').click();
            await accessible(page, colorScheme);
            await page.keyboard.press('Escape');
            await page.keyboard.press('?');
            await accessible(page, colorScheme);
            await page.keyboard.press('Escape');
            await page.keyboard.press('/');
            await page.locator('#mdbook-searchbar').pressSequentially('wait');
            await page.locator('#mdbook-searchresults li').first().waitFor();
            await accessible(page, colorScheme);
            await page.done();
        });
    });
}

// axe looks at text on grounds that it understands. Code's colours and the pictures' are checked by calculation.
for (const colorScheme of ['light', 'dark']) {
    test(`colours of code and pictures have contrast, ${colorScheme}`, async () => {
        const page = await book.page({ colorScheme });
        await page.read(CHAPTERS[0]);
        const low = await page.evaluate(() => {
            const probe = document.body.appendChild(document.createElement('span'));
            const colour = (name) => {
                probe.style.color = `var(${name})`;
                return getComputedStyle(probe).color.match(/[\d.]+/g).slice(0, 3).map(Number);
            };
            const luminance = (rgb) => {
                const [r, g, b] = rgb.map((part) => (part / 255 <= 0.04045 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4));
                return 0.2126 * r + 0.7152 * g + 0.0722 * b;
            };
            const contrast = (one, other) => {
                const [light, dark] = [luminance(colour(one)), luminance(colour(other))].sort((a, b) => b - a);
                return (light + 0.05) / (dark + 0.05);
            };
            const tokens = ['keyword', 'string', 'comment', 'number', 'function', 'type', 'macro', 'attribute', 'lifetime', 'punct'];
            const wanted = [
                ...tokens.flatMap((token) => ['--shallow', '--weed-bg'].map((ground) => [`--tk-${token}`, ground, 4.5])),
                ...['--fg', '--fg-soft', '--links', '--crab', '--weed'].flatMap((ink) => ['--bg', '--shallow', '--deep'].map((ground) => [ink, ground, 4.5])),
                ['--fg', '--sand-bg', 4.5], ['--sand', '--sand-bg', 4.5], ['--links', '--sand-bg', 4.5],
                ['--tl-ink', '--tl-paper', 4.5], ['--tl-soft', '--tl-paper', 4.5], ['--tl-mark', '--tl-paper', 4.5],
                ['--tl-ink', '--tl-wait', 4.5], ['--tl-ink', '--tl-block', 4.5], ['--tl-on-work', '--tl-work', 4.5],
                ...['--tl-work', '--tl-block-edge', '--tl-mark', '--tl-soft'].map((series) => [series, '--tl-paper', 4.5]),
                // Shapes, not letters: 3 is what WCAG asks of them.
                ['--tl-wait-edge', '--tl-paper', 3], ['--tl-idle', '--tl-paper', 3],
            ];
            return wanted
                .map(([ink, ground, least]) => [contrast(ink, ground), least, ink, ground])
                .filter(([ratio, least]) => ratio < least)
                .map(([ratio, least, ink, ground]) => `${ink} on ${ground}: ${ratio.toFixed(2)}, expected ${least}`);
        });
        assert.deepEqual(low, []);
        await page.done();
    });
}
