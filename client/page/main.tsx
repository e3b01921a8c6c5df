import { render } from 'preact';
import { Model, ModelProvider } from './model.js';
import { Page } from './page.js';

const place = document.getElementById('page');
if (place === null) throw new Error('index.html has no #page');

const model = new Model();
render(
  <ModelProvider value={model}>
    <Page />
  </ModelProvider>,
  place,
);
void model.session.open();
