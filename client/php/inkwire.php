<?php

/**
 * A client for Inkwire, the document job server: one file, nothing but PHP 8.2 or newer with its default extensions.
 *
 *     require 'inkwire.php';
 *
 *     $inkwire = new Inkwire\Client('http://127.0.0.1:8080', key: '...');
 *     $job = $inkwire->submit(['operations' => [['type' => 'add_text', 'text' => 'Hello']]]);
 *     foreach ($inkwire->watch($job) as $event) {
 *         echo $event['type'], ' ', $event['job']['progress'] ?? '', "\n";
 *     }
 *     $inkwire->download($job, 'hello.pdf');
 *
 * Records and events are the arrays that `json_decode` makes of the wire (docs/PROTOCOL.md, /docs of the server). What
 * fails throws `Inkwire\InkwireError`; a server that cannot be reached, is full or restarts is asked again for `patience`
 * seconds. A submit that returned is stored. An empty object of a request is `(object) []`: PHP writes `[]` as a list.
 */

declare(strict_types=1);

namespace Inkwire;

const VERSION = '0.1.0';
/** States in which a job stays. */
const ENDED = ['completed', 'failed', 'cancelled'];

/** A request was refused, or got no answer. */
final class InkwireError extends \RuntimeException
{
    /** The last part of the problem's `type`, as "validation-failed"; null without a problem. */
    public readonly ?string $slug;

    /**
     * @param int|null $status of HTTP; null without an answer
     * @param array<string, mixed> $problem the whole problem (RFC 9457), with `errors` and their pointers
     * @param array<string, mixed>|null $job the record of a job that did not complete, where that is the reason
     * @param float|null $retryAfter seconds, where the server says so
     */
    public function __construct(
        string $message,
        public readonly ?int $status = null,
        public readonly array $problem = [],
        public readonly ?array $job = null,
        public readonly ?float $retryAfter = null,
        ?\Throwable $previous = null,
    ) {
        parent::__construct($message, 0, $previous);
        $type = $problem['type'] ?? '';
        $this->slug = is_string($type) && $type !== '' ? substr(strrchr("/$type", '/'), 1) : null;
    }

    /** Whether the server says that it cannot now, or something on the way does. */
    public function isPassing(): bool
    {
        return in_array($this->status, [408, 429, 502, 503, 504], true);
    }
}

/** One server and one key. */
final class Client
{
    private readonly string $host;
    private readonly int $port;
    private readonly bool $secure;
    private readonly string $base;
    private readonly ?string $key;
    /** @var list<Connection> without a request, to be used again */
    private array $idle = [];

    /**
     * @param string|null $url left out: INKWIRE_URL, else http://127.0.0.1:8080
     * @param string|null $key left out: INKWIRE_KEY
     * @param float $patience for how many seconds a server that does not answer is asked again
     * @param array<string, mixed> $tls options of the `ssl` context for https, as `['cafile' => 'own.pem']`
     */
    public function __construct(
        ?string $url = null,
        #[\SensitiveParameter] ?string $key = null,
        public readonly float $patience = 60,
        private readonly array $tls = [],
    ) {
        $parts = parse_url($url ?? (getenv('INKWIRE_URL') ?: 'http://127.0.0.1:8080'));
        if (!in_array($parts['scheme'] ?? '', ['http', 'https'], true) || ($parts['host'] ?? '') === '') {
            throw new \InvalidArgumentException('url has to begin with http:// or https:// and a host');
        }
        $this->secure = $parts['scheme'] === 'https';
        $this->host = $parts['host'];
        $this->port = $parts['port'] ?? ($this->secure ? 443 : 80);
        $this->base = rtrim($parts['path'] ?? '', '/');
        $this->key = $key ?? (getenv('INKWIRE_KEY') ?: null);
    }

    // Jobs

    /**
     * Stores a job and returns its record (status "pending"). A lost answer is asked for again with the same idempotency
     * key, so that there is one job.
     *
     * @param array<string, mixed>|\JsonSerializable $request
     * @param bool $strict whether members that the server does not know are refused
     * @return array<string, mixed>
     */
    public function submit(array|\JsonSerializable $request, ?string $idempotencyKey = null, bool $strict = false): array
    {
        $headers = ['Idempotency-Key' => $idempotencyKey ?? bin2hex(random_bytes(16))];
        if ($strict) {
            $headers['Prefer'] = 'handling=strict';
        }
        return $this->request('POST', '/api/v1/jobs', $request, $headers);
    }

