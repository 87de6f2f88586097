// What a reader's line has to carry for a chapter: everything the first visit loads, as a host compresses it.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { CHAPTERS, open } from '../lib/book.js';

const MOST = 300 * 1024;

let book;
before(async () => { book = await open({ compress: true }); });
after(() => book.close());

const kb = (bytes) => `${(bytes / 1024).toFixed(1)} KB`;

for (const name of CHAPTERS) {
    test(`${name} weighs less than ${kb(MOST)}`, async () => {
        const page = await book.page();
        const sizes = new Map();
        // Read off what has come with the event: to ask the browser is to be refused once the page is closed.
        page.on('response', (response) => {
            sizes.set(new URL(response.url()).pathname, Number(response.headers()['content-length']));
        });
        await page.read(name, 'networkidle');
        const kinds = {};
        let total = 0;
        for (const [path, bytes] of sizes) {
            const kind = path.split('.').at(-1);
            kinds[kind] = (kinds[kind] ?? 0) + bytes;
            total += bytes;
        }
        const parts = Object.entries(kinds).sort(([, a], [, b]) => b - a).map(([kind, bytes]) => `${kind} ${kb(bytes)}`);
        console.log(`${name}: ${kb(total)} compressed in ${sizes.size} requests (${parts.join(', ')})`);
        assert.ok(total > 0, 'no answer had a length: the test measures nothing');
        assert.ok(total < MOST, `${kb(total)} is too much: ${[...sizes].sort(([, a], [, b]) => b - a).slice(0, 8).map(([path, bytes]) => `${path} ${kb(bytes)}`).join(', ')}`);
        await page.done();
    });
}
