import { test, expect } from './test.js';

// What the other tests rely on: each thing that must not happen is noticed.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'";
const faults = [
  ['an error on the console', `<script>console.error('oops')</script>`, '', /^console error: oops$/],
  ['an error that is thrown', `<script>throw new Error('oops')</script>`, '', /^page error: oops$/],
  ['a script in the page', `<script>window.pwned=1</script>`, policy, /^policy: script-src-elem inline/],
  ['a style in the page', `<p style="color:red">x</p>`, policy, /^policy: style-src-attr inline/],
  ['a handler in the page', `<img src="/nothing" onerror="window.pwned=1">`, policy, /^policy: img-src /],
  ['a picture of another host', `<img src="http://elsewhere.example/x.png">`, '', /^request to another host: http:\/\/elsewhere\.example\/x\.png/],
  ['a script of another port', `<script src="http://127.0.0.1:1/x.js"></script>`, '', /^request to another host: http:\/\/127\.0\.0\.1:1\/x\.js/],
  ['a dialog', `<script>alert('oops')</script>`, '', /^dialog: oops$/],
];

for (const [name, body, csp, told] of faults) {
  test(`noticed: ${name}`, async ({ page, demo, wrong }) => {
    await page.route(`${demo.url}/fault`, (route) =>
      route.fulfill({ contentType: 'text/html', headers: csp ? { 'Content-Security-Policy': csp } : {}, body: `<!doctype html><title>fault</title>${body}` }),
    );
    await page.route('**/*elsewhere.example/**', (route) => route.abort());
    await page.goto(`${demo.url}/fault`);
    await expect.poll(() => wrong).toContainEqual(expect.stringMatching(told));
    wrong.length = 0;
    await page.close();
    wrong.length = 0;
  });
}
