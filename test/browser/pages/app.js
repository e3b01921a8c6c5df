/** Beside the SDK itself, a page needs nothing: what is here lets a test see what the page was given. */
const { searchParams } = new URL(location.href);
/** Where the server is, for a page of another origin. */
const server = searchParams.get('server') ?? location.origin;
const sdk = await import(`${server}/client.js`);

/** By name: what came, and why it ended. */
const followed = {};

globalThis.page = {
  ...sdk,
  server,
  followed,
  client: undefined,
  /** Every transport that was live, in order. */
  transports: [],
  open(options = {}) {
    page.client = new sdk.Inkwire({ url: server, ...options });
    page.client.onConnection(({ status, transport }) => {
      if (status === 'live' && page.transports.at(-1) !== transport) page.transports.push(transport);
    });
  },
  /** Nothing runs in a page that waits for the answer of such a request. */
  sleep() {
    const request = new XMLHttpRequest();
    request.open('GET', '/pages/held', false);
    request.send();
  },
  /** Keeps what a feed gives: `type`, cursor, job and `rev` of each item. */
  keep(name, feed) {
    const record = { items: [], error: undefined, ended: false };
    followed[name] = record;
    feed.on('item', (item) => {
      const jobs = item.jobs ?? (item.job === undefined ? [] : [item.job]);
      for (const job of jobs) {
        const { job_id, rev, status } = job;
        record.items.push({ type: item.type, id: item.id, job: job_id, rev, status });
      }
    });
    feed.on('end', () => {
      record.ended = true;
    });
    feed.on('error', (error) => {
      record.error = { slug: error.slug, message: error.message, status: error.status };
    });
  },
};
document.title = 'ready';
