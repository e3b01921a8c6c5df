import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import type { Inkwire } from '../sdk/node.js';
import { Files } from './files.js';
import { Reference } from './reference.js';
import { addResources } from './resources.js';
import type { ToolParts } from './tool-parts.js';
import { addBatchTools } from './tools/batches.js';
import { addDocumentTools } from './tools/documents.js';
import { addJobTools } from './tools/jobs.js';
import { addPdfTools } from './tools/pdfs.js';

export interface McpOptions {
  /** Of the server, without a slash at its end. */
  readonly url: string;
  /** The one folder from which files are read and into which they are written; left out: none. */
  readonly folder?: string | undefined;
  readonly version: string;
}

const instructions = `Inkwire makes PDFs: from lists of drawing operations (make_document), from stored designs and
values (fill_design), and by filling forms (fill_form). Lengths are millimetres, font sizes points, the origin is the upper left
corner. Whatever has no x and y flows and breaks onto new pages. Each answer has a picture of a page: look at it, and make the
document again where it is not right. describe_operation tells the members of an operation. A refused request names each defect by
a JSON pointer.`;

/**
 * A server of the Model Context Protocol over one client, with the tools that the key behind it may use: a key without
 * `jobs:write` can look and not make.
 */
export async function openMcp(inkwire: Inkwire, { url, folder, version }: McpOptions): Promise<McpServer> {
  const { caller } = await inkwire.capabilities();
  const scopes = caller?.scopes ?? ['*'];
  const may = (scope: string) => scopes.includes('*') || scopes.includes(scope);
  const mcp = new McpServer({ name: 'inkwire', version }, { instructions });
  const parts: ToolParts = { inkwire, reference: new Reference(url), files: new Files(folder) };
  addDocumentTools(mcp, parts, may);
  addBatchTools(mcp, parts, may);
  addJobTools(mcp, parts, may);
  addPdfTools(mcp, parts, may);
  addResources(mcp, parts, may);
  return mcp;
}
