import { useModel } from '../model.js';
import { Icon } from './icon.js';

const icons = { system: 'system', light: 'sun', dark: 'moon' } as const;

export function ThemeButton() {
  const { theme } = useModel();
  const label = `Colours: ${theme.theme.value}`;
  return (
    <button type="button" class="icon-button" title={label} aria-label={label} onClick={() => theme.next()}>
      <Icon name={icons[theme.theme.value]} />
    </button>
  );
}
