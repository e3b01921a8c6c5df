/**
 * Tags as one text, which costs less between threads than a list and is searched with `instr`: each between two line
 * ends, which no tag has.
 */
export function textOfTags(tags: readonly string[] | undefined): string | undefined {
  return tags === undefined ? undefined : `\n${tags.join('\n')}\n`;
}

/** Trusts the text: only `textOfTags` makes it. */
export function tagsOfText(text: string): readonly string[] {
  return text.slice(1, -1).split('\n');
}

/** What the text of tags holds when this is one of them. */
export function textOfTag(tag: string): string {
  return `\n${tag}\n`;
}
