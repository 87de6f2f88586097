// No serious or critical finding of axe-core on any page, light or dark, with everything unfolded.

import assert from 'node:assert/strict';
import { availableParallelism } from 'node:os';
import { after, before, describe, test } from 'node:test';

import axe from 'axe-core';

import { CHAPTERS, PAGES, open, painted, unfold } from '../lib/book.js';

let book;
before(async () => { book = await open(); });
after(() => book.close());

async function findings(page, runOnly) {
    await settled(page);
    await page.evaluate((source) => window.axe ?? (0, eval)(source), axe.source);
    const { violations } = await page.evaluate((only) => window.axe.run(document, { resultTypes: ['violations'], ...only }), runOnly && { runOnly });
    const lines = (impacts) => violations
        .filter(({ impact }) => impacts.includes(impact))
        .flatMap(({ id, impact, nodes }) => nodes.map((node) => `${impact} ${id} at ${node.target.join(' ')}: ${node.failureSummary.replaceAll('\n', ' ')}`));
    return { severe: lines(['serious', 'critical']), slight: lines(['minor', 'moderate']) };
}

const slight = new Map();
after(() => {
    for (const [line, count] of slight) {
        console.log(`axe, below serious (${count} times): ${line}`);
    }
});

function judge({ severe, slight: small }, scheme) {
    for (const line of small) {
        const [rule] = line.split(':');
        slight.set(rule, (slight.get(rule) ?? 0) + 1);
    }
    assert.deepEqual(severe, [], scheme);
}

/** Whatever moves or fades has arrived. */
async function settled(page) {
    await painted(page);
    await page.evaluate(() => Promise.all(document.getAnimations()
        .filter((each) => each.effect.getComputedTiming().endTime < Infinity)
        .map((each) => each.finished.catch(() => {}))));
}

/** Leaves of the code's words, which stand there in thousands, one in each style on each ground; the rest stays as text.
 *
 *  axe takes a word's colours from the page anew for each, and finds the same.
 */
const oneOfAKind = (page) => page.evaluate(() => {
    const kinds = new Map([...document.querySelectorAll('pre code span')].map((word) => {
        const { color, backgroundColor, fontSize, fontWeight, opacity } = getComputedStyle(word);
        let kind = [color, backgroundColor, fontSize, fontWeight, opacity, word.getAttribute('style')].join();
        for (let each = word; each && each.tagName !== 'MAIN'; each = each.parentElement) {
            kind += ` ${each.tagName}.${each.className}`;
        }
        return [word, kind];
    }));
    const seen = new Set();
    for (const [word, kind] of kinds) {
        if (seen.has(kind)) {
            word.replaceWith(...word.childNodes);
        }
        seen.add(kind);
    }
    for (const code of document.querySelectorAll('pre code')) {
        code.normalize();
    }
});

const ground = (page) => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);

// The work is the browser's, a process for each tab: as many pages at once as there are processors.
// A dark page is the light one in other colours, so its colours are what is left to look at.
const COLOURS = ['color-contrast', 'link-in-text-block'];

describe('axe, every page', { concurrency: availableParallelism() }, () => {
    for (const name of PAGES.filter((each) => each !== 'print.html')) {
        test(name, () => book.visit(name, async (page) => {
            await unfold(page);
            await oneOfAKind(page);
            const light = await ground(page);
            judge(await findings(page), 'light');
            await page.emulateMedia({ colorScheme: 'dark' });
            await settled(page);
            assert.notEqual(await ground(page), light, 'the page is dark where the system is');
            judge(await findings(page, COLOURS), 'dark');
        }, { colorScheme: 'light' }));
    }
});

for (const colorScheme of ['light', 'dark']) {
    describe(`axe, ${colorScheme}`, () => {
        test('a chapter on a phone, its contents open', async () => {
            const page = await book.page({ colorScheme, viewport: { width: 360, height: 740 } });
            await page.read(CHAPTERS[0]);
            judge(await findings(page));
            await page.locator('#mdbook-sidebar-toggle').click();
            judge(await findings(page));
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
            judge(await findings(page));
            await page.locator('#mdbook-theme-toggle').click();
            judge(await findings(page));
            await page.keyboard.press('Escape');
            await page.keyboard.press('?');
            judge(await findings(page));
            await page.keyboard.press('Escape');
            await page.keyboard.press('/');
            await page.locator('#mdbook-searchbar').pressSequentially('wait');
            await page.locator('#mdbook-searchresults li').first().waitFor();
            judge(await findings(page));
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
