import { type McpServer, ResourceTemplate } from '@modelcontextprotocol/sdk/server/mcp.js';
import type { May, ToolParts } from './tool-parts.js';

const json = 'application/json';
/** In a message of JSON, which is held whole. */
const maxResultBytes = 16 * 1024 * 1024;

/** Designs, results, and the language of documents. */
export function addResources(mcp: McpServer, { inkwire, reference }: ToolParts, may: May): void {
  mcp.registerResource(
    'document-language',
    'inkwire://reference/document',
    {
      title: 'The language of documents',
      description: 'JSON schema of a document with all operations',
      mimeType: json,
    },
    async ({ href: uri }) => {
      const text = JSON.stringify(await reference.schema('DocumentInput'));
      return { contents: [{ uri, mimeType: json, text }] };
    },
  );
  if (!may('jobs:read')) return;

  mcp.registerResource(
    'design',
    new ResourceTemplate('inkwire://designs/{id}', {
      list: async () => {
        const resources = [];
        for await (const { id, label, version } of inkwire.designs.list()) {
          const title = label === '' ? id : label;
          const description = `Version ${version}`;
          resources.push({ uri: `inkwire://designs/${id}`, name: id, title, description, mimeType: json });
        }
        return { resources };
      },
      complete: {
        id: async (value) => {
          const ids: string[] = [];
          for await (const { id } of inkwire.designs.list()) if (id.startsWith(value)) ids.push(id);
          return ids;
        },
      },
    }),
    {
      title: 'Designs',
      description: 'Stored documents with places for values: parameters and samples',
      mimeType: json,
    },
    async ({ href: uri }, { id }) => {
      const stored = await inkwire.designs.get(String(id));
      return { contents: [{ uri, mimeType: json, text: JSON.stringify(stored) }] };
    },
  );

  mcp.registerResource(
    'result',
    new ResourceTemplate('inkwire://jobs/{id}/result', { list: undefined }),
    { title: 'Results of jobs', description: 'The file that a completed job has made' },
    async ({ href: uri }, { id }) => {
      const file = await inkwire.download(String(id));
      const bytes = await file.bytes();
      if (bytes.length > maxResultBytes)
        throw new Error('The result is too large for this; link_to_result gives an address.');
      const blob = Buffer.from(bytes).toString('base64');
      return { contents: [{ uri, mimeType: file.contentType, blob }] };
    },
  );
}
