/** An owner who asks the server over HTTP; knows nothing but its address. */
export class Caller {
  readonly #url: string;
  readonly token: string;

  constructor(url: string, token: string) {
    this.#url = url;
    this.token = token;
  }

  /** Where the next request goes. */
  get url(): string {
    return this.#url;
  }

  ask(path: string, init: RequestInit = {}): Promise<Response> {
    const headers = { authorization: `Bearer ${this.token}`, ...init.headers };
    return fetch(`${this.url}${path}`, { ...init, headers });
  }

  async data<T>(path: string, init: RequestInit = {}): Promise<T> {
    const response = await this.ask(path, init);
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return ((await response.json()) as { data: T }).data;
  }

  post<T>(path: string, body: unknown, headers: Readonly<Record<string, string>> = {}): Promise<T> {
    return this.data(path, {
      method: 'POST',
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json', ...headers },
    });
  }

  /** A document of one page. */
  submit(members: object = {}): Promise<{ readonly job_id: string; readonly events_cursor: string }> {
    return this.post('/api/v1/jobs', { operations: [{ type: 'add_text', text: 'x' }], ...members });
  }

  /** A document of one page that has been made. */
  async submitted(
    members: object = {},
  ): Promise<{ readonly job_id: string; readonly events_cursor: string }> {
    const body = { operations: [{ type: 'add_text', text: 'x' }], ...members };
    return this.post('/api/v1/jobs', body, { prefer: 'wait=60' });
  }

  async remove(id: string): Promise<void> {
    const response = await this.ask(`/api/v1/jobs/${id}`, { method: 'DELETE' });
    if (response.status !== 204) throw new Error(`The removal of ${id} was answered with ${response.status}`);
  }

  async ticket(topics?: readonly string[]): Promise<string> {
    const body = topics === undefined ? {} : { topics };
    return (await this.post<{ ticket: string }>('/api/v1/tickets', body)).ticket;
  }

  /** Where the log is now. */
  async cursor(): Promise<string> {
    const answer = await this.data<{ cursor: string }>('/api/v1/events?topic=jobs&snapshot=false&wait=0', {
      headers: { accept: 'application/json' },
    });
    return answer.cursor;
  }
}
