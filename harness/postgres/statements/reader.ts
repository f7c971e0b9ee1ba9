/**
 * Reads a session's groups as operations: which texts run, with which values. Remembers prepared statements and
 * portals by name, rewrites what must be rewritten, and keeps the sentences on what cannot be controlled.
 *
 * Left out: prepared statements and portals made by SQL (PREPARE, DECLARE); their texts are judged where they stand.
 */
import { bodyOf, cString, frame, type Frame } from '../wire/frames.ts';
import { readBind, readExecute, readParse, readQuery } from '../wire/messages.ts';
import { describeStatement, type Described } from './describe.ts';
import { boundValues, literalValues, type ParameterValue } from './parameters.ts';
import { rewriteStatement, type Rewritten } from './rewrite.ts';
import { uncontrolledIn } from './uncontrolled.ts';

export interface SqlOperation {
  readonly text: string;
  readonly described: Described;
  /** Bound values; the literals of a text that has no parameters. */
  readonly values: readonly ParameterValue[];
}

export interface ReadGroup {
  /** What to forward. */
  readonly frames: readonly Frame[];
  /** One for each Query and Execute. None: the group only prepares, describes or closes. */
  readonly operations: readonly SqlOperation[];
  readonly uncontrolled: readonly string[];
  /** Where an error of the server points to, in the client's own text. */
  originalPosition(position: number): number;
}

interface Prepared {
  readonly text: string;
  readonly types: readonly number[];
}

export class StatementReader {
  readonly #prepared = new Map<string, Prepared>();
  readonly #portals = new Map<string, SqlOperation>();

  read(frames: readonly Frame[]): ReadGroup {
    const operations: SqlOperation[] = [];
    const uncontrolled = new Set<string>();
    let rewritten: Rewritten | undefined;
    const judged = (text: string): Rewritten => {
      for (const sentence of uncontrolledIn(text)) uncontrolled.add(sentence);
      const result = rewriteStatement(text);
      if (result.changed) rewritten = result;
      return result;
    };
    const forwarded = frames.map((message) => {
      if (message.type === 'Q') {
        const text = readQuery(message);
        operations.push(operation(text, literalValues(text)));
        const { changed, text: better } = judged(text);
        return changed ? frame('Q', cString(better)) : message;
      }
      if (message.type === 'P') {
        const { name, text, types } = readParse(message);
        this.#prepared.set(name, { text, types });
        const { changed, text: better } = judged(text);
        return changed ? reparsed(message, name, text, better) : message;
      }
      if (message.type === 'B') this.#bind(message);
      if (message.type === 'E') {
        const bound = this.#portals.get(readExecute(message));
        if (bound !== undefined) operations.push(bound);
      }
      return message;
    });
    return {
      frames: forwarded,
      operations,
      uncontrolled: [...uncontrolled],
      originalPosition: (position) => rewritten?.originalPosition(position) ?? position,
    };
  }

  #bind(message: Frame): void {
    const bind = readBind(message);
    const prepared = this.#prepared.get(bind.statement);
    if (prepared === undefined) return void this.#portals.delete(bind.portal);
    const bound = boundValues(bind, prepared.types);
    const values = bound.length > 0 ? bound : literalValues(prepared.text);
    this.#portals.set(bind.portal, operation(prepared.text, values));
  }
}

/** Texts recur: each is described once per thread. */
const known = new Map<string, Described>();

function operation(text: string, values: readonly ParameterValue[]): SqlOperation {
  let described = known.get(text);
  if (described === undefined) {
    described = describeStatement(text);
    if (known.size >= 2_000) known.clear();
    known.set(text, described);
  }
  return { text, described, values };
}

/** The same Parse with another text. */
function reparsed(message: Frame, name: string, text: string, better: string): Frame {
  const before = cString(name);
  const types = bodyOf(message).subarray(before.length + cString(text).length);
  return frame('P', before, cString(better), types);
}
