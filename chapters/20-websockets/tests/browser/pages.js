// Opens the site's two pages in Chromium, and prints what they show. Started by tests/browser.rs, with the site's port.
//
// After "open" it waits for a line: then the server goes down.

import { once } from 'node:events';

import { launch } from '../../../../book/e2e/lib/chromium.js';

const port = process.argv[2];
const site = `http://127.0.0.1:${port}`;

/** What the page's WebSocket comes to, opened from a script on it: "open", or the code that it was closed with. */
const opens = (page, url) => page.evaluate((address) => new Promise((told) => {
    const socket = new WebSocket(address);
    socket.onopen = () => told('open');
    socket.onclose = ({ code }) => told(code);
}), url);

/** Waits until the page says that. */
const says = (page, words) => page.getByText(words, { exact: true }).first().waitFor();

const browser = await launch();
try {
    const context = await browser.newContext();
    context.setDefaultTimeout(30_000);
    const tab = async (url) => {
        const page = await context.newPage();
        page.on('pageerror', (error) => console.log(`an error in the page: ${error.message}`));
        await page.goto(url);
        return page;
    };

    const camera = await tab(`${site}/camera`);
    // A picture's first four bytes are its number, so the first points of the canvas are.
    await camera.waitForFunction(() => pool.getContext('2d').getImageData(3, 0, 1, 1).data[0] >= 3);
    console.log('the camera has shown its third picture');

    const [ada, ben] = [await tab(`${site}/chat`), await tab(`${site}/chat`)];
    await says(ada, 'crab 1 comes in, and makes us 2');
    await says(ben, 'crab 1 comes in, and makes us 2');
    await ada.fill('#words', 'Hello, crabs! 🦀');
    await ada.press('#words', 'Enter');
    await says(ben, 'crab 0: Hello, crabs! 🦀');
    console.log('what one tab says, the other one shows');

    // The same server, by another name: another origin.
    const foreign = await tab(`http://localhost:${port}/chat`);
    await says(foreign, 'crab 2 comes in, and makes us 3');
    const elsewhere = await opens(foreign, `ws://127.0.0.1:${port}/chat`);
    console.log(`a page of another origin: ${elsewhere}`);
    await foreign.close();
    await says(ada, 'crab 2 leaves');
    console.log('a tab that is closed leaves the room');

    console.log('open');
    await once(process.stdin, 'data');
    process.stdin.destroy();
    for (const page of [camera, ada, ben]) {
        await says(page, '(closed: 1012 the server goes down)');
    }
    console.log('all of them were told why the server has closed');
} finally {
    await browser.close();
}
