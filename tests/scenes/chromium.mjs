// What browser.mjs and players.mjs share: Debian's Chromium with a throw-away profile, driven by one JSON command a line in
// and one JSON answer a line out.
import { createInterface } from 'node:readline';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from '../../web/node_modules/playwright-core/index.mjs';

// The context, its first page, and what that page complained about so far.
export async function launch(options = {}) {
  const profile = mkdtempSync(join(tmpdir(), 'vitrine-chromium-'));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: '/usr/bin/chromium',
    headless: true,
    viewport: { width: 960, height: 720 },
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
      '--disable-component-update', '--disable-sync', '--autoplay-policy=no-user-gesture-required'],
    ...options,
  });
  const page = context.pages()[0] ?? await context.newPage();
  const complaints = [];
  page.on('pageerror', (error) => complaints.push(`page error: ${error.message}`));
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(`console: ${message.text()} ${message.location().url}`);
  });
  const close = async () => {
    await context.close();
    rmSync(profile, { recursive: true, force: true });
  };
  return { context, page, complaints, close };
}

// Answers commands until there are no more.
export async function answer(commands) {
  for await (const line of createInterface({ input: process.stdin })) {
    const { command, ...rest } = JSON.parse(line);
    let reply;
    try {
      reply = { value: await commands[command](rest) ?? null };
    } catch (error) {
      reply = { error: String(error.message ?? error) };
    }
    process.stdout.write(`${JSON.stringify(reply)}\n`);
  }
}
