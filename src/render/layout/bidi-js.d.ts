/** The Unicode Bidirectional Algorithm; the package brings no types. Indices are of UTF-16 code units. */
declare module 'bidi-js' {
  export interface EmbeddingLevels {
    /** One for each code unit: even from left to right, odd from right to left. */
    readonly levels: Uint8Array;
    /** `end` is the last unit of the paragraph, its line end included. */
    readonly paragraphs: readonly { readonly start: number; readonly end: number; readonly level: number }[];
  }
  export interface Bidi {
    /** @param direction left out: that of the first letter of each paragraph that has one */
    getEmbeddingLevels(text: string, direction?: 'ltr' | 'rtl' | 'auto'): EmbeddingLevels;
    /** `null` for characters that look the same from both sides. */
    getMirroredCharacter(character: string): string | null;
  }
  export default function bidiFactory(): Bidi;
}
