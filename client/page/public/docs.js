/** Brings the forms of /docs to life: each sends a request to this server and shows what it answers. */

const key = document.querySelector('#key');
document.documentElement.classList.add('live');

document.addEventListener('change', ({ target }) => {
  if (!(target instanceof HTMLSelectElement)) return;
  const form = target.closest('form');
  const example = form?.querySelector(`template[data-example="${CSS.escape(target.value)}"]`);
  const body = form?.querySelector('textarea');
  if (example instanceof HTMLTemplateElement && body) body.value = example.content.textContent ?? '';
});

document.addEventListener('click', ({ target }) => {
  if (!(target instanceof HTMLAnchorElement) || !target.classList.contains('open-editor')) return;
  const body = target.closest('form')?.querySelector('textarea');
  target.href = `/#/submit?request=${encodeURIComponent(body?.value ?? '')}`;
});

document.addEventListener('submit', (event) => {
  const { target: form } = event;
  if (!(form instanceof HTMLFormElement)) return;
  event.preventDefault();
  send(form).catch((error) => show(form, [textOf('p', `No answer: ${error.message}`)]));
});

/** @param {HTMLFormElement} form */
async function send(form) {
  const query = new URLSearchParams();
  let path = form.dataset.path ?? '';
  for (const field of form.querySelectorAll('input')) {
    if (field.dataset.in === 'path') path = path.replace(`{${field.name}}`, encodeURIComponent(field.value));
    else if (field.value !== '') query.append(field.name, field.value);
  }
  const body = form.querySelector('textarea')?.value;
  const headers = new Headers();
  if (key instanceof HTMLInputElement && key.value !== '')
    headers.set('authorization', `Bearer ${key.value}`);
  if (body !== undefined) headers.set('content-type', 'application/json');
  const rest = String(query) === '' ? '' : `${path.includes('?') ? '&' : '?'}${query}`;
  show(form, [textOf('p', 'Asking ...')]);
  const answer = await fetch(path + rest, { method: form.dataset.method, headers, body });
  const head = textOf(
    'p',
    `${answer.status} ${answer.statusText}, ${answer.headers.get('content-type') ?? 'no body'}`,
  );
  show(form, [head, ...(await partsOf(answer))]);
}

/** What an answer is for the eyes. @param {Response} answer @returns {Promise<Node[]>} */
async function partsOf(answer) {
  const type = answer.headers.get('content-type') ?? '';
  if (!/json|^text\//.test(type)) {
    const blob = await answer.blob();
    if (blob.size === 0) return [];
    const url = URL.createObjectURL(blob);
    if (type.startsWith('image/')) return [pictureOf(url)];
    const link = textOf('a', `Open the answer (${blob.size} bytes)`);
    if (link instanceof HTMLAnchorElement) Object.assign(link, { href: url, target: '_blank' });
    return [link];
  }
  const text = await answer.text();
  if (!type.includes('json')) return [pre(text)];
  const value = JSON.parse(text);
  const image = value.data?.image;
  if (typeof image !== 'string') return [pre(JSON.stringify(value, null, 2))];
  const rest = { ...value, data: { ...value.data, image: `... ${image.length} characters of base64` } };
  return [pictureOf(`data:image/png;base64,${image}`), pre(JSON.stringify(rest, null, 2))];
}

/** @param {HTMLFormElement} form @param {readonly Node[]} parts */
function show(form, parts) {
  form.querySelector('output')?.replaceChildren(...parts);
}

/** @param {string} name @param {string} text */
function textOf(name, text) {
  const element = document.createElement(name);
  element.textContent = text;
  return element;
}

/** @param {string} text */
function pre(text) {
  const element = textOf('pre', text);
  element.tabIndex = 0;
  return element;
}

/** @param {string} url */
function pictureOf(url) {
  const picture = new Image();
  picture.src = url;
  picture.alt = 'The page that the server has drawn';
  return picture;
}