    /** @return array<string, mixed> the record of a job */
    public function get(string $jobId): array
    {
        return $this->request('GET', self::path($jobId));
    }

    /**
     * The records that match, newest first: `status:`, `kind:`, `group:`, `reference:`, `tag:`, `search:` and what else
     * `GET /api/v1/jobs` takes; several of one name as a list.
     *
     * @return \Generator<int, array<string, mixed>>
     */
    public function jobs(mixed ...$filters): \Generator
    {
        do {
            $page = $this->request('GET', '/api/v1/jobs?' . self::query($filters));
            foreach ($page['jobs'] as $job) {
                yield $job;
            }
            $filters['cursor'] = $page['next_cursor'] ?? null;
        } while ($filters['cursor'] !== null);
    }

    /** Stops a job. @return array<string, mixed> its record */
    public function cancel(string $jobId): array
    {
        return $this->request('POST', self::path($jobId) . '/cancel', repeat: true);
    }

    /** Removes a job that has ended, and its files. Not sent again when its answer was lost. */
    public function delete(string $jobId): void
    {
        // One that had not ended is cancelled by the first and would be removed by a second.
        $this->request('DELETE', self::path($jobId), repeat: false);
    }

    /**
     * The record when the job has ended, however it did; null after `timeout` seconds.
     *
     * @param array<string, mixed>|string $job a record or an id
     * @return array<string, mixed>|null
     */
    public function wait(array|string $job, ?float $timeout = null): ?array
    {
        $end = $timeout === null ? INF : Tasks::now() + $timeout;
        do {
            $seconds = (int) max(0, min(25, $end - Tasks::now()));
            $record = $this->request('GET', self::path($job), headers: ['Prefer' => "wait=$seconds"]);
            if (in_array($record['status'], ENDED, true)) {
                return $record;
            }
            // Below a second the server answers at once.
            if ($seconds === 0) {
                Tasks::sleep(min(0.1, max(0, $end - Tasks::now())));
            }
        } while (Tasks::now() < $end);
        return null;
    }

    /**
     * What happens to a job, until it has ended: each item is an event, `['type' => ..., 'job' => [...]]`, of type
     * "job.started", "job.progress", "job.completed" and so on; "snapshot" where it begins without a place in the log. Cut
     * connections are taken up again where they ended.
     *
     * @param array<string, mixed>|string $job what `submit` returned, or an id
     * @param int|null $progressMs least time between two progress values; 0: none
     * @return \Generator<int, array<string, mixed>>
     */
    public function watch(array|string $job, ?string $after = null, ?int $progressMs = null): \Generator
    {
        $after ??= is_array($job) ? ($job['events_cursor'] ?? null) : null;
        $feed = new Feed($this, self::path($job) . '/events', ['progress_ms' => $progressMs], $after);
        foreach ($feed as $item) {
            if ($item['type'] === 'snapshot') {
                foreach ($item['jobs'] as $record) {
                    yield ['type' => 'snapshot', 'job' => $record];
                }
            } elseif ($item['type'] !== 'reset') {
                yield $item;
                if (preg_match('/^job\.(completed|failed|cancelled|deleted|expired)$/', $item['type']) === 1) {
                    return;
                }
            }
        }
    }

    /**
     * A feed of many jobs.
     *
     * @param string|list<string> $topics as "jobs", "group:invoices", "kind:report", "tag:urgent", "job:job_..."
     * @param string|null $after `cursor` of an earlier feed
     * @param list<string>|null $types only these types of events
     */
    public function follow(
        string|array $topics = 'jobs',
        ?string $after = null,
        bool $snapshot = true,
        ?array $types = null,
        ?int $progressMs = null,
    ): Feed {
        $query = ['topic' => $topics, 'types' => $types === null ? null : implode(',', $types)];
        return new Feed($this, '/api/v1/events', [...$query, 'progress_ms' => $progressMs], $after, $snapshot);
    }

    // Results

