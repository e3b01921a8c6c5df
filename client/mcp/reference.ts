type Json = Readonly<Record<string, unknown>>;

interface Document {
  readonly components: { readonly schemas: Readonly<Record<string, Json>> };
}

/** What the server's own OpenAPI document says of its operations: it is asked for once, when something is asked of it. */
export class Reference {
  readonly #url: string;
  #document: Promise<Document> | undefined;

  constructor(url: string) {
    this.#url = url;
  }

  /** Names of the operations of documents. */
  async operations(): Promise<readonly string[]> {
    const { discriminator } = (await this.#schemas()).Operation as {
      discriminator: { mapping: Json };
    };
    return Object.keys(discriminator.mapping);
  }

  /** The JSON schema of an operation with all that it refers to; undefined where there is no such operation. */
  async operation(name: string): Promise<Json | undefined> {
    const { discriminator } = (await this.#schemas()).Operation as {
      discriminator: { mapping: Readonly<Record<string, string>> };
    };
    const ref = Object.hasOwn(discriminator.mapping, name) ? discriminator.mapping[name] : undefined;
    return ref === undefined ? undefined : this.schema(ref.split('/').at(-1) ?? '');
  }

  /** A component with all that it refers to, as one schema. */
  async schema(name: string): Promise<Json> {
    const schemas = await this.#schemas();
    const found: Record<string, unknown> = {};
    const take = (each: string) => {
      if (each in found) return;
      found[each] = schemas[each];
      for (const [, next = ''] of JSON.stringify(schemas[each]).matchAll(/#\/components\/schemas\/(\w+)/g))
        take(next);
    };
    take(name);
    const text = JSON.stringify({ $ref: `#/$defs/${name}`, $defs: found });
    return JSON.parse(text.replaceAll('#/components/schemas/', '#/$defs/'));
  }

  async #schemas(): Promise<Document['components']['schemas']> {
    this.#document ??= this.#read().catch((error: unknown) => {
      this.#document = undefined;
      throw error;
    });
    return (await this.#document).components.schemas;
  }

  async #read(): Promise<Document> {
    const answer = await fetch(`${this.#url}/openapi.json`);
    if (!answer.ok) throw new Error(`The server answered ${answer.status} for its OpenAPI document.`);
    return (await answer.json()) as Document;
  }
}
