import { expect } from '@playwright/test';

// Asserts that nothing a stranger wrote became anything but text that is seen.
export async function expectOnlyText(page) {
  const { ran, scripts, handlers, hidden } = await page.evaluate(() => {
    // Controls, marks of direction, and characters without a picture.
    const unseen = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/;
    const all = [...document.querySelectorAll('*')];
    const texts = [document.title];
    for (const e of all) {
      // What somebody types into a form is his own, and is given back as it was.
      if (e.matches('input, textarea')) continue;
      for (const a of e.attributes) texts.push(a.value);
      for (const n of e.childNodes) if (n.nodeType === Node.TEXT_NODE) texts.push(n.data);
    }
    return {
      ran: 'pwned' in window,
      scripts: all.filter((e) => e.matches('script') && !e.getAttribute('src')?.startsWith('/assets/')).length,
      handlers: all.filter((e) => [...e.attributes].some((a) => a.name.startsWith('on') || /^javascript:/i.test(a.value.trim()))).length,
      hidden: texts.filter((t) => unseen.test(t)),
    };
  });
  expect({ ran, scripts, handlers, hidden }).toEqual({ ran: false, scripts: 0, handlers: 0, hidden: [] });
}
