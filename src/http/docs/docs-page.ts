import type { OpenApiDocument, OpenApiOperation, OpenApiParameter } from './openapi.js';
import { operationExamples, operationTexts } from './operation-examples.js';
import { boundWords, referredName, type Schema, typeWords } from './schema-words.js';

/** Pages for people, made from the OpenAPI document. Nothing comes from elsewhere; without its script it can be read as well. */

export const pageStyle = `
:root { color-scheme: light dark; --line: light-dark(#d8dce2, #363c46); --soft: light-dark(#f4f6f8, #1d2128); --accent: light-dark(#0b5cad, #7db8f5); }
* { box-sizing: border-box; }
body { overflow-wrap: anywhere; font: 16px/1.55 system-ui, sans-serif; margin: 0 auto; max-width: 64rem; padding: 1.5rem; background: light-dark(#fff, #14171c); color: light-dark(#1b1f24, #e4e7eb); }
h1, h2, h3 { line-height: 1.2; } h2 { margin-top: 2.5rem; } h2::first-letter { text-transform: uppercase; } h3 { margin-top: 2rem; }
a { color: var(--accent); } code, pre, textarea { font: 0.9em ui-monospace, monospace; }
details { border: 1px solid var(--line); border-radius: 6px; margin: 0.5rem 0; } summary { cursor: pointer; padding: 0.6rem 0.9rem; background: var(--soft); border-radius: 6px; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
.method { display: inline-block; min-width: 4.5em; font-weight: 700; color: var(--accent); } .body { padding: 0.2rem 0.9rem 0.9rem; }
.wide { overflow-x: auto; } table { border-collapse: collapse; width: 100%; } th, td { text-align: left; vertical-align: top; padding: 0.35rem 0.6rem 0.35rem 0; border-top: 1px solid var(--line); }
th { white-space: nowrap; } .wide table { min-width: 36rem; }
pre { background: var(--soft); padding: 0.8rem; overflow: auto; max-height: 24rem; border-radius: 6px; }
img { max-width: 100%; height: auto; border: 1px solid var(--line); background: #fff; }
nav ul { columns: 14rem; padding-left: 1.2rem; } input, select { max-width: 100%; } details h3 { margin-top: 1rem; font-size: 1em; } form { border: 1px solid var(--line); border-radius: 6px; padding: 0.8rem; margin: 0.8rem 0; }
textarea { width: 100%; min-height: 9rem; } input, select, button, textarea { font-size: inherit; color: inherit; background: light-dark(#fff, #0e1014); border: 1px solid light-dark(#767d87, #8b939e); border-radius: 4px; padding: 0.25rem 0.5rem; }
button { cursor: pointer; background: var(--accent); color: light-dark(#fff, #10131a); border-color: transparent; } label { display: block; margin: 0.4rem 0; }
html:not(.live) form, html:not(.live) .key { display: none; }
`;

export function landingPage(version: string): string {
  return page(
    'Inkwire',
    `<h1>Inkwire</h1><p>Document job server, version ${escapeHtml(version)}.</p>
<ul><li><a href="/docs">Documentation of the API</a></li><li><a href="/openapi.json">OpenAPI 3.1</a></li>
<li><a href="/readyz">Readiness</a></li></ul>`,
  );
}

/** The script of the page; where it was not built, nothing can be tried. */
const script = '<script src="/docs/docs.js" type="module"></script>';

