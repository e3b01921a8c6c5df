/**
 * Five clients as those of the service behave, written anew from its contract. None sends a key, and each looks at another
 * part of an answer. What they have in common with those: they do not know of each other's care.
 */

export interface Body {
  readonly input: string;
  readonly output_format?: string;
  readonly options?: object;
}

type Answer = ReturnType<typeof JSON.parse>;

async function post(url: string, body: unknown): Promise<Response> {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: text });
}

/** Asks again as fast as it is answered: the tests have no time to lose. */
const maxPolls = 20_000;

/** Waits for the answer; a status that is not of success is its error. */
export class SimpleClient {
  constructor(readonly base: string) {}

  async preview(body: Body): Promise<readonly string[]> {
    const response = await post(`${this.base}/preview`, body);
    if (!response.ok) throw new Error(`HTTP ${response.status}`);
    const answer: Answer = await response.json();
    if (!answer.success) throw new Error(answer.message);
    return answer.preview_urls.map((url: string) => this.base + url);
  }
}

/** Polls, and never looks at the status of HTTP: only the body ends it. */
export class PollingClient {
  polls = 0;
  constructor(readonly base: string) {}

  async submit(path: string, body: Body): Promise<string> {
    const answer: Answer = await (await post(this.base + path, body)).json();
    if (!answer.success) throw new Error(answer.message);
    return answer.job_id;
  }

  async wait(jobId: string): Promise<Answer> {
    while (this.polls < maxPolls) {
      this.polls += 1;
      const answer: Answer = await (await fetch(`${this.base}/status/${jobId}`)).json();
      if (answer.status === 'completed') return answer;
      if (answer.status === 'failed') throw new Error(answer.message);
    }
    throw new Error('It polls for ever');
  }
}

/** Many jobs at one time; it gives up at the first answer that is not of success, and draws bars. */
export class BatchClient {
  readonly bars: string[] = [];
  constructor(readonly base: string) {}

  async run(bodies: readonly Body[]): Promise<Readonly<Record<string, number>>> {
    const counts: Record<string, number> = {};
    await Promise.all(
      bodies.map(async (body) => {
        const submitted: Answer = await (await post(`${this.base}/preview/async`, body)).json();
        const last = submitted.success ? await this.#follow(submitted.job_id) : 'refused';
        counts[last] = (counts[last] ?? 0) + 1;
      }),
    );
    return counts;
  }

  async #follow(jobId: string): Promise<string> {
    for (let polls = 0; polls < maxPolls; polls += 1) {
      const response = await fetch(`${this.base}/preview/status/${jobId}`);
      if (!response.ok) return `HTTP ${response.status}`;
      const answer: Answer = await response.json();
      // Throws where it is no number of 0 to 100.
      const filled = Math.round(answer.progress / 5);
      this.bars.push('#'.repeat(filled) + '-'.repeat(20 - filled));
      if (answer.status === 'completed' || answer.status === 'failed') return String(answer.status);
    }
    return 'never';
  }
}

/** Writes everything into a page as it comes, and maps the addresses without looking whether there are some. */
export class PageClient {
  html = '';
  readonly messages: string[] = [];
  constructor(readonly base: string) {}

  async show(path: string, body: Body): Promise<void> {
    const submitted: Answer = await (await post(this.base + path, body)).json();
    this.#write(submitted.message);
    if (!submitted.success) return;
    for (let polls = 0; polls < maxPolls; polls += 1) {
      const answer: Answer = await (await fetch(`${this.base}/status/${submitted.job_id}`)).json();
      this.#write(`${answer.message} (${answer.progress}%)`);
      if (answer.status === 'failed') return;
      if (answer.status !== 'completed') continue;
      const pictures = answer.result_urls.map((url: string, index: number) => {
        return `<a href="${this.base}${url}" download="page-${index + 1}"><img src="${this.base}${url}"></a>`;
      });
      this.html = `<p>${answer.message}: ${answer.total_pages}</p>${pictures.join('')}`;
      return;
    }
  }

  #write(message: string): void {
    this.messages.push(message);
    this.html = `<p>${message}</p>`;
  }
}

/** Parses before it looks, shows what went wrong, and tries three times. */
export class RecoveringClient {
  readonly shown: string[] = [];
  constructor(readonly base: string) {}

  async preview(body: unknown): Promise<readonly string[]> {
    for (let tries = 0; tries < 3; tries += 1) {
      const response = await post(`${this.base}/preview`, body);
      const answer: Answer = await response.json();
      if (answer.success) return answer.preview_urls;
      this.shown.push(answer.message);
    }
    throw new Error(this.shown.at(-1));
  }
}
