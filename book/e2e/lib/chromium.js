// The browser: the system's Chromium, without a window.
//
// Tests of chapters that have pages of their own use it as well.

import { existsSync } from 'node:fs';

import { chromium } from 'playwright-core';

function executable() {
    const places = [
        process.env.CHROMIUM,
        '/usr/bin/chromium',
        '/usr/bin/chromium-browser',
        '/usr/bin/google-chrome',
        '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
        '/Applications/Chromium.app/Contents/MacOS/Chromium',
    ];
    const found = places.find((place) => place && existsSync(place));
    if (!found) {
        throw new Error('no Chromium: install it (`apt-get install chromium`), or name one in $CHROMIUM');
    }
    return found;
}

/** Starts it. Close it after the tests. */
export function launch() {
    return chromium.launch({
        executablePath: executable(),
        args: [
            '--disable-background-networking',
            '--disable-component-update',
            '--no-first-run',
            // Chromium's sandbox does not run as root, as which containers often run.
            ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
        ],
    });
}