    /**
     * Saves the result of a completed job at `path` (a file appears there only when all of it is) and returns the path;
     * without a path it returns the bytes. The digest is checked; a cut download goes on where it was.
     *
     * @param array<string, mixed>|string $job
     * @param string|null $artifact the name of one of several files
     */
    public function download(array|string $job, ?string $path = null, ?string $artifact = null): string
    {
        $address = self::path($job) . ($artifact === null ? '/result' : '/artifacts/' . rawurlencode($artifact));
        if ($path === null) {
            $file = fopen('php://temp/maxmemory:16777216', 'w+b');
            $this->save($address, $file);
            rewind($file);
            return stream_get_contents($file);
        }
        $part = $path . '.' . bin2hex(random_bytes(4)) . '.part';
        $file = @fopen($part, 'xb') ?: throw new \RuntimeException("$part cannot be written");
        try {
            $this->save($address, $file);
            if (!fclose($file) || !rename($part, $path)) {
                throw new \RuntimeException("$path cannot be written");
            }
        } finally {
            if (is_file($part)) {
                unlink($part);
            }
        }
        return $path;
    }

    /**
     * Submits, waits, and returns the bytes of the result; throws with `job` when it did not complete.
     *
     * @param array<string, mixed>|\JsonSerializable $request
     */
    public function render(array|\JsonSerializable $request): string
    {
        $job = $this->wait($this->submit($request));
        if ($job['status'] !== 'completed') {
            $reason = ($job['error_code'] ?? $job['status']) . ': ' . ($job['error'] ?? $job['status']);
            throw new InkwireError($reason, job: $job);
        }
        return $this->download($job);
    }

    /**
     * Makes many documents, `concurrency` at a time, on this one thread. Yields the record of each as it ends, under the key
     * that its request has; a request that is refused yields an `InkwireError` in its place.
     *
     * @param iterable<array<string, mixed>> $requests read as there is room
     * @param int $concurrency at most 500
     * @return \Generator<array-key, array<string, mixed>|InkwireError>
     */
    public function batch(iterable $requests, int $concurrency = 16): \Generator
    {
        $tasks = new Tasks();
        $done = [];
        $told = function () use (&$done): \Generator {
            while ($done !== []) {
                [$key, $outcome] = array_shift($done);
                if ($outcome instanceof \Throwable && !$outcome instanceof InkwireError) {
                    throw $outcome;
                }
                yield $key => $outcome;
            }
        };
        foreach ($requests as $key => $request) {
            $tasks->start(function () use ($key, $request, &$done): void {
                try {
                    $done[] = [$key, $this->wait($this->submit($request))];
                } catch (\Throwable $error) {
                    $done[] = [$key, $error];
                }
            });
            while ($tasks->count() >= max(1, min(500, $concurrency))) {
                $tasks->step();
                yield from $told();
            }
        }
        while ($tasks->count() > 0) {
            $tasks->step();
            yield from $told();
        }
        yield from $told();
    }

    // Requests

    /**
     * Any request of the HTTP API: the `data` of its answer; null where it has none.
     *
     * @param mixed $body sent as JSON; null: none
     * @param array<string, string> $headers
     * @param bool|null $repeat whether it is sent again when its answer was lost; left out: what does no harm twice, by its
     *     method or its `Idempotency-Key`
     */
    public function request(string $method, string $path, mixed $body = null, array $headers = [], ?bool $repeat = null): mixed
    {
        $flags = JSON_THROW_ON_ERROR | JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE | JSON_PRESERVE_ZERO_FRACTION;
        $bytes = $body === null ? '' : json_encode($body, $flags);
        $headers = ['Accept' => 'application/json', ...($body === null ? [] : ['Content-Type' => 'application/json']), ...$headers];
        $repeat ??= in_array($method, ['GET', 'PUT'], true) || isset($headers['Idempotency-Key']);
        $text = $this->patiently($repeat, function () use ($method, $path, $bytes, $headers, $repeat): string {
            // A connection that was kept may be gone by now, which is found out by a lost answer.
            $connection = ($repeat ? array_pop($this->idle) : null) ?? $this->connect();
            $answer = $this->send($connection, $method, $path, $headers, $bytes);
            $text = implode('', iterator_to_array($answer->pieces(), false));
            if ($answer->keepsConnection()) {
                $this->idle[] = $connection;
            }
            return $answer->status >= 400 ? throw $answer->refusal($text) : $text;
        });
        return $text === '' ? null : json_decode($text, true, 512, JSON_THROW_ON_ERROR)['data'];
    }

