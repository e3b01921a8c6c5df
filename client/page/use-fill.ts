import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { InkwireError } from '../sdk/error.js';
import { save } from './actions.js';
import { readCsv } from './csv.js';
import {
  base64Of,
  buildPackage,
  type FormFacts,
  inspectPackage,
  type Mapping,
  type Overlay,
  previewRow,
  readForm,
  startFill,
} from './fill.js';
import {
  type Choice,
  choiceOf,
  firstSizes,
  firstValue,
  mappingOf,
  matchFields,
  overlayName,
  withColumn,
} from './fill-mapping.js';
import { useModel } from './model.js';
import {
  type Fonts,
  filesOf,
  fontsOf,
  imagesOf,
  needsPackage,
  type Pictures,
  pictureName,
} from './package-pictures.js';
import { Preview } from './preview.js';
import { type OpenSession, reasonOf } from './session.js';

interface Source {
  readonly file: File;
  readonly base64: string;
  readonly facts: FormFacts;
}

/** A row to look at. */
interface Draft {
  readonly mapping: Mapping;
  /** Builds the package that the mapping needs, if it needs one. */
  readonly placing: (() => Promise<Blob>) | undefined;
  readonly cells: readonly string[];
}

interface Rows {
  readonly file: File;
  readonly cells: readonly (readonly string[])[];
}

const noRow: readonly string[] = [];
const noChoices: ReadonlyMap<string, Choice> = new Map();
const noPictures: Pictures = new Map();
const noFonts: Fonts = new Map();

const members: Readonly<Record<string, string>> = {
  '/pdf_file': 'The PDF',
  '/pdf': 'The PDF',
  '/rows_file': 'The CSV',
  '/package': 'The package',
};

/** A refusal in words: of the file that it is about, where it is about one. */
function wordsOf(error: unknown): string {
  if (!(error instanceof InkwireError) || error.errors.length === 0) return reasonOf(error);
  return error.errors
    .map(({ pointer, message }) => {
      const name = members[pointer];
      return name === undefined || !/^(?:is|has|must|cannot) /.test(message) ? message : `${name} ${message}`;
    })
    .join('; ');
}

