/** Headless Chromium, and what a page in it complained of. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { after, type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { pathOf } from '../support/installed.ts';

/** A browser on a busy machine takes its time: only a failing test waits so long. */
export const PATIENCE_MS = 180_000;

/** Where pictures go; without it none are made. */
const PICTURES = process.env.KUBE_ENTRY_SCREENSHOTS;

/** Lets the charts fill before a picture is taken, where pictures are wanted. */
export async function settling(): Promise<void> {
  if (PICTURES !== undefined) await delay(60_000);
}

/** Nothing that reaches out of this machine, and what a container lacks. */
const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

let browser: Promise<Browser> | undefined;

/** The browser of this file's tests, started for the first of them; each page has a profile of its own. */
function sharedBrowser(): Promise<Browser> {
  browser ??= chromium.launch({ executablePath: pathOf('chromium'), args: ARGUMENTS, timeout: PATIENCE_MS });
  return browser;
}

after(async () => (await browser)?.close());

export interface WatchedPage {
  readonly page: Page;
  /** Errors of scripts, of the console and of the Content-Security-Policy, in words. */
  readonly complaints: readonly string[];
}

/** Opens a page as a new visitor would. */
export async function openPage(
  context: TestContext,
  url: string,
  options: BrowserContextOptions = {},
): Promise<WatchedPage> {
  const profile = await (await sharedBrowser()).newContext({
    viewport: { width: 1200, height: 800 },
    locale: 'en-GB',
    ...options,
  });
  context.after(() => profile.close());
  profile.setDefaultTimeout(PATIENCE_MS);
  const page = await profile.newPage();
  const complaints: string[] = [];
  page.on('pageerror', error => complaints.push(`script: ${error.message}`));
  page.on('console', message => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(`console: ${message.text()}`);
  });
  page.on('dialog', dialog => {
    complaints.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  await page.goto(url);
  return { page, complaints };
}

/** Makes a picture, where pictures are wanted. */
export async function picture(page: Page, name: string): Promise<void> {
  if (PICTURES === undefined) return;
  await mkdir(PICTURES, { recursive: true });
  await page.screenshot({ path: join(PICTURES, `dashboard-${name}.png`) });
}