    /**
     * The answer, as its head has come.
     *
     * @internal
     * @param array<string, string> $headers
     */
    public function send(Connection $connection, string $method, string $path, array $headers, string $body = ''): Answer
    {
        $headers = [
            'Host' => $this->host . ($this->port === ($this->secure ? 443 : 80) ? '' : ":$this->port"),
            'User-Agent' => 'inkwire-php/' . VERSION,
            ...($this->key === null ? [] : ['Authorization' => "Bearer $this->key"]),
            ...($method === 'GET' ? [] : ['Content-Length' => (string) strlen($body)]),
            ...$headers,
        ];
        $head = "$method $this->base$path HTTP/1.1\r\n";
        foreach ($headers as $name => $value) {
            if (preg_match('/[\r\n\0]/', $name . $value) === 1) {
                throw new \InvalidArgumentException("$name cannot have a line break");
            }
            $head .= "$name: $value\r\n";
        }
        $connection->write("$head\r\n$body");
        return Answer::of($connection);
    }

    /** @internal */
    public function connect(float $silence = 60): Connection
    {
        return Connection::open($this->host, $this->port, $this->secure ? $this->tls : null, $silence);
    }

    /** @internal */
    public function noAnswer(Broken $error): InkwireError
    {
        return new InkwireError("No answer from $this->host: {$error->getMessage()}", previous: $error);
    }

    private function patiently(bool $repeat, \Closure $attempt): mixed
    {
        $end = Tasks::now() + $this->patience;
        for ($tries = 0;; $tries += 1) {
            try {
                return $attempt();
            } catch (InkwireError $error) {
                // Of these two the server itself says that it has done nothing.
                $may = $repeat || in_array($error->status, [429, 503], true);
                if (!$may || !$error->isPassing() || Tasks::now() >= $end) {
                    throw $error;
                }
                $pause = $error->retryAfter;
            } catch (Broken $error) {
                if (!$repeat && $error->wasSent || Tasks::now() >= $end) {
                    throw $this->noAnswer($error);
                }
                $pause = null;
            }
            Tasks::sleep(min($pause ?? Tasks::backoff($tries), max(0, $end - Tasks::now())));
        }
    }

    /** @param resource $file */
    private function save(string $path, $file): void
    {
        $etag = $digest = null;
        $hash = hash_init('sha256');
        $this->patiently(true, function () use ($path, $file, &$etag, &$digest, &$hash): void {
            // Bytes as they are: a range would be one of the encoded ones.
            $headers = ['Accept-Encoding' => 'identity', 'Connection' => 'close'];
            if (ftell($file) > 0 && $etag !== null) {
                $headers += ['Range' => 'bytes=' . ftell($file) . '-', 'If-Range' => $etag];
            }
            $answer = $this->send($this->connect(), 'GET', $path, $headers);
            if ($answer->status >= 400) {
                throw $answer->refusal(implode('', iterator_to_array($answer->pieces(), false)));
            }
            $from = 'bytes ' . ftell($file) . '-';
            if ($answer->status !== 206 || !str_starts_with($answer->headers['content-range'] ?? '', $from)) {
                if ($answer->status === 206) {
                    throw new InkwireError('The answer is another range than the one that was asked for', 206);
                }
                // From the beginning: it is another file by now, or the first try.
                ftruncate($file, 0);
                rewind($file);
                $hash = hash_init('sha256');
                $etag = $answer->headers['etag'] ?? null;
                $isNamed = preg_match('/(?:^|[\s,])sha-256=:([^:]+):/', $answer->headers['repr-digest'] ?? '', $found);
                $digest = $isNamed === 1 ? base64_decode($found[1]) : null;
            }
            foreach ($answer->pieces() as $piece) {
                if (fwrite($file, $piece) !== strlen($piece)) {
                    throw new \RuntimeException('The file cannot be written');
                }
                hash_update($hash, $piece);
            }
        });
        if ($digest !== null && hash_final($hash, true) !== $digest) {
            throw new InkwireError('The result is damaged: its digest is another one');
        }
    }

