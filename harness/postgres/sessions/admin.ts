/** The workbench's own session on a server: plain texts in, rows of text out. */
import { Failure } from '#kernel';
import { readFields, type ErrorFields } from '../wire/errors.ts';
import { bodyOf, readCString, type Frame } from '../wire/frames.ts';
import { query } from '../wire/messages.ts';
import { Connection, type ServerAddress } from './connection.ts';

export type Row = Readonly<Record<string, string | null>>;

export interface Admin {
  readonly pid: number;
  /** Runs the text (one or more statements, one transaction); the rows of all of them. */
  query(text: string): Promise<Row[]>;
  /** Runs texts one after the other in one round trip, each in a transaction of its own; the rows of all of them. */
  queryAll(texts: readonly string[]): Promise<Row[]>;
  close(): Promise<void>;
}

/** The server answered a text with an error. */
export class Refused extends Failure {
  readonly sqlState: string;
  /** In PostgreSQL's words. */
  readonly sqlMessage: string;
  /** Where in the text, in characters from 1. */
  readonly position: number | undefined;

  constructor({ M: message = '', C: code = '', P: position }: ErrorFields, text: string) {
    super('TROUBLE', `PostgreSQL refused our own statement: ${message} (${code})`, { cause: text });
    this.sqlState = code;
    this.sqlMessage = message;
    this.position = position === undefined ? undefined : Number(position);
  }
}

export interface AdminOptions {
  readonly address: ServerAddress;
  readonly user: string;
  readonly database: string;
}

export async function openAdmin({ address, user, database }: AdminOptions): Promise<Admin> {
  const parameters = {
    user,
    database,
    client_encoding: 'UTF8',
    application_name: 'crashproof',
    options: '-c sim.session=admin',
  };
  const connection = await Connection.open(address, parameters);
  /** Texts run one after another, whoever asks. */
  let last: Promise<unknown> = Promise.resolve();
  const run = async (texts: readonly string[]): Promise<Row[]> => {
    const { frames, closed } = await connection.send(texts.map(query));
    const error = frames.find(({ type }) => type === 'E');
    if (error !== undefined) {
      throw new Refused(readFields(error), texts.join('\n'));
    }
    if (closed) throw new Failure('TROUBLE', 'PostgreSQL went away.');
    return rowsOf(frames);
  };
  const inTurn = (texts: readonly string[]): Promise<Row[]> => {
    const next = last.then(() => run(texts));
    last = next.catch(() => undefined);
    return next;
  };
  return {
    pid: connection.pid,
    query: (text) => inTurn([text]),
    queryAll: inTurn,
    close: () => connection.close(),
  };
}

/** DataRow messages under the names of the RowDescription before them. */
export function rowsOf(frames: readonly Frame[]): Row[] {
  let names: string[] = [];
  const rows: Row[] = [];
  for (const frame of frames) {
    if (frame.type === 'T') names = columnNames(bodyOf(frame));
    if (frame.type === 'D') rows.push(rowOf(bodyOf(frame), names));
  }
  return rows;
}

/** After each name: table, column, type, its width, modifier, format. */
const fieldBytes = 18;

function columnNames(body: Buffer): string[] {
  const names: string[] = [];
  for (let at = 2; names.length < body.readInt16BE(0);) {
    const { text, next } = readCString(body, at);
    names.push(text);
    at = next + fieldBytes;
  }
  return names;
}

function rowOf(body: Buffer, names: readonly string[]): Row {
  const row: Record<string, string | null> = {};
  let at = 2;
  for (const name of names) {
    const length = body.readInt32BE(at);
    at += 4;
    row[name] = length < 0 ? null : body.toString('utf8', at, at + length);
    at += Math.max(0, length);
  }
  return row;
}
