// The pictures of runs: whole at first, then event by event, by button, by key and by click.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { CHAPTERS, open, pageWith } from '../lib/book.js';

let book;
before(async () => { book = await open(); });
after(() => book.close());

describe('a picture of a run', () => {
    const name = pageWith('data-says=', CHAPTERS);
    const parts = (page) => {
        const bar = page.locator('.tl-steps').first();
        const figure = page.locator('figure.figure', { has: bar }).first();
        return {
            bar,
            figure,
            back: bar.getByRole('button', { name: 'Previous event' }),
            on: bar.getByRole('button', { name: 'Next event' }),
            words: bar.locator('p'),
            faded: () => figure.locator('svg.tl .ev').evaluateAll((events) => events.filter((event) => Number(getComputedStyle(event).opacity) < 1).length),
            at: async () => Number(/^(\d+)\//.exec(await bar.locator('p').innerText())?.[1] ?? 0),
        };
    };

    test('shows everything at first, and then one event after the other, in words', async () => {
        const page = await book.page({ reducedMotion: 'reduce' });
        await page.read(name);
        const { figure, on, back, words, faded, at } = parts(page);
        assert.equal(await faded(), 0);
        assert.equal(await at(), 0);
        await on.click();
        assert.equal(await at(), 1);
        const says = await figure.locator('svg.tl .ev[data-step="1"]').first().getAttribute('data-says');
        assert.ok((await words.innerText()).includes(says), `the words of the event: ${says}`);
        await page.waitForFunction((svg) => [...svg.querySelectorAll('.ev')].some((event) => Number(getComputedStyle(event).opacity) < 1), await figure.locator('svg.tl').elementHandle());
        await on.click();
        assert.equal(await at(), 2);
        await back.click();
        await back.click();
        assert.equal(await at(), 0);
        await page.waitForFunction((svg) => [...svg.querySelectorAll('.ev')].every((event) => getComputedStyle(event).opacity === '1'), await figure.locator('svg.tl').elementHandle());
        await page.done();
    });

    test('steps by keyboard, and the page stays', async () => {
        const page = await book.page();
        await page.read(name);
        const { on, at } = parts(page);
        await on.focus();
        await page.keyboard.press('Enter');
        assert.equal(await at(), 1);
        await page.keyboard.press('ArrowRight');
        assert.equal(await at(), 2);
        await page.keyboard.press('ArrowLeft');
        assert.equal(await at(), 1);
        await page.keyboard.press('End');
        const last = await at();
        assert.ok(last > 1);
        await page.keyboard.press('ArrowRight');
        assert.equal(await at(), last, 'there is nothing after the last event');
        await page.keyboard.press('Escape');
        assert.equal(await at(), 0);
        assert.equal(page.url(), book.url(name));
        await page.done();
    });

    test('goes to the event that is clicked', async () => {
        const page = await book.page();
        await page.read(name);
        const { figure, at } = parts(page);
        const event = figure.locator('svg.tl .ev').last();
        await event.scrollIntoViewIfNeeded();
        await event.dispatchEvent('click');
        assert.equal(await at(), Number(await event.getAttribute('data-step')));
        await page.done();
    });

    test('tells its story to those who do not see it', async () => {
        const page = await book.page();
        for (const chapter of CHAPTERS) {
            await page.read(chapter);
            for (const picture of await page.locator('figure svg.tl').all()) {
                assert.equal(await picture.getAttribute('role'), 'img');
                const [title, story] = await picture.evaluate((svg) => (svg.getAttribute('aria-labelledby') ?? '').split(' ').map((id) => document.getElementById(id)?.textContent ?? ''));
                assert.ok(title, `${chapter}: a picture has a title`);
                assert.ok(story.length > 40, `${chapter}: "${title}" has a story: ${story}`);
            }
        }
        await page.done();
    });

    test('is whole and has no controls without JavaScript', async () => {
        const page = await book.page({ javaScriptEnabled: false });
        await page.read(name);
        assert.equal(await page.locator('.tl-steps').count(), 0);
        assert.equal(await page.locator('figure svg .ev').evaluateAll((events) => events.filter((event) => Number(getComputedStyle(event).opacity) < 1).length), 0);
        await page.done();
    });
});