    /** @param array<string, mixed>|string $job */
    private static function path(array|string $job): string
    {
        return '/api/v1/jobs/' . rawurlencode(is_array($job) ? $job['job_id'] : $job);
    }

    /**
     * @internal
     * @param array<string, mixed> $members a list is sent as one name several times; null is left out
     */
    public static function query(array $members): string
    {
        $pairs = [];
        foreach ($members as $name => $values) {
            foreach (is_array($values) ? $values : [$values] as $value) {
                if ($value !== null) {
                    $text = is_bool($value) ? json_encode($value) : (string) $value;
                    $pairs[] = rawurlencode((string) $name) . '=' . rawurlencode($text);
                }
            }
        }
        return implode('&', $pairs);
    }
}

/**
 * What happens to the jobs of some topics, for as long as it is iterated: facts and progress (`type` and `job`, or `group`),
 * `['type' => 'snapshot', 'jobs', 'more']` where it begins without a cursor, and `['type' => 'reset', 'reason']` when the
 * place is not known any more: forget what you believe, a snapshot follows.
 *
 * `cursor` is the place up to which everything was given: kept by you, it is the `after` of a later feed, which then misses
 * nothing, whatever happened to the server or to this program in between.
 *
 * @implements \IteratorAggregate<int, array<string, mixed>>
 */
final class Feed implements \IteratorAggregate
{
    /** The server sends something at least every 15 seconds: a stream that is silent for longer is dead. */
    private const SILENCE = 40;

    public ?string $cursor;
    private bool $closed = false;
    /** The server has said that nothing will come any more. */
    private bool $ended = false;
    private ?Connection $connection = null;

    /**
     * @internal
     * @param array<string, mixed> $query
     */
    public function __construct(
        private readonly Client $client,
        private readonly string $path,
        private readonly array $query,
        ?string $after,
        private bool $snapshot = true,
    ) {
        $this->cursor = $after;
    }

    /** Ends the iteration: from its body, from a signal handler, or from another task. */
    public function close(): void
    {
        $this->closed = true;
        $this->connection?->shut();
    }

    /** @return \Generator<int, array<string, mixed>> */
    public function getIterator(): \Generator
    {
        $tries = 0;
        $since = null;
        while (!$this->closed && !$this->ended) {
            $pause = null;
            try {
                foreach ($this->stream() as [$name, $data]) {
                    $tries = 0;
                    $since = null;
                    if ($name === 'bye') {
                        $pause = $data['retry_ms'] / 1000;
                        break;
                    }
                    $item = $this->item($name, $data);
                    if ($item !== null) {
                        yield $item;
                    }
                    if ($this->closed) {
                        return;
                    }
                }
            } catch (InkwireError $error) {
                // Asking again helps only with what passes.
                if (!$error->isPassing() && ($error->status ?? 0) < 500) {
                    throw $error;
                }
                $pause = $error->retryAfter;
            } catch (Broken $error) {
                $since ??= Tasks::now();
                if (Tasks::now() - $since > max($this->client->patience, 1) && $tries > 3) {
                    throw $this->client->noAnswer($error);
                }
            }
            $until = Tasks::now() + ($pause ?? Tasks::backoff($tries));
            while (!$this->closed && !$this->ended && Tasks::now() < $until) {
                Tasks::sleep(min(0.2, $until - Tasks::now()));
            }
            $tries += 1;
        }
    }

    /**
     * What is given to whoever iterates; the cursor moves on only when it can.
     *
     * @param array<string, mixed> $data
     * @return array<string, mixed>|null
     */
    private function item(string $name, array $data): ?array
    {
        if ($name === 'live' || $name === 'heartbeat') {
            $this->cursor = $data['cursor'];
            return null;
        }
        if ($name === 'reset') {
            // Where its snapshot is cut off, it is sent again.
            $this->cursor = null;
            $this->snapshot = true;
        }
        if ($name === 'snapshot' || $name === 'reset') {
            return ['type' => $name, ...$data];
        }
        // Anything else is for others, or something that a later version says (P-60).
        if (preg_match('/^(job|group)\\./', $name) !== 1) {
            return null;
        }
        $this->cursor = $data['id'] ?? $this->cursor;
        return $data;
    }

