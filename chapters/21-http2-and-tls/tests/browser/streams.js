// Opens the conformance application over TLS in Chromium, and prints what it sees of it. Started by tests/browser.rs, with the port.
//
// After "open" it waits for a line: then the server goes down.

import { once } from 'node:events';

import { launch } from '../../../../book/e2e/lib/chromium.js';

const site = `https://localhost:${process.argv[2]}`;

const browser = await launch();
try {
    // The authority is the test's own.
    const context = await browser.newContext({ ignoreHTTPSErrors: true });
    context.setDefaultTimeout(30_000);
    const page = await context.newPage();
    page.on('pageerror', (error) => console.log(`an error in the page: ${error.message}`));

    const response = await page.goto(site);
    console.log(`${response.status()} ${await response.text()}`);
    const protocol = await page.evaluate(() => performance.getEntriesByType('navigation')[0].nextHopProtocol);
    console.log(`by ${protocol}`);

    const bytes = await page.evaluate(async () => {
        const asked = Array.from({ length: 20 }, () => fetch('/bytes?n=100000&part=4096'));
        const bodies = await Promise.all(asked.map(async (answer) => (await answer).arrayBuffer()));
        return bodies.reduce((sum, body) => sum + body.byteLength, 0);
    });
    console.log(`${bytes} bytes in twenty responses at once`);

    const uploaded = await page.evaluate(async () => {
        const answer = await fetch('/upload', { method: 'POST', body: new Uint8Array(1_000_000) });
        return answer.text();
    });
    console.log(`${uploaded} bytes uploaded`);

    // While events come for ever, a WebSocket is open on the same connection.
    const events = await page.evaluate(() => new Promise((told) => {
        const source = new EventSource('/sse');
        let count = 0;
        source.onmessage = () => {
            count += 1;
            if (count === 3) told(count);
        };
    }));
    console.log(`${events} events`);

    const echoed = await page.evaluate((address) => new Promise((told) => {
        const socket = new WebSocket(`${address}/ws`);
        socket.binaryType = 'arraybuffer';
        window.socket = socket;
        window.goodbye = new Promise((closed) => { socket.onclose = closed; });
        const heard = [];
        socket.onopen = () => {
            socket.send('Hello, crabs! 🦀');
            socket.send(new Uint8Array(300_000));
        };
        socket.onmessage = ({ data }) => {
            heard.push(typeof data === 'string' ? data : data.byteLength);
            if (heard.length === 2) told(`${heard.join(', ')}, ${socket.extensions}`);
        };
        socket.onerror = () => told('an error');
    }), site.replace('https', 'wss'));
    console.log(echoed);

    const again = await page.evaluate(async () => (await fetch('/')).text());
    console.log(`beside it: ${again}`);

    const denied = await page.evaluate((address) => new Promise((told) => {
        const socket = new WebSocket(`${address}/wsdenial`);
        socket.onclose = ({ code }) => told(code);
    }), site.replace('https', 'wss'));
    console.log(`denied: ${denied}`);

    console.log('open');
    await once(process.stdin, 'data');
    process.stdin.destroy();
    const { code, reason } = await page.evaluate(async () => {
        const { code, reason } = await window.goodbye;
        return { code, reason };
    });
    console.log(`closed: ${code} ${reason}`);
} finally {
    await browser.close();
}