export function docsPage(document: OpenApiDocument): string {
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  );
  const sections = document.tags.map(({ name, description }) => {
    const own = operations.filter(({ operation }) => operation.tags.includes(name));
    const items = own.map(({ path, method, operation }) => operationItem(path, method, operation)).join('\n');
    return `<section id="${anchorOf(name)}" aria-label="${escapeHtml(name)}"><h2>${escapeHtml(name)}</h2><p>${prose(description)}</p>${items}</section>`;
  });
  const shapes = Object.entries(document.components.schemas).map(
    ([name, schema]) =>
      `<details id="schema-${escapeHtml(name)}"><summary><code>${escapeHtml(name)}</code></summary><div class="body">${shape(schema as Schema)}</div></details>`,
  );
  const { title, version, description } = document.info;
  const contents = [
    ...('Operation' in document.components.schemas
      ? ['<li><a href="#language">The language of documents</a></li>']
      : []),
    ...document.tags.map(({ name }) => `<li><a href="#${anchorOf(name)}">${escapeHtml(name)}</a></li>`),
    '<li><a href="#shapes">Shapes</a></li>',
  ];
  return page(
    `${title} API`,
    `<header><h1>${escapeHtml(title)} API</h1><p>${escapeHtml(description)} Version ${escapeHtml(version)}, as <a href="/openapi.json">OpenAPI 3.1</a>; the stream as <a href="/asyncapi.json">AsyncAPI 3.1</a>.</p>
<p>Send a key as <code>Authorization: Bearer npk_live_...</code>. Every refusal is <code>application/problem+json</code>.</p>
<p class="key"><label>Key for what you try here, kept by nobody: <input type="password" id="key" autocomplete="off"></label></p></header>
<nav aria-label="Contents"><ul>${contents.join('')}</ul></nav>
<main>${language(document)}${sections.join('\n')}<section id="shapes" aria-label="Shapes"><h2>Shapes</h2>${shapes.join('\n')}</section></main>${script}`,
  );
}

/** Each operation of documents, with its picture and a place to try it. */
function language({ components }: OpenApiDocument): string {
  // A server without documents has no such thing.
  const { discriminator } = (components.schemas.Operation ?? {}) as {
    readonly discriminator?: { readonly mapping: Readonly<Record<string, string>> };
  };
  if (discriminator === undefined) return '';
  const items = Object.entries(discriminator.mapping).map(([name, $ref]) => {
    const schema = components.schemas[referredName({ $ref }) ?? ''] as Schema;
    return `<article><h3 id="${name}"><a href="#${name}"><code>${name}</code></a></h3><p>${prose(operationTexts[name] ?? '')}</p>
<p><img src="/docs/operations/${name}.png" width="480" alt="What the server makes of the example of ${name}" loading="lazy"></p>
${memberTable(schema, ['type'])}${tryForm('POST', '/api/v1/preview?width=480', [], { example: { summary: 'A document', value: operationExamples[name] } })}</article>`;
  });
  return `<section id="language" aria-label="The language of documents"><h2>The language of documents</h2>
<p>Lengths are millimetres, font sizes points, the origin is the upper left corner of the page. What has no <code>x</code> and <code>y</code> flows.</p>${items.join('\n')}</section>`;
}

function operationItem(path: string, method: string, operation: OpenApiOperation): string {
  const parameters = operation.parameters ?? [];
  const content = operation.requestBody?.content ?? {};
  const bodies = Object.entries(content).map(([type, media]) => {
    const { schema } = media as { readonly schema: Schema };
    return `<p><code>${escapeHtml(type)}</code>: ${typeHtml(schema)}</p>${referredName(schema) === undefined ? shape(schema) : ''}`;
  });
  const answers = Object.entries(operation.responses)
    .map(
      ([status, { description }]) => `<tr><th scope="row">${status}</th><td>${prose(description)}</td></tr>`,
    )
    .join('');
  const { examples } = (content['application/json'] ?? {}) as { readonly examples?: Examples };
  const canTry = operation.requestBody === undefined || examples !== undefined;
  return `<details id="${escapeHtml(operation.operationId)}"><summary><span class="method">${method.toUpperCase()}</span> <code>${escapeHtml(path)}</code> &ndash; ${escapeHtml(operation.summary)}</summary>
<div class="body"><p>${prose(operation.description)}</p>${parameterTable(parameters)}${bodies.length === 0 ? '' : `<h3>Body</h3>${bodies.join('')}`}
<h3>Answers</h3><div class="wide" tabindex="0"><table>${answers}</table></div>${canTry ? tryForm(method.toUpperCase(), path, parameters, examples) : ''}</div></details>`;
}