    /** @return \Generator<int, array{string, array<string, mixed>}> name and data of each event of one connection */
    private function stream(): \Generator
    {
        $begins = $this->cursor === null && !$this->snapshot ? ['snapshot' => 'false'] : [];
        $headers = ['Accept' => 'text/event-stream', 'Connection' => 'close'];
        if ($this->cursor !== null) {
            $headers['Last-Event-ID'] = $this->cursor;
        }
        $this->connection = $this->client->connect(self::SILENCE);
        try {
            $query = Client::query([...$this->query, ...$begins]);
            $answer = $this->client->send($this->connection, 'GET', "$this->path?$query", $headers);
            if ($answer->status >= 400) {
                throw $answer->refusal(implode('', iterator_to_array($answer->pieces(), false)));
            }
            $this->ended = $answer->status === 204;
            $rest = '';
            $event = 'message';
            $data = [];
            foreach ($answer->pieces() as $piece) {
                $lines = explode("\n", $rest . $piece);
                // A line, and an event, without its end was cut off, and is none.
                $rest = array_pop($lines);
                foreach ($lines as $line) {
                    $line = rtrim($line, "\r");
                    if ($line === '') {
                        if ($data !== []) {
                            yield [$event, json_decode(implode("\n", $data), true, 512, JSON_THROW_ON_ERROR)];
                        }
                        $event = 'message';
                        $data = [];
                    } elseif (str_starts_with($line, 'event:')) {
                        $event = trim(substr($line, 6));
                    } elseif (str_starts_with($line, 'data:')) {
                        $data[] = ltrim(substr($line, 5), ' ');
                    }
                }
            }
        } finally {
            $this->connection = null;
        }
    }
}

/**
 * Functions that run beside each other on this one thread: inside them the client gives way to the others where it waits.
 * `batch` is made of it; a program may use it to follow and to submit at the same time. Elsewhere the client just waits.
 */
final class Tasks implements \Countable
{
    /** @var \WeakMap<\Fiber, true>|null those of any `Tasks`; others' fibers do not know what to do for us */
    private static ?\WeakMap $own = null;
    /** @var array<int, array{\Fiber, array{list<resource>, list<resource>, float}}> with what each waits for */
    private array $waiting = [];

    /** Runs a function up to its first wait. What it throws comes out of here or of `step`. */
    public function start(\Closure $task): void
    {
        self::$own ??= new \WeakMap();
        $fiber = new \Fiber($task);
        self::$own[$fiber] = true;
        $this->keep($fiber, $fiber->start());
    }

    /** Those that have not ended. */
    public function count(): int
    {
        return count($this->waiting);
    }

    /** Waits until some of them can go on, and lets them. */
    public function step(): void
    {
        $waits = array_column($this->waiting, 1);
        if ($waits === []) {
            return;
        }
        $read = array_merge(...array_column($waits, 0));
        $write = array_merge(...array_column($waits, 1));
        self::wait($read, $write, min(array_column($waits, 2)));
        self::select($read, $write, 0);
        $now = self::now();
        foreach ($this->waiting as $id => [$fiber, [$reads, $writes, $until]]) {
            if ($until <= $now || self::isAmong($reads, $read) || self::isAmong($writes, $write)) {
                unset($this->waiting[$id]);
                $this->keep($fiber, $fiber->resume());
            }
        }
    }

    /**
     * Returns when one of the streams is ready, or the time has come; sometimes earlier.
     *
     * @param list<resource> $read
     * @param list<resource> $write
     * @param float $until as `now` tells the time
     */
    public static function wait(array $read, array $write, float $until): void
    {
        $fiber = \Fiber::getCurrent();
        if ($fiber !== null && isset(self::$own[$fiber])) {
            \Fiber::suspend([$read, $write, $until]);
        } else {
            self::select($read, $write, $until - self::now());
        }
    }

    public static function sleep(float $seconds): void
    {
        for ($until = self::now() + $seconds; self::now() < $until;) {
            self::wait([], [], $until);
        }
    }

    /** Seconds of a clock that cannot step. */
    public static function now(): float
    {
        return hrtime(true) / 1e9;
    }

    /** A random time up to a bound that doubles from half a second to thirty. */
    public static function backoff(int $tries): float
    {
        return random_int(0, 1_000_000) / 1e6 * min(30, 0.5 * 2 ** min($tries, 10));
    }

