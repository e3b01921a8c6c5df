import { useState } from 'preact/hooks';
import { useModel } from '../model.js';
import { setShortcuts, shortcutsOn } from '../shortcuts.js';
import { Dialog } from './dialog.js';

const keys: readonly (readonly [string, string])[] = [
  ['/', 'Search'],
  ['n', 'New job'],
  ['j', 'All jobs'],
  ['g', 'Groups'],
  ['v', 'Saved views of the list'],
  ['d', 'Designs'],
  ['↑ ↓ Page Home End', 'Move in the list'],
  ['Enter', 'Open the job'],
  ['x', 'Cancel the job, in the list'],
  ['r', 'Retry the job, in the list'],
  ['Delete', 'Delete the job, in the list'],
  ['Esc', 'Back'],
  ['Ctrl Space', 'Suggestions, in the editor'],
  ['Ctrl Enter', 'Submit, in the editor'],
  ['?', 'This help'],
];

export function Help() {
  const { help } = useModel();
  return help.value ? (
    <HelpDialog
      onClose={() => {
        help.value = false;
      }}
    />
  ) : null;
}

function HelpDialog({ onClose }: { readonly onClose: () => void }) {
  const [on, setOn] = useState(shortcutsOn());
  return (
    <Dialog title="Keyboard and search" onClose={onClose}>
      <table class="keys">
        <tbody>
          {keys.map(([key, what]) => (
            <tr key={key}>
              <th scope="row">
                {key.split(' ').map((one) => (
                  <kbd key={one}>{one}</kbd>
                ))}
              </th>
              <td>{what}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <p>
        A search finds jobs that have all its words in title, reference, file name, tags, metadata, id, kind,
        group, state or error, without regard to case and accents. <code>tag:</code>, <code>ref:</code>,{' '}
        <code>group:</code>, <code>kind:</code>, <code>status:</code> and <code>id:</code> look at one of
        them. Jobs that are too old for the list are found by the beginnings of words, and by id; of errors
        the server knows nothing.
      </p>
      <label class="check">
        <input
          type="checkbox"
          checked={on}
          onChange={(event) => {
            setShortcuts(event.currentTarget.checked);
            setOn(event.currentTarget.checked);
          }}
        />{' '}
        Single keys act
      </label>
      <div class="buttons end">
        <button type="button" onClick={onClose}>
          Close
        </button>
      </div>
    </Dialog>
  );
}
