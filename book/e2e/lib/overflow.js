// Runs in the page: what sticks out of the window, other than inside a box that scrolls.

/** Descriptions of the elements that reach beyond the window's sides. */
export function overflowing() {
    const width = document.documentElement.clientWidth;
    const found = [];
    const scrolls = (element) => {
        for (let box = element.parentElement; box && box !== document.body; box = box.parentElement) {
            const style = getComputedStyle(box);
            if (box.id !== 'mdbook-body-container' && /auto|scroll|hidden|clip/.test(style.overflowX)) {
                const edge = box.getBoundingClientRect();
                if (edge.right <= width + 1 && edge.left >= -1) {
                    return true;
                }
            }
        }
        return false;
    };
    for (const element of document.querySelectorAll('#mdbook-page-wrapper *')) {
        if (!element.checkVisibility() || element.closest('svg')?.parentElement?.closest('.fa-svg')) {
            continue;
        }
        const box = element.getBoundingClientRect();
        if (box.width === 0 || box.height === 0 || getComputedStyle(element).clipPath !== 'none') {
            continue;
        }
        if ((box.right > width + 1 || box.left < -1) && !scrolls(element)) {
            const name = `${element.tagName.toLowerCase()}.${element.getAttribute('class') ?? ''}`;
            found.push(`${name} from ${Math.round(box.left)} to ${Math.round(box.right)}: ${(element.textContent ?? '').trim().slice(0, 60)}`);
        }
    }
    return found;
}
