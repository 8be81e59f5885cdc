/** What a person reads on the page. */
import type { Locator, Page } from 'playwright-core';
import { eventually } from '../support/eventually.ts';
import { PATIENCE_MS } from './browser.ts';

/** Waits until the page says something. @returns what it says */
export function seen(what: string, probe: () => Promise<string | undefined | false>): Promise<string> {
  return eventually(what, probe, PATIENCE_MS);
}

/** Waits until an element's text fits. @returns the text */
export async function reads(locator: Locator, fits: RegExp): Promise<string> {
  let text = '';
  try {
    return await seen(`${fits}`, async () => {
      text = await plain(locator);
      return fits.test(text) && `${text} `;
    });
  } catch (cause) {
    throw new Error(`${locator} reads ${JSON.stringify(text)}, not ${fits}`, { cause });
  }
}

/** With the thin spaces of numbers as plain ones. */
export async function plain(locator: Locator): Promise<string> {
  return (await locator.innerText()).replaceAll('\u202f', ' ');
}

/** A column of the routes table, from the top. @param title of the column */
export async function column(page: Page, title: string): Promise<string[]> {
  const cells = await page.locator(`#routes td[data-label="${title}"]`).allInnerTexts();
  return cells.map(text => text.trim().replaceAll('\u202f', ' '));
}

/** Waits until a column is as it must be. */
export async function columnIs(page: Page, title: string, fits: (cells: readonly string[]) => boolean): Promise<void> {
  let cells: string[] = [];
  try {
    await seen(title, async () => {
      cells = await column(page, title);
      return fits(cells) && 'so';
    });
  } catch (cause) {
    throw new Error(`the column ${title} is ${JSON.stringify(cells)}`, { cause });
  }
}

/** A fact of the line at the top: its value, and the detail below. */
export function fact(page: Page, name: string): Locator {
  return page.locator('#health > div').filter({ has: page.locator('dt', { hasText: new RegExp(`^${name}$`) }) });
}

export function chart(page: Page, title: string): Locator {
  return page.locator('article').filter({ has: page.locator('h2', { hasText: title }) });
}

/** What the browser makes of the style sheets. @param property as CSS names it */
export function style(page: Page, selector: string, property: string): Promise<string> {
  return page.evaluate<string>(
    `getComputedStyle(document.querySelector(${JSON.stringify(selector)})).getPropertyValue(${JSON.stringify(property)})`,
  );
}
