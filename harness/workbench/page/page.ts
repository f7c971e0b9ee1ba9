/** Runs in the browser: one button that starts a check or stops it, and what the check says. */
import type { Told } from '../check-stream.ts';
import { splitWide, wideCell } from './cells.ts';

const button = element('run') as HTMLButtonElement;
const progress = element('progress');
const verdict = element('verdict');
const story = element('story');
const coverage = element('coverage');
const painted = element('painted');
let running: AbortController | undefined;

button.hidden = false;
button.addEventListener('click', () => {
  if (running) running.abort();
  else void run();
});

async function run(): Promise<void> {
  running = new AbortController();
  button.textContent = 'Stop';
  button.dataset['running'] = '';
  verdict.textContent = '';
  delete verdict.dataset['word'];
  story.hidden = true;
  coverage.hidden = true;
  progress.textContent = 'starting';
  try {
    await follow(running.signal);
  } catch (error) {
    const stopped = running.signal.aborted;
    end(stopped ? 'stopped' : 'no verdict', stopped ? '' : lost(error));
  } finally {
    running = undefined;
    delete button.dataset['running'];
    button.textContent = 'Check again';
    progress.textContent = '';
  }
}

async function follow(signal: AbortSignal): Promise<void> {
  const chapter = encodeURIComponent(button.dataset['chapter'] ?? '');
  const answer = await fetch(`/check/${chapter}?columns=${columnsOf(story)}`, {
    method: 'POST',
    signal,
  });
  if (!answer.ok || !answer.body) return end('no verdict', await answer.text());
  let rest = '';
  let ended = false;
  for await (const text of answer.body.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const told = JSON.parse(line) as Told;
      if (told.kind === 'progress') progress.textContent = told.text.trim();
      else end(told.word, told.story, told.painted);
      ended ||= told.kind === 'end';
    }
  }
  if (!ended) throw new Error('The answer ended early.');
}

function end(word: string, text: string, lines = ''): void {
  verdict.textContent = word;
  verdict.dataset['word'] = word;
  story.replaceChildren(...inCells(text));
  story.hidden = text === '';
  painted.replaceChildren(...inCells(lines));
  coverage.hidden = lines === '';
  // Who still looks at the button sees the story begin; who went elsewhere is left alone.
  const cut = story.getBoundingClientRect().bottom > innerHeight;
  const { top, bottom } = button.getBoundingClientRect();
  if (cut && top >= 0 && bottom <= innerHeight) element('check').scrollIntoView();
}

function inCells(text: string): readonly (string | Node)[] {
  return splitWide(text).map((part, index) => {
    if (index % 2 === 0) return part;
    const cell = document.createElement('span');
    cell.className = wideCell;
    cell.textContent = part;
    return cell;
  });
}

function lost(error: unknown): string {
  const reason = error instanceof Error ? ` (${error.message})` : '';
  return `The workbench does not answer${reason}. Is npm start still running?`;
}

/** As many as fit, up to the width of a wide terminal. */
function columnsOf(target: HTMLElement): number {
  const probe = document.createElement('span');
  probe.textContent = '0'.repeat(50);
  const was = { text: target.textContent, hidden: target.hidden };
  target.hidden = false;
  target.replaceChildren(probe);
  const style = getComputedStyle(target);
  const room = target.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
  const columns = Math.floor((room / probe.getBoundingClientRect().width) * 50);
  target.textContent = was.text;
  target.hidden = was.hidden;
  return Math.min(100, Math.max(40, columns));
}

function element(id: string): HTMLElement {
  const found = document.getElementById(id);
  if (!found) throw new Error(`The page has no #${id}.`);
  return found;
}
