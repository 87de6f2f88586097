// What axe-core finds wrong with a page as it stands.

import assert from 'node:assert/strict';

import axe from 'axe-core';

import { painted } from './book.js';

// A dark page is the light one in other colours, so its colours are what is left to look at.
export const COLOURS = ['color-contrast', 'link-in-text-block'];

/** Whatever moves or fades has arrived. */
export async function settled(page) {
    await painted(page);
    await page.evaluate(() => Promise.all(document.getAnimations()
        .filter((each) => each.effect.getComputedTiming().endTime < Infinity)
        .map((each) => each.finished.catch(() => {}))));
}

/** Leaves of the code's words, which stand there in thousands, one in each style on each ground; the rest stays as text.
 *
 *  axe takes a word's colours from the page anew for each, and finds the same.
 */
export const oneOfAKind = (page) => page.evaluate(() => {
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

/** What is below serious, with how often it was found. */
const slight = new Map();

/** Says once what has been found below serious. */
export function reportSlight() {
    for (const [line, count] of slight) {
        console.log(`axe, below serious (${count} times): ${line}`);
    }
    slight.clear();
}

/** No serious or critical finding, of all rules or of those in `runOnly`. `where` is said of a page that has one. */
export async function accessible(page, where, runOnly) {
    await settled(page);
    await page.evaluate((source) => window.axe ?? (0, eval)(source), axe.source);
    const { violations } = await page.evaluate((only) => window.axe.run(document, { resultTypes: ['violations'], ...only }), runOnly && { runOnly });
    const lines = (impacts) => violations
        .filter(({ impact }) => impacts.includes(impact))
        .flatMap(({ id, impact, nodes }) => nodes.map((node) => `${impact} ${id} at ${node.target.join(' ')}: ${node.failureSummary.replaceAll('\n', ' ')}`));
    for (const line of lines(['minor', 'moderate'])) {
        const [rule] = line.split(':');
        slight.set(rule, (slight.get(rule) ?? 0) + 1);
    }
    assert.deepEqual(lines(['serious', 'critical']), [], where);
}
