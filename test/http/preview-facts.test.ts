import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AppServer, alice, startAppServer } from '../helpers/app-server.js';
import { type DecodedEvent, SseDecoder } from '../helpers/sse-decoder.js';
import { pagesOf } from '../render/preview/preview-fixture.js';

interface Told {
  readonly number: number;
  readonly url: string;
  readonly width: number;
  readonly height: number;
  readonly placeholder: string;
}

interface Fact {
  readonly id: string;
  readonly type: string;
  readonly rev: number;
  readonly pages: readonly Told[];
  /** Of `pages.json`, where the record has it. */
  readonly count: number | undefined;
}

const pageCount = 60;

/** A preview as somebody follows it over HTTP while it is drawn. */
describe('the facts of a preview', () => {
  let server: AppServer;
  beforeAll(async () => {
    // Of several threads each tells of its pages as soon as it has them, whatever the others are at.
    server = await startAppServer({ INKWIRE_WORKERS: '1' });
  });
  afterAll(() => server.close());
  const headers = { authorization: `Bearer ${alice}` };

  /** The job, and the cursor before its first fact. */
  async function submitted(): Promise<{ readonly job: string; readonly cursor: string }> {
    const form = new FormData();
    form.set('kind', 'preview');
    form.set('first_page', '40');
    form.set('width', '300');
    const pages = Array.from({ length: pageCount }, (_, at) => `${at} 0 40 40 re f`);
    form.set('input', new Blob([new Uint8Array(pagesOf(pages))]), 'pages.pdf');
    const answer = await fetch(`${server.url}/api/v1/jobs`, { method: 'POST', headers, body: form });
    const { data } = (await answer.json()) as {
      readonly data: { readonly job_id: string; readonly events_cursor: string };
    };
    return { job: data.job_id, cursor: data.events_cursor };
  }

  /** Facts of a job behind a cursor, until the stream ends or the reader leaves. */
  async function* factsOf(job: string, after: string): AsyncGenerator<Fact> {
    const stop = new AbortController();
    const stream = await fetch(`${server.url}/api/v1/jobs/${job}/events`, {
      headers: { ...headers, 'last-event-id': after },
      signal: stop.signal,
    });
    const decoder = new SseDecoder();
    try {
      for await (const chunk of stream.body ?? []) {
        for (const event of decoder.push(chunk)) {
          const fact = factIn(event);
          if (fact !== undefined) yield fact;
        }
      }
    } finally {
      stop.abort();
    }
  }

  it('have the sizes first, then the page that was asked for, and each page when its picture can be had', async () => {
    const { job, cursor } = await submitted();
    const numbers: number[] = [];
    const looks: Promise<void>[] = [];
    const look = async (url: string): Promise<void> => {
      const picture = await fetch(server.url + url, { headers });
      expect([url, picture.status, picture.headers.get('content-type')]).toEqual([url, 200, 'image/png']);
      await picture.arrayBuffer();
    };
    let sizesAt: number | undefined;
    for await (const { pages, count } of factsOf(job, cursor)) {
      if (count !== undefined) sizesAt ??= numbers.length;
      for (const { number, url, width, height, placeholder } of pages) {
        numbers.push(number);
        expect([width, height]).toEqual([300, 300]);
        expect(placeholder).toContain('data:image/webp;base64,');
        looks.push(look(url));
      }
    }
    await Promise.all(looks);
    expect(sizesAt).toBe(0);
    expect(numbers[0]).toBe(40);
    expect(numbers.toSorted((a, b) => a - b)).toEqual(Array.from({ length: pageCount }, (_, at) => at + 1));
  });

  it('are the same in the same order for who leaves behind each and comes back with its cursor', async () => {
    const { job, cursor } = await submitted();
    const pieces: Fact[] = [];
    while (pieces.at(-1)?.type !== 'job.completed') {
      for await (const fact of factsOf(job, pieces.at(-1)?.id ?? cursor)) {
        pieces.push(fact);
        break;
      }
    }
    const whole: Fact[] = [];
    for await (const fact of factsOf(job, cursor)) whole.push(fact);
    expect(pieces).toEqual(whole);
    expect(pieces.map(({ rev }) => rev)).toEqual(pieces.map((_, at) => (pieces[0]?.rev ?? 0) + at));
    expect(pieces.flatMap(({ pages }) => pages)).toHaveLength(pageCount);
  });
});

function factIn({ id, event, data }: DecodedEvent): Fact | undefined {
  if (id === undefined || data === undefined) return undefined;
  const { job } = JSON.parse(data) as {
    readonly job: {
      readonly rev: number;
      readonly pages?: number;
      readonly produced?: { readonly pages?: readonly Told[] };
    };
  };
  return { id, type: event, rev: job.rev, pages: job.produced?.pages ?? [], count: job.pages };
}
