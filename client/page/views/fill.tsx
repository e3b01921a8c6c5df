import { useRef } from 'preact/hooks';
import { maxNameColumns, type Overlay } from '../fill.js';
import { fileNameOf, overlayName, overlayNames, pictureAddress } from '../fill-mapping.js';
import { useModel } from '../model.js';
import { ChoiceField } from '../parts/choice-field.js';
import { FileDrop } from '../parts/file-drop.js';
import { FillPage } from '../parts/fill-page.js';
import { FillResult } from '../parts/fill-result.js';
import { Icon } from '../parts/icon.js';
import { OverlayPanel } from '../parts/overlay-panel.js';
import type { OpenSession } from '../session.js';
import { type Fill, useFill } from '../use-fill.js';

const offered = ['text', 'qr', 'barcode', 'image', 'checkmark'] as const;

/** One PDF, many rows: what goes where, how a row looks, and the run. */
export function FillView({ open }: { readonly open: OpenSession }) {
  const fill = useFill(open);
  const { source, rows, data, busy } = fill;
  const isReady = source !== undefined && data.length > 0;
  const isMapped = fill.choices.size > 0 || fill.overlays.length > 0;
  return (
    <section class="view">
      <div class="view-head">
        <h1 tabIndex={-1}>Fill</h1>
        <span class="quiet wide-only">One PDF with many rows</span>
        <PackageButtons fill={fill} />
        {open.mayWrite && (
          <button
            type="button"
            class="primary"
            disabled={!isReady || !isMapped || busy !== undefined}
            onClick={() => void fill.run()}
          >
            {busy === 'run'
              ? 'Sending …'
              : isReady
                ? `Fill ${data.length.toLocaleString('en')} rows`
                : 'Fill'}
          </button>
        )}
      </div>
      <div class="drops">
        <FileDrop
          label="PDF to fill"
          accept=".pdf,application/pdf"
          file={source?.file}
          about={source && `${pages(source.facts.page_count)}, ${source.facts.fields.length} fields`}
          onFile={(file) => void fill.takePdf(file)}
        />
        <FileDrop
          label="Rows as CSV"
          accept=".csv,text/csv"
          file={rows?.file}
          about={rows && `${data.length.toLocaleString('en')} rows`}
          onFile={(file) => void fill.takeRows(file)}
        />
      </div>
      {busy !== undefined && busy !== 'run' && (
        <p class="quiet" role="status">
          Reading …
        </p>
      )}
      {fill.fault !== undefined && (
        <p class="fault" role="alert">
          {fill.fault}
        </p>
      )}
      {fill.job !== undefined && (
        <FillResult
          open={open}
          id={fill.job.id}
          overlayNames={fill.job.overlayNames}
          onRow={(row) => {
            fill.setRow(row);
            document.getElementById('fill-page')?.scrollIntoView({ block: 'start' });
          }}
        />
      )}
      {source !== undefined && <FillBench fill={fill} />}
    </section>
  );
}

function pages(count: number): string {
  return count === 1 ? '1 page' : `${count} pages`;
}

function PackageButtons({ fill }: { readonly fill: Fill }) {
  const input = useRef<HTMLInputElement>(null);
  if (fill.source === undefined) return null;
  return (
    <div class="buttons">
      <button type="button" onClick={() => input.current?.click()}>
        Load package
      </button>
      <button type="button" disabled={fill.busy !== undefined} onClick={() => void fill.savePackage()}>
        Save package
      </button>
      <input
        ref={input}
        type="file"
        accept=".doqlo,application/zip"
        aria-label="Package"
        hidden
        onChange={(event) => {
          const [file] = event.currentTarget.files ?? [];
          if (file !== undefined) void fill.loadPackage(file);
          event.currentTarget.value = '';
        }}
      />
    </div>
  );
}

function FillBench({ fill }: { readonly fill: Fill }) {
  const { source, columns, overlays, chosen } = fill;
  if (source === undefined) return null;
  const { facts } = source;
  const nameOf = (overlay: Overlay): string => overlayName(overlay, overlays);
  const current = chosen === undefined ? undefined : overlays[chosen];
  return (
    <div class="fill-bench">
      <div class="fill-side">
        <FieldTable fill={fill} />
        <section class="panel" aria-labelledby="over">
          <h2 id="over">Over the page</h2>
          <div class="buttons" role="group" aria-label="Lay over the page">
            {offered.map((type) => (
              <button key={type} type="button" class="small" onClick={() => fill.add(type)}>
                <Icon name="plus" /> {overlayNames[type]}
              </button>
            ))}
          </div>
        </section>
        {current !== undefined && chosen !== undefined && (
          <OverlayPanel
            overlay={current}
            name={nameOf(current)}
            columns={columns}
            picture={current.image === undefined ? undefined : fill.pictures.get(current.image)}
            onPicture={(file) => void fill.picture(chosen, file)}
            onChange={(overlay) => fill.change(chosen, overlay)}
            onRemove={() => fill.remove(chosen)}
          />
        )}
        <FileNames fill={fill} />
        <RowData fill={fill} />
      </div>
      <FillPage
        facts={facts}
        preview={fill.preview}
        page={fill.page}
        overlays={overlays}
        chosen={chosen}
        fault={fill.previewFault}
        nameOf={nameOf}
        onTurn={fill.setPage}
        onChoose={fill.setChosen}
        onOverlay={fill.change}
        onRemove={fill.remove}
      />
    </div>
  );
}