type Examples = Readonly<Record<string, { readonly summary: string; readonly value: unknown }>>;

const edited = /^\/api\/v1\/(jobs|render|preview)(\?|$)/;

/** Sends a request and shows the answer; the script brings it to life. */
function tryForm(
  method: string,
  path: string,
  parameters: readonly OpenApiParameter[],
  examples: Examples = {},
): string {
  const fields = parameters
    .filter(({ in: place }) => place !== 'header')
    .map(
      ({ name, in: place, required }) =>
        `<label><code>${escapeHtml(name)}</code> <input name="${escapeHtml(name)}" data-in="${place}"${required ? ' required' : ''}></label>`,
    );
  const all = Object.entries(examples);
  const choice =
    all.length < 2
      ? ''
      : `<label>Example <select>${all.map(([name, { summary }]) => `<option value="${escapeHtml(name)}">${escapeHtml(summary)}</option>`).join('')}</select></label>`;
  const templates = all
    .map(
      ([name, { value }]) =>
        `<template data-example="${escapeHtml(name)}">${escapeHtml(JSON.stringify(value, null, 2))}</template>`,
    )
    .join('');
  const [first] = all;
  const body =
    first === undefined
      ? ''
      : `<label>Body <textarea spellcheck="false">${escapeHtml(JSON.stringify(first[1].value, null, 2))}</textarea></label>`;
  // What makes a document has a better place to be changed: the page of the server, with the document beside the text.
  const edit =
    body !== '' && edited.test(path) ? ' <a class="open-editor" href="/#/submit">Open in the editor</a>' : '';
  return `<form data-method="${method}" data-path="${escapeHtml(path)}">${fields.join('')}${choice}${body}<button>Try it: ${method} ${escapeHtml(path.replace(/\?.*/, ''))}</button>${edit}<output></output>${templates}</form>`;
}

function parameterTable(parameters: readonly OpenApiParameter[]): string {
  if (parameters.length === 0) return '';
  const rows = parameters.map(
    ({ name, in: place, description, schema }) =>
      `<tr><th scope="row"><code>${escapeHtml(name)}</code></th><td>${place}</td><td>${typeHtml(schema as Schema)}</td><td>${prose(boundWords(schema as Schema))}</td><td>${prose(description ?? '')}</td></tr>`,
  );
  return `<h3>Parameters</h3><div class="wide" tabindex="0"><table>${rows.join('')}</table></div>`;
}

function shape(schema: Schema): string {
  const told = schema.description === undefined ? '' : `<p>${prose(schema.description)}</p>`;
  if (schema.properties !== undefined) return told + memberTable(schema);
  const parts = Array.isArray(schema.allOf) ? (schema.allOf as readonly Schema[]) : [];
  const own = parts.filter((part) => part.properties !== undefined).map((part) => memberTable(part));
  return `${told}<p>${typeHtml(schema)}</p>${own.join('')}`;
}

function memberTable(schema: Schema, but: readonly string[] = []): string {
  const rows = Object.entries(schema.properties ?? {})
    .filter(([name]) => !but.includes(name))
    .map(
      ([name, member]) =>
        `<tr><th scope="row"><code>${escapeHtml(name)}</code>${schema.required?.includes(name) ? ' (must)' : ''}</th><td>${typeHtml(member)}</td><td>${prose(boundWords(member))}</td><td>${prose(member.description ?? '')}</td></tr>`,
    );
  return rows.length === 0
    ? '<p>It has no members.</p>'
    : `<div class="wide" tabindex="0"><table>${rows.join('')}</table></div>`;
}

/** The words of a type, in which the names of components lead to them. */
function typeHtml(schema: Schema): string {
  const marked = typeWords(schema, (name) => `⟦${name}⟧`);
  return prose(marked).replace(/⟦(\w+)⟧/g, '<a href="#schema-$1">$1</a>');
}

function anchorOf(tag: string): string {
  return `tag-${tag.replaceAll(/\W+/g, '-')}`;
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
