import { existsSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import chromePdf from '@jsreport/jsreport-chrome-pdf';
import jsreportCore from '@jsreport/jsreport-core';
import handlebars from '@jsreport/jsreport-handlebars';
import puppeteer from 'puppeteer-core';
import { removeDirectory, startServer, temporaryDirectory, token } from '../../kit/server.mjs';
import { median, spread } from '../../kit/statistics.mjs';
import { data, design, page } from '../invoice.mjs';
import { store } from './http.mjs';

const chromium = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium';

/**
 * Services that print pages of a browser: one document after the other, in wall time, since the browser is processes of its
 * own. The browser and the page in it are started once, and used again.
 * @param {import('../../kit/figure.mjs').Run} run
 * @returns {Promise<import('../../kit/figure.mjs').Figure[]>}
 */
export async function run({ short, say }) {
  if (!existsSync(chromium)) {
    say(`left out: there is no ${chromium} (CHROMIUM_PATH names another one)`);
    return [];
  }
  const rounds = short ? 2 : 5;
  const directory = temporaryDirectory('browsers');
  const server = await startServer({ directory });
  await store(server.port, 'bench-invoice', design());
  const contenders = [inkwire(server.port), await puppeteerPeer(), await jsreportPeer(directory)];
  try {
    /** @type {Map<string, number[]>} milliseconds a document, by round */
    const times = new Map(contenders.map(({ name }) => [name, []]));
    for (const { render } of contenders) await render();
    for (let round = 0; round < rounds; round += 1) {
      for (const { name, render } of contenders) times.get(name)?.push(await each(5, render));
      say([...times].map(([name, row]) => `${name} ${row.at(-1)?.toFixed(0)} ms`).join(', '));
    }
    const own = times.get('inkwire') ?? [];
    return contenders.slice(1).map(({ name }) => {
      const ratios = (times.get(name) ?? []).map((ms, round) => ms / (own[round] ?? Number.NaN));
      return {
        name: `rate of a design, of that of ${name}`,
        value: median(ratios),
        unit: 'x',
        note: spread(ratios, 1),
      };
    });
  } finally {
    for (const { close } of contenders) await close();
    await server.stop();
    removeDirectory(directory);
  }
}

/**
 * @param {number} count
 * @param {() => Promise<unknown>} work
 */
async function each(count, work) {
  const from = performance.now();
  for (let n = 0; n < count; n += 1) await work();
  return (performance.now() - from) / count;
}

/** @param {number} port */
function inkwire(port) {
  const body = JSON.stringify({ kind: 'report', design: 'bench-invoice', params: data });
  return {
    name: 'inkwire',
    async render() {
      const answer = await fetch(`http://127.0.0.1:${port}/api/v1/render`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body,
      });
      if (!answer.ok) throw new Error(await answer.text());
      return answer.arrayBuffer();
    },
    close: async () => undefined,
  };
}

async function puppeteerPeer() {
  const browser = await puppeteer.launch({ executablePath: chromium, args: ['--no-sandbox'] });
  const tab = await browser.newPage();
  const html = page();
  return {
    name: 'puppeteer with Chromium',
    async render() {
      await tab.setContent(html, { waitUntil: 'load' });
      return tab.pdf({ format: 'A4' });
    },
    close: () => browser.close(),
  };
}

/** @param {string} directory */
async function jsreportPeer(directory) {
  const reporter = jsreportCore({
    discover: false,
    rootDirectory: directory,
    logger: { silent: true },
    extensions: {},
    chrome: { launchOptions: { executablePath: chromium, args: ['--no-sandbox'] }, strategy: 'chrome-pool' },
  });
  reporter.use(chromePdf());
  reporter.use(handlebars());
  await reporter.init();
  const content = page();
  return {
    name: 'jsreport',
    render: () =>
      reporter.render({ template: { content, engine: 'handlebars', recipe: 'chrome-pdf' }, data }),
    close: () => reporter.close(),
  };
}
