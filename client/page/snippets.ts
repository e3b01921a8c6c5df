/** A request as a program in other languages, to be copied. None needs anything but what comes with its language. */

export const snippetLanguages = ['curl', 'Node', 'Python', 'PHP'] as const;
export type SnippetLanguage = (typeof snippetLanguages)[number];

export interface SnippetRequest {
  /** Of the server. */
  readonly origin: string;
  /** The server wants a key. It is read from the environment: no program holds one. */
  readonly keyed: boolean;
  /** The body, as JSON text. */
  readonly body: string;
}

const makers: Readonly<Record<SnippetLanguage, (request: SnippetRequest) => string>> = {
  curl,
  Node: node,
  Python: python,
  PHP: php,
};

export function snippetOf(language: SnippetLanguage, request: SnippetRequest): string {
  return makers[language](request);
}

/** Prints the record, as soon as the job has ended. */
function curl({ origin, keyed, body }: SnippetRequest): string {
  const lines = [
    `curl -sS ${shell(`${origin}/api/v1/jobs`)}`,
    ...(keyed ? ['-H "Authorization: Bearer $INKWIRE_KEY"'] : []),
    "-H 'Content-Type: application/json'",
    "-H 'Prefer: wait=60'",
    "--data-binary @- <<'JSON'",
  ];
  return `${lines.join(' \\\n  ')}\n${body}\nJSON\n`;
}

function shell(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

function node({ origin, keyed, body }: SnippetRequest): string {
  const key = keyed ? "\n  authorization: 'Bearer ' + process.env.INKWIRE_KEY," : '';
  return `import { writeFile } from "node:fs/promises";

const server = ${JSON.stringify(origin)};
const request = ${body};

const headers = {${key}
  'content-type': 'application/json',
  'idempotency-key': crypto.randomUUID(),
  prefer: 'wait=60',
};
const answer = await fetch(\`\${server}/api/v1/jobs\`, { method: 'POST', headers, body: JSON.stringify(request) });
const { data: job, detail } = await answer.json();
if (job?.status !== 'completed') throw new Error(detail ?? job.error ?? \`The job is \${job.status}\`);

const result = await fetch(new URL(job.result_url, server), { headers });
await writeFile('document.pdf', Buffer.from(await result.arrayBuffer()));
console.log(job.job_id, job.pages, 'pages');
`;
}

function python({ origin, keyed, body }: SnippetRequest): string {
  const key = keyed ? '\n    "Authorization": "Bearer " + os.environ["INKWIRE_KEY"],' : '';
  return `import json, ${keyed ? 'os, ' : ''}urllib.request, uuid

SERVER = ${JSON.stringify(origin)}
REQUEST = r'''${body.replaceAll("'", '\\u0027')}'''
HEADERS = {${key}
    "Content-Type": "application/json",
    "Idempotency-Key": str(uuid.uuid4()),
    "Prefer": "wait=60",
}


def call(path, body=None):
    request = urllib.request.Request(SERVER + path, data=body, headers=HEADERS)
    with urllib.request.urlopen(request, timeout=90) as answer:
        return answer.read()


job = json.loads(call("/api/v1/jobs", REQUEST.encode()))["data"]
if job["status"] != "completed":
    raise SystemExit(job.get("error") or "The job is " + job["status"])
with open("document.pdf", "wb") as file:
    file.write(call(job["result_url"]))
print(job["job_id"], job["pages"], "pages")
`;
}

function php({ origin, keyed, body }: SnippetRequest): string {
  const key = keyed ? "\n    'Authorization: Bearer ' . getenv('INKWIRE_KEY')," : '';
  return `<?php
$server = ${phpText(origin)};
$request = <<<'JSON'
${body}
JSON;
$headers = [${key}
    'Content-Type: application/json',
    'Idempotency-Key: ' . bin2hex(random_bytes(16)),
    'Prefer: wait=60',
];

function call(string $url, array $headers, ?string $body = null): string
{
    $curl = curl_init($url);
    curl_setopt_array($curl, [CURLOPT_HTTPHEADER => $headers, CURLOPT_RETURNTRANSFER => true, CURLOPT_TIMEOUT => 90]);
    if ($body !== null) curl_setopt($curl, CURLOPT_POSTFIELDS, $body);
    $answer = curl_exec($curl);
    if ($answer === false) throw new RuntimeException(curl_error($curl));
    return $answer;
}

$answer = json_decode(call("$server/api/v1/jobs", $headers, $request), true);
$job = $answer['data'] ?? null;
if (($job['status'] ?? '') !== 'completed') throw new RuntimeException($answer['detail'] ?? $job['error'] ?? 'not completed');
file_put_contents('document.pdf', call($server . $job['result_url'], $headers));
echo $job['job_id'], ' ', $job['pages'], " pages\\n";
`;
}

function phpText(text: string): string {
  return `'${text.replace(/['\\]/g, '\\$&')}'`;
}