/** A PDF, its rows, and what goes where: everything that the view of bulk fill holds. */
export function useFill(open: OpenSession) {
  const { actions, session } = useModel();
  const [source, setSource] = useState<Source>();
  const [rows, setRows] = useState<Rows>();
  const [hasHeader, setHasHeader] = useState(true);
  /** Undefined: as the names say. */
  const [own, setOwn] = useState<ReadonlyMap<string, Choice>>();
  const [overlays, setOverlays] = useState<readonly Overlay[]>([]);
  /** Of a package that was loaded, and those that a person has chosen. */
  const [pictures, setPictures] = useState(noPictures);
  /** Of a package that was loaded. */
  const [fonts, setFonts] = useState(noFonts);
  const [flatten, setFlatten] = useState(false);
  /** Of a package that was loaded. */
  const [language, setLanguage] = useState<string>();
  const [nameColumns, setNameColumns] = useState<readonly number[]>([]);
  const [row, setRow] = useState(0);
  const [page, setPage] = useState(1);
  const [chosen, setChosen] = useState<number>();
  const [fault, setFault] = useState<string>();
  const [busy, setBusy] = useState<'pdf' | 'rows' | 'run'>();
  /** The run, with the names of the overlays that it has. */
  const [job, setJob] = useState<{ readonly id: string; readonly overlayNames: readonly string[] }>();

  const data = hasHeader ? (rows?.cells.slice(1) ?? []) : (rows?.cells ?? []);
  const columns = useMemo(() => {
    const [first = noRow] = rows?.cells ?? [];
    return hasHeader ? first : first.map((_, index) => `Column ${index + 1}`);
  }, [rows, hasHeader]);
  const matched = useMemo(
    () => (source === undefined ? noChoices : matchFields(source.facts.fields, columns)),
    [source, columns],
  );
  const choices = own ?? matched;
  const mapping = useMemo(
    () => mappingOf(choices, overlays, { flatten, language }, columns),
    [choices, overlays, flatten, language, columns],
  );
  const cells = data[row] ?? noRow;

  /** What the server is asked with: pictures and fonts go with what says where they lie, in a package that is built once for all rows. */
  const placing = useMemo(() => {
    if (source === undefined || !needsPackage(mapping, pictures, fonts)) return undefined;
    let built: Promise<Blob> | undefined;
    const request = {
      pdf: source.base64,
      ...mapping,
      images: imagesOf(pictures),
      fonts: fontsOf(fonts),
    };
    return () => {
      built ??= buildPackage(open.http, request);
      // The next one who asks may have more luck.
      built.catch(() => {
        built = undefined;
      });
      return built;
    };
  }, [open, source, mapping, pictures, fonts]);

  const latest = useRef({ open, source });
  latest.current = { open, source };
  const [preview] = useState(
    () =>
      new Preview({
        async ask(draft, at, signal) {
          const { mapping: wanted, placing: packed, cells: values } = draft as Draft;
          const placed = packed === undefined ? wanted : { package_file: await base64Of(await packed()) };
          const pdf = latest.current.source?.base64 ?? '';
          const request = { ...placed, pdf_file: pdf, row: values };
          return previewRow(latest.current.open.http, request, at, signal);
        },
        clock: () => performance.now(),
      }),
  );
  useEffect(() => () => preview.close(), [preview]);
  useEffect(() => {
    if (source === undefined) return;
    const draft: Draft = { mapping, placing, cells };
    preview.change(draft);
  }, [source, mapping, placing, cells, preview]);
  useEffect(() => preview.turn(page), [page, preview]);

  const during = async (what: NonNullable<typeof busy>, work: () => Promise<void>): Promise<void> => {
    setBusy(what);
    setFault(undefined);
    try {
      await work();
    } catch (error) {
      session.refuse(error);
      setFault(wordsOf(error));
    }
    setBusy(undefined);
  };

  const verdict = preview.verdict.value;
  const previewFault = verdict?.type === 'refused' ? wordsOf(verdict.error) : undefined;
  return {
    source,
    rows,
    hasHeader,
    columns,
    data,
    cells,
    row,
    page,
    choices,
    overlays,
    pictures,
    flatten,
    nameColumns,
    chosen,
    preview,
    previewFault,
    fault,
    busy,
    job,
    setRow,
    setPage,
    setFlatten,
    setChosen,
    /** Chooses a column for the names of the files, in the place of the one that was at `at`, or none. */
    nameBy(at: number, column: number | undefined) {
      setNameColumns((before) => withColumn(before, at, column));
    },
    setHasHeader(value: boolean) {
      setHasHeader(value);
      setRow(0);
    },
    takePdf: (file: File) =>
      during('pdf', async () => {
        const base64 = await base64Of(file);
        const facts = await readForm(open.http, base64, new AbortController().signal);
        setSource({ file, base64, facts });
        setOwn(undefined);
        setOverlays((before) => before.filter(({ page: at }) => at < facts.page_count));
        setChosen(undefined);
        setPage(1);
        setJob(undefined);
      }),
    takeRows: (file: File) =>
      during('rows', async () => {
        setRows({ file, cells: readCsv(await file.text()) });
        setOwn(undefined);
        setNameColumns([]);
        setRow(0);
        setJob(undefined);
      }),
    choose(field: string, choice: Choice | undefined) {
      const next = new Map(choices);
      if (choice === undefined) next.delete(field);
      else next.set(field, choice);
      setOwn(next);
    },
    add(type: Overlay['type']) {
      const [width, height] = firstSizes[type];
      const size = source?.facts.pages[page - 1] ?? { width: 595, height: 842 };
      const place = {
        page: page - 1,
        x: Math.round((size.width - Math.min(width, size.width)) / 2),
        y: Math.round(size.height / 3),
        width: Math.min(width, size.width),
        height: Math.min(height, size.height),
      };
      const value = firstValue(type, columns, data);
      const more = type === 'barcode' ? { symbology: 'code128' } : type === 'text' ? { shrink: true } : {};
      setOverlays([...overlays, { type, ...place, value, ...more }]);
      setChosen(overlays.length);
    },
    change(index: number, overlay: Overlay) {
      setOverlays((before) => before.map((one, at) => (at === index ? overlay : one)));
    },
    /** One picture for all rows. */
    picture: (index: number, file: File) =>
      during('pdf', async () => {
        const base64 = await base64Of(file);
        const image = pictureName(file.name, base64, pictures);
        setPictures(new Map([...pictures, [image, base64]]));
        const withPicture = ({ value: _, ...overlay }: Overlay): Overlay => ({ ...overlay, image });
        setOverlays((before) => before.map((one, at) => (at === index ? withPicture(one) : one)));
      }),
    remove(index: number) {
      setOverlays((before) => before.filter((_, at) => at !== index));
      setChosen(undefined);
    },
    run: () =>
      during('run', async () => {
        if (source === undefined || rows === undefined) return;
        const started = await startFill(open.client, {
          pdf: source.file,
          rows: rows.file,
          hasHeader,
          nameColumns,
          placing: placing === undefined ? mapping : await placing(),
        });
        open.jobs.put(started);
        const names = overlays.map((overlay) => overlayName(overlay, overlays));
        setJob({ id: started.job_id, overlayNames: names });
      }),
    savePackage: () =>
      during('pdf', async () => {
        if (source === undefined) return;
        const made = await (placing?.() ?? buildPackage(open.http, { pdf: source.base64, ...mapping }));
        save(made, `${source.file.name.replace(/\.pdf$/i, '')}.doqlo`);
      }),
    loadPackage: (file: File) =>
      during('pdf', async () => {
        const told = await inspectPackage(open.http, file);
        const { fields, overlays: all, source: of } = told;
        setOwn(
          new Map(
            fields.flatMap(({ name, value }) => {
              const choice = choiceOf(value, columns);
              return choice === undefined ? [] : [[name, choice] as const];
            }),
          ),
        );
        const held = await filesOf(file, all);
        setOverlays(held.overlays);
        setPictures(held.pictures);
        setFonts(held.fonts);
        setChosen(undefined);
        setFlatten(told.flatten ?? false);
        setLanguage(told.language);
        if (source !== undefined && of.sha256 !== source.facts.sha256)
          actions.notify({
            tone: 'failed',
            text: 'The package was made for another PDF: look at what comes of it.',
          });
        else actions.notify({ tone: 'done', text: `${file.name} is loaded.` });
      }),
  };
}

export type Fill = ReturnType<typeof useFill>;
