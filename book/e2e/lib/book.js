// The built book, served to a browser.
//
// Serves book/dist on 127.0.0.1 at a port that the system chooses, below the path that the book was built for
// (`site-url`: the 404 page knows it). No request leaves the machine.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

import { launch } from './chromium.js';

export const DIST = resolve(fileURLToPath(import.meta.url), '../../../dist');

const TYPES = {
    '.css': 'text/css; charset=utf-8',
    '.html': 'text/html; charset=utf-8',
    '.js': 'text/javascript; charset=utf-8',
    '.json': 'application/json',
    '.png': 'image/png',
    '.svg': 'image/svg+xml',
    '.txt': 'text/plain; charset=utf-8',
    '.woff2': 'font/woff2',
};

// What a host such as GitHub Pages compresses. Fonts and pictures are compressed already.
const COMPRESSED = new Set(['.css', '.html', '.js', '.json', '.svg', '.txt']);

if (!existsSync(join(DIST, 'index.html'))) {
    throw new Error(`there is no book in ${DIST}: run \`cargo book build\` first`);
}

function files(folder) {
    return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
        const path = join(folder, entry.name);
        return entry.isDirectory() ? files(path) : [path];
    });
}

/** Every page, by its address below the book's root; the table of contents for pages without JavaScript is none. */
export const PAGES = files(DIST)
    .filter((path) => path.endsWith('.html'))
    .map((path) => relative(DIST, path).replaceAll('\\', '/'))
    .filter((page) => page !== 'toc.html')
    .sort();

/** The chapters' pages. */
export const CHAPTERS = PAGES.filter((page) => /^\d\d-[^/]+\.html$/.test(page));

/** The page's HTML as it was built. */
export const source = (page) => readFileSync(join(DIST, page), 'utf8');

/** The first page whose HTML has `text`: a feature is tested where the book uses it. */
export function pageWith(text, pages = PAGES) {
    const found = pages.find((page) => page !== 'print.html' && source(page).includes(text));
    if (!found) {
        throw new Error(`no page of the book has ${text}: there is nothing to test this with`);
    }
    return found;
}

const BASE = existsSync(join(DIST, '404.html'))
    ? (/<base href="([^"]+)"/.exec(source('404.html'))?.[1] ?? '/')
    : '/';

/** Serves the book. `compress` for measuring; `delay` (milliseconds) holds every font back. */
export async function serve({ compress = false } = {}) {
    const server = createServer((request, response) => {
        const { pathname } = new URL(request.url, 'http://localhost');
        let path = pathname.startsWith(BASE) ? decodeURIComponent(pathname.slice(BASE.length)) : '404.html';
        if (path === '' || path.endsWith('/')) {
            path += 'index.html';
        }
        let status = 200;
        let file = resolve(DIST, path);
        if (!file.startsWith(DIST) || !existsSync(file)) {
            status = 404;
            file = join(DIST, '404.html');
        }
        const type = extname(file);
        const headers = { 'content-type': TYPES[type] ?? 'application/octet-stream', 'cache-control': 'max-age=600' };
        let body = readFileSync(file);
        if (compress && COMPRESSED.has(type) && /\bgzip\b/.test(request.headers['accept-encoding'] ?? '')) {
            body = gzipSync(body);
            headers['content-encoding'] = 'gzip';
        }
        response.writeHead(status, { ...headers, 'content-length': body.length });
        response.end(request.method === 'HEAD' ? undefined : body);
    });
    await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
    const { port } = server.address();
    return {
        origin: `http://127.0.0.1:${port}`,
        url: (page) => `http://127.0.0.1:${port}${BASE}${page}`,
        close: () => {
            server.closeAllConnections();
            return new Promise((closed) => server.close(closed));
        },
    };
}

const PATIENCE = 120_000;
/** A window on a desk. */
export const VIEWPORT = { width: 1280, height: 900 };