    private function keep(\Fiber $fiber, mixed $wait): void
    {
        if (!$fiber->isTerminated()) {
            $this->waiting[spl_object_id($fiber)] = [$fiber, $wait];
        }
    }

    /**
     * Leaves in the lists what is ready.
     *
     * @param list<resource> $read
     * @param list<resource> $write
     */
    private static function select(array &$read, array &$write, float $seconds): void
    {
        $microseconds = (int) ceil(max(0, min(60, $seconds)) * 1e6);
        if ($read === [] && $write === []) {
            usleep($microseconds);
            return;
        }
        $none = null;
        // False when a signal came in between: then nothing is known to be ready.
        if (@stream_select($read, $write, $none, 0, $microseconds) === false) {
            $read = $write = [];
        }
    }

    /**
     * @param list<resource> $some
     * @param list<resource> $ready
     */
    private static function isAmong(array $some, array $ready): bool
    {
        foreach ($some as $stream) {
            if (in_array($stream, $ready, true)) {
                return true;
            }
        }
        return false;
    }
}

/** @internal A connection that could not be made, or ended before it should. */
final class Broken extends \RuntimeException
{
    /** @param bool $wasSent whether the server may have read the request */
    public function __construct(string $message, public readonly bool $wasSent = true)
    {
        parent::__construct($message);
    }
}

/** @internal A socket; every wait of it may be a wait among `Tasks`. */
final class Connection
{
    private string $buffer = '';

    /**
     * @param resource $stream
     * @param float $silence seconds without a byte after which it counts as broken
     */
    private function __construct(private $stream, private readonly float $silence)
    {
    }

    public function __destruct()
    {
        fclose($this->stream);
    }

    /** @param array<string, mixed>|null $tls options of TLS; null: none */
    public static function open(string $host, int $port, ?array $tls, float $silence): self
    {
        $context = stream_context_create(['ssl' => ['peer_name' => trim($host, '[]'), ...($tls ?? [])]]);
        $flags = STREAM_CLIENT_CONNECT | STREAM_CLIENT_ASYNC_CONNECT;
        $stream = @stream_socket_client("tcp://$host:$port", $code, $message, 10, $flags, $context);
        if ($stream === false) {
            throw new Broken($message !== '' ? $message : 'it cannot be reached', false);
        }
        stream_set_blocking($stream, false);
        $until = Tasks::now() + 10;
        Tasks::wait([], [$stream], $until);
        // Sometimes a wait is short.
        while (stream_socket_get_name($stream, true) === false && Tasks::now() < $until) {
            if (self::isWritable($stream)) {
                throw new Broken('the connection was refused', false);
            }
            Tasks::wait([], [$stream], $until);
        }
        if ($tls !== null) {
            self::secure($stream, $until);
        }
        return new self($stream, $silence);
    }

    /** @param resource $stream */
    private static function secure($stream, float $until): void
    {
        error_clear_last();
        while (($done = @stream_socket_enable_crypto($stream, true, STREAM_CRYPTO_METHOD_TLS_CLIENT)) === 0) {
            if (Tasks::now() >= $until) {
                throw new Broken('TLS was not agreed upon in time', false);
            }
            Tasks::wait([$stream], [], min($until, Tasks::now() + 0.5));
        }
        if ($done !== true) {
            throw new Broken(error_get_last()['message'] ?? 'TLS could not be agreed upon', false);
        }
    }

    /** @param resource $stream */
    private static function isWritable($stream): bool
    {
        $read = $none = null;
        $write = [$stream];
        return @stream_select($read, $write, $none, 0, 0) === 1;
    }

    public function write(string $bytes): void
    {
        $until = Tasks::now() + $this->silence;
        for ($sent = 0; $sent < strlen($bytes);) {
            $count = @fwrite($this->stream, substr($bytes, $sent, 1 << 16));
            if ($count === false) {
                // What was refused before all of it was sent has its answer here already.
                return;
            }
            $sent += $count;
            if ($count > 0) {
                $until = Tasks::now() + $this->silence;
            } elseif (feof($this->stream)) {
                return;
            } elseif (Tasks::now() >= $until) {
                throw new Broken('it does not take the request');
            } else {
                Tasks::wait([], [$this->stream], $until);
            }
        }
    }