function FieldTable({ fill }: { readonly fill: Fill }) {
  const { source, columns, choices } = fill;
  const fields = source?.facts.fields ?? [];
  const matched = fields.filter(({ name }) => choices.has(name)).length;
  return (
    <section class="panel" aria-labelledby="form-fields">
      <div class="panel-head">
        <h2 id="form-fields">Fields</h2>
        <span class="quiet">
          {fields.length === 0
            ? 'The PDF has none: lay values over it.'
            : `${matched} of ${fields.length} filled`}
        </span>
      </div>
      {(source?.facts.warnings.length ?? 0) > 0 && (
        <ul class="preview-warnings" aria-label="Warnings of the PDF">
          {source?.facts.warnings.map(({ code, message }) => (
            <li key={code}>
              <Icon name="warning" />
              <span>{message}</span>
            </li>
          ))}
        </ul>
      )}
      <ul class="fill-fields">
        {fields.map(({ name, kind, places }) => (
          <li key={name}>
            <button
              type="button"
              class="link clip"
              title={`${name}, ${kind}`}
              disabled={places[0] === undefined}
              onClick={() => fill.setPage((places[0]?.page ?? 0) + 1)}
            >
              {name}
            </button>
            <ChoiceField
              label={name}
              choice={choices.get(name)}
              columns={columns}
              optional
              onChange={(choice) => fill.choose(name, choice)}
            />
          </li>
        ))}
      </ul>
      {fields.length > 0 && (
        <label class="check">
          <input
            type="checkbox"
            checked={fill.flatten}
            onChange={(event) => fill.setFlatten(event.currentTarget.checked)}
          />{' '}
          Fields become a part of the page
        </label>
      )}
    </section>
  );
}

/** Which columns are in the names of the files, one after the other. */
function FileNames({ fill }: { readonly fill: Fill }) {
  const { rows, columns, nameColumns, cells, row } = fill;
  if (rows === undefined) return null;
  const places = Math.min(maxNameColumns, nameColumns.length + 1, columns.length);
  return (
    <section class="panel" aria-labelledby="file-names">
      <h2 id="file-names">File names</h2>
      <div class="buttons">
        {Array.from({ length: places }, (_, at) => (
          <select
            key={at}
            aria-label={`Column ${at + 1} of the file name`}
            value={String(nameColumns[at] ?? '')}
            onChange={(event) => {
              const chosen = event.currentTarget.value;
              fill.nameBy(at, chosen === '' ? undefined : Number(chosen));
            }}
          >
            <option value="">{at === 0 ? 'The number of the row alone' : 'No more'}</option>
            {columns.map((name, index) =>
              index === nameColumns[at] || !nameColumns.includes(index) ? (
                <option key={index} value={String(index)}>
                  {name === '' ? `Column ${index + 1}` : name}
                </option>
              ) : null,
            )}
          </select>
        ))}
      </div>
      <p class="quiet clip">{fileNameOf(row, nameColumns, cells)}</p>
    </section>
  );
}

/** A row's values beside its page. */
function RowData({ fill }: { readonly fill: Fill }) {
  const { narrow } = useModel();
  const { rows, data, columns, cells, row, hasHeader } = fill;
  if (rows === undefined) return null;
  const turn = (to: number) => fill.setRow(Math.min(data.length - 1, Math.max(0, to)));
  return (
    <details class="panel fill-row" open={!narrow.value}>
      <summary>
        <h2>Row</h2>
      </summary>
      <div class="pager">
        <button
          type="button"
          class="icon-button"
          aria-label="Row before"
          disabled={row <= 0}
          onClick={() => turn(row - 1)}
        >
          <Icon name="left" />
        </button>
        <label>
          Row{' '}
          <input
            type="number"
            min={1}
            max={Math.max(1, data.length)}
            value={row + 1}
            onChange={(event) => turn((event.currentTarget.valueAsNumber || 1) - 1)}
          />{' '}
          of {data.length}
        </label>
        <button
          type="button"
          class="icon-button"
          aria-label="Next row"
          disabled={row >= data.length - 1}
          onClick={() => turn(row + 1)}
        >
          <Icon name="right" />
        </button>
      </div>
      <label class="check">
        <input
          type="checkbox"
          checked={hasHeader}
          onChange={(event) => fill.setHasHeader(event.currentTarget.checked)}
        />{' '}
        The first row names the columns
      </label>
      <dl class="pairs">
        {columns.map((name, index) => (
          <div key={index} class="pair">
            <dt class="clip">{name === '' ? `Column ${index + 1}` : name}</dt>
            <dd>
              <Cell name={name} text={cells[index] ?? ''} />
            </dd>
          </div>
        ))}
      </dl>
    </details>
  );
}

/** Of a value so much is shown. */
const shownCharacters = 500;

/** A value of a row: a picture as a picture, and of a long text its beginning. */
function Cell({ name, text }: { readonly name: string; readonly text: string }) {
  const picture = pictureAddress(text);
  if (picture !== undefined) return <img class="cell-picture" src={picture} alt={name} />;
  if (text.length <= shownCharacters) return <>{text}</>;
  return (
    <>
      {text.slice(0, shownCharacters)}…{' '}
      <span class="quiet">({text.length.toLocaleString('en')} characters)</span>
    </>
  );
}
