// Runs in the page: what sticks out of the window, other than inside a box that scrolls.

/** Descriptions of the elements that reach beyond the window's sides. */
export function overflowing() {
    const width = document.documentElement.clientWidth;
    const found = [];
    // Whether a box around `parent`'s content scrolls; a line's words share their answer.
    const known = new Map();
    const scrolls = (parent) => {
        if (!parent || parent === document.body) {
            return false;
        }
        if (!known.has(parent)) {
            const edge = parent.getBoundingClientRect();
            known.set(parent, (parent.id !== 'mdbook-body-container'
                && edge.right <= width + 1 && edge.left >= -1
                && /auto|scroll|hidden|clip/.test(getComputedStyle(parent).overflowX)) || scrolls(parent.parentElement));
        }
        return known.get(parent);
    };
    for (const element of document.querySelectorAll('#mdbook-page-wrapper *')) {
        const box = element.getBoundingClientRect();
        // Thousands are inside, or in a box that scrolls, and nothing else need be asked of them.
        if (box.width === 0 || box.height === 0 || (box.right <= width + 1 && box.left >= -1) || scrolls(element.parentElement)) {
            continue;
        }
        if (element.checkVisibility() && !element.closest('svg')?.parentElement?.closest('.fa-svg') && getComputedStyle(element).clipPath === 'none') {
            const name = `${element.tagName.toLowerCase()}.${element.getAttribute('class') ?? ''}`;
            found.push(`${name} from ${Math.round(box.left)} to ${Math.round(box.right)}: ${(element.textContent ?? '').trim().slice(0, 60)}`);
        }
    }
    return found;
}