    /** Some bytes, at most so many; an empty text at the end. */
    public function read(int $most): string
    {
        if ($this->buffer === '') {
            $this->fill();
        }
        $piece = substr($this->buffer, 0, $most);
        $this->buffer = substr($this->buffer, $most);
        return $piece;
    }

    /** A line without its end. */
    public function line(): string
    {
        while (($length = strpos($this->buffer, "\n")) === false) {
            if (strlen($this->buffer) > 1 << 16 || !$this->fill()) {
                throw new Broken('the answer was cut off');
            }
        }
        $line = substr($this->buffer, 0, $length);
        $this->buffer = substr($this->buffer, $length + 1);
        return rtrim($line, "\r");
    }

    /** Ends it for whoever reads. */
    public function shut(): void
    {
        stream_socket_shutdown($this->stream, STREAM_SHUT_RDWR);
    }

    /** Whether there was more. */
    private function fill(): bool
    {
        $until = Tasks::now() + $this->silence;
        for (;;) {
            $bytes = @fread($this->stream, 1 << 16);
            if ($bytes !== false && $bytes !== '') {
                $this->buffer .= $bytes;
                return true;
            }
            if ($bytes === false || feof($this->stream)) {
                return false;
            }
            if (Tasks::now() >= $until) {
                throw new Broken('it is silent');
            }
            Tasks::wait([$this->stream], [], $until);
        }
    }
}

/** @internal The answer to one request, whose body is to be read. */
final class Answer
{
    private bool $whole = false;

    /** @param array<string, string> $headers by their lower-case names */
    private function __construct(
        private readonly Connection $connection,
        public readonly int $status,
        public readonly array $headers,
    ) {
    }

    public static function of(Connection $connection): self
    {
        do {
            $first = $connection->line();
            if (preg_match('/^HTTP\/1\.[01] (\d{3})/', $first, $found) !== 1) {
                throw new Broken('the answer is not HTTP');
            }
            $headers = [];
            while (($line = $connection->line()) !== '') {
                [$name, $value] = [...explode(':', $line, 2), ''];
                $name = strtolower($name);
                $headers[$name] = (isset($headers[$name]) ? "$headers[$name], " : '') . trim($value);
            }
        } while ($found[1][0] === '1');
        return new self($connection, (int) $found[1], $headers);
    }

    /** Whether the next request may go over the connection. */
    public function keepsConnection(): bool
    {
        return $this->whole && strtolower($this->headers['connection'] ?? '') !== 'close';
    }

    /** @return \Generator<int, string> the body; throws where it is cut off */
    public function pieces(): \Generator
    {
        if ($this->status === 204) {
            $this->whole = true;
            return;
        }
        if (strtolower($this->headers['transfer-encoding'] ?? '') === 'chunked') {
            while (($length = hexdec(strtok($this->connection->line(), ';') ?: '0')) > 0) {
                yield from $this->exactly($length);
                $this->connection->line();
            }
            while ($this->connection->line() !== '') {
                // Trailers.
            }
        } elseif (isset($this->headers['content-length'])) {
            yield from $this->exactly((int) $this->headers['content-length']);
        } elseif (str_starts_with($this->headers['content-type'] ?? '', 'text/event-stream')) {
            while (($piece = $this->connection->read(1 << 16)) !== '') {
                yield $piece;
            }
            return;
        } else {
            // Nobody could say whether it is all of it.
            throw new Broken('the answer has no length');
        }
        $this->whole = true;
    }

    public function refusal(string $body): InkwireError
    {
        $problem = json_decode($body, true);
        $problem = is_array($problem) ? $problem : [];
        $message = $problem['detail'] ?? $problem['title'] ?? "The server answered with status $this->status";
        foreach (array_slice($problem['errors'] ?? [], 0, 3) as $place) {
            $message .= " {$place['pointer']}: {$place['message']}";
        }
        $after = $this->headers['retry-after'] ?? '';
        return new InkwireError($message, $this->status, $problem, null, ctype_digit($after) ? (float) $after : null);
    }

    /** @return \Generator<int, string> */
    private function exactly(int $left): \Generator
    {
        for (; $left > 0; $left -= strlen($piece)) {
            $piece = $this->connection->read(min($left, 1 << 16));
            if ($piece === '') {
                throw new Broken('the answer was cut off');
            }
            yield $piece;
        }
    }
}
