// What Mantine and the editor ask of a browser that jsdom has not.
import { cleanup, configure } from '@testing-library/react';
import { afterEach } from 'vitest';

// A wait ends with what it waits for: a busy machine may take longer than the usual second.
configure({ asyncUtilTimeout: 60_000 });

window.matchMedia = (query: string) =>
  Object.assign(new EventTarget(), {
    matches: false,
    media: query,
    onchange: null,
  }) as unknown as MediaQueryList;

class StillObserver implements ResizeObserver {
  observe(): void {
    // Nothing is laid out here.
  }
  unobserve(): void {
    // Nothing is laid out here.
  }
  disconnect(): void {
    // Nothing is laid out here.
  }
}
window.ResizeObserver = StillObserver;
window.HTMLElement.prototype.scrollIntoView = () => undefined;
window.scrollTo = () => undefined;
Object.defineProperty(document, 'fonts', { value: new EventTarget() });
Range.prototype.getClientRects = () => [] as unknown as DOMRectList;

afterEach(() => {
  cleanup();
  localStorage.clear();
});
