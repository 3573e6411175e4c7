import { origins } from './spoor.js';

// Watches all pages of a browser context and lists what must never happen:
// errors on the console or thrown, violations of the content security policy,
// dialogs, and requests to anybody but a server that the tests started.
export async function watch(context) {
  const wrong = [];
  context.on('console', (message) => {
    if (message.type() === 'error') wrong.push(`console error: ${message.text()}`);
  });
  context.on('weberror', (failure) => wrong.push(`page error: ${failure.error().message}`));
  context.on('dialog', async (dialog) => {
    wrong.push(`dialog: ${dialog.message()}`);
    await dialog.dismiss();
  });
  context.on('request', (request) => {
    const url = new URL(request.url());
    // What a page has made itself goes over no network.
    const own = url.protocol === 'blob:' || url.protocol === 'data:' || url.href === 'about:blank';
    if (!own && !origins.has(url.origin)) wrong.push(`request to another host: ${url.href.slice(0, 200)}`);
  });
  context.on('page', (page) => page.on('websocket', (socket) => wrong.push(`web socket: ${socket.url()}`)));
  // The binding, not the console, so that a policy that blocks is told twice.
  await context.exposeBinding('tellViolation', (_, text) => wrong.push(`policy: ${text}`));
  await context.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', (e) => window.tellViolation(`${e.effectiveDirective} ${e.blockedURI} ${e.sourceFile}:${e.lineNumber}`));
    new ReportingObserver((reports) => reports.forEach((r) => window.tellViolation(`report ${r.body?.effectiveDirective} ${r.body?.blockedURL}`)), { types: ['csp-violation'], buffered: true }).observe();
  });
  return wrong;
}