/** Prepares a tab for visits that know nothing of those before. */
async function forFirstVisits(page) {
    const devtools = await page.context().newCDPSession(page);
    await devtools.send('Network.enable');
    await devtools.send('Network.setCacheDisabled', { cacheDisabled: true });
    await page.addInitScript(() => {
        // Printing waits for a person.
        window.print = () => {};
        if (location.protocol.startsWith('http')) {
            localStorage.clear();
            sessionStorage.clear();
        }
    });
    await noteShifts(page);
    return page;
}

/** A browser and the book. Close it after the tests. */
export async function open(options) {
    const book = await serve(options);
    const browser = await launch();
    const tabs = new Map();
    return {
        ...book,
        /** A page in a profile of its own, which notes errors and requests to elsewhere. */
        async page(settings = {}) {
            const context = await browser.newContext({ viewport: VIEWPORT, ...settings });
            const page = await context.newPage();
            // A bound for what never comes: a busy machine takes long for the page of all pages.
            page.setDefaultTimeout(PATIENCE);
            const noted = { errors: [], elsewhere: [] };
            page.on('console', (message) => {
                if (message.type() === 'error' || message.type() === 'warning') {
                    noted.errors.push(`${page.url()}: ${message.text()}`);
                }
            });
            page.on('pageerror', (error) => noted.errors.push(`${page.url()}: ${error.message}`));
            page.on('request', (request) => {
                const url = new URL(request.url());
                if (!['data:', 'blob:'].includes(url.protocol) && url.origin !== book.origin) {
                    noted.elsewhere.push(`${page.url()} asks for ${url}`);
                }
            });
            return Object.assign(page, {
                noted,
                read: (name, wait = 'load') => page.goto(book.url(name), { waitUntil: wait }),
                done: () => context.close(),
            });
        },
        /** Has `look` look at a page that is opened for it, and nobody else.
         *
         *  A tab is used for one page after the other, which costs a third of a tab for each.
         *  Each page is a first visit all the same: nothing is cached and nothing stored.
         */
        async visit(name, look, settings = {}) {
            const key = JSON.stringify(settings);
            const free = tabs.get(key) ?? tabs.set(key, []).get(key);
            const page = free.pop() ?? await this.page(settings).then(forFirstVisits);
            page.noted.errors.length = 0;
            page.noted.elsewhere.length = 0;
            try {
                const response = await page.read(name);
                await look(page, response);
            } catch (error) {
                // Whatever state the page is in, the next one shall not find it.
                await page.done().catch(() => {});
                throw error;
            }
            await page.setViewportSize(settings.viewport ?? VIEWPORT);
            await page.emulateMedia({ colorScheme: settings.colorScheme ?? null });
            free.push(page);
        },
        async close() {
            await browser.close();
            await book.close();
        },
    };
}

/** Unfolds everything that is folded. */
export const unfold = (page) => page.evaluate(() => {
    for (const details of document.querySelectorAll('details')) {
        details.open = true;
    }
});

/** Two frames later whatever was set going is painted. */
export const painted = (page) => page.evaluate(() => new Promise((frame) => requestAnimationFrame(() => requestAnimationFrame(frame))));

/** Has the page note in `window.shifts` what moves while it loads. */
export const noteShifts = (page) => page.addInitScript(() => {
    window.shifts = [];
    new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) {
            // A line's end moves when the next line comes; nobody sees it.
            const seen = entry.sources.filter(({ node }) => node?.nodeType !== Node.TEXT_NODE || node.textContent.trim());
            if (seen.length === 0) {
                continue;
            }
            const what = seen.map(({ node, previousRect, currentRect }) => {
                const name = node?.id || node?.className || node?.nodeName;
                return `${name} (${previousRect.x}, ${previousRect.y}) to (${currentRect.x}, ${currentRect.y})`;
            });
            window.shifts.push(`${entry.value.toFixed(5)}: ${what.join('; ')}`);
        }
    }).observe({ type: 'layout-shift', buffered: true });
});
