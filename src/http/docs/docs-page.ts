import type { OpenApiDocument, OpenApiOperation, OpenApiParameter } from './openapi.js';

/** Pages for people, made from the OpenAPI document: no script, nothing from elsewhere. */

export const pageStyle = `
:root { color-scheme: light dark; --line: light-dark(#d8dce2, #363c46); --soft: light-dark(#f4f6f8, #1d2128); --accent: light-dark(#0b5cad, #7db8f5); }
body { font: 16px/1.55 system-ui, sans-serif; margin: 0 auto; max-width: 60rem; padding: 1.5rem; background: light-dark(#fff, #14171c); color: light-dark(#1b1f24, #e4e7eb); }
h1, h2 { line-height: 1.2; } h2 { margin-top: 2.5rem; text-transform: capitalize; }
a { color: var(--accent); } code, pre { font: 0.9em ui-monospace, monospace; }
details { border: 1px solid var(--line); border-radius: 6px; margin: 0.5rem 0; } summary { cursor: pointer; padding: 0.6rem 0.9rem; background: var(--soft); border-radius: 6px; }
summary:focus-visible, a:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
.method { display: inline-block; min-width: 4.5em; font-weight: 700; color: var(--accent); } .body { padding: 0.2rem 0.9rem 0.9rem; overflow-x: auto; }
table { border-collapse: collapse; width: 100%; } th, td { text-align: left; vertical-align: top; padding: 0.35rem 0.6rem 0.35rem 0; border-top: 1px solid var(--line); }
pre { background: var(--soft); padding: 0.8rem; overflow: auto; max-height: 24rem; border-radius: 6px; }
`;

export function landingPage(version: string): string {
  return page(
    'Inkwire',
    `<h1>Inkwire</h1><p>Document job server, version ${escapeHtml(version)}.</p>
<ul><li><a href="/docs">Documentation of the API</a></li><li><a href="/openapi.json">OpenAPI 3.1</a></li>
<li><a href="/readyz">Readiness</a></li></ul>`,
  );
}

export function docsPage(document: OpenApiDocument): string {
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  );
  const sections = document.tags.map(({ name }) => {
    const own = operations.filter(({ operation }) => operation.tags.includes(name));
    const items = own.map(({ path, method, operation }) => operationItem(path, method, operation)).join('\n');
    return `<section aria-label="${escapeHtml(name)}"><h2>${escapeHtml(name)}</h2>${items}</section>`;
  });
  const schemas = Object.entries(document.components.schemas).map(
    ([name, schema]) =>
      `<details id="schema-${escapeHtml(name)}"><summary><code>${escapeHtml(name)}</code></summary><div class="body">${code(schema)}</div></details>`,
  );
  const { title, version, description } = document.info;
  return page(
    `${title} API`,
    `<h1>${escapeHtml(title)} API</h1><p>${escapeHtml(description)} Version ${escapeHtml(version)}, as <a href="/openapi.json">OpenAPI 3.1</a>.</p>
<p>Send a key as <code>Authorization: Bearer npk_live_...</code>. Every refusal is <code>application/problem+json</code>.</p>
<main>${sections.join('\n')}<section aria-label="Shapes"><h2>Shapes</h2>${schemas.join('\n')}</section></main>`,
  );
}

function operationItem(path: string, method: string, operation: OpenApiOperation): string {
  const parameters = operation.parameters ?? [];
  const body =
    operation.requestBody === undefined ? '' : `<h4>Body</h4>${code(operation.requestBody.content)}`;
  const answers = Object.entries(operation.responses)
    .map(
      ([status, { description }]) => `<tr><th scope="row">${status}</th><td>${prose(description)}</td></tr>`,
    )
    .join('');
  const description = `<p>${prose(operation.description)}</p>`;
  return `<details id="${escapeHtml(operation.operationId)}"><summary><span class="method">${method.toUpperCase()}</span> <code>${escapeHtml(path)}</code> &ndash; ${escapeHtml(operation.summary)}</summary>
<div class="body">${description}${parameterTable(parameters)}${body}<h4>Answers</h4><table>${answers}</table></div></details>`;
}

function parameterTable(parameters: readonly OpenApiParameter[]): string {
  if (parameters.length === 0) return '';
  const rows = parameters.map(
    ({ name, in: place, description, schema }) =>
      `<tr><th scope="row"><code>${escapeHtml(name)}</code></th><td>${place}</td><td>${prose(description ?? '')}</td><td><code>${escapeHtml(JSON.stringify(schema))}</code></td></tr>`,
  );
  return `<h4>Parameters</h4><table>${rows.join('')}</table>`;
}

function code(value: unknown): string {
  return `<pre tabindex="0">${escapeHtml(JSON.stringify(value, null, 2))}</pre>`;
}

/** Text in which backticks mark code. */
function prose(text: string): string {
  return escapeHtml(text).replace(/`([^`]*)`/g, '<code>$1</code>');
}

function page(title: string, body: string): string {
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${escapeHtml(title)}</title><style>${pageStyle}</style></head>
<body>${body}</body></html>
`;
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
