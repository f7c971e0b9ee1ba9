/**
 * Who may ask. These pages run code, so only pages of ours may make them do it: the server listens
 * on loopback, answers to its own names only (another name that leads here is DNS rebinding), and
 * starts nothing for another page. Whoever runs programs on this machine needs no page for that.
 */
import type { IncomingMessage } from 'node:http';

/** What is wrong with a request, as a sentence; nothing where it may be answered. */
export function refusal({ method, headers }: IncomingMessage, port: number): string | undefined {
  const hosts = [`127.0.0.1:${port}`, `localhost:${port}`];
  const { host = '', origin } = headers;
  if (!hosts.includes(host.toLowerCase())) {
    return `This address is not the workbench's own. Open http://127.0.0.1:${port}/ instead.`;
  }
  const site = headers['sec-fetch-site'];
  const reading = method === 'GET' || method === 'HEAD';
  // A link from elsewhere may lead here; a page from elsewhere may not use what is here.
  const foreign = origin === undefined ? !reading : origin !== `http://${host.toLowerCase()}`;
  const embedded = headers['sec-fetch-mode'] !== 'navigate' && site === 'cross-site';
  return foreign || embedded ? 'Only pages of the workbench may ask for this.' : undefined;
}

/** Nothing from outside, nothing in line: the pages work offline and run only their own script. */
export const securityHeaders: Readonly<Record<string, string>> = {
  'content-security-policy': [
    "default-src 'none'",
    "style-src 'self'",
    "script-src 'self'",
    "connect-src 'self'",
    'img-src data:',
    "form-action 'none'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-store',
};
